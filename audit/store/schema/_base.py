"""The one collection of tables, and the keys by which rows are found again."""

from __future__ import annotations

import hashlib

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Text

__all__ = ["Key", "id_column", "key_of", "metadata", "round_column"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Key = BigInteger().with_variant(Integer(), "sqlite")


def key_of(*parts: object) -> int:
    """A key of 63 bits from what a row is about; the same everywhere and for ever."""
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def id_column() -> Column[int]:
    """The key that :func:`key_of` makes, as a table's own."""
    return Column("id", Key, primary_key=True, autoincrement=False)


def round_column() -> Column[str]:
    """The round that a row belongs to."""
    return Column("round_id", Text, ForeignKey("rounds.id"), nullable=False)

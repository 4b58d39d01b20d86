"""Pages as they were read, and what finds them again among others."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from audit.store.schema._base import Key, id_column, metadata

__all__ = ["codes", "fingerprints", "likenesses", "marks", "pages"]

pages = Table(
    "pages",
    metadata,
    id_column(),
    Column("file_id", Key, ForeignKey("files.id"), nullable=False, index=True),
    Column("instrument_id", Text, nullable=False),
    Column("page", Integer, nullable=False),
    Column("form_page", Integer),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("serial", Text),
    Column("suspicion_alone", Float),  # before the page was compared with others
    Column("suspicion", Float),
    Column("flagged", Boolean),
    Column("severity", Text),
    Column("scan_class", Text),
    Column("residual_mm", Float),
    Column("not_assessable", JSON, nullable=False),
    Column("quality", JSON, nullable=False),
    Column("findings", JSON, nullable=False),  # of the page alone
    Column("matches", JSON, nullable=False),  # of the page among the others
    Column("work_key", Text, nullable=False, index=True),
    UniqueConstraint("file_id", "page"),
)

marks = Table(
    "marks",
    metadata,
    Column("page_id", Key, ForeignKey("pages.id", ondelete="CASCADE"), primary_key=True),
    Column("item", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("ink", Float, nullable=False),
    Column("confidence", Float, nullable=False),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("page_id", Key, ForeignKey("pages.id", ondelete="CASCADE"), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

codes = Table(
    "codes",
    metadata,
    Column("page_id", Key, ForeignKey("pages.id", ondelete="CASCADE"), primary_key=True),
    Column("room", Text, primary_key=True),  # empty: the page was compared
    Column("code", LargeBinary, nullable=False),
)

likenesses = Table(
    "likenesses",
    metadata,
    Column("one", Key, ForeignKey("pages.id", ondelete="CASCADE"), primary_key=True),
    Column("other", Key, ForeignKey("pages.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("what", Text, primary_key=True),
    Column("p_pair", Float, nullable=False),
    Column("alike", Float, nullable=False),
    Column("count", Integer, nullable=False),
    Column("box_mm", JSON),
    Column("saved_again", Boolean, nullable=False),
)

"""The one form in which an entry of the trail is hashed. Pure.

An entry's hash is ``SHA-256(0x01 || previous hash || number || body)``: 32 bytes, 8 bytes
big-endian, and the body as canonical JSON in UTF-8: keys sorted, text in Unicode's normal
form C, no white space, no floating point (a number that is not whole stands as text, so
that no two programs print it differently). The list of rows that an entry covers has the
hash ``SHA-256(0x02 || rows)``; a row of the store has ``SHA-256(0x00 || row)``. The first
byte keeps one kind from ever passing for another (RFC 6962).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import Enum
from operator import itemgetter
from pathlib import PurePath
from typing import Any

__all__ = [
    *("START", "RowsHash", "answer_part", "answers_hash", "canonical", "entry_hash"),
    *("hash_of_parts", "row_hash", "utc"),
]

START = bytes(32)
_ROW, _ENTRY, _ROWS = b"\x00", b"\x01", b"\x02"


def canonical(value: Any) -> str:
    """Canonical JSON of plain data; equal data give equal text on every machine.

    Raises:
        TypeError: If something in it has no canonical form.
    """
    return json.dumps(
        _plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, int):
        return value
    if isinstance(value, float | Decimal):
        return repr(value) if isinstance(value, float) else str(value)
    if isinstance(value, str):
        # A path that is no UTF-8 must not keep an act from being recorded.
        text = value.encode("utf-8", "backslashreplace").decode()
        return unicodedata.normalize("NFC", text)
    if isinstance(value, dt.datetime):
        return utc(value) if value.tzinfo is not None else value.isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return _plain(value.as_posix())
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, set | frozenset):
        return [_plain(inner) for inner in sorted(value)]
    if isinstance(value, Iterable):
        return [_plain(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def utc(moment: dt.datetime) -> str:
    """A moment as it stands in the trail: UTC, ISO 8601, microseconds, ``Z``.

    Raises:
        ValueError: If it carries no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time in the trail needs its zone")
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entry_hash(previous: bytes, seq: int, body: bytes) -> bytes:
    """Hash of one entry.

    Args:
        previous: Hash of the entry before, :data:`START` for the first.
        seq: Its number, from 1.
        body: Its canonical JSON.
    """
    return hashlib.sha256(_ENTRY + previous + seq.to_bytes(8, "big") + body).digest()


def row_hash(table: str, values: Iterable[Any]) -> bytes:
    """Hash of one row of the store, from plain values in the order of its columns."""
    text = _write([table, *values])
    return hashlib.sha256(_ROW + text.encode("utf-8", "surrogatepass")).digest()


def _odd(value: Any) -> Any:
    """What a column should not hold still gets a hash, and one of its own."""
    return {"bytes": bytes(value).hex()} if isinstance(value, bytes) else {"odd": repr(value)}


# One encoder for millions of rows: making it costs as much as a row.
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_odd).encode


def answers_hash(answers: Iterable[tuple[str, str, str | None]]) -> str:
    """Hash of the answers of one record, in hex: what ``records.content`` holds.

    Args:
        answers: ``(item, state, value)`` in any order, each item once.
    """
    return row_hash("answers", sorted(answers, key=itemgetter(0))).hex()


def answer_part(item: str, state: str, value: str | None) -> str:
    """What one answer adds to the text that :func:`answers_hash` hashes."""
    return _write((item, state, value))


def hash_of_parts(parts: Iterable[str]) -> str:
    """:func:`answers_hash` of answers whose :func:`answer_part` are known, in order of item.

    Millions of records give a few answers over and over: each is written once.
    """
    text = ",".join(('["answers"', *parts)) + "]"
    return hashlib.sha256(_ROW + text.encode("utf-8", "surrogatepass")).hexdigest()


class RowsHash:
    """Hash of the list of rows that one entry covers; rows come in order of table and key."""

    def __init__(self) -> None:
        """Begin an empty list."""
        self._hash = hashlib.sha256(_ROWS)
        self.count = 0
        self.tables: dict[str, list[int]] = {}

    def add(self, table: str, key: int, digest: bytes | None) -> None:
        """Add a row that is there with ``digest``, or is gone (``None``)."""
        state = b"\x00" if digest is None else b"\x01" + digest
        self._hash.update(table.encode() + b"\x00" + key.to_bytes(8, "big", signed=True) + state)
        self.count += 1
        counts = self.tables.setdefault(table, [0, 0])
        counts[digest is None] += 1

    def summary(self) -> dict[str, Any] | None:
        """What stands in the entry: ``None`` without rows; per table rows there and gone."""
        if not self.count:
            return None
        return {"sha256": self._hash.hexdigest(), "tables": dict(self.tables)}

"""The trail as a file that needs no store: written, and read back with the same strictness.

JSON Lines in canonical form: a head line, for each entry the hashes of the rows it covers
and then the entry itself, and a last line with number, hash and the hash of every byte
before it. A reader accepts no other bytes than those a writer would have written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.trail.canonical import canonical
from audit.trail.cursor import Cursor

__all__ = ["Entry", "Fault", "Item", "RowLine", "from_file", "from_store", "write_transcript"]

_FORMAT = "survey-audit trail 1"
_LONGEST = 1 << 28


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is stored; nothing about it has been checked."""

    seq: Any
    prev: Any
    hash: Any
    action: Any
    body: Any


@dataclass(frozen=True, slots=True)
class RowLine:
    """The hash of a row that entry ``seq`` covers; ``None`` for a row that was removed."""

    seq: Any
    table: Any
    key: Any
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the file itself, and where."""

    where: str
    what: str


Item = Entry | RowLine | Fault


def from_store(cursor: Cursor) -> Iterator[Item]:
    """Entries in order, each after the rows that it covers."""
    covered = cursor.stream("SELECT seq, tbl, key, digest FROM trail_rows ORDER BY seq, tbl, key")
    rows = (RowLine(r[0], r[1], r[2], None if r[3] is None else _bytes(r[3])) for r in covered)
    waiting = next(rows, None)
    query = "SELECT seq, prev_hash, hash, action, body FROM trail ORDER BY seq"
    for row in cursor.stream(query):
        entry = Entry(*row)
        while waiting is not None and _not_after(waiting.seq, entry.seq):
            yield waiting
            waiting = next(rows, None)
        yield entry
    if waiting is not None:
        yield Fault(f"trail_rows, seq {waiting.seq}", "rows are covered by no entry of the trail")


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else repr(value).encode()


def _not_after(one: Any, other: Any) -> bool:
    return isinstance(one, int) and isinstance(other, int) and one <= other


def write_transcript(cursor: Cursor, write: Callable[[str], object]) -> int:
    """Write the trail of a store.

    Args:
        cursor: On the store.
        write: Takes the text, line by line.

    Returns:
        The number of entries.
    """
    whole = hashlib.sha256()

    def line(data: Any) -> None:
        text = canonical(data) + "\n"
        whole.update(text.encode())
        write(text)

    line({"format": _FORMAT})
    size, head = 0, ""
    for item in from_store(cursor):
        if isinstance(item, RowLine):
            digest = None if item.digest is None else item.digest.hex()
            line({"digest": digest, "key": str(item.key), "row": item.table, "seq": item.seq})
        elif isinstance(item, Entry):
            line({"body": item.body, "hash": item.hash, "prev": item.prev, "seq": item.seq})
            size, head = item.seq, item.hash
    line({"head": head, "sha256": whole.hexdigest(), "size": size})
    return size


def from_file(path: Path) -> Iterator[Item]:
    """What a file holds, in its order; its own faults among the rest.

    Raises:
        OSError: If it cannot be read.
    """
    whole = hashlib.sha256()
    last: Entry | None = None
    closed = False
    with path.open("rb") as stream:
        for number, raw in enumerate(iter(lambda: stream.readline(_LONGEST), b""), start=1):
            where = f"{path.name}, line {number}"
            data = _parse(raw)
            if closed or data is None:
                yield Fault(where, "not a line of an exported trail")
                if data is None:
                    whole.update(raw)
                    continue
            elif number == 1:
                if data != {"format": _FORMAT}:
                    yield Fault(where, f"not the first line of an exported trail ({_FORMAT})")
            elif (item := _item(data)) is not None:
                last = item if isinstance(item, Entry) else last
                yield item
            else:
                closed = True
                end = {
                    "head": "" if last is None else last.hash,
                    "sha256": whole.hexdigest(),
                    "size": 0 if last is None else last.seq,
                }
                if data != end:
                    yield Fault(where, "the last line does not fit what stands before it")
            whole.update(raw)
    if not closed:
        yield Fault(path.name, "the file ends before the trail does")


def _parse(raw: bytes) -> dict[str, Any] | None:
    """The object of a line, if the line is exactly what a writer makes of it."""
    try:
        data = json.loads(raw)
        exact = (canonical(data) + "\n").encode() == raw
    except (ValueError, TypeError, RecursionError):
        return None
    return data if exact and isinstance(data, dict) else None


def _digest(text: str | None) -> bytes | None:
    if text is None:
        return None
    digest = bytes.fromhex(text)
    if digest.hex() != text:
        raise ValueError("capital letters")
    return digest


def _item(data: dict[str, Any]) -> Item | None:
    try:
        if data.keys() == {"body", "hash", "prev", "seq"}:
            action = json.loads(data["body"])["action"]
            return Entry(data["seq"], data["prev"], data["hash"], action, data["body"])
        if data.keys() == {"digest", "key", "row", "seq"}:
            row = RowLine(data["seq"], data["row"], int(data["key"]), _digest(data["digest"]))
            return row if str(row.key) == data["key"] else Fault(f"seq {row.seq}", "a changed key")
    except (ValueError, TypeError, KeyError, RecursionError):
        return Fault(f"seq {data['seq']}", "a line that no trail holds")
    return None

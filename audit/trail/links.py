"""Whether the entries of a trail hang together: numbers, hashes, and the rows they cover."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from audit.trail.acts import Action
from audit.trail.canonical import START, RowsHash, canonical, entry_hash
from audit.trail.transcript import Entry, Fault, Item, RowLine

__all__ = ["Chain"]


@dataclass
class Chain:
    """What a trail says, filled by :meth:`check`.

    Attributes:
        size: Number of its last entry.
        head: Hash of that entry, in hex.
        heads: Every entry's hash in hex -> its number.
        keys: ``(number, public key)``: who signs checkpoints from which entry on.
        ends: Number of the entry at the end of a finished run -> the run.
        set_aside: Heads of checkpoints that a restore left behind.
    """

    size: int = 0
    head: str = START.hex()
    heads: dict[str, int] = field(default_factory=dict)
    keys: list[tuple[int, str]] = field(default_factory=list)
    ends: dict[int, str] = field(default_factory=dict)
    set_aside: set[str] = field(default_factory=set)

    def check(self, items: Iterable[Item]) -> Iterator[Fault]:
        """Follow the chain from its beginning; each fault names the entry it was seen at.

        A fault does not end the walk: the chain is taken up again from what is stored, so
        that a second change is seen behind the first.
        """
        rows = RowsHash()
        order: tuple[str, int] | None = None
        owner: RowLine | None = None  # the first row whose number is not that of the next entry
        for item in items:
            if isinstance(item, Fault):
                yield item
            elif isinstance(item, RowLine):
                fault = _misplaced(item, self.size + 1, order)
                if fault is not None:
                    yield fault
                else:
                    order = (item.table, item.key)
                    owner = item if owner is None and item.seq != self.size + 1 else owner
                    rows.add(item.table, item.key, item.digest)
            else:
                if owner is not None and owner.seq != item.seq:
                    place = f"trail_rows, seq {owner.seq}, table {owner.table}, row {owner.key}"
                    yield Fault(place, f"stands among the rows of seq {item.seq}")
                yield from self._entry(item, rows)
                rows, order, owner = RowsHash(), None, None

    def _entry(self, entry: Entry, rows: RowsHash) -> Iterator[Fault]:
        where = f"trail, seq {entry.seq}"
        if not isinstance(entry.seq, int) or not self.size < entry.seq < 1 << 63:
            yield Fault(where, f"stands after seq {self.size}: an entry was inserted or moved")
            return
        if entry.seq > self.size + 1:
            last = entry.seq - 1
            gap = f"{self.size + 1}" if last == self.size + 1 else f"{self.size + 1} to {last}"
            yield Fault(f"trail, seq {gap}", "missing: entries were deleted")
        if not all(isinstance(text, str) for text in (entry.prev, entry.hash, entry.body)):
            yield Fault(where, "is no entry of a trail")
        else:
            yield from self._hashes(entry, where)
            yield from self._content(entry, rows, where)
        self.size = entry.seq
        self.head = str(entry.hash)

    def _hashes(self, entry: Entry, where: str) -> Iterator[Fault]:
        if entry.prev != self.head and entry.seq == self.size + 1:
            yield Fault(where, f"does not follow seq {self.size}: one of the two was replaced")
        try:
            previous = bytes.fromhex(entry.prev)
            body = entry.body.encode()
        except ValueError:
            yield Fault(where, "its text is damaged")
            return
        if entry_hash(previous, entry.seq, body).hex() != entry.hash:
            yield Fault(where, "its content is not what was recorded")
        self.heads[entry.hash] = entry.seq

    def _content(self, entry: Entry, rows: RowsHash, where: str) -> Iterator[Fault]:
        try:
            body = json.loads(entry.body)
            exact = canonical(body) == entry.body
        except (ValueError, TypeError, RecursionError):
            body, exact = None, False
        if not exact or not isinstance(body, dict):
            yield Fault(where, "its body is no canonical JSON")
            return
        if body.get("action") != entry.action:
            yield Fault(where, "is filed under another action than its own")
        if body.get("rows") != json.loads(canonical(rows.summary())):
            yield Fault(where, "the list of rows that it covers was changed")
        self._learn(entry.seq, body)

    def _learn(self, seq: int, body: dict[str, Any]) -> None:
        after = body.get("after")
        said = after if isinstance(after, dict) else {}
        action = body.get("action")
        if action == Action.KEY.value:
            self.keys.append((seq, str(said.get("public_key"))))
        elif action == Action.RUN_END.value and said.get("status") == "done":
            self.ends[seq] = str(body.get("object"))
        elif action == Action.RESTORE.value:
            self.set_aside |= {str(head) for head in said.get("set_aside") or ()}


def _misplaced(row: RowLine, seq: int, last: tuple[str, int] | None) -> Fault | None:
    """A fault for a row that no honest list holds at this place."""
    plain = isinstance(row.table, str) and isinstance(row.key, int) and isinstance(row.seq, int)
    if not plain or not -(1 << 63) <= row.key < 1 << 63:
        return Fault(f"trail_rows, seq {row.seq}", "is no hash of a row")
    where = f"trail_rows, seq {row.seq}, table {row.table}, row {row.key}"
    if row.seq < seq:
        return Fault(where, "was added to an entry that is closed")
    if last is not None and row.seq == seq and (row.table, row.key) <= last:
        return Fault(where, "stands twice or out of order")
    return None

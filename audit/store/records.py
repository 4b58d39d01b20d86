"""Records, their answers and pages, and the sheets of paper with their serials."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from audit.store import schema
from audit.store.rows import Changes, batches, differing, insert, insert_tuples, sync
from audit.trail.chain import touched

__all__ = ["Filled", "Records", "Standing", "scanned_with_reasons"]

_STREAMED = 20_000


@dataclass(frozen=True, slots=True)
class Filled:
    """A record as it was assembled.

    Attributes:
        row: Its columns, plain values; ``content`` is the hash of its answers.
        answers: ``(item, state, value)``; those of a record whose content is unchanged are
            not touched.
        pages: Keys of its pages.
    """

    row: Mapping[str, Any]
    answers: Sequence[tuple[str, str, str | None]]
    pages: Sequence[int]


@dataclass(frozen=True, eq=False)
class Standing:
    """Records column by column, in order of their ids.

    Attributes:
        keys: int64 ``(n,)``.
        names: Their ids.
        units: Their units, ``None`` where not known.
        channels: How they came in.
        labels: Collector, or else batch.
        states: What the gate said last.
    """

    keys: NDArray[np.int64]
    names: Sequence[str]
    units: Sequence[str | None]
    channels: Sequence[str | None]
    labels: Sequence[str | None]
    states: Sequence[str]

    def __len__(self) -> int:
        """The number of records."""
        return len(self.names)


def _content(row: Mapping[str, Any] | None) -> str | None:
    return None if row is None else row["content"]


class Records:
    """Repository of records, answers and forms of one instrument."""

    def __init__(self, connection: sa.Connection, round_id: str, instrument_id: str) -> None:
        """Work on one instrument of a round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id
        self.instrument_id = instrument_id

    def key(self, record_id: str) -> int:
        """The key of a record."""
        return schema.key_of("record", self.round_id, self.instrument_id, record_id)

    def _scope(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.and_(
            table.c.round_id == self.round_id, table.c.instrument_id == self.instrument_id
        )

    def save(self, blocks: Iterable[Sequence[Filled]]) -> Changes:
        """Make records, answers and links to pages equal to what was assembled.

        Block by block, so that no more than one of them is in memory. The state of a record
        that is stored already stays as it is.
        """
        known = self._keys()
        seen = array("q")
        changes = Changes()
        for block in blocks:
            changes += self._save_block(block, known)
            seen.extend(filled.row["id"] for filled in block)
        gone = np.setdiff1d(known, np.frombuffer(seen, dtype=np.int64)).tolist()
        for some in batches(gone, 500):
            # The answers and links of a record that is gone go with it.
            touched(self.connection, "record_pages", self._linked(some))
            self.connection.execute(sa.delete(schema.records).where(schema.records.c.id.in_(some)))
            touched(self.connection, "records", some)
        return changes + Changes(removed=len(gone))

    def _keys(self) -> NDArray[np.int64]:
        """Keys of all stored records, in order."""
        query = sa.select(schema.records.c.id).where(self._scope(schema.records))
        found = array("q")
        for row in self.connection.execute(query.execution_options(yield_per=_STREAMED)):
            found.append(row[0])
        return np.sort(np.frombuffer(found, dtype=np.int64))

    def _save_block(self, block: Sequence[Filled], known: NDArray[np.int64]) -> Changes:
        table = schema.records
        keys = [filled.row["id"] for filled in block]
        there = np.array(keys, dtype=np.int64)[np.isin(keys, known)].tolist()
        stored: dict[int, Mapping[str, Any]] = {}
        for some in batches(there, 500):
            query = sa.select(table).where(table.c.id.in_(some))
            stored |= {row["id"]: row for row in self.connection.execute(query).mappings()}
        changed = 0
        for filled in block:
            before = stored.get(filled.row["id"])
            values = {} if before is None else differing(before, filled.row, ("state",))
            if values:
                same = table.c.id == filled.row["id"]
                self.connection.execute(sa.update(table).where(same).values(values))
                touched(self.connection, table.name, [filled.row["id"]])
                changed += 1
        new = [filled.row for filled in block if filled.row["id"] not in stored]
        insert(self.connection, table, new)
        fresh = [f for f in block if _content(stored.get(f.row["id"])) != f.row["content"]]
        stale = [f.row["id"] for f in fresh if f.row["id"] in stored]
        for some in batches(stale, 500):
            self.connection.execute(
                sa.delete(schema.answers).where(schema.answers.c.record.in_(some))
            )
        insert_tuples(
            self.connection, schema.answers, ((f.row["id"], *a) for f in fresh for a in f.answers)
        )
        self._link(self._linked(there), {f.row["id"]: f.pages for f in block if f.pages})
        return Changes(added=len(new), changed=changed)

    def _linked(self, keys: Sequence[int]) -> Mapping[int, list[int]]:
        """Record key -> page keys, of these records."""
        links = schema.record_pages
        found: dict[int, list[int]] = {}
        for some in batches(keys, 500):
            query = sa.select(links.c.record, links.c.page_id).where(links.c.record.in_(some))
            for row in self.connection.execute(query):
                found.setdefault(row[0], []).append(row[1])
        return found

    def _link(
        self, linked: Mapping[int, Sequence[int]], pages: Mapping[int, Sequence[int]]
    ) -> None:
        """Make the links of records to pages equal to ``pages``."""
        links = schema.record_pages
        there = {(key, page) for key, numbers in linked.items() for page in numbers}
        wanted = {(key, page): None for key, numbers in pages.items() for page in numbers}
        for key, page in sorted(there - wanted.keys()):
            unwanted = sa.and_(links.c.record == key, links.c.page_id == page)
            self.connection.execute(sa.delete(links).where(unwanted))
            touched(self.connection, "record_pages", [key])
        missing = ({"record": k, "page_id": p} for k, p in wanted if (k, p) not in there)
        insert(self.connection, links, missing)

    def save_forms(self, rows: Iterable[Mapping[str, Any]]) -> Changes:
        """Make the sheets equal to what was assembled."""
        return sync(self.connection, schema.forms, self._scope(schema.forms), rows)

    def save_states(self, standing: Standing, states: Sequence[str]) -> int:
        """Store what the gate says of each record; the number of records that changed."""
        moved: dict[str, list[int]] = {}
        for key, before, now in zip(standing.keys.tolist(), standing.states, states, strict=True):
            if before != now:
                moved.setdefault(now, []).append(key)
        table = schema.records
        for state, keys in sorted(moved.items()):
            for some in batches(keys, 500):
                where = sa.update(table).where(table.c.id.in_(some))
                self.connection.execute(where.values(state=state))
                touched(self.connection, table.name, some)
        return sum(map(len, moved.values()))

    def standing(self) -> Standing:
        """What the gate and the scores ask of each record, in order of id."""
        c = schema.records.c
        query = sa.select(
            c.id, c.record_id, c.unit_id, c.channel, c.collector, c.batch, c.state
        ).where(self._scope(schema.records))
        found = self.connection.execute(
            query.order_by(c.record_id).execution_options(yield_per=_STREAMED)
        )
        keys, names = array("q"), []
        units, channels, labels, states = [], [], [], []
        # A few texts over and over: each is kept once.
        once: dict[str | None, str | None] = {}
        for key, name, unit, channel, collector, batch, state in found:
            keys.append(key)
            names.append(name)
            units.append(once.setdefault(unit, unit))
            channels.append(once.setdefault(channel, channel))
            label = collector or batch
            labels.append(once.setdefault(label, label))
            states.append(str(once.setdefault(state, state)))
        return Standing(np.frombuffer(keys, dtype=np.int64), names, units, channels, labels, states)

    def all(self) -> Sequence[sa.RowMapping]:
        """Records in order of id."""
        table = schema.records
        query = sa.select(table).where(self._scope(table)).order_by(table.c.record_id)
        return self.connection.execute(query).mappings().all()

    def answers(
        self, items: Collection[str] | None = None
    ) -> Iterator[tuple[int, str, str, str | None]]:
        """``(record key, item, state, value)`` of answers, to some items or all; streamed."""
        for part in self.answers_in_parts(items):
            yield from part

    def answers_in_parts(
        self, items: Collection[str] | None = None
    ) -> Iterator[Sequence[tuple[int, str, str, str | None]]]:
        """The same, some thousands at a time."""
        answers, records = schema.answers, schema.records
        query = (
            sa.select(answers.c.record, answers.c.item, answers.c.state, answers.c.value)
            .join(records, records.c.id == answers.c.record)
            .where(self._scope(records))
        )
        if items is not None:
            query = query.where(answers.c.item.in_(items))
        found = self.connection.execute(query.execution_options(yield_per=_STREAMED))
        for part in found.partitions():
            yield [(row[0], row[1], row[2], row[3]) for row in part]

    def forms(self) -> Sequence[sa.RowMapping]:
        """Sheets in order of serial."""
        forms = schema.forms
        query = sa.select(forms).where(self._scope(forms)).order_by(forms.c.serial, forms.c.sheet)
        return self.connection.execute(query).mappings().all()

    def pages(self) -> Mapping[int, list[int]]:
        """Record key -> page keys."""
        links, records = schema.record_pages, schema.records
        query = (
            sa.select(links.c.record, links.c.page_id)
            .join(records, records.c.id == links.c.record)
            .where(self._scope(records))
        )
        found: dict[int, list[int]] = {}
        for row in self.connection.execute(query):
            found.setdefault(row[0], []).append(row[1])
        return found


def scanned_with_reasons(
    connection: sa.Connection, round_id: str
) -> Iterator[tuple[str, str, list[str]]]:
    """``(path, record id, reasons)`` of scanned records that cannot be scored as they stand."""
    records, files = schema.records, schema.files
    query = (
        sa.select(files.c.path, records.c.record_id, records.c.reasons)
        .join(files, files.c.id == records.c.file_id)
        .where(records.c.round_id == round_id, records.c.source == "scan")
        .order_by(files.c.path, records.c.record_id)
    )
    for path, record, reasons in connection.execute(query):
        if reasons:
            yield path, record, reasons

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
from audit.store.blocks import Block, linked_pages, save_block
from audit.store.room import roomy
from audit.store.rows import Changes, batches, sync
from audit.trail.chain import touched

__all__ = ["Records", "Standing", "scanned_with_reasons"]

_STREAMED = 20_000
_NEAR = 1_000


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

    def save(self, blocks: Iterable[Block]) -> Changes:
        """Make records, answers and links to pages equal to what was assembled.

        Block by block, so that no more than one of them is in memory. The state of a record
        that is stored already stays as it is.
        """
        known = self._keys()
        seen = [np.zeros(0, dtype=np.int64)]
        changes = Changes()
        with roomy(self.connection):
            for block in blocks:
                keys = np.array(block.columns["id"], dtype=np.int64)
                there = keys[_among(keys, known)].tolist()
                changes += save_block(self.connection, block, there)
                seen.append(keys)
            gone = np.setdiff1d(known, np.concatenate(seen), assume_unique=True).tolist()
            for some in batches(gone, 500):
                # The answers and links of a record that is gone go with it.
                touched(self.connection, "record_pages", linked_pages(self.connection, some))
                self.connection.execute(
                    sa.delete(schema.records).where(schema.records.c.id.in_(some))
                )
                touched(self.connection, "records", some)
        return changes + Changes(removed=len(gone))

    def _keys(self) -> NDArray[np.int64]:
        """Keys of all stored records, in order."""
        query = sa.select(schema.records.c.id).where(self._scope(schema.records))
        found = self.connection.execute(query.execution_options(yield_per=_STREAMED))
        return np.sort(np.fromiter(found.scalars(), dtype=np.int64))

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
            # In the order in which they lie: page by page of the file.
            for some in batches(sorted(keys), 500):
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
        answers, records = schema.answers, schema.records
        query = (
            sa.select(answers.c.record, answers.c.item, answers.c.state, answers.c.value)
            .join(records, records.c.id == answers.c.record)
            .where(self._scope(records))
        )
        if items is not None:
            query = query.where(answers.c.item.in_(items))
        for row in self.connection.execute(query.execution_options(yield_per=_STREAMED)):
            yield row[0], row[1], row[2], row[3]

    def answers_of(
        self, keys: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], Sequence[tuple[str, str, str | None]]]]:
        """The answers of some records as they lie in the store, a thousand records at a time.

        Args:
            keys: Of records, in order.

        Yields:
            The record's place among ``keys`` and ``(item, state, value)``, an answer each.
        """
        for start in range(0, len(keys), _NEAR):
            some = keys[start : start + _NEAR]
            inside = ",".join(map(str, some.tolist()))
            query = f"SELECT record, item, state, value FROM answers WHERE record IN ({inside})"
            # The driver's own rows: SQLAlchemy's take longer than all that is made of them.
            found = self.connection.exec_driver_sql(query).cursor.fetchall()
            if found:
                records, *parts = zip(*found, strict=True)
                owners = np.array(records, dtype=np.int64)
                yield start + np.searchsorted(some, owners), list(zip(*parts, strict=True))

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


def _among(keys: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which keys are among those that are known, in order: no sorting anew for each block."""
    if not known.size:
        return np.zeros(keys.size, dtype=np.bool_)
    place = np.minimum(np.searchsorted(known, keys), known.size - 1)
    found: NDArray[np.bool_] = known[place] == keys
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

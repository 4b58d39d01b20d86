"""Records, their answers and pages, and the sheets of paper with their serials."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.rows import Changes, insert, sync
from audit.trail.chain import touched

__all__ = ["Records", "scanned_with_reasons"]

_KEPT = ("p_value", "q_value", "severity", "flagged", "not_testable", "detectors", "state")

_STREAMED = 20_000


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

    def save(
        self,
        rows: Sequence[Mapping[str, Any]],
        answers: Mapping[int, Sequence[Mapping[str, Any]]],
        pages: Mapping[int, Sequence[int]],
    ) -> Changes:
        """Make records, answers and links to pages equal to what was assembled.

        Args:
            rows: Records with ``content``, a hash of their answers.
            answers: Record key -> answers; those of a record whose content is unchanged are
                not touched.
            pages: Record key -> page keys.
        """
        table = schema.records
        query = sa.select(table.c.id, table.c.content).where(self._scope(table))
        before = {row[0]: row[1] for row in self.connection.execute(query)}
        fresh = [row["id"] for row in rows if before.get(row["id"]) != row["content"]]
        linked = self.pages()
        changes = sync(self.connection, table, self._scope(table), rows, keep=_KEPT)
        stale = [key for key in fresh if key in before]
        for start in range(0, len(stale), 500):
            some = stale[start : start + 500]
            self.connection.execute(
                sa.delete(schema.answers).where(schema.answers.c.record.in_(some))
            )
        insert(self.connection, schema.answers, (a for key in fresh for a in answers[key]))
        # The links of a record that is gone went with it.
        gone = linked.keys() - {row["id"] for row in rows}
        touched(self.connection, "record_pages", gone)
        self._link({key: linked[key] for key in linked.keys() - gone}, pages)
        return changes

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

    def save_tests(self, tests: Mapping[str, Mapping[str, Any]]) -> int:
        """Store what the table checks said of each record; the number that changed.

        Args:
            tests: Record id -> ``p_value, q_value, severity, flagged, not_testable,
                detectors``; a record that is not in it was not tested.
        """
        table = schema.records
        names = _KEPT[:-1]
        empty: dict[str, Any] = dict.fromkeys(names) | {"detectors": {}}
        updates = []
        for row in self.all():
            wanted = {**empty, **tests.get(row["record_id"], {})}
            if any(row[name] != wanted[name] for name in names):
                updates.append({"key": row["id"], **wanted})
        return self._update(table, updates, names)

    def save_states(self, states: Mapping[int, str]) -> int:
        """Store what the gate says; the number of records that changed."""
        updates = [
            {"key": row["id"], "state": states[row["id"]]}
            for row in self.all()
            if states.get(row["id"], row["state"]) != row["state"]
        ]
        return self._update(schema.records, updates, ("state",))

    def _update(
        self, table: sa.Table, updates: Sequence[Mapping[str, Any]], names: Sequence[str]
    ) -> int:
        if updates:
            statement = (
                sa.update(table)
                .where(table.c.id == sa.bindparam("key"))
                .values({name: sa.bindparam(f"new_{name}") for name in names})
            )
            rows = [
                {"key": u["key"], **{f"new_{name}": u[name] for name in names}} for u in updates
            ]
            self.connection.execute(statement, rows)
            touched(self.connection, table.name, (u["key"] for u in updates))
        return len(updates)

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

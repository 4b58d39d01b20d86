"""Moving rows in and out: plain values, batches, and making a table equal to what is wanted."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from audit.trail.bulk import add_rows
from audit.trail.chain import touched
from audit.trail.covered import GROUPS, TABLES

__all__ = ["Changes", "batches", "differing", "insert", "insert_tuples", "plain", "sync"]

_CHUNK = 5_000
# What is its own plain form, whole: most values are, and looking closer takes ten times as long.
_PLAIN = frozenset({str, int, bool, type(None)})
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """What :func:`sync` did: rows added, removed and changed."""

    added: int = 0
    removed: int = 0
    changed: int = 0

    def __add__(self, other: Changes) -> Changes:
        """Both together."""
        return Changes(
            self.added + other.added, self.removed + other.removed, self.changed + other.changed
        )

    @property
    def any(self) -> bool:
        """Whether anything was done."""
        return bool(self.added or self.removed or self.changed)


def plain(value: Any) -> Any:
    """A value as the store gives it back: no numpy or pandas types, no NaN, lists for tuples."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, pd.Timestamp):
        return None if pd.isna(value) else value.to_pydatetime()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        inner = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(each) for each in inner]
    if isinstance(value, str | int | float | bool | bytes | dt.date):
        return value
    return json.loads(json.dumps(value, default=str))


def insert(connection: sa.Connection, table: sa.Table, rows: Iterable[Row]) -> int:
    """Add rows in batches; the number added."""
    count = 0
    statement = sa.insert(table)
    for batch in batches(rows):
        connection.execute(statement, [dict(row) for row in batch])
        if table.name in GROUPS:
            touched(connection, table.name, (row[GROUPS[table.name][0]] for row in batch))
        elif table.name in TABLES:
            touched(connection, table.name, (row[TABLES[table.name].key] for row in batch))
        count += len(batch)
    return count


def insert_tuples(
    connection: sa.Connection, table: sa.Table, rows: Iterable[tuple[Any, ...]]
) -> None:
    """Add rows past SQLAlchemy's types, by COPY where there is one: many times as fast.

    The caller says which rows of a covered table were touched.

    Args:
        connection: In a transaction.
        table: All of its columns are given, in order.
        rows: Values in the order of the columns as the driver takes them; JSON as text.

    Raises:
        sqlalchemy.exc.DBAPIError: If the database does not take them.
    """
    add_rows(connection, table.name, table.c.keys(), rows)


def differing(before: Row | sa.RowMapping, wanted: Row, keep: Collection[str] = ()) -> Row:
    """What has to be written to make a stored row equal to one of plain values."""
    return {n: v for n, v in wanted.items() if n not in keep and plain(before[n]) != v}


def sync(
    connection: sa.Connection,
    table: sa.Table,
    scope: sa.ColumnElement[bool],
    rows: Iterable[Row],
    *,
    keep: Collection[str] = (),
) -> Changes:
    """Make the rows of ``scope`` equal to ``rows``, found by their ``id``.

    Args:
        connection: In a transaction.
        table: Has a primary key ``id``.
        scope: Which of its rows are meant.
        rows: How they should be; every column but those with a default.
        keep: Columns whose stored value stays as it is.
    """
    wanted = {row["id"]: {name: plain(value) for name, value in row.items()} for row in rows}
    key = table.c.id
    stored = {
        row["id"]: row for row in connection.execute(sa.select(table).where(scope)).mappings()
    }
    gone = [number for number in stored if number not in wanted]
    for batch in batches(gone, 500):
        connection.execute(sa.delete(table).where(key.in_(batch)))
        touched(connection, table.name, batch)
    changed = 0
    for number, row in wanted.items():
        before = stored.get(number)
        if before is None:
            continue
        values = differing(before, row, keep)
        if values:
            connection.execute(sa.update(table).where(key == number).values(values))
            touched(connection, table.name, [number])
            changed += 1
    added = insert(connection, table, (r for number, r in wanted.items() if number not in stored))
    return Changes(added, len(gone), changed)


def batches(rows: Iterable[Any], size: int = _CHUNK) -> Iterator[Sequence[Any]]:
    """Some of ``rows`` at a time."""
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch

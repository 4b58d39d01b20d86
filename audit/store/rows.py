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

from audit.trail.chain import touched
from audit.trail.covered import GROUP, TABLES

__all__ = ["Changes", "insert", "plain", "sync"]

_CHUNK = 5_000
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
    for batch in _batches(rows):
        connection.execute(statement, [dict(row) for row in batch])
        if table.name == GROUP:
            touched(connection, GROUP, (row["record"] for row in batch))
        elif table.name in TABLES:
            touched(connection, table.name, (row[TABLES[table.name].key] for row in batch))
        count += len(batch)
    return count


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
    for batch in _batches(gone, 500):
        connection.execute(sa.delete(table).where(key.in_(batch)))
        touched(connection, table.name, batch)
    changed = 0
    for number, row in wanted.items():
        before = stored.get(number)
        if before is None:
            continue
        differing = {n: v for n, v in row.items() if n not in keep and plain(before[n]) != v}
        if differing:
            connection.execute(sa.update(table).where(key == number).values(differing))
            touched(connection, table.name, [number])
            changed += 1
    added = insert(connection, table, (r for number, r in wanted.items() if number not in stored))
    return Changes(added, len(gone), changed)


def _batches(rows: Iterable[Any], size: int = _CHUNK) -> Iterator[Sequence[Any]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch

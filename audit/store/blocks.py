"""Records block by block: laid over what is stored, past SQLAlchemy's types.

Millions of records come in one night, and on the next every one of them has other p-values:
rows are compared and written as the database's own driver takes them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.rows import Changes, batches, insert, insert_tuples
from audit.trail.chain import touched

__all__ = ["COLUMNS", "Block", "linked_pages", "save_block"]

COLUMNS: Sequence[str] = tuple(schema.records.c.keys())
_KEY, _STATE = COLUMNS.index("id"), COLUMNS.index("state")
_CONTENT = COLUMNS.index("content")
_JSON = frozenset(column.name for column in schema.records.c if isinstance(column.type, sa.JSON))
_TIMES = frozenset(
    number for number, c in enumerate(schema.records.c) if isinstance(c.type, sa.DateTime)
)


@dataclass(frozen=True, slots=True)
class Block:
    """Some records as they were assembled, in order of key.

    Attributes:
        columns: Values by column of the table, for all of :data:`COLUMNS`: plain values, a
            JSON column as its text. ``content`` is the hash of the answers.
        answers: ``(item, state, value)`` of each; those of a record whose content is unchanged
            are not touched.
        pages: Keys of the pages of each.
    """

    columns: Mapping[str, Sequence[Any]]
    answers: Sequence[Sequence[tuple[str, str, str | None]]]
    pages: Sequence[Sequence[int]]


def save_block(connection: sa.Connection, block: Block, known: Collection[int]) -> Changes:
    """Make records, answers and links to pages equal to a block.

    Args:
        connection: In a transaction that writes.
        block: The records.
        known: Keys of those that are stored already; their state stays as it is.
    """
    rows = _driver_rows(connection, block)
    stored = _stored(connection, sorted(known))
    new, changed, stale = [], [], []
    answers: list[tuple[Any, ...]] = []
    for row, given in zip(rows, block.answers, strict=True):
        key = row[_KEY]
        before = stored.get(key)
        if before is None:
            new.append(row)
        elif before[:_STATE] != row[:_STATE]:
            changed.append((*row[:_KEY], *row[_KEY + 1 : _STATE], key))
        if before is None or before[_CONTENT] != row[_CONTENT]:
            if before is not None:
                stale.append(key)
            answers += [(key, item, state, value) for item, state, value in given]
    _update(connection, changed)
    insert_tuples(connection, schema.records, new)
    touched(connection, "records", [row[-1] for row in changed])
    touched(connection, "records", [row[_KEY] for row in new])
    for some in batches(stale, 500):
        connection.execute(sa.delete(schema.answers).where(schema.answers.c.record.in_(some)))
    insert_tuples(connection, schema.answers, answers)
    wanted = {row[_KEY]: pages for row, pages in zip(rows, block.pages, strict=True) if pages}
    _link(connection, linked_pages(connection, sorted(stored)), wanted)
    return Changes(added=len(new), changed=len(changed))


def _driver_rows(connection: sa.Connection, block: Block) -> list[tuple[Any, ...]]:
    """Rows as the driver takes them, and gives them back."""
    columns = [block.columns[name] for name in COLUMNS]
    if connection.dialect.name == "sqlite":
        # SQLAlchemy's form of a time there, which is a text.
        for number in _TIMES:
            columns[number] = [None if v is None else _text(v) for v in columns[number]]
    return list(zip(*columns, strict=True))


def _text(moment: dt.datetime) -> str:
    return moment.isoformat(" ", "microseconds")


def _stored(connection: sa.Connection, keys: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """Rows by key, as :func:`_driver_rows` makes them."""
    cast = "::text" if connection.dialect.name == "postgresql" else ""
    names = ", ".join(f'"{name}"{cast if name in _JSON else ""}' for name in COLUMNS)
    found: dict[int, tuple[Any, ...]] = {}
    for some in batches(keys, 500):
        query = f"SELECT {names} FROM records WHERE id IN ({','.join(map(str, some))})"
        for row in connection.exec_driver_sql(query):
            found[row[_KEY]] = tuple(row)
    return found


def _update(connection: sa.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write every column but key and state; the key stands last."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    names = [name for name in COLUMNS if name not in ("id", "state")]
    values = ", ".join(f'"{name}" = {mark}' for name in names)
    for some in batches(rows):
        connection.exec_driver_sql(f"UPDATE records SET {values} WHERE id = {mark}", some)


def linked_pages(connection: sa.Connection, keys: Sequence[int]) -> Mapping[int, list[int]]:
    """Record key -> page keys, of these records."""
    links = schema.record_pages
    found: dict[int, list[int]] = {}
    for some in batches(keys, 500):
        query = sa.select(links.c.record, links.c.page_id).where(links.c.record.in_(some))
        for row in connection.execute(query):
            found.setdefault(row[0], []).append(row[1])
    return found


def _link(
    connection: sa.Connection,
    linked: Mapping[int, Sequence[int]],
    pages: Mapping[int, Sequence[int]],
) -> None:
    """Make the links of records to pages equal to ``pages``."""
    links = schema.record_pages
    there = {(key, page) for key, numbers in linked.items() for page in numbers}
    wanted = {(key, page): None for key, numbers in pages.items() for page in numbers}
    for key, page in sorted(there - wanted.keys()):
        unwanted = sa.and_(links.c.record == key, links.c.page_id == page)
        connection.execute(sa.delete(links).where(unwanted))
        touched(connection, "record_pages", [key])
    missing: Iterator[Mapping[str, int]] = (
        {"record": k, "page_id": p} for k, p in wanted if (k, p) not in there
    )
    insert(connection, links, missing)

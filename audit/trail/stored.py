"""Whether the store still holds what its trail covers, row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby

from audit.trail.covered import CHILDREN, GROUPS, TABLES
from audit.trail.cursor import Cursor
from audit.trail.guards import POSTGRESQL_NAMES, SQLITE_ALL
from audit.trail.hashed import digests, number_of, wrong_answers
from audit.trail.transcript import Fault

__all__ = ["check_guards", "check_rows", "check_sqlite"]

# Rows that are covered together are named by whose they are.
_OWNERS = {
    "codes": "the codes of page",
    "likenesses": "the pairs of page",
    "record_pages": "the pages of record",
}
_NOT_COVERED = "is covered by no entry of the trail: it was added past the program"


def check_rows(cursor: Cursor) -> Iterator[Fault]:
    """Hash every row again and compare it with the last entry that covers it."""
    for table in (*sorted(TABLES), *GROUPS):
        names = _names(cursor, table)
        there = digests(cursor, table)
        covers = _covers(cursor, table)
        row, cover = next(there, None), next(covers, None)
        while row is not None or cover is not None:
            if cover is None or (row is not None and row[0] < cover[0]):
                assert row is not None
                yield Fault(_where(table, row[0], names), _NOT_COVERED)
                row = next(there, None)
            elif row is None or cover[0] < row[0]:
                if cover[1] is not None:
                    what = f"is not there any more (covered by seq {cover[2]})"
                    yield Fault(_where(table, cover[0], names), what)
                cover = next(covers, None)
            else:
                if cover[1] != row[1]:
                    gone = "stands there though it was removed" if cover[1] is None else None
                    what = gone or "is not what the trail covers"
                    yield Fault(_where(table, row[0], names), f"{what} (seq {cover[2]})")
                row, cover = next(there, None), next(covers, None)
    for key, record in wrong_answers(cursor):
        yield Fault(f"table answers, record {record} (row {key})", "are not what was stored")
    yield from _strays(cursor)


def _covers(cursor: Cursor, table: str) -> Iterator[tuple[int, bytes | None, int]]:
    """Key, hash and entry of the last cover of every row, in order of key."""
    query = "SELECT key, digest, seq FROM trail_rows WHERE tbl = ? ORDER BY key, seq"
    for key, group in groupby(cursor.stream(query, (table,)), key=lambda row: row[0]):
        *_, last = group
        digest = last[1]
        yield key, bytes(digest) if isinstance(digest, bytes | memoryview) else None, last[2]


def _names(cursor: Cursor, table: str) -> dict[int, str]:
    """Names of rows whose key is hashed from a name."""
    if table in GROUPS or not TABLES[table].named:
        return {}
    query = f"SELECT {TABLES[table].key} FROM {table}"
    return {number_of(row[0]): str(row[0]) for row in cursor(query)}


def _where(table: str, key: int, names: dict[int, str]) -> str:
    owner = _OWNERS.get(table, "row")
    return f"table {table}, {owner} {names.get(key, key)}"


def _strays(cursor: Cursor) -> Iterator[Fault]:
    """Rows that hang on nothing: no honest store has them, and no other row covers them."""
    for table, owner, parent in CHILDREN:
        query = (
            f"SELECT DISTINCT {owner} FROM {table} c WHERE NOT EXISTS "
            f"(SELECT 1 FROM {parent} p WHERE p.id = c.{owner}) LIMIT 20"
        )
        for (key,) in cursor(query):
            yield Fault(f"table {table}, {owner} {key}", "belongs to no row")


def check_guards(cursor: Cursor) -> Iterator[Fault]:
    """Whether the triggers that refuse changes are still there."""
    if cursor.postgresql:
        query = "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A') AND NOT tgisinternal"
        there = {row[0]: "" for row in cursor(query)}
        wanted = dict.fromkeys(POSTGRESQL_NAMES, "")
    else:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        there = {row[0]: row[1] for row in cursor(query)}
        wanted = dict(SQLITE_ALL)
    for name in sorted(wanted):
        if there.get(name) != wanted[name]:
            yield Fault(f"trigger {name}", "was removed, disabled or changed")


def check_sqlite(cursor: Cursor) -> Iterator[Fault]:
    """What SQLite itself finds wrong with its file."""
    if cursor.postgresql:
        return
    try:
        for (line,) in cursor("PRAGMA integrity_check(20)"):
            if line != "ok":
                yield Fault("store", f"damaged: {' '.join(str(line).split())}")
    except sqlite3.DatabaseError as error:
        yield Fault("store", f"damaged: {error}")

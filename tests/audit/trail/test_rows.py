"""Rows that were changed, added or removed past the program are named."""

from __future__ import annotations

import sqlite3

import pytest

from audit.trail.covered import TABLES
from audit.trail.cursor import Cursor
from audit.trail.stored import check_rows


def test_every_cell_of_every_table_is_covered(raw: sqlite3.Connection) -> None:
    raw.execute("PRAGMA ignore_check_constraints=ON")
    cursor = Cursor(raw, postgresql=False)
    assert list(check_rows(cursor)) == []
    empty = []
    for table, covered in TABLES.items():
        key = covered.key
        rows = raw.execute(f"SELECT {key} FROM {table} ORDER BY {key}").fetchall()
        if not rows:
            empty.append(table)
            continue
        about = rows[len(rows) // 2][0]
        for column, kind in covered.columns:
            new = {"text": "'x'", "json": "'[7]'"}.get(kind, "12345")
            raw.execute("BEGIN")
            raw.execute(f"UPDATE {table} SET {column} = {new} WHERE {key} = ?", (about,))
            found = list(check_rows(cursor))
            raw.execute("ROLLBACK")
            assert found, f"{table}.{column}"
            named = str(12345 if column == key and kind == "int" else about)
            if column != key:
                assert all(named in f.where or "answers" in f.where for f in found), found
                assert found[0].where.startswith(f"table {table}"), found
    assert empty == []


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE marks SET state = 'empty' WHERE state = 'marked'", "table pages"),
        ("UPDATE marks SET ink = ink + 0.001", "table pages"),
        ("DELETE FROM marks WHERE item = 'A1'", "table pages"),
        ("UPDATE answers SET value = '5' WHERE value = '4'", "table answers, record"),
        ("DELETE FROM answers WHERE item = 'B2'", "table answers, record"),
        ("INSERT INTO answers VALUES (77, 'A1', 'answered', '5')", "table answers, record 77"),
        ("UPDATE record_pages SET record = record + 1", "table record_pages"),
        ("DELETE FROM record_pages", "table record_pages, the pages of record"),
        ("DELETE FROM findings", "table findings, row"),
        ("INSERT INTO rounds VALUES ('x', 'x', 'x', '2026-01-01', '2026-01-02')", "row x"),
        ("INSERT INTO findings SELECT id + 1, " + ", ".join(
            name for name, _ in TABLES["findings"].columns[1:]) + " FROM findings",
         "table findings, row"),
        ("UPDATE records SET flagged = 2 WHERE flagged = 1", None),
    ],
)  # fmt: skip
def test_rows_changed_added_and_removed_are_named(
    statement: str, where: str | None, raw: sqlite3.Connection
) -> None:
    raw.execute("PRAGMA foreign_keys=OFF")
    changed = raw.execute(statement).rowcount
    found = list(check_rows(Cursor(raw, postgresql=False)))
    if changed:
        assert found
        assert where is None or where in found[0].where

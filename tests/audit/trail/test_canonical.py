"""The form in which entries and rows are hashed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import unicodedata
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.intake.custody_book import CUSTODY_MORE
from audit.store.schema import metadata
from audit.trail.canonical import (
    START,
    RowsHash,
    answer_part,
    answers_hash,
    canonical,
    entry_hash,
    hash_of_parts,
    row_hash,
    utc,
)
from audit.trail.covered import CHILDREN, PASSING, TABLES
from audit.trail.hashed import digests

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


def test_equal_data_has_one_form() -> None:
    one = {"b": [1, 2.5, True, None], "a": "Hà Nội"}
    other = {"a": unicodedata.normalize("NFD", "Hà Nội"), "b": (1, 2.5, True, None)}
    assert canonical(one) == canonical(other) == '{"a":"Hà Nội","b":[1,"2.5",true,null]}'
    assert canonical(float("nan")) == '"nan"'
    moment = dt.datetime(2026, 10, 1, 8, tzinfo=dt.timezone(dt.timedelta(hours=7)))
    assert canonical(moment) == '"2026-10-01T01:00:00.000000Z"'
    with pytest.raises(ValueError, match="zone"):
        utc(moment.replace(tzinfo=None))
    with pytest.raises(TypeError):
        canonical(object())


@settings(max_examples=200, deadline=None)
@given(plain)
def test_the_form_is_its_own_form_and_holds_no_floating_point(value: object) -> None:
    text = canonical(value)
    back = json.loads(text, parse_float=lambda _: pytest.fail("a floating point number"))
    assert canonical(back) == text
    assert unicodedata.is_normalized("NFC", text)


def test_hashes_are_what_the_format_says() -> None:
    body = b'{"a":1}'
    first = hashlib.sha256(b"\x01" + bytes(32) + b"\0\0\0\0\0\0\0\1" + body).digest()
    assert entry_hash(START, 1, body) == first
    rows = RowsHash()
    assert rows.summary() is None
    rows.add("files", 5, bytes(range(32)))
    rows.add("files", 6, None)
    listed = b"files\0" + (5).to_bytes(8, "big") + b"\1" + bytes(range(32))
    listed += b"files\0" + (6).to_bytes(8, "big") + b"\0"
    wanted = {"sha256": hashlib.sha256(b"\x02" + listed).hexdigest(), "tables": {"files": [1, 1]}}
    assert rows.summary() == wanted


def test_answers_have_one_hash_in_any_order_and_another_for_any_change() -> None:
    answers = [("A1", "answered", "5"), ("A2", "undetermined", None), ("B1", "answered", "4")]
    assert answers_hash(answers) == answers_hash(reversed(answers))
    changed = [answers_hash([("A1", "answered", "4"), *answers[1:]]), answers_hash(answers[1:])]
    changed.append(answers_hash([answers[0], ("A2", "answered", None), answers[2]]))
    assert len({answers_hash(answers), *changed}) == 4


def test_answers_written_once_each_have_the_same_hash() -> None:
    answers = [("A1", "answered", 'é "\u2028'), ("A2", "undetermined", None), ("B", "x", "\udc80")]
    for some in (answers, answers[:1], []):
        assert hash_of_parts(answer_part(*answer) for answer in some) == answers_hash(some)


def test_every_column_of_the_store_is_covered() -> None:
    kinds = {
        **{"TEXT": "text", "INTEGER": "int", "BIGINT": "int", "FLOAT": "real", "JSON": "json"},
        **{"BOOLEAN": "bool", "DATE": "day", "DATETIME": "time"},
    }
    children = {table for table, _, _ in CHILDREN}
    assert set(metadata.tables) - {"alembic_version"} == {
        *(*TABLES, *children, *PASSING),
        *("trail", "trail_rows"),
    }
    for name, covered in TABLES.items():
        table = metadata.tables[name]
        assert [c.name for c in table.primary_key] == [covered.key]
        wanted = tuple((c.name, kinds[str(c.type)]) for c in table.columns)
        assert covered.columns == wanted, name


LATE = {"batches": CUSTODY_MORE, "users": ("password_until",)}


def test_every_table_with_later_columns_is_tried() -> None:
    assert {name for name, covered in TABLES.items() if covered.late} == set(LATE)


@pytest.mark.parametrize("table", sorted(LATE))
def test_columns_that_came_later_leave_the_hashes_of_old_rows_alone(table: str) -> None:
    covered = TABLES[table]
    old = len(covered.columns) - covered.late
    assert [name for name, _ in covered.columns[old:]] == list(LATE[table])
    row = [7, "q3", *["x"] * (old - 2), *[None] * covered.late]

    class Books:
        postgresql = False

        def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
            return [[7]] if "DISTINCT" in sql and not parameters else [row] if "IN" in sql else []

    def hash_of() -> bytes:
        ((_, found),) = digests(Books(), table, [7])
        return found

    before = hash_of()
    assert before == row_hash(table, row[:old])
    seen = {before}
    for place in range(old, len(row)):
        row[place] = 1
        seen.add(hash_of())
        row[place] = None
    assert len(seen) == 1 + covered.late

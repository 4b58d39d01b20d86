"""Pages against all earlier ones: in however many nights, over rounds, and taken back."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from audit.extending.subjects import prints
from audit.pipeline.alike import findings_among, measure_new
from audit.pipeline.prints import pack, unpack
from audit.store import Store, open_store
from audit.store.pages import Files, Pages
from audit.store.schema import files, key_of, rounds
from scans.likeness.pairs import compared
from tests.audit.rounds import act, tools

_FORM = "HL-01"
_SHEETS = ("honest", "other", "again", "fax", "copy", "blank")


@pytest.fixture
def store(tmp_path: Path):
    with open_store(f"sqlite:///{tmp_path / 'audit.db'}") as opened:
        yield opened


def _round(store: Store, name: str, year: int) -> None:
    row = {"id": name, "title_vi": name, "title_en": name}
    row |= {"period_from": dt.date(year, 1, 1), "period_to": dt.date(year, 12, 31)}
    with store.writing(act()) as connection:
        connection.execute(sa.insert(rounds).values(row))


def _put(store: Store, round_id: str, names: Sequence[str]) -> None:
    """Pages as a night stores them."""
    with store.writing(act()) as connection:
        for name in names:
            page = prints()[name]
            file_id = Files(connection, round_id).add(name, "scan", name * 9, 1, "run")
            row = {"id": key_of("page", round_id, name), "file_id": file_id, "page": 1}
            row |= {"instrument_id": _FORM, "form_page": 2, "status": "read", "work_key": "k"}
            row |= {"not_assessable": {}, "quality": {}, "findings": [], "matches": []}
            kept = [{"page_id": row["id"], "data": pack(page)}]
            Pages(connection, round_id).replace(file_id, [row], [], kept)


def _found(store: Store, round_id: str) -> dict[int, list[dict[str, object]]]:
    measure_new(store, _FORM, tools())
    found, _ = findings_among(store, round_id, _FORM)
    return {key: [f.to_json() for f in signs] for key, signs in sorted(found.items())}


@pytest.mark.parametrize("name", ["honest", "blank", "stamped"])
def test_a_fingerprint_comes_back_from_its_bytes(name):
    page = prints()[name]
    data = pack(page)
    assert len(data) < 8_000
    back = unpack(data, path=page.origin.path, sha256=page.origin.sha256, page=page.origin.page)
    assert pack(back) == data
    assert back.name == page.name
    assert {k: v.tolist() for k, v in back.codes.items()} == {
        k: v.tolist() for k, v in page.codes.items()
    }
    for one, other in zip(back.inks, page.inks, strict=True):
        np.testing.assert_array_equal(one.ink, other.ink)


def test_one_night_and_many_nights_in_any_order_find_the_same(tmp_path):
    answers = []
    nights = ([_SHEETS], [_SHEETS[::-1][:2], _SHEETS[:4]], [[n] for n in ("fax", *_SHEETS)])
    for k, turns in enumerate(nights):
        with open_store(f"sqlite:///{tmp_path / f'{k}.db'}") as store:
            _round(store, "r", 2025)
            for night in turns:
                _put(store, "r", night)
                found = _found(store, "r")
            answers.append(found)
    assert answers[0] == answers[1] == answers[2]
    first = key_of("page", "r", "honest")
    assert any("again#1" in sign["matches"] for sign in answers[0][first])
    assert key_of("page", "r", "other") not in answers[0]
    assert key_of("page", "r", "blank") not in answers[0]


def test_only_what_is_new_is_compared(store):
    _round(store, "r", 2025)
    _put(store, "r", _SHEETS)
    assert measure_new(store, _FORM, tools()) == len(_SHEETS)
    assert measure_new(store, _FORM, tools()) == 0
    _put(store, "r", ["fax"])  # judged again: its pairs are measured again
    assert measure_new(store, _FORM, tools()) == 1


def test_pages_whose_codes_another_version_made_are_compared_anew(store):
    """Codes of two versions never agree: what is kept would be compared with nothing, unsaid."""
    _round(store, "r", 2025)
    _put(store, "r", _SHEETS[:2])
    found = _found(store, "r")
    with store.writing(act()) as connection:
        old = sa.text(
            "UPDATE codes SET code = :code, room = CASE room WHEN '' THEN '' ELSE 'old' END"
        )
        connection.execute(sa.text("DELETE FROM codes WHERE room NOT IN ('', '2:sheet')"))
        connection.execute(old, {"code": b""})
        connection.execute(sa.text("DELETE FROM likenesses"))
    _put(store, "r", ["again"])
    assert measure_new(store, _FORM, tools()) == 3
    assert measure_new(store, _FORM, tools()) == 0
    assert found != _found(store, "r")
    with store.reading() as connection:
        assert (
            connection.execute(sa.text("SELECT count(*) FROM codes WHERE room = 'old'")).scalar()
            == 0
        )
        pairs = connection.execute(
            sa.text("SELECT one, other FROM likenesses WHERE what = 'sheet'")
        )
        names = [{key_of("page", "r", name) for name in ("honest", "again")}]
        assert [set(pair) for pair in pairs] == names


def test_a_sheet_of_an_earlier_round_is_found_and_never_one_of_a_later(store):
    _round(store, "before", 2024)
    _round(store, "now", 2025)
    _put(store, "before", ["honest"])
    _put(store, "now", ["again", "other"])
    found = _found(store, "now")
    (sign,) = (s for s in found[key_of("page", "now", "again")] if s["kind"] == "duplicate")
    assert sign["matches"] == ["before: honest#1"]
    assert findings_among(store, "before", _FORM)[0] == {}


def test_a_withdrawn_file_takes_its_likenesses_with_it(store):
    _round(store, "r", 2025)
    _put(store, "r", ["honest", "again"])
    assert _found(store, "r")
    with store.writing(act()) as connection:
        connection.execute(sa.update(files).where(files.c.path == "again").values(state="gone"))
    assert _found(store, "r") == {}


def test_pairs_that_are_kept_are_those_that_are_measured(store):
    _round(store, "r", 2025)
    _put(store, "r", _SHEETS)
    measure_new(store, _FORM, tools())
    with store.reading() as connection:
        rows = connection.execute(sa.text("SELECT one, other, what FROM likenesses")).all()
    names = {key_of("page", "r", name): name for name in _SHEETS}
    kept = {(frozenset((names[a], names[b])), what) for a, b, what in rows}
    wanted = {
        (frozenset((a, b)), alike.what)
        for a in _SHEETS
        for b in _SHEETS
        if a < b
        for alike in compared(prints()[a], prints()[b])
    }
    assert kept == wanted


def test_a_likeness_changed_past_the_program_is_named(tmp_path):
    """Whoever takes a pair out of the store hides a duplicate: the trail covers pairs, too."""
    from audit.trail.cursor import reading
    from audit.trail.stored import check_rows

    url = f"sqlite:///{tmp_path / 'audit.db'}"
    with open_store(url) as store:
        _round(store, "r", 2025)
        _put(store, "r", ["honest", "again", "other"])
        measure_new(store, _FORM, tools())
    with reading(url) as cursor:
        before = [str(fault) for fault in check_rows(cursor) if "likenesses" in str(fault)]
    with sqlite3.connect(tmp_path / "audit.db") as raw:
        raw.execute("DELETE FROM likenesses")
        raw.execute("UPDATE codes SET code = x'00' WHERE room <> ''")
    with reading(url) as cursor:
        faults = [str(fault) for fault in check_rows(cursor)]
    assert before == []
    assert any("likenesses" in fault for fault in faults)
    assert any("codes" in fault for fault in faults)

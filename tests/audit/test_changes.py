"""Marks changed on paper become the table that the checks of corrections read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from audit.pipeline.assembly import Assembly
from audit.pipeline.changes import COLUMNS, changed_marks, table_of_changes
from audit.pipeline.run import run_round
from audit.pipeline.sheets import PageRow
from audit.settings import load_settings
from detectors.finding import Family, Finding, Message, Severity
from detectors.instrument import Instrument, Item, Marks
from tests.audit.rounds import FakeScans, Sheet, answers, responses_csv, small_round, tools

FORM = Instrument(
    "T",
    "1",
    {},
    (Item("A", (1, 2, 3, 4, 5), not_applicable=9), Item("W", ("Kém", "Tốt"))),
    Marks(),
    (),
    "t",
    Path("t.toml"),
)


def mark(item, value, state):
    return {"item": item, "value": value, "state": state}


def page(number, status="read", changes=()):
    return PageRow(number, 1, "a.png", "0", number, 1, status, None, None, False, changes=changes)


def test_a_box_taken_back_beside_the_one_that_is_marked():
    marks = [
        mark("A", "2", "cancelled"),
        mark("A", "5", "marked"),
        mark("A", "4", "empty"),
        mark("W", "Kém", "erased"),
        mark("W", "Tốt", "marked"),
    ]
    assert changed_marks(marks, FORM) == (
        ("A", 2, 5, "cancelled"),
        ("W", "Kém", "Tốt", "erased"),
    )


def test_no_after_and_no_before_say_nothing():
    assert changed_marks([mark("A", "2", "erased")], FORM) == ()
    two = [mark("A", "2", "erased"), mark("A", "4", "marked"), mark("A", "5", "marked")]
    assert changed_marks(two, FORM) == ()
    assert changed_marks([mark("A", "9", "erased"), mark("A", "4", "marked")], FORM) == ()
    assert changed_marks([mark("Z", "2", "erased"), mark("Z", "4", "marked")], FORM) == ()


def sign(kind, item, value, now=None):
    evidence = {"value": value} if now is None else {"value": value, "now_marked": now}
    text = Message("v", "e")
    return Finding("x.y", Family.IMAGE, kind, 1.0, 0.01, Severity.RED, text, item=item,
                   evidence=evidence)  # fmt: skip


def test_a_sign_tells_the_direction_where_two_marks_stand_open():
    marks = [mark("A", "2", "marked"), mark("A", "5", "marked")]
    found = changed_marks(marks, FORM, [sign("overwrite", "A", "2", "5")])
    assert found == (("A", 2, 5, "overwritten"),)


def test_a_change_told_twice_counts_once_and_as_the_graver():
    marks = [mark("A", "2", "cancelled"), mark("A", "5", "marked")]
    signs = [sign("overwrite", "A", "2", "5"), sign("overwrite", "A", "2", "5")]
    assert changed_marks(marks, FORM, signs) == (("A", 2, 5, "overwritten"),)
    backwards = [sign("erasure", "A", "5", "2")]
    assert changed_marks(marks, FORM, backwards) == (("A", 2, 5, "cancelled"),)


def test_a_sign_without_a_new_mark_takes_the_one_that_is_read():
    marks = [mark("A", "2", "empty"), mark("A", "4", "marked")]
    assert changed_marks(marks, FORM, [sign("erasure", "A", "2")]) == (("A", 2, 4, "erased"),)
    assert changed_marks(marks, FORM, [sign("erasure", "A", "4", "4")]) == ()
    assert changed_marks(marks, FORM, [sign("quality", "A", "2", "4")]) == ()
    assert changed_marks([mark("A", "2", "empty")], FORM, [sign("erasure", "A", "2")]) == ()
    assert changed_marks(marks, FORM, [sign("erasure", "A", "7", "4")]) == ()


def assembly(pages):
    frame = pd.DataFrame({"record_id": ["r1", "r2"]})
    return Assembly(
        frame, ["scan"] * 2, [1, 1], [[], []], pages, [False] * 2, np.zeros((2, 2), bool)
    )


def test_changes_stand_under_their_record():
    pages = [page(1, changes=(("A", 2, 5, "erased"),)), page(2), page(3, "unreadable")]
    table = table_of_changes(assembly([[1, 2], [3]]), pages)
    assert list(table.columns) == list(COLUMNS)
    assert table.values.tolist() == [["r1", "A", 2, 5, "erased"]]
    untouched = table_of_changes(assembly([[2], []]), pages)
    assert list(untouched.columns) == list(COLUMNS)
    assert len(untouched) == 0


def test_where_no_page_was_read_nothing_is_known():
    assert table_of_changes(assembly([[], []]), []) is None
    assert table_of_changes(assembly([[3], []]), [page(3, "unreadable")]) is None


def test_a_round_hands_them_to_the_screen(tmp_path):
    config = small_round(tmp_path / "r")
    rows = responses_csv(answers(2, 30, "u1"))
    (config.parent / "inbox/responses/r.csv").write_text(rows, "utf-8")
    scans = FakeScans()
    scans.put(config.parent, "u1/a.png", Sheet({"A1": 5, "A2": 4, "B1": 5, "B2": 5}, serial="S-1"))
    seen = []

    def screen(*args, **kwargs):
        from detectors.screening import screen as real

        seen.append(kwargs["circumstances"])
        return real(*args, **kwargs)

    run_round(load_settings(config), tools(scans, screen=screen))
    assert list(seen[0].changes.columns) == list(COLUMNS)

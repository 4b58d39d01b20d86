"""Reading simulated pages of every kind of form and scanner, with corrections."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scans.simulate.page import simulate_page
from scans.simulate.respondents import correct_one
from scans.types import MarkState, ScanClass, Status
from tests.scans.pages import honest, judged, wrong_readings

PAGES = [
    ("HL-01", 1, "flatbed"),
    ("HL-01", 2, "adf"),
    ("HL-01", 2, "fax"),
    ("HL-01", 2, "phone"),
    ("HL-02", 1, "grey"),
    ("HL-02", 1, "office_150"),
    ("YK-01", 1, "adf_grey"),
]


@pytest.mark.parametrize(("form_id", "page", "profile"), PAGES)
def test_a_page_is_read_as_it_was_filled(form_id, page, profile):
    made = honest(form_id, page, 301, profile)
    outcome = judged(made, f"reading-{form_id}-{page}-{profile}", learn=True)
    assert outcome.result.status is Status.READ, outcome.result.reason
    assert outcome.result.form_page == page
    assert not wrong_readings(outcome, made)
    if made.serial is not None:
        assert outcome.result.serial == made.serial


@pytest.mark.parametrize("form_id", ["HL-01", "HL-02", "YK-01"])
def test_allowed_corrections_are_cancelled_and_never_an_answer(form_id):
    page = 2 if form_id == "HL-01" else 1
    spec = honest(form_id, page, 77).spec
    rng = np.random.default_rng(5)
    for _ in range(4):
        spec = correct_one(spec, rng)
    made = simulate_page(spec, 77)
    outcome = judged(made, f"corrected-{form_id}", learn=True)
    assert outcome.result.status is Status.READ, outcome.result.reason
    assert not wrong_readings(outcome, made)
    cancelled = [r for r in outcome.result.readings if r.state is MarkState.CANCELLED]
    assert len(cancelled) >= 2


def test_a_bitonal_page_says_what_it_cannot_show():
    outcome = judged(honest("HL-01", 2, 301, "fax"), "reading-HL-01-2-fax")
    assert outcome.result.scan_class is ScanClass.BITONAL
    assert "erasure.residue" in outcome.result.not_assessable
    assert "erasure.fluid" not in outcome.result.not_assessable


def test_white_paper_and_another_form_are_not_judged():
    made = honest("HL-02", 1, 301, "grey")
    from scans.page import check_page
    from tests.scans.pages import form, raw

    other = check_page(raw(made, "wrong"), form("YK-01"), reference=None).result
    assert other.status is Status.WRONG_FORM
    assert other.severity is None
    page = raw(made, "wrong")
    white = replace(page, image=np.full_like(page.image, 255))
    blank = check_page(white, form("HL-02"), reference=None).result
    assert blank.status in (Status.UNREADABLE, Status.WRONG_FORM)
    assert blank.reason


@pytest.mark.parametrize("profile", ["grey", "office_200"])
def test_the_pattern_under_unanswered_items_is_no_pale_pencil(profile):
    doubtful = 0
    for seed in range(4):
        spec = honest("HL-01", 2, 900 + seed, profile).spec
        made = simulate_page(replace(spec, answers={}, corrections={}), seed)
        outcome = judged(made, f"unanswered-{profile}-{seed}")
        states = [reading.state for reading in outcome.result.readings]
        assert MarkState.MARKED not in states
        doubtful += states.count(MarkState.AMBIGUOUS)
    assert doubtful <= 1  # of 332 boxes

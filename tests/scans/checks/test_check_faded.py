"""Marks far fainter than the others: of a rubber, or no more than the noise of the page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scans.checks._page_check import Signs
from scans.checks.erasure_faded import measure
from scans.types import MarkState
from scans.view import PageView
from tests.scans.checks.altered import clean


def with_faint_mark(page: PageView, noise: float, **trace_is: float) -> PageView:
    """The page with a trace in an empty box beside a mark, and noise in all empty boxes."""
    partner = min(page.marked)
    row = page.rows[page.readings[partner].item]
    trace = next(i for i in row if page.readings[i].state is MarkState.EMPTY)
    readings = []
    for i, reading in enumerate(page.readings):
        features = dict(reading.features)
        if i == trace:
            features |= {"ink": 0.014, "faded": 0.25, "solid": 0.0, "foreign": 0.0}
            features |= trace_is
            reading = replace(reading, state=MarkState.AMBIGUOUS)
        elif reading.state is MarkState.EMPTY:
            features["ink"] = noise * (i % 5) / 4
        readings.append(replace(reading, features=features))
    return replace(page, readings=tuple(readings))


@pytest.mark.parametrize(("noise", "seen"), [(0.001, True), (0.008, False)])
def test_what_empty_boxes_hold_nearly_as_much_of_is_no_mark(noise: float, seen: bool) -> None:
    signs = measure(with_faint_mark(clean("office_200"), noise))
    assert isinstance(signs, Signs)
    assert (signs.score > 3.0) is seen


def test_what_runs_far_beyond_the_box_is_no_erased_mark() -> None:
    """Stains, underlinings, slips of a pen; an erased mark ends near its box."""
    page = clean("office_200")
    small = with_faint_mark(page, 0.0, ink=0.2, tinted=200.0, around=0.2)
    far = with_faint_mark(page, 0.0, ink=0.2, tinted=200.0, around=1.0)
    assert measure(small).score > 3.0
    assert measure(far).score < 1.0


def test_a_speck_nearly_as_dark_as_the_marks_counts_less() -> None:
    page = clean("office_200")
    line = measure(with_faint_mark(page, 0.0, ink=0.2, faded=0.7)).score
    speck = measure(with_faint_mark(page, 0.0, ink=0.014, faded=0.7)).score
    assert 0.0 < speck < 0.5 * line

"""One ink on many changed sheets, and honest respondents who happen to share a pen."""

from __future__ import annotations

import numpy as np
import pytest

from scans.fingerprint import Fingerprint
from scans.likeness.cells import CELL, MarkCells
from scans.measure.pens import HUELESS
from scans.reuse.overwrite_one_pen import CHECK
from scans.types import Origin

NOTHING = MarkCells(
    np.zeros(0, np.int32), np.zeros(0, np.uint8), np.zeros((0, CELL, CELL), np.int8)
)


def sheet(k, *pens):
    return Fingerprint(
        origin=Origin(f"{k}.jpg", f"{k:064x}", 1, "image/jpeg"),
        form_page=1,
        marks=NOTHING,
        inks=(),
        thumb=np.zeros((16, 16), np.uint8),
        shape=(3508, 2480),
        pens=np.array(pens, np.float32).reshape(-1, 4),
    )


def some_pen(rng):
    blue = rng.random() < 0.7
    hue = [rng.normal(0.25, 0.05), rng.normal(0.1, 0.03)] if blue else rng.normal(0.0, 0.01, 2)
    return np.array([*hue, rng.normal(-0.2, 0.12), rng.normal(-0.6, 0.15)])


def slip(rng):
    return rng.normal(0.0, 1.0, 4) * np.array([0.005, 0.005, 0.04, 0.03])


def batch(rng, changed, *, one=None, count=60):
    """Sheets of which some hold a new mark: in one pen, or each in its own or another."""
    pages = []
    for k in range(count):
        own = some_pen(rng)
        if k >= changed:
            pages.append(sheet(k, own))
            continue
        new = own if one is None and rng.random() < 0.7 else some_pen(rng)
        pages.append(sheet(k, own, (new if one is None else one) + slip(rng)))
    return pages


def test_one_pen_on_eight_sheets_is_found_and_named():
    rng = np.random.default_rng(1)
    found = CHECK.assess(batch(rng, 8, one=np.array([0.1, 0.35, -0.1, -0.5])))
    flagged = {f.evidence["subject"] for f in found.findings}
    assert flagged == set(range(8))
    assert all(f.p_value <= 1e-3 and len(f.matches) == 7 for f in found.findings)


def test_honest_changes_are_flagged_in_no_more_batches_than_promised():
    flagged = sum(
        bool(CHECK.assess(batch(np.random.default_rng(s), 20)).findings) for s in range(400)
    )
    assert flagged <= 3


def test_a_pen_that_everybody_uses_is_no_sign():
    rng = np.random.default_rng(2)
    desk = np.array([0.25, 0.1, -0.2, -0.6])
    pages = [sheet(k, some_pen(rng), desk + slip(rng)) for k in range(6)]
    pages += [sheet(10 + k, desk + slip(rng)) for k in range(40)]
    assert not CHECK.assess(pages).findings


def test_black_sheets_corrected_in_black_are_told_as_not_judged():
    rng = np.random.default_rng(5)
    black = np.array([0.002, 0.001, -0.2, -0.6])
    pages = [sheet(k, some_pen(rng)) for k in range(20)]
    pages += [sheet(20, black, black + slip(rng)), sheet(21, black)]
    found = CHECK.assess(pages)
    assert dict(found.not_assessable) == {20: HUELESS}
    assert np.isnan(found.scores[20])
    assert found.scores[21] == 0.0


def test_corrections_gone_over_in_each_sheets_own_pen_are_no_sign():
    """Every respondent presses harder: the marks are as dark as each other, and as their own."""
    rng = np.random.default_rng(4)
    pages = []
    for k in range(60):
        own = some_pen(rng)
        harder = [own + np.array([0.0, 0.0, 0.5, 0.4]) + slip(rng)] if k < 20 else []
        pages.append(sheet(k, own, *harder))
    assert not CHECK.assess(pages).findings


def test_grey_scans_are_not_judged():
    rng = np.random.default_rng(5)
    own = [np.array([0.0, 0.0, *some_pen(rng)[2:]]) for _ in range(20)]
    harder = np.array([0.0, 0.0, 0.6, 0.4])
    found = CHECK.assess([sheet(k, pen, pen + harder) for k, pen in enumerate(own)])
    assert not found.findings
    assert all("grey" in why for why in found.not_assessable.values())
    assert len(found.not_assessable) == 20


@pytest.mark.parametrize("count", [0, 1, 7])
def test_small_batches_are_not_assessable(count):
    rng = np.random.default_rng(3)
    answer = CHECK.assess([sheet(k, some_pen(rng)) for k in range(count)])
    assert set(answer.not_assessable) == set(range(count))
    nobody = CHECK.assess([sheet(k) for k in range(9)])
    assert len(nobody.not_assessable) == 9

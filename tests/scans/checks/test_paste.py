"""Pasted paper: print that moved, against feeders that bend whole sheets."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from scans.checks import paste_displacement
from scans.checks._page_check import Signs
from scans.page import view_of
from scans.simulate.page import simulate_page
from scans.simulate.respondents import tampered_spec
from scans.view import PageView
from tests.scans.pages import form, honest, raw

_ORDINARY = 4.5


@cache
def honest_view(profile="flatbed") -> PageView:
    page = honest("HL-01", 2, 11, profile)
    view = view_of(raw(page, f"paste-honest-{profile}"), form("HL-01"), reference=None)
    assert isinstance(view, PageView)
    return view


def score(check, view) -> Signs:
    signs = check.measure(view)
    assert isinstance(signs, Signs)
    return signs


def overlaps(a, b):
    return all(a[k] < b[k] + b[k + 2] and b[k] < a[k] + a[k + 2] for k in (0, 1))


@pytest.mark.parametrize("profile", ["flatbed", "adf_grey", "fax"])
def test_honest_sheets_hold_nothing_that_moved(profile):
    assert score(paste_displacement, honest_view(profile)).score < _ORDINARY


@pytest.mark.parametrize(
    ("variant", "strength", "profile"),
    [("strip", "moderate", "flatbed"), ("box", "gross", "adf_grey"), ("box", "subtle", "fax")],
)
def test_pasted_pieces_are_found_where_they_are(variant, strength, profile):
    base = honest("HL-01", 2, 11, profile)
    chance = np.random.default_rng(4)
    spec = tampered_spec(base.spec, "CAT_1", chance, variant=variant, strength=strength, items=2)
    page = simulate_page(spec, 11)
    scan = raw(page, f"paste-{variant}-{strength}-{profile}")
    view = view_of(scan, form("HL-01"), reference=None)
    assert isinstance(view, PageView)
    found = score(paste_displacement, view)
    assert found.score > 2 * _ORDINARY - 2
    places = [place.box_mm for place in found.places]
    assert any(overlaps(p, t.box_mm) for p in places for t in page.tampers)

"""Pages that lie turned by quarters are judged as those that stand upright."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.registry import Level, discover
from scans.upright import quarter_turns, upright
from scans.view import PageView
from tests.scans.checks.altered import clean, saved, score_of
from tests.scans.checks.test_check_cloned_box import covered
from tests.scans.checks.test_check_copy_move import copied
from tests.scans.pages import form

# Checks of the scan's own pixels, whose score on a turned page is the one on the page upright.
PIXELS = ("paste.copy_move", "paste.cloned_box", "erasure.digital")


def turned(image: np.ndarray, turns: int) -> PageView:
    """The picture laid so many quarters clockwise, without a loss."""
    return saved(np.ascontiguousarray(np.rot90(image, -turns)), "png", form("HL-01"))


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_every_pixel_stays_what_it_was_and_the_form_lies_on_it(turns: int) -> None:
    page = clean("flatbed")
    lying = turned(page.raw.image, turns)
    assert quarter_turns(lying.registration) == turns
    raw, laid = upright(lying.raw, lying.registration)
    np.testing.assert_array_equal(raw.grey, page.raw.grey)
    assert quarter_turns(laid) == 0
    corners = np.array([(20.0, 20.0), (190.0, 20.0), (20.0, 280.0), (190.0, 280.0)])
    apart = laid.to_px(corners) - page.registration.to_px(corners)
    assert np.abs(apart).max() < 0.1 * laid.px_per_mm


@pytest.mark.parametrize("altered", [None, copied, covered])
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_scores_do_not_hang_on_how_the_page_lies(altered, turns: int) -> None:
    page = clean("office_200")
    image = page.raw.image
    if altered is copied:
        image, _ = copied(page, ink_only=False)
    elif altered is covered:
        image, _ = covered(page)
    checks = discover(Level.PAGE)
    standing, lying = saved(image, "png", form("HL-01")), turned(image, turns)
    for name in PIXELS:
        there, here = score_of(checks[name], standing), score_of(checks[name], lying)
        assert here == pytest.approx(there, abs=0.25, rel=0.25), name

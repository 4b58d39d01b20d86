"""Light print under the answers, held against the blank."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from scans.checks.erasure_light_print import CHECK
from scans.measure.light_print import light_print
from scans.page import view_of
from scans.press.pattern import KINDS
from scans.reference import builtin_reference
from scans.view import PageView
from tests.accuracy.press import FRAUDS, careful, press, simulated
from tests.scans.checks.altered import clean, pixels, saved, score_of
from tests.scans.pages import form, raw

HONEST, BROKEN = 4.0, 6.0


@pytest.mark.parametrize("profile", ["flatbed", "grey", "office_200"])
def test_print_is_alike_everywhere_on_an_honest_page(profile):
    assert score_of(CHECK, clean(profile)) < HONEST


def test_a_patch_of_bare_paper_is_found_where_it_is():
    page = clean("grey")
    box = next(i for i in range(40, 60) if i not in page.marked)
    image = page.raw.image.copy()
    rows, columns = pixels(page, box, -0.8)
    part = image[rows, columns]
    noise = np.random.default_rng(2).normal(0, 1.8, part.shape)
    part[:] = np.clip(np.percentile(part, 80) + noise, 0, 255).round()
    found = saved(image, "png", form("HL-01"))
    seen = light_print(found.patches, found.ink.threshold)
    assert seen is not None
    worst = seen.places[0]
    assert worst.position == box
    assert worst.left < 0.4
    assert worst.score > BROKEN
    x, y, w, h = found.template.page.boxes[box].box_mm
    assert x - 2 <= worst.centre_mm[0] <= x + w + 2
    assert y - 2 <= worst.centre_mm[1] <= y + h + 2


@pytest.mark.parametrize("pattern", [kind for kind in KINDS if kind != "none"])
def test_fluid_and_a_careful_rubber_break_both_patterns(tmp_path, pattern):
    instrument, drawn = press(tmp_path, pattern=pattern)

    def score(seed, fraud=None):
        page = simulated(drawn, seed, fraud)
        scan = raw(page, f"light-{pattern}-{seed}")
        view = view_of(scan, instrument, reference=None)
        assert isinstance(view, PageView)
        return score_of(CHECK, view)

    rubbed = next(f for f in FRAUDS if f.light == 0.4)
    assert score(71_002) < HONEST
    with careful(rubbed):
        assert score(72_301, (rubbed.kind, rubbed.variant)) > BROKEN
    assert score(72_501, ("TAY_2", "brush")) > 3 * BROKEN


def test_what_cannot_be_judged_says_why():
    assert "class bitonal" in CHECK.assess(clean("fax")).not_assessable[0]
    page = clean("flatbed")
    known = replace(page, reference=builtin_reference())
    assert "no honest pages" in CHECK.assess(known).not_assessable[0]
    bare = tuple(replace(g, print_=np.where(g.print_ < 0.3, 0, g.print_)) for g in page.patches)
    assert "no light print" in CHECK.assess(replace(page, patches=bare)).not_assessable[0]
    # A scanner that burns light colours out.
    image = cv2.convertScaleAbs(page.raw.image, alpha=1.35)
    burnt = saved(image, "png", form("HL-01"))
    assert "has dropped" in CHECK.assess(burnt).not_assessable[0]

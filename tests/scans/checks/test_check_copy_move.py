"""Marks copied inside a page."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from detectors.instrument import load_instrument
from scans.checks.paste_copy_move import CHECK
from scans.measure.mark_crops import MarkCrop, copied_likeness, mark_crops
from scans.source import read_pages
from scans.types import MarkState
from scans.view import PageView
from tests.data import real
from tests.scans.checks.altered import clean, pixels, saved, score_of
from tests.scans.pages import form

# Marks of one hand stay below; copies lie above.
HONEST, COPIED = 0.5, 0.6


def copied(page: PageView, *, ink_only: bool) -> tuple[np.ndarray, set[int]]:
    """A mark copied onto an empty box, with its box or its ink alone."""
    image = page.raw.image.copy()
    source = min(page.marked)
    boxes = page.template.page.boxes
    target = max(
        i
        for i in range(len(boxes))
        if i not in page.marked and boxes[i].box_mm[2:] == boxes[source].box_mm[2:]
    )
    rows, columns = pixels(page, source, 1.5)
    to_rows, to_columns = pixels(page, target, 1.5)
    part = image[rows, columns].copy()
    place = (
        slice(to_rows.start, to_rows.start + part.shape[0]),
        slice(to_columns.start, to_columns.start + part.shape[1]),
    )
    image[place] = np.minimum(part, image[place]) if ink_only else part
    return image, {source, target}


@pytest.mark.parametrize("profile", ["office_200", "adf_grey", "flatbed", "fax"])
@pytest.mark.parametrize("seed", [21, 22])
def test_marks_of_one_hand_are_no_copies(profile, seed):
    assert score_of(CHECK, clean(profile, seed)) < HONEST


@pytest.mark.parametrize(
    ("profile", "how", "ink_only"),
    [("office_200", 90, False), ("adf_grey", 60, False), ("office_200", "png", True)],
)
def test_a_copied_mark_is_found_with_both_its_places(profile, how, ink_only):
    image, boxes = copied(clean(profile), ink_only=ink_only)
    page = saved(image, how, form("HL-01"))
    assert score_of(CHECK, page) > COPIED
    signs = CHECK.measure(page)
    named = {place.box_mm for place in signs.places[:2]}
    assert named == {page.template.page.boxes[i].box_mm for i in boxes}


@pytest.mark.parametrize("profile", ["fax", "adf_grey"])
def test_a_streak_of_the_scanner_through_boxes_is_no_copied_mark(profile):
    page = clean(profile)
    boxes = page.template.page.boxes
    x = boxes[0].box_mm[0] + 0.5 * boxes[0].box_mm[2]
    column = page.registration.to_px(np.array([[x, b.box_mm[1]] for b in boxes]))[:, 0]
    image = page.raw.image.copy()
    image[:, round(float(np.median(column))) + np.arange(3)] = 0
    page = saved(image, "png", form("HL-01"))
    assert len(page.marked) > 20
    assert score_of(CHECK, page) < HONEST


def test_solid_ink_of_one_shade_has_nothing_to_compare():
    rng = np.random.default_rng(5)
    ink = np.ones((40, 40), np.uint8)
    solid = MarkCrop(np.zeros((52, 52), np.uint8), ink, ink, 6, 12.0, 3.0, 0.1, 0.6)
    grain = rng.normal(60.0, 10.0, (52, 52)).astype(np.uint8)
    assert copied_likeness(solid, solid) == -1.0
    assert copied_likeness(replace(solid, grey=grain), solid) == -1.0
    assert copied_likeness(replace(solid, grey=grain), replace(solid, grey=grain)) > 0.999


def test_a_page_with_one_mark_cannot_be_judged():
    page = clean("office_200")
    readings = [
        replace(r, state=MarkState.EMPTY) if i != min(page.marked) else r
        for i, r in enumerate(page.readings)
    ]
    lonely = replace(page, readings=tuple(readings))
    assert "fewer than two marks" in CHECK.assess(lonely).not_assessable[0]


def test_of_a_box_filled_up_to_its_outline_hardly_any_line_is_the_hands():
    page = clean("fax")
    image = page.raw.image.copy()
    empty = [i for i, r in enumerate(page.readings) if r.state is MarkState.EMPTY][:6]
    for i in empty:
        image[pixels(page, i, 0.0)] = 0
    filled = saved(image, "png", form("HL-01"))
    crops = mark_crops(*filled.upright, filled.patches, filled.ink, filled.marked)
    assert max(crops[i].contour for i in empty) < 3.0
    assert min(crops[i].contour for i in page.marked if i in crops) > 8.0


@pytest.mark.parametrize("name", ["Q00002.jpg", "Q00004.jpg"])
def test_real_bubbles_in_two_levels_are_no_copies(name):
    folder = real("scans", "formscanner")
    (page,) = read_pages(folder / "scans" / name)
    grey = cv2.cvtColor(page.image, cv2.COLOR_BGR2GRAY)
    two = np.where(grey > 0.65 * np.median(grey), 255, 0).astype(np.uint8)
    bubbles = saved(two, "png", load_instrument(folder / "instrument.toml"))
    assert len(bubbles.marked) > 5
    assert score_of(CHECK, bubbles) < HONEST

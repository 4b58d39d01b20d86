"""Edges that no scanner drew."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scans.checks.splice_hard_edge import CHECK
from scans.measure.step_counts import step_counts
from scans.measure.step_lines import steps_by_line
from scans.view import PageView
from tests.scans.checks.altered import clean, pixels, saved, score_of
from tests.scans.pages import form

HONEST, EDITED = 9.0, 15.0
SCANNERS = ("flatbed", "adf", "adf_grey", "grey", "office_200")


def brushed(page: PageView) -> tuple[np.ndarray, int]:
    """The inside of a marked box wiped out by a round brush, its outline left."""
    image, box = page.raw.image.copy(), min(page.marked)
    rows, columns = pixels(page, box, -0.3)
    centre = ((columns.start + columns.stop) // 2, (rows.start + rows.stop) // 2)
    axes = ((columns.stop - columns.start) // 2, (rows.stop - rows.start) // 2)
    white = (255,) * (1 if image.ndim == 2 else 3)
    cv2.ellipse(image, centre, axes, 0, 0, 360, white, cv2.FILLED)
    rows, columns = pixels(page, box, 0.8)
    # What stands out beyond the outline is wiped out on a side as well.
    image[rows.start : rows.start + 8, columns] = 255
    return image, box


@pytest.mark.parametrize("profile", [*SCANNERS, "flatbed_sharp", "phone"])
def test_a_scanner_draws_no_hard_edges(profile: str) -> None:
    assert score_of(CHECK, clean(profile)) < HONEST


@pytest.mark.parametrize("profile", SCANNERS[:4])
@pytest.mark.parametrize("file", ["png", 92, 75])
def test_a_brush_leaves_them(profile: str, file: int | str) -> None:
    page = clean(profile)
    image, box = brushed(page)
    found = CHECK.measure(saved(image, file, form("HL-01")))
    assert found.score > EDITED
    reading = page.readings[box]
    assert found.places[0].item == reading.item
    assert dict(found.places[0].evidence)["value"] == str(reading.value)


def test_on_a_field_as_well() -> None:
    page = clean("flatbed")
    field = next(f for f in page.template.page.fields if f.kind == "handwriting")
    x, y, _, _ = field.box_mm
    image = page.raw.image.copy()
    left, top = np.rint(page.registration.to_px(np.array([[x + 6.0, y + 3.0]]))[0]).astype(int)
    # A stroke as wide as a pen's, cut off by a white rectangle.
    soft = cv2.GaussianBlur(image, (0, 0), 0.8)
    cv2.rectangle(soft, (left, top), (left + 90, top + 40), (60, 60, 60), cv2.FILLED)
    cv2.GaussianBlur(soft, (0, 0), 1.2, dst=soft)
    image[top - 8 : top + 48, left - 8 : left + 98] = soft[top - 8 : top + 48, left - 8 : left + 98]
    assert score_of(CHECK, saved(image, "png", form("HL-01"))) < HONEST
    image[top + 15 : top + 60, left - 8 : left + 98] = 255
    found = CHECK.measure(saved(image, "png", form("HL-01")))
    assert found.score > EDITED
    assert found.places[0].field == field.id


def test_hairlines_are_no_edits() -> None:
    """Lines of one pixel, as sharpened scans hold them, have no plateaus."""
    page = clean("adf")
    image = page.raw.image.copy()
    for box in list(page.marked)[:3]:
        rows, columns = pixels(page, box, 1.0)
        image[rows.start + 3, columns] = 40
        image[rows, columns.start + 3] = 40
    assert score_of(CHECK, saved(image, "png", form("HL-01"))) < HONEST


@pytest.mark.parametrize("profile", [*SCANNERS, "phone"])
@pytest.mark.parametrize("less", [12, 30])
def test_a_page_whitened_all_over_is_no_edit(profile: str, less: int) -> None:
    """Its ink ends at the level from which on all is white: at all boxes and fields alike."""
    image = clean(profile).raw.image
    level = float(np.median(image)) - less
    light = image.min(axis=2, keepdims=True) if image.ndim == 3 else image
    whitened = np.where(light >= level, 255, image).astype(np.uint8)
    score = score_of(CHECK, saved(whitened, "png", form("HL-01")))
    assert np.isnan(score) or score < HONEST


@pytest.mark.parametrize("profile", ["adf", "adf_grey"])
def test_fine_print_of_a_field_is_no_edit(profile: str) -> None:
    """A median of three pixels leaves hard edges on letters, and none on outlines."""
    image = np.asarray(cv2.medianBlur(clean(profile).raw.image, 3), np.uint8)
    assert score_of(CHECK, saved(image, "png", form("HL-01"))) < HONEST


def test_steps_by_line_are_those_that_are_counted() -> None:
    chance = np.random.default_rng(4)
    grey = np.where(chance.random((300, 300)) < 0.2, 30, 230).astype(np.uint8)
    grey = np.kron(grey[:100, :100], np.ones((3, 3), np.uint8))
    corner = chance.integers(10, 200, (40, 2))
    counts = np.empty(len(corner), np.int64)
    step_counts(grey, corner, 60, 50, 70.0, counts)
    assert counts.sum() > 1_000
    found = [steps_by_line(grey, (x, y), (60, 50), 70.0, 60) for x, y in corner.tolist()]
    assert found == counts.tolist()
    grey[:] = 230
    grey[:, 100:] = 30
    assert steps_by_line(grey, (80, 80), (60, 50), 70.0, 60) == 60
    assert steps_by_line(grey, (80, 80), (60, 50), 70.0, 8) == 8


def test_a_page_drawn_by_a_program_cannot_be_judged() -> None:
    page = clean("grey")
    image = np.where(page.raw.image > 140, 235, 20).astype(np.uint8)
    noise = np.random.default_rng(1).normal(0, 2.0, image.shape)
    drawn = np.clip(image + noise, 0, 255).astype(np.uint8)
    answer = CHECK.assess(saved(drawn, "png", form("HL-01"))).not_assessable
    assert "as a program draws" in answer[0] or "class bitonal" in answer[0]
    assert "class bitonal" in CHECK.assess(clean("fax")).not_assessable[0]

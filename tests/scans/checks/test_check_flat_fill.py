"""Paper of one single level."""

from __future__ import annotations

import numpy as np
import pytest

from scans.checks.erasure_flat_fill import CHECK
from scans.view import PageView
from tests.scans.checks.altered import clean, pixels, saved, score_of
from tests.scans.pages import form

# Two blocks of a JPEG beside one.
FILLED = 1.1
SCANNERS = ("grey", "flatbed", "office_200", "flatbed_sharp")


def filled(page: PageView) -> tuple[np.ndarray, int]:
    """The inside of a marked box filled with the paper's colour, its outline left."""
    image, box = page.raw.image.copy(), min(page.marked)
    rows, columns = pixels(page, box, 3.0)
    paper = np.median(image[rows, columns].reshape(-1, *image.shape[2:]), axis=0)
    rows, columns = pixels(page, box, -0.4)
    image[rows, columns] = np.round(paper)
    return image, box


@pytest.mark.parametrize("profile", SCANNERS)
def test_paper_of_an_honest_page_is_of_many_levels(profile: str) -> None:
    assert score_of(CHECK, clean(profile)) == 0.0


@pytest.mark.parametrize("profile", SCANNERS)
@pytest.mark.parametrize("file", ["png", 92, 78])
def test_a_fill_is_of_one(profile: str, file: int | str) -> None:
    page = clean(profile)
    image, box = filled(page)
    found = CHECK.measure(saved(image, file, form("HL-01")))
    assert found.score > FILLED
    reading = page.readings[box]
    assert found.places[0].item == reading.item
    assert ("value", str(reading.value)) in found.places[0].evidence


def test_burnt_out_paper_cannot_be_judged() -> None:
    assert "shows no grain" in CHECK.measure(clean("adf_grey")).reason
    for profile in ("adf_grey", "fax", "phone"):
        assert "does not carry" in CHECK.assess(clean(profile)).not_assessable[0]


def test_paper_smoothed_all_over_accuses_nobody() -> None:
    image = clean("grey").raw.image.copy()
    bright = image > 200
    image[bright] = int(np.median(image[bright]))
    assert "shows no grain" in CHECK.assess(saved(image, "png", form("HL-01"))).not_assessable[0]


def test_a_colour_that_is_burnt_out_takes_its_grain_along() -> None:
    image = clean("flatbed").raw.image.copy()
    image[..., 1:] = np.where(image[..., 1:] > 200, 255, image[..., 1:])
    assert "shows no grain" in CHECK.assess(saved(image, "png", form("HL-01"))).not_assessable[0]

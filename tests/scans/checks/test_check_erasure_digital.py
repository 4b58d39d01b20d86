"""Bare paper without grain."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scans.checks.erasure_digital import CHECK
from scans.measure.paper_grain import paper_grain
from scans.view import PageView
from tests.scans.checks.altered import clean, pixels, saved, score_of
from tests.scans.pages import form

HONEST, WIPED = 5.0, 5.5


def wiped(page: PageView, how: str) -> tuple[np.ndarray, int]:
    """The inside of a marked box painted over."""
    image = page.raw.image.copy()
    box = min(page.marked)
    rows, columns = pixels(page, box, 1.6)
    part = image[rows, columns]
    grey = part if part.ndim == 2 else part.min(axis=2)
    ink = (grey < np.percentile(grey, 80) - 12).astype(np.uint8)
    mask = cv2.dilate(ink, np.ones((9, 9), np.uint8))
    if how == "paint":
        paper = np.median(part[mask == 0].reshape(-1, *part.shape[2:]), axis=0)
        part[mask > 0] = np.round(paper)
    else:
        part[:] = cv2.inpaint(np.ascontiguousarray(part), mask, 5, cv2.INPAINT_NS)
    return image, box


@pytest.mark.parametrize("profile", ["grey", "flatbed", "office_200", "flatbed_sharp", "phone"])
def test_paper_of_an_honest_page_is_rough_everywhere(profile):
    assert score_of(CHECK, clean(profile)) < HONEST


@pytest.mark.parametrize(("how", "file"), [("paint", "png"), ("paint", 90), ("inpaint", "png")])
def test_a_painted_mark_leaves_smooth_paper(how, file):
    image, box = wiped(clean("grey"), how)
    page = saved(image, file, form("HL-01"))
    assert score_of(CHECK, page) > WIPED
    grain = paper_grain(page.raw, page.registration, page.patches)
    assert grain is not None
    assert grain.windows[0].position == box
    x, y, w, h = grain.windows[0].box_mm
    left, top, width, height = page.template.page.boxes[box].box_mm
    assert left - 2 <= x + w / 2 <= left + width + 2
    assert top - 2 <= y + h / 2 <= top + height + 2


def test_burnt_out_paper_cannot_be_judged():
    assert "shows no grain" in CHECK.assess(clean("adf_grey")).not_assessable[0]
    assert "class bitonal" in CHECK.assess(clean("fax")).not_assessable[0]

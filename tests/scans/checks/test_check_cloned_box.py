"""Empty boxes laid over marked ones."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from detectors.instrument import load_instrument
from scans.checks.paste_cloned_box import CHECK
from scans.page import check_page
from scans.press.forms import shipped
from scans.reference import builtin_reference
from scans.source import read_pages
from scans.types import MarkState
from scans.view import PageView
from tests.accuracy.press import press, simulated
from tests.accuracy.refiled import REFILED
from tests.scans.checks.altered import clean, pixels, saved, score_of
from tests.scans.pages import form

# Boxes of honest pages stay below; copies lie above.
HONEST, COPIED = 3.0, 6.0


def covered(page: PageView) -> tuple[np.ndarray, set[int]]:
    """An empty box laid over a marked one of the same size."""
    image = page.raw.image.copy()
    largest = max(page.patches, key=lambda group: len(group.index)).index.tolist()
    target = min(i for i in largest if i in page.marked)
    source = min(i for i in largest if page.readings[i].state is MarkState.EMPTY)
    rows, columns = pixels(page, source, 1.0)
    to_rows, to_columns = pixels(page, target, 1.0)
    part = page.raw.image[rows, columns]
    image[
        to_rows.start : to_rows.start + part.shape[0],
        to_columns.start : to_columns.start + part.shape[1],
    ] = part
    return image, {source, target}


@pytest.mark.parametrize("profile", ["office_200", "adf_grey", "flatbed", "flatbed_bright"])
def test_boxes_that_are_only_printed_alike_are_no_copies(profile):
    assert score_of(CHECK, clean(profile)) < HONEST


def test_specks_of_a_photocopier_are_no_look_that_boxes_share():
    copied, _ = REFILED["photocopied and scanned"](
        clean("grey").raw.image, np.random.default_rng(0)
    )
    image = cv2.imdecode(np.frombuffer(copied, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert score_of(CHECK, saved(image, "png", form("HL-01"))) < HONEST


def test_outlines_that_fall_between_pixels_alike_are_no_copy(tmp_path):
    # Without the heading of its factor, as it was when this sheet was found.
    plain = replace(load_instrument(shipped("yk-b")), factor_names={})
    instrument, form_b = press(tmp_path, pattern="none", source=plain)
    made = simulated(form_b, 71_018)  # S01 = 4 and S07 = 4 correlate by .96, one fainter
    path = tmp_path / f"page{made.suffix}"
    path.write_bytes(made.data)
    (raw,) = read_pages(path)
    scores = check_page(raw, instrument, reference=builtin_reference()).scores
    assert scores is not None
    assert scores[CHECK.info.id] < HONEST


@pytest.mark.parametrize(
    ("profile", "how"),
    [
        ("office_200", 90),
        ("office_150", 90),
        ("adf_grey", "png"),
        ("adf", 80),
        ("flatbed_bright", 90),
    ],
)
def test_an_empty_box_over_a_mark_is_found_with_both_its_places(profile, how):
    image, boxes = covered(clean(profile))
    page = saved(image, how, form("HL-01"))
    assert score_of(CHECK, page) > COPIED
    named = {place.box_mm for place in CHECK.measure(page).places[:2]}
    assert named == {page.template.page.boxes[i].box_mm for i in boxes}


def test_few_empty_boxes_cannot_be_judged():
    page = clean("office_200")
    full = tuple(replace(r, state=MarkState.MARKED) for r in page.readings)
    assert "too few empty boxes" in CHECK.assess(replace(page, readings=full)).not_assessable[0]


def test_symbols_of_jbig2_cannot_be_judged():
    page = clean("adf_grey")
    origin = replace(page.raw.origin, encoding="jbig2")
    symbols = replace(page, raw=replace(page.raw, origin=origin))
    assert "JBIG2" in CHECK.assess(symbols).not_assessable[0]


def test_boxes_of_few_pixels_on_whitened_paper_cannot_be_judged():
    """Outlines a pixel thin are the same picture where they fall between pixels alike."""
    image = clean("flatbed").raw.image
    small = cv2.resize(image, None, fx=0.37, fy=0.37, interpolation=cv2.INTER_AREA)
    small[small > 0.75 * np.median(small)] = 255
    page = saved(small, "png", form("HL-01"))
    assert "enough detail" in CHECK.assess(page).not_assessable[0]
    whole = saved(image, "png", form("HL-01"))
    assert score_of(CHECK, whole) < HONEST

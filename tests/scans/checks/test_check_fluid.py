"""Print that is gone: beside answers it is told, in the head of the form it is none of theirs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from scans.checks.erasure_fluid import CHECK, measure
from scans.measure.sheet import Sheet
from scans.page import check_page
from scans.reference import builtin_reference
from scans.source import read_pages
from scans.types import RawPage, ScanClass
from scans.view import PageView
from tests.accuracy.press import press, simulated
from tests.scans.checks.altered import clean, pixels, saved, score_of
from tests.scans.pages import form


def painted(page: PageView, place: tuple[float, float, float, float]) -> PageView:
    """The page with a place (mm) painted in the colour of its paper."""
    x, y, w, h = place
    px = page.registration.to_px(np.array([[x, y], [x + w, y + h]]))
    (left, top), (right, bottom) = px.round().astype(int)
    image = page.raw.image.copy()
    part = image[top:bottom, left:right]
    part[:] = np.median(image[-400:-300].reshape(-1, *image.shape[2:]), axis=0)
    return saved(image, 92, form("HL-01"))


@pytest.mark.parametrize("profile", ["flatbed", "grey"])
def test_print_beside_an_answer_is_missed_and_the_head_is_not(profile: str) -> None:
    page = clean(profile)
    before = score_of(CHECK, page)
    box = next(b for b in page.template.page.boxes if b.item == "C4")
    y = box.box_mm[1]
    row = painted(page, (38.0, y - 0.5, 40.0, 6.0))
    (sign, *_) = measure(row).places
    assert score_of(CHECK, row) > max(8.0, 3 * before)
    assert sign.box_mm is not None
    assert abs(sign.box_mm[1] - y) < 6.0
    assert 30.0 < sign.box_mm[0] < 80.0
    head = painted(page, (24.0, 18.0, 90.0, 8.0))  # the heading of the part, above all rows
    assert score_of(CHECK, head) <= before + 1.0


# The line under the comments of HL-01, a hairline.
_LINE_Y, _LINE_X = 205.0, (35.0, 65.0, 95.0, 125.0, 155.0)


@pytest.mark.parametrize("profile", ["flatbed", "grey"])
def test_a_hairline_that_the_scan_lost_here_and_there_is_no_sign(profile: str) -> None:
    page = clean(profile)
    assert measure(painted(page, (_LINE_X[1], _LINE_Y, 10.0, 5.0))).score > 5.0
    for x in _LINE_X:
        page = painted(page, (x, _LINE_Y, 10.0, 5.0))
    assert measure(page).score == 0.0


def test_print_that_lies_beside_its_place_is_not_missing() -> None:
    page = clean("grey")
    sheet = page.sheet
    there = np.flatnonzero(~sheet.missing)[:400]
    moved = Sheet(np.roll(sheet.grey, 4, axis=0), sheet.template)
    assert moved.missing[there].mean() > 0.2
    assert moved.missing_beside(there, 1.0) == 0.0


def test_sheets_with_another_name_in_the_head_than_the_blank_are_no_sign(tmp_path: Path) -> None:
    instrument, _ = press(tmp_path / "blank", pattern="guilloche", agency="CÔNG AN TỈNH AN PHÚ")
    _, printed = press(tmp_path / "sheets", pattern="guilloche", agency="CÔNG AN TP. HÒA THẮNG")
    for seed in (1, 3, 4, 6):
        made = simulated(printed, seed)
        path = tmp_path / f"{seed}{made.suffix}"
        path.write_bytes(made.data)
        (page,) = read_pages(path)
        assert isinstance(page, RawPage)
        result = check_page(page, instrument, reference=builtin_reference()).result
        assert result.flagged is False
        assert [f for f in result.findings if f.detector == CHECK.info.id] == []


@pytest.mark.parametrize("side", ["left", "right", "bottom"])
def test_print_that_lies_off_the_scan_is_not_missing(side: str) -> None:
    page = clean("flatbed")
    before = score_of(CHECK, page)
    height, width = page.raw.image.shape[:2]
    off = round(17.0 * page.registration.px_per_mm)
    kept = {
        "left": (slice(None), slice(off, None)),
        "right": (slice(None), slice(0, width - off)),
        "bottom": (slice(0, height - off), slice(None)),
    }[side]
    assert score_of(CHECK, saved(page.raw.image[kept], "png", form("HL-01"))) <= before + 1.0


def two_levels(page: PageView) -> PageView:
    """What a program makes of the page that holds each pixel against those around it."""
    image = cv2.adaptiveThreshold(
        page.raw.grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 31, 15
    )
    return saved(np.asarray(image, np.uint8), "png", form("HL-01"))


@pytest.mark.parametrize("profile", ["flatbed", "flatbed_sharp", "adf"])
def test_solid_print_that_a_program_hollowed_out_is_not_missing(profile: str) -> None:
    page = two_levels(clean(profile))
    assert page.raw.scan_class is ScanClass.BITONAL
    assert score_of(CHECK, page) < 3.0


def test_an_outline_in_the_hollow_of_a_broad_mark_is_not_covered() -> None:
    page = two_levels(clean("flatbed"))
    before = score_of(CHECK, page)
    box = next(i for i in range(len(page.readings)) if i not in page.marked)
    rows, columns = pixels(page, box, 0.0)
    middle = (columns.start + columns.stop) // 2, rows.start
    radius = (rows.stop - rows.start) // 3
    covered = page.raw.grey.copy()
    cv2.circle(covered, middle, radius, 255, cv2.FILLED)
    assert score_of(CHECK, saved(covered, "png", form("HL-01"))) > before + 3.0
    cv2.circle(covered, middle, radius, 0, 5)  # a mark stood there, and its middle is hollow
    assert score_of(CHECK, saved(covered, "png", form("HL-01"))) < before + 1.0


def test_a_telephone_s_picture_made_two_levels_cannot_be_judged() -> None:
    answer = CHECK.assess(two_levels(clean("phone")))
    assert answer.not_assessable == {0: "two levels made of a telephone's picture"}


def faint_outlines(page: PageView) -> np.ndarray:
    """The page as a copier leaves it: thin print faint, and fainter to the right, broken there."""
    image = page.raw.image.astype(np.float32)
    paper = float(np.median(image))
    rng = np.random.default_rng(3)
    for i, box in enumerate(page.template.page.boxes):
        if i in page.marked:
            continue
        kept = 0.5 - 0.35 * box.box_mm[0] / 210.0
        rows, columns = pixels(page, i, 0.6)
        part = image[rows, columns]
        share = np.full(part.shape[:2], kept, np.float32)
        across = int(rng.integers(0, part.shape[1] // 2))
        share[:, across : across + part.shape[1] // 2] *= 0.5
        part[:] = paper + (part - paper) * share.reshape(*share.shape, *[1] * (part.ndim - 2))
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def test_outlines_that_are_faint_all_over_are_not_covered_where_they_are_faintest() -> None:
    page = clean("grey")
    image = faint_outlines(page)
    assert score_of(CHECK, saved(image, 95, form("HL-01"))) < 3.0
    empty = next(i for i, r in enumerate(page.readings) if i not in page.marked)
    image[pixels(page, empty, 0.6)] = np.median(image)
    covered = saved(image, 95, form("HL-01"))
    (sign, *_) = measure(covered).places
    assert sign.item == page.readings[empty].item
    assert sign.score > 5.0

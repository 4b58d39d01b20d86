"""Pages as people look at them: fields covered, places laid straight, nothing shown by mistake."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.instrument import load_instrument
from scans.laid import COVER, PARTS, LaidPage, lay_half, lay_page, window
from scans.looks import LOOKS
from scans.simulate.form import write_instrument
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> LaidPage:
    folder = tmp_path_factory.mktemp("laid")
    form = load_instrument(write_instrument("HL-01", folder))
    page = simulate_page(random_spec("HL-01", 2, 5, profile="flatbed"), 5)
    path = folder / f"page{page.suffix}"
    path.write_bytes(page.data)
    found = lay_page(str(path), 1, form)
    assert found is not None
    return found


def picture(data: bytes | None) -> np.ndarray:
    assert data is not None
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def test_fields_are_covered_and_nothing_else_is(laid: LaidPage) -> None:
    covered = picture(laid.whole("scan", covered=True))
    bare = picture(laid.whole("scan", covered=False))
    assert covered.shape == bare.shape == (*laid.size[::-1], 3)
    assert laid.template is not None
    inside = np.zeros(bare.shape[:2], np.uint8)
    for field in laid.template.page.fields:
        corners = np.array(laid.outline(field.box_mm))
        cv2.fillConvexPoly(inside, np.rint(corners).astype(np.int32), 255)
        middle = corners.mean(axis=0).astype(int)
        assert np.abs(covered[middle[1], middle[0]].astype(int) - COVER).max() < 12, field.id
    written = cv2.erode(inside, np.ones((5, 5))) > 0
    assert np.abs(covered[written].astype(int) - COVER).max() < 40
    far = cv2.dilate(inside, np.ones((91, 91))) == 0
    assert np.abs(covered[far].astype(int) - bare[far].astype(int)).max() < 40


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_keeps_the_covers(laid: LaidPage, look: str) -> None:
    shown = picture(laid.whole(look, covered=True, height=800))
    assert shown.shape[0] == 800
    assert laid.template is not None
    scale = 800 / laid.size[1]
    for field in laid.template.page.fields:
        corners = np.array(laid.outline(field.box_mm)) * scale
        x, y = corners.mean(axis=0).astype(int)
        patch = shown[y - 1 : y + 2, x - 4 : x + 5].astype(int)
        assert patch.max() - patch.min() < 25, field.id


@pytest.mark.parametrize("part", PARTS)
def test_a_place_that_is_a_field_stays_covered(laid: LaidPage, part: str) -> None:
    assert laid.template is not None
    field = next(f for f in laid.template.page.fields if f.id == "signature")
    shown = picture(laid.place(field.box_mm, part, covered=True))
    middle = shown[shown.shape[0] // 2, shown.shape[1] // 2].astype(int)
    assert np.abs(middle - COVER).max() < 12


def test_laid_straight_the_page_has_the_form_s_size_and_its_fields_covered(laid: LaidPage) -> None:
    shown = picture(laid.straight(covered=True))
    assert laid.template is not None
    width, height = laid.template.page.size_mm
    assert shown.shape[:2] == (round(height * 8), round(width * 8))
    for field in laid.template.page.fields:
        x, y, w, h = (round(v * 8) for v in field.box_mm)
        assert np.abs(shown[y : y + h, x : x + w].astype(int) - COVER).max() < 40, field.id


def test_the_difference_is_white_where_nothing_was_added(laid: LaidPage) -> None:
    assert laid.template is not None
    box = laid.template.page.boxes[0].box_mm
    blank = picture(laid.place(box, "blank", covered=True))
    shown = picture(laid.place(box, "difference", covered=True))
    assert blank.shape == shown.shape
    assert np.median(shown) > 235


def test_without_a_place_on_the_form_handwriting_cannot_be_read(laid: LaidPage) -> None:
    lost = LaidPage(laid.raw, None, None, has_fields=True, size=laid.size)
    assert not lost.coverable
    assert picture(lost.whole("scan", covered=True)).shape[0] <= 360
    assert picture(lost.whole("scan", covered=False)).shape[0] == laid.size[1]
    assert lost.place((10, 10, 5, 5), "scan", covered=True) is None
    assert lost.straight(covered=True) is None
    assert lost.outline((10, 10, 5, 5)) == []
    free = LaidPage(laid.raw, None, None, has_fields=False, size=laid.size)
    assert picture(free.whole("scan", covered=True)).shape[0] == laid.size[1]


def test_a_window_stays_on_the_page() -> None:
    for box in ((0.0, 0.0, 5.0, 5.0), (205.0, 292.0, 5.0, 5.0), (0.0, 0.0, 210.0, 297.0)):
        x, y, width, height = window(box, (210.0, 297.0))
        assert x >= 0 and y >= 0
        assert x + width <= 210.0 + 1e-9
        assert y + height <= 297.0 + 1e-9


def test_what_is_not_there_is_none(laid: LaidPage, tmp_path: Path) -> None:
    form = load_instrument(write_instrument("HL-01", tmp_path))
    assert lay_page(laid.raw.origin.path, 2, form) is None


def test_the_half_lies_where_the_whole_does_and_has_its_covers(
    laid: LaidPage, tmp_path: Path
) -> None:
    form = load_instrument(write_instrument("HL-01", tmp_path))
    found = lay_half(laid.raw.origin.path, form, 1000)
    assert found is not None
    half, placed = found
    assert placed.size == laid.size
    assert half.size[1] == -(-laid.size[1] // 2)
    assert laid.template is not None
    for box in laid.template.page.boxes:
        whole = np.array(laid.outline(box.box_mm))
        assert np.abs(np.array(placed.outline(box.box_mm)) - whole).max() < 0.3  # of a pixel
        assert np.abs(2 * np.array(half.outline(box.box_mm)) + 0.5 - whole).max() < 0.3
    again = lay_half(laid.raw.origin.path, form, 1000, placed)
    assert again is not None
    assert again[0].whole("scan", covered=True) == half.whole("scan", covered=True)
    shown = picture(half.whole("scan", covered=True))
    small = cv2.resize(
        picture(laid.whole("scan", covered=True)), half.size, interpolation=cv2.INTER_AREA
    )
    assert np.abs(shown.astype(int) - small).mean() < 2
    for field in laid.template.page.fields:
        x, y = np.array(half.outline(field.box_mm)).mean(axis=0).astype(int)
        assert np.abs(shown[y, x].astype(int) - COVER).max() < 12, field.id


def test_what_cannot_be_halved_is_laid_whole(laid: LaidPage, tmp_path: Path) -> None:
    form = load_instrument(write_instrument("HL-01", tmp_path))
    assert lay_half(laid.raw.origin.path, form, laid.size[1]) is None
    spec = random_spec("HL-01", 2, 6, profile="phone")
    photo = simulate_page(spec, 6)
    path = tmp_path / f"photo{photo.suffix}"
    path.write_bytes(photo.data)
    assert lay_half(str(path), form, 500) is None
    png = tmp_path / "page.png"
    cv2.imwrite(str(png), laid.raw.image)
    assert lay_half(str(png), form, 500) is None
    wrong = load_instrument(write_instrument("YK-01", tmp_path / "other"))
    assert lay_half(laid.raw.origin.path, wrong, 500) is None

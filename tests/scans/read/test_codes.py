"""Codes: every real one, every kind in every orientation, and what is no code."""

import csv

import cv2
import numpy as np
import pytest
import segno
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from detectors.instrument import Code, load_instrument
from scans.read.codes import clean_serial, read_code
from scans.source import read_pages
from tests.data import real

SIZE = (210.0, 297.0)
PX = 6.0  # pixels a mm: 152 dpi
SERIAL = "PB-23-004217-6"
BOXES = {
    "qr": (170.0, 12.0, 24.0, 24.0),
    "datamatrix": (170.0, 12.0, 16.0, 16.0),
    "code128": (130.0, 12.0, 64.0, 14.0),
    "itf": (140.0, 12.0, 52.0, 14.0),
}
TEXTS = {"qr": SERIAL, "datamatrix": SERIAL, "code128": SERIAL, "itf": "00421700061234"}


def symbol(kind, text):
    if kind == "qr":
        bits = np.array([list(row) for row in segno.make(text, error="m", micro=False).matrix])
        return np.where(bits > 0, 0, 255).astype(np.uint8)
    formats = {
        "datamatrix": zxingcpp.BarcodeFormat.DataMatrix,
        "code128": zxingcpp.BarcodeFormat.Code128,
        "itf": zxingcpp.BarcodeFormat.ITF,
    }
    made = np.array(zxingcpp.create_barcode(text, formats[kind]).to_image(scale=1))
    rows, columns = np.nonzero(made < 128)
    return made[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def page_with(*codes, px=PX):
    page = np.full((round(SIZE[1] * px), round(SIZE[0] * px)), 255, np.uint8)
    for y in range(300, page.shape[0] - 60, 50):
        cv2.putText(page, "Item: how satisfied are you", (60, y), 0, 0.8, 0, 2)
    for (x, y, width, height), kind, text in codes:
        size = (round(width * px), round(height * px))
        drawn = cv2.resize(symbol(kind, text), size, interpolation=cv2.INTER_NEAREST)
        top, left = round(y * px), round(x * px)
        page[top : top + size[1], left : left + size[0]] = drawn
    return page


def expected(kind):
    return Code(kind, BOXES[kind], "serial")


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("kind", BOXES)
def test_every_kind_in_every_orientation(kind, turns):
    page = page_with((BOXES[kind], kind, TEXTS[kind]))
    found = read_code(np.rot90(page, turns), expect=expected(kind), size_mm=SIZE)
    assert (found.text, found.format, found.found) == (TEXTS[kind], kind, "zone")
    assert found.serial == TEXTS[kind]


@pytest.mark.parametrize("turns", range(4))
def test_corners_are_the_symbols_own(turns):
    page = page_with((BOXES["qr"], "qr", SERIAL))
    found = read_code(np.rot90(page, turns), expect=expected("qr"), size_mm=SIZE)
    x, y, width, height = (value * PX for value in BOXES["qr"])
    corners = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
    for _ in range(turns):
        side = page.shape[1] if _ % 2 == 0 else page.shape[0]
        corners = np.column_stack([corners[:, 1], side - corners[:, 0]])
    assert np.abs(found.quad - corners).max() < 0.5 * PX


def test_registered_page_is_read_where_it_is():
    page = page_with((BOXES["qr"], "qr", SERIAL))
    moved = cv2.warpAffine(
        page, np.array([[0.98, 0.05, 40.0], [-0.05, 0.98, 130.0]]), (1400, 1900), borderValue=255
    )

    def to_px(points):
        return points * PX @ np.array([[0.98, -0.05], [0.05, 0.98]]) + np.array([40.0, 130.0])

    found = read_code(moved, expect=expected("qr"), to_px=to_px)
    assert (found.text, found.found) == (SERIAL, "zone")


def test_elsewhere_on_the_page():
    page = page_with(((20.0, 250.0, 24.0, 24.0), "qr", SERIAL))
    found = read_code(page, expect=Code("qr", (100.0, 120.0, 24.0, 24.0), "serial"), size_mm=SIZE)
    assert (found.text, found.found) == (SERIAL, "page")


def test_another_kind_is_reported_and_is_no_serial():
    page = page_with(((20.0, 250.0, 60.0, 15.0), "code128", "LIBRARY 17"))
    found = read_code(page, expect=expected("qr"), size_mm=SIZE)
    assert (found.text, found.format, found.found) == ("LIBRARY 17", "code128", "other")
    assert found.serial is None
    free = read_code(page)
    assert (free.text, free.serial) == ("LIBRARY 17", "LIBRARY 17")


def test_two_codes_the_one_in_its_place_counts():
    page = page_with(((20.0, 250.0, 24.0, 24.0), "qr", "STICKER"), (BOXES["qr"], "qr", SERIAL))
    placed = read_code(page, expect=expected("qr"), size_mm=SIZE)
    assert (placed.text, placed.others) == (SERIAL, ())
    free = read_code(page)
    assert {free.text, *free.others} == {SERIAL, "STICKER"}
    assert len(free.others) == 1


def test_small_pale_symbols_are_mended_where_they_must_be():
    page = page_with((BOXES["datamatrix"], "datamatrix", SERIAL), px=4.0)
    pale = cv2.GaussianBlur((255 - (255 - page) * 0.4).astype(np.uint8), (0, 0), 0.9)
    found = read_code(pale, expect=expected("datamatrix"), to_px=lambda points: points * 4.0)
    assert (found.text, found.found) == (SERIAL, "zone")
    x, y, width, height = (value * 4.0 for value in BOXES["datamatrix"])
    assert np.abs(found.quad.mean(axis=0) - (x + width / 2, y + height / 2)).max() < 3


def test_colour_and_tiny_pictures():
    page = cv2.cvtColor(page_with((BOXES["qr"], "qr", SERIAL)), cv2.COLOR_GRAY2BGR)
    assert read_code(page, expect=expected("qr"), size_mm=SIZE).text == SERIAL
    assert read_code(np.zeros((5, 500), np.uint8), expect=expected("qr"), size_mm=SIZE) is None


def test_no_code_and_a_place_outside_the_scan():
    page = page_with()
    assert read_code(page, expect=expected("qr"), size_mm=SIZE) is None
    assert read_code(page) is None
    assert read_code(page, expect=expected("qr"), to_px=lambda points: points - 1e6) is None


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("PB-23", "PB-23"),
        (" PB-23\r\n", "PB-23"),
        ("PB\x00-\x1d23\u200b", "PB-23"),
        ("Phie\u0302\u0301u\t7", "Phiếu 7"),
        ("first\r\nsecond", "first\nsecond"),
        ("\x00\x01 ", None),
        ("", None),
    ],
)
def test_serials_are_cleaned(text, serial):
    assert clean_serial(text) == serial


@given(st.text(max_size=60))
def test_cleaning_twice_changes_nothing(text):
    once = clean_serial(text)
    assert once is None or clean_serial(once) == once


def test_raw_text_is_kept_as_printed():
    text = "Phie\u0302\u0301u 7"
    page = page_with((BOXES["qr"], "qr", text))
    found = read_code(page, expect=expected("qr"), size_mm=SIZE)
    assert found.text == text
    assert found.serial == "Phiếu 7"


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("folder", ["formscanner", "hotel"])
def test_every_real_code_is_read(folder, turns):
    root = real("scans", folder)
    page = load_instrument(root / "instrument.toml").pages[0]
    with (root / "pages.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        raw = next(read_pages(root / "scans" / row["file"]))
        turned = np.rot90(raw.image, turns)
        found = read_code(turned, expect=page.code, size_mm=page.size_mm)
        assert found.serial == row["serial"].replace("\\n", "\n")


def test_real_pages_without_codes():
    for path in sorted(real("scans", "amc", "scans").iterdir()):
        raw = next(read_pages(path))
        assert read_code(raw.image, expect=expected("qr"), size_mm=SIZE) is None

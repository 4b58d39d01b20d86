"""Every real page of the development data: size, encoding, class, and no refusal."""

import csv

import pytest

from scans.source import expand, read_pages, refuse
from scans.types import RawPage, ScanClass
from tests.data import real

ENCODINGS = {"group3": "ccitt", "group4": "ccitt", "/CCITTFaxDecode": "ccitt", "JPEG": "jpeg"}


def pages_of(*parts):
    for path in expand([real("scans", *parts)]):
        yield from read_pages(path)


def test_formats_agree_with_their_list():
    with real("scans", "amc_formats", "truth.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    pages = {
        (page.origin.path.rsplit("/", 1)[1], page.origin.page): page
        for page in pages_of("amc_formats", "scans")
    }
    assert len(pages) == len(rows) == 16
    for row in rows:
        page = pages[row["file"], int(row["page"])]
        assert isinstance(page, RawPage)
        assert page.image.shape[:2] == (int(row["height_px"]), int(row["width_px"]))
        assert page.origin.encoding == ENCODINGS.get(row["compression"], "lossless")
        if row["dpi"]:
            assert page.origin.dpi == pytest.approx((float(row["dpi"]),) * 2, abs=0.01)
        if row["mode"].startswith("1"):
            assert page.scan_class is ScanClass.BITONAL
            assert page.image.ndim == 2


@pytest.mark.parametrize(
    ("folder", "classes"),
    [
        ("formscanner", {ScanClass.CLIPPED_COLOUR}),
        ("hotel", {ScanClass.PHOTO}),
        ("amc", {ScanClass.BITONAL}),
    ],
)
def test_scan_classes(folder, classes):
    assert {page.scan_class for page in pages_of(folder, "scans")} == classes


def test_photographed_and_scanned_negatives_are_told_apart():
    photos = {"IMG_20201116_143512", "angle-2", "grayscale-80-gsm", "rgb-100-gsm"}
    for page in pages_of("negatives", "scans"):
        name = page.origin.path.rsplit("/", 1)[1].removesuffix(".jpg")
        assert (page.scan_class is ScanClass.PHOTO) == (name in photos)


@pytest.mark.parametrize("folder", ["formscanner", "hotel", "amc", "amc_formats", "negatives"])
def test_no_real_page_is_refused(folder):
    for page in pages_of(folder, "scans"):
        assert refuse(page, page.quality) is None

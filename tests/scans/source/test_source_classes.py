"""Scan classes and the quality gate, on made pages whose class is known."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from scans.source import refuse
from scans.source.quality import assess
from scans.source.scan_class import classify
from scans.types import Origin, RawPage, ScanClass
from tests.scans.source.sheets import colour_sheet, sheet

A4 = (1240, 1754)
ORIGIN = Origin("page.png", "0" * 64, 1, "image/png", (150.0, 150.0))


def grain(shape, spread=3.0, seed=7):
    rng = np.random.default_rng(seed)
    return cv2.GaussianBlur(rng.normal(0, 2 * spread, shape).astype(np.float32), (0, 0), 1.0)


def scanned(page, paper=236.0, depth=1.0):
    """The page on paper that has texture, print ``depth`` as dark as it was."""
    soft = cv2.GaussianBlur(page, (0, 0), 0.7).astype(np.float32)
    shape = page.shape[:2]
    noise = grain(shape) if page.ndim == 2 else grain(shape)[:, :, None]
    return np.clip(paper - (255 - soft) * depth * 0.85 + noise, 0, 255).astype(np.uint8)


def jpeg(page, quality):
    data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)


def two_levels(page):
    return np.where(page >= 128, 255, 0).astype(np.uint8)


def gate(image, origin=ORIGIN):
    raw = RawPage(origin, image, classify(image, origin))
    quality = assess(raw)
    return quality, refuse(raw, quality)


def test_two_levels_are_bitonal_however_they_are_stored():
    page = two_levels(sheet(*A4))
    assert classify(page, ORIGIN) is ScanClass.BITONAL
    assert classify(np.where(page > 0, 250, 10).astype(np.uint8), ORIGIN) is ScanClass.BITONAL
    for quality in (50, 75, 90):
        assert classify(jpeg(page, quality), ORIGIN) is ScanClass.BITONAL


def test_smoothed_two_levels_are_not():
    page = cv2.GaussianBlur(two_levels(sheet(*A4)), (0, 0), 0.8)
    assert classify(page, ORIGIN) is ScanClass.CLIPPED_GREY


def test_two_levels_that_a_program_turned_or_resized_carry_no_shades():
    page = two_levels(sheet(*A4)).repeat(2, axis=0).repeat(2, axis=1)  # 300 dpi
    turn = cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), 2.0, 1.0)
    turned = cv2.warpAffine(page, turn, page.shape[::-1], borderValue=255)
    larger = cv2.resize(page, None, fx=1.3, fy=1.3, interpolation=cv2.INTER_LINEAR)
    for other in (turned, larger):
        assert classify(other, ORIGIN) is ScanClass.BITONAL
        assert classify(jpeg(other, 85), ORIGIN) is ScanClass.BITONAL


def test_burnt_out_paper():
    grey = np.clip(scanned(sheet(*A4)).astype(int) + 40, 0, 255).astype(np.uint8)
    assert classify(grey, ORIGIN) is ScanClass.CLIPPED_GREY
    colour = np.clip(scanned(colour_sheet(*A4)).astype(int) + 40, 0, 255).astype(np.uint8)
    assert classify(colour, ORIGIN) is ScanClass.CLIPPED_COLOUR
    three = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    assert classify(jpeg(three, 80), ORIGIN) is ScanClass.CLIPPED_GREY


def test_paper_texture_is_continuous_even_with_shaded_print():
    page = sheet(*A4)
    page[300:800, 100:600] = np.minimum(page[300:800, 100:600], 200)
    for image in (scanned(page), jpeg(scanned(colour_sheet(*A4)), 75)):
        assert classify(image, ORIGIN) is ScanClass.CONTINUOUS


def test_uneven_light_is_a_photo():
    y, x = np.mgrid[0 : A4[1], 0 : A4[0]]
    light = 1.0 - 0.25 * x / A4[0] - 0.1 * (y / A4[1]) ** 2
    image = (scanned(sheet(*A4)) * light).astype(np.uint8)
    unknown = replace(ORIGIN, dpi=None)
    assert classify(image, unknown) is ScanClass.PHOTO
    assert classify(image, ORIGIN) is ScanClass.PHOTO
    faint = (scanned(sheet(*A4)) * (1.0 - 0.07 * x / A4[0])).astype(np.uint8)
    assert classify(faint, unknown) is ScanClass.PHOTO
    assert classify(faint, ORIGIN) is ScanClass.CONTINUOUS


def test_what_the_file_says():
    image = scanned(sheet(*A4))
    assert classify(image, replace(ORIGIN, metadata={"camera": True})) is ScanClass.PHOTO
    assert classify(image, replace(ORIGIN, encoding="rendered")) is ScanClass.RENDERED


@pytest.mark.parametrize(
    "image", [sheet(*A4), scanned(sheet(*A4)), scanned(colour_sheet(*A4)), two_levels(sheet(*A4))]
)
def test_good_pages_pass(image):
    assert gate(image)[1] is None


def test_blank_pages():
    rng = np.random.default_rng(3)
    for spread in (0.0, 2.0, 6.0):
        noise = rng.normal(0, spread, A4[::-1])
        paper = np.clip(238 + noise, 0, 255).astype(np.uint8)
        assert gate(paper)[1].startswith("blank_page: ")
    speck = np.full(A4[::-1], 255, np.uint8)
    cv2.circle(speck, (300, 300), 8, 0, -1)
    assert gate(speck)[1].startswith("blank_page: ")


def test_blur_is_refused_and_sharpness_falls_with_it():
    page = scanned(sheet(*A4))
    figures = []
    for mm in (0.0, 0.1, 0.3, 0.4, 0.6):
        image = cv2.GaussianBlur(page, (0, 0), mm * 150 / 25.4) if mm else page
        quality, reason = gate(image)
        figures.append(quality["sharpness"])
        assert (reason is None) == (mm < 0.2)
        assert reason is None or reason.startswith("blurred: ")
    assert figures == sorted(figures, reverse=True)


def test_sharpness_does_not_depend_on_resolution():
    large = scanned(sheet(2480, 3508))
    origin = replace(ORIGIN, dpi=(300.0, 300.0))
    blurred = cv2.GaussianBlur(large, (0, 0), 0.3 * 300 / 25.4)
    half = cv2.resize(blurred, A4, interpolation=cv2.INTER_AREA)
    assert gate(blurred, origin)[0]["sharpness"] == pytest.approx(
        gate(half)[0]["sharpness"], abs=0.02
    )


def test_pale_print():
    assert gate(scanned(sheet(*A4), depth=0.3))[1] is None
    assert gate(scanned(sheet(*A4), depth=0.1))[1].startswith("low_contrast: ")


def test_too_few_pixels():
    small = cv2.resize(sheet(*A4), None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    quality, reason = gate(small, replace(ORIGIN, dpi=None))
    assert quality["dpi"] == pytest.approx(60, abs=1)
    assert quality["dpi_judged"] == 1.0
    assert reason.startswith("too_small: ")


def test_a_camera_dpi_is_not_believed():
    quality, reason = gate(sheet(*A4), replace(ORIGIN, dpi=(72.0, 72.0)))
    assert quality["dpi"] == pytest.approx(150, abs=1)
    assert reason is None


def test_dark_border():
    page = sheet(*A4)
    assert gate(page)[0]["dark_border"] < 0.001
    page[:, :124] = 0
    page[500:700, 400:700] = 0
    assert gate(page)[0]["dark_border"] == pytest.approx(0.1, abs=0.02)


def test_inputs_are_not_changed():
    image = scanned(colour_sheet(*A4))
    before = image.copy()
    gate(image)
    assert np.array_equal(image, before)

"""Devices: true geometry, and pictures of the class that they claim."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray

from detectors.errors import UsageError
from scans.simulate.dataset import random_spec, simulate_page
from scans.simulate.form import get_form
from scans.simulate.profiles import HELD_OUT_PROFILES, PROFILES, get_profile
from scans.simulate.spec import SimulatedPage
from scans.types import ScanClass

SEED = 5


@lru_cache(maxsize=16)
def page_of(profile: str) -> SimulatedPage:
    return simulate_page(random_spec("HL-01", 2, SEED, profile=profile), SEED)


def grey_of(page: SimulatedPage) -> NDArray[np.uint8]:
    image = page.image
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))


@pytest.mark.parametrize("profile", PROFILES)
def test_code_of_every_scan_decodes(profile: str) -> None:
    page = page_of(profile)
    texts = [b.text for b in zxingcpp.read_barcodes(grey_of(page))]
    assert texts == [page.serial] == [page.spec.serial]


@pytest.mark.parametrize("profile", PROFILES)
def test_mapping_is_where_the_fiducials_are(profile: str) -> None:
    """The dark square's centre of mass lies within 0.12 mm of its mapped centre."""
    page, grey = page_of(profile), grey_of(page_of(profile))
    for centre in get_form("HL-01").page(2).fiducials_mm:
        around = np.array([[dx, dy] for dx in (-6.0, 6.0) for dy in (-6.0, 6.0)])
        corners = page.mapping.to_px(around + np.array(centre))
        low = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
        high = np.ceil(corners.max(axis=0)).astype(int)
        part = grey[low[1] : high[1], low[0] : high[0]]
        ys, xs = np.nonzero(part < 100)
        px = np.column_stack([xs + low[0], ys + low[1]]).astype(float)
        mm = page.mapping.to_mm(px)
        near = mm[np.abs(mm - np.array(centre)).max(axis=1) < 5.0]
        if len(near) < 0.9 * len(mm) or len(near) < 500:
            continue  # the square is cut by the edge of the scan
        middle = (near.max(axis=0) + near.min(axis=0)) / 2
        assert np.hypot(*(near.mean(axis=0) - np.array(centre))) < 0.12, (profile, middle)


def test_mapping_goes_there_and_back() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(5, 205, (200, 2))
    for profile in ("flatbed", "adf_grey", "phone"):
        mapping = page_of(profile).mapping
        back = mapping.to_mm(mapping.to_px(points))
        assert np.abs(back - points).max() < 1e-3


def test_feeders_stretch_and_flatbeds_do_not() -> None:
    moved = {name: np.abs(page_of(name).mapping.warp).max() for name in ("flatbed", "adf_grey")}
    assert moved["flatbed"] <= 0.13
    assert 0.4 < moved["adf_grey"] <= 2.2


@pytest.mark.parametrize("profile", PROFILES)
def test_pictures_are_of_the_class_they_claim(profile: str) -> None:
    kind, page = get_profile(profile), page_of(profile)
    image = page.image
    assert (image.ndim == 3) == kind.colour
    height, width = image.shape[:2]
    middle = grey_of(page)[height // 8 : -height // 8, width // 8 : -width // 8]
    white = float((middle == 255).mean())
    levels = len(np.unique(middle))
    if kind.scan_class is ScanClass.BITONAL:
        assert levels == 2
    elif kind.scan_class in (ScanClass.CLIPPED_GREY, ScanClass.CLIPPED_COLOUR):
        assert white > 0.75
    else:
        assert white < 0.05
        assert levels > 200


def test_the_same_specks_stand_on_every_page_of_a_device() -> None:
    """Dark places that two sheets share although no form has print there."""
    pages = [
        simulate_page(random_spec("HL-02", 1, seed, profile="flatbed_sharp"), seed)
        for seed in (1, 2)
    ]
    dark = (grey_of(pages[0]) < 190) & (grey_of(pages[1]) < 190)
    ys, xs = np.nonzero(dark)
    mm = pages[0].mapping.to_mm(np.column_stack([xs, ys]).astype(float))
    form = get_form("HL-02").page(1)
    blank = cv2.erode(cv2.cvtColor(form.print, cv2.COLOR_BGR2GRAY), np.ones((31, 31), np.uint8))
    on_form = np.round(mm * 300 / 25.4).astype(int)
    inside = np.all((on_form >= 0) & (on_form < np.array(blank.shape[::-1])), axis=1)
    free = blank[on_form[inside, 1], on_form[inside, 0]] > 230
    assert 5 <= free.sum() < 400


def test_resolution_stands_in_the_header() -> None:
    import io

    from PIL import Image

    for name in ("flatbed", "office_200", "fax", "grey"):
        with Image.open(io.BytesIO(page_of(name).data)) as file:
            assert file.info["dpi"][0] == pytest.approx(get_profile(name).dpi, abs=0.1)
    with Image.open(io.BytesIO(page_of("fax").data)) as file:
        assert file.mode == "1"
        assert file.info["compression"] == "group4"


def test_some_of_every_class_are_held_out() -> None:
    kinds = {PROFILES[name].scan_class for name in HELD_OUT_PROFILES}
    assert kinds == {ScanClass.CONTINUOUS, ScanClass.CLIPPED_COLOUR, ScanClass.PHOTO}


def test_unknown_device_is_refused() -> None:
    with pytest.raises(UsageError, match="flatbed"):
        get_profile("xerox")

"""Smooth local warps: the boxes must be found within 0.3 mm of where the warp put them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.instrument import load_instrument
from scans.register import register
from scans.template import load_templates
from scans.types import Registration
from tests.data import real
from tests.scans.register.forms import PX_PER_MM, Image, centres, filled, form, raw, to_px

Array = NDArray[np.float64]
Warp = Callable[[Array, Array], tuple[Array, Array]]

TAU = 2 * np.pi
WARPS: dict[str, Warp] = {
    # Stretch that varies along the page, as a feeder's rollers give it.
    "slow": lambda x, y: (0.8 * np.sin(TAU * y / 300), 1.5 * np.sin(TAU * y / 300 + 0.5)),
    "feeder": lambda x, y: (1.0 * np.sin(TAU * y / 130 + 1), 1.5 * np.sin(TAU * y / 100)),
    "quick": lambda x, y: (0.5 * np.sin(TAU * y / 100 + 1), 1.2 * np.sin(TAU * y / 70)),
    "both ways": lambda x, y: (
        1.5 * np.sin(TAU * y / 160 + TAU * x / 300),
        1.5 * np.sin(TAU * y / 110 + TAU * x / 200),
    ),
}


def warp(image: Image, by: Warp, px_per_mm: float) -> Image:
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    along, down = by(x / px_per_mm, y / px_per_mm)
    return np.asarray(
        cv2.remap(
            image,
            (x + along * px_per_mm).astype(np.float32),
            (y + down * px_per_mm).astype(np.float32),
            cv2.INTER_LINEAR,
            borderValue=(255, 255, 255),
        ),
        np.uint8,
    )


def through(points: Array, by: Warp, px_per_mm: float) -> Array:
    """Where the warp takes points of the unwarped picture."""
    found = points.copy()
    for _ in range(40):
        along, down = by(found[:, 0] / px_per_mm, found[:, 1] / px_per_mm)
        found = points - np.column_stack([along, down]) * px_per_mm
    return found


@pytest.mark.parametrize("name", WARPS)
@pytest.mark.parametrize("fiducials", [True, False])
def test_drawn_form(name: str, fiducials: bool) -> None:
    template = form(fiducials=fiducials)
    found = register(raw(warp(filled(template), WARPS[name], PX_PER_MM)), (template,))
    assert isinstance(found, Registration), found
    points = centres(template)
    flat = np.column_stack([points, np.ones(len(points))]) @ to_px().T
    truth = through(flat[:, :2], WARPS[name], PX_PER_MM)
    errors = np.linalg.norm(found.to_px(points) - truth, axis=1) / PX_PER_MM
    assert np.percentile(errors, 95) < 0.2
    assert errors.max() < 0.3


@pytest.mark.parametrize("name", WARPS)
@pytest.mark.parametrize(
    ("folder", "file"),
    [("formscanner", "Q00003.jpg"), ("amc", "201303061208_0003.tif")],
)
def test_real_filled_scans(name: str, folder: str, file: str) -> None:
    templates = load_templates(load_instrument(real("scans", folder, "instrument.toml")))
    image = cv2.imread(str(real("scans", folder, "scans", file)), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    flat = register(raw(np.asarray(image, np.uint8)), templates)
    assert isinstance(flat, Registration), flat
    bent = warp(np.asarray(image, np.uint8), WARPS[name], flat.px_per_mm)
    found = register(raw(bent), templates)
    assert isinstance(found, Registration), found
    assert found.form_page == flat.form_page
    points = centres(next(t for t in templates if t.page.number == found.form_page))
    truth = through(flat.to_px(points), WARPS[name], flat.px_per_mm)
    errors = np.linalg.norm(found.to_px(points) - truth, axis=1) / flat.px_per_mm
    assert np.percentile(errors, 95) < 0.2
    assert errors.max() < 0.3

"""A second model of correction fluid, which shares no code with :mod:`scans.simulate.cover`.

Drops that run together: each has a height of its own, the surface is their smooth union,
dries with a rim, cracks where it is thick, and its white is warm, cold or greyer than the
paper. What lies below shows through where it is thin.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.simulate.sheet import Patch, Sheet
from scans.simulate.strokes import Stroke

__all__ = ["dab"]

Field = NDArray[np.float32]

# Radius of a drop in mm, distance of drops along the strokes in mm, opacity, relief.
_DABS: dict[str, tuple[float, float, float, float]] = {
    "gross": (1.9, 1.2, 4.5, 9.0),
    "moderate": (1.35, 1.1, 3.2, 6.0),
    "subtle": (0.95, 0.9, 2.3, 3.5),
}


def dab(
    sheet: Sheet, patch: Patch, strokes: Sequence[Stroke], strength: str, rng: np.random.Generator
) -> None:
    """Lay drops of fluid over strokes; ``patch`` must reach 3 mm beyond them."""
    radius, apart, opacity, relief = _DABS[strength]
    height = _drops(patch, strokes, radius, apart, rng)
    cover = 1.0 - np.exp(-opacity * height)
    white = rng.normal([246.0, 248.0, 248.0], [3.0, 2.0, 2.0])
    size = patch.scale[0]
    light = float(rng.uniform(0, 2 * np.pi))
    slope = np.cos(light) * cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
    slope += np.sin(light) * cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    dried = height - cv2.GaussianBlur(height, (0, 0), 0.35 * size)  # thicker at the rim
    shade = relief * np.clip(slope, -1.5, 0.4) + 4.0 * dried
    shade -= 9.0 * _cracks(patch, rng) * (height > 0.85)
    surface = white[None, None, :] + shade[:, :, None] + rng.normal(0, 0.5, (*patch.shape, 1))
    sheet.blend(patch, np.asarray(surface, np.float32), np.asarray(cover, np.float32))


def _drops(
    patch: Patch,
    strokes: Sequence[Stroke],
    radius: float,
    apart: float,
    rng: np.random.Generator,
) -> Field:
    """Height of the fluid, about 1 in the middle of a drop."""
    y, x = np.mgrid[: patch.shape[0], : patch.shape[1]].astype(np.float32)
    field = np.zeros(patch.shape, dtype=np.float32)
    size = patch.scale[0]
    for stroke in strokes:
        length = float(np.hypot(*np.diff(stroke[:, :2], axis=0).T).sum())
        count = max(2, round(length / apart))
        picked = np.linspace(0, len(stroke) - 1, count).astype(int)
        for px, py in patch.to_px(stroke[picked, :2]):
            r = radius * size * float(rng.uniform(0.75, 1.2))
            cx, cy = px + rng.normal(0, 0.18 * r), py + rng.normal(0, 0.18 * r)
            squeeze = float(rng.uniform(0.85, 1.15))
            far = ((x - cx) * squeeze) ** 2 + ((y - cy) / squeeze) ** 2
            field += np.exp(-1.6 * far / r**2)
    # The skin of the liquid: flat on top, steep at the rim.
    return np.asarray(1.0 / (1.0 + np.exp(-9.0 * (np.minimum(field, 1.6) - 0.42))), np.float32)


def _cracks(patch: Patch, rng: np.random.Generator) -> Field:
    """Thin lines between cells that shrank while drying."""
    rows, columns = (max(2, round(n / (1.1 * patch.scale[0]))) for n in patch.shape)
    seeds = np.ones(patch.shape, dtype=np.uint8)
    ys = rng.uniform(0, patch.shape[0], rows * columns).astype(int)
    xs = rng.uniform(0, patch.shape[1], rows * columns).astype(int)
    seeds[ys, xs] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 3)
    smooth = labels.astype(np.float32)
    edge = (smooth != np.roll(smooth, 1, axis=0)) | (smooth != np.roll(smooth, 1, axis=1))
    return np.asarray(cv2.GaussianBlur(edge.astype(np.float32), (0, 0), 0.6), np.float32)

"""Taking ink off paper, or covering it: rubber, blade, fluid, tape, and writing over.

Each function draws what is left of a mark that the respondent made; the mark itself is
never drawn in full, as the paper no longer holds it.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.simulate.fill import stroke_patch
from scans.simulate.ink import Pen, density, grain, transmittance
from scans.simulate.sheet import Patch, Sheet
from scans.simulate.strokes import Stroke

__all__ = ["rub_out", "scrape"]

Field = NDArray[np.float32]

# Share of ink that stays, share that is smeared, roughness in grey levels, share of toner
# and of the light background print that comes off. Set by eye against real erasures.
_RUBBING: dict[tuple[str, str], tuple[float, float, float, float, float]] = {
    ("rubber", "gross"): (0.34, 0.16, 3.0, 0.05, 0.25),
    ("rubber", "moderate"): (0.18, 0.09, 2.2, 0.03, 0.15),
    ("rubber", "subtle"): (0.08, 0.035, 1.6, 0.01, 0.06),
    ("abrasive", "gross"): (0.30, 0.06, 8.0, 0.30, 0.8),
    ("abrasive", "moderate"): (0.15, 0.04, 5.5, 0.20, 0.6),
    ("abrasive", "subtle"): (0.06, 0.02, 3.5, 0.10, 0.4),
    ("heat", "gross"): (0.16, 0.0, 0.8, 0.0, 0.0),
    ("heat", "moderate"): (0.09, 0.0, 0.6, 0.0, 0.0),
    ("heat", "subtle"): (0.045, 0.0, 0.5, 0.0, 0.0),
}
# Share of ink that stays where the blade went, least depth of its streaks, roughness in grey
# levels, share of print that comes off.
_SCRAPING: dict[str, tuple[float, float, float, float]] = {
    "gross": (0.16, 0.45, 11.0, 0.85),
    "moderate": (0.08, 0.72, 7.5, 0.65),
    "subtle": (0.03, 0.90, 5.0, 0.45),
}


def rub_out(
    sheet: Sheet,
    strokes: Sequence[Stroke],
    pen: Pen,
    variant: str,
    strength: str,
    rng: np.random.Generator,
) -> Patch:
    """TAY_1: leave the traces of a mark that was rubbed out; returns the part touched."""
    stay, smear, rough, toner, light = _RUBBING[(variant, strength)]
    patch = stroke_patch(sheet, strokes, margin=3.5 if variant != "heat" else 1.0)
    mark = density(strokes, patch, pen, rng)
    angle = float(rng.uniform(-0.6, 0.6))
    if variant == "heat":
        area = np.ones(patch.shape, dtype=np.float32)
        left = mark * stay * _uneven(patch.shape, rng, 0.15, 25.0)
    else:
        area = _rubbed_area(strokes, patch, angle, rng)
        left = mark * stay * np.clip(_uneven(patch.shape, rng, 0.6, 9.0), 0.1, 2.2)
        left += mark * (1 - area) * 0.8  # where the rubber did not reach
        left += _dragged(mark, angle, patch.scale[0] * 3.2) * smear
    _wear(sheet, patch, area, toner, light)
    _roughen(sheet, patch, area, rough, angle, rng, dull=1.5 if variant == "rubber" else -1.0)
    sheet.multiply(patch, transmittance(np.asarray(left, dtype=np.float32), pen))
    return patch


def scrape(
    sheet: Sheet,
    strokes: Sequence[Stroke],
    pen: Pen,
    variant: str,
    strength: str,
    rng: np.random.Generator,
) -> Patch:
    """TAY_3: leave what a blade or a needle leaves; returns the part touched."""
    stay, least, rough, wear = _SCRAPING[strength]
    patch = stroke_patch(sheet, strokes, margin=1.6)
    mark = density(strokes, patch, pen, rng)
    angle = float(rng.uniform(0.3, 1.3))
    if variant == "needle":
        gone = _picked(mark, patch, least, rng)
    else:
        gone = np.clip(_thicken(mark, 7) * 1.5, 0, 1) * _streaks(patch.shape, angle, least, rng)
    _wear(sheet, patch, gone, wear, wear)
    wide = np.maximum(gone, 0.7 * np.clip(_thicken(mark, 17), 0, 1))  # the paper around, too
    _roughen(sheet, patch, np.asarray(wide, dtype=np.float32), rough, angle, rng, dull=-2.0)
    left = mark * (1 - gone * (1 - stay))
    left = np.where(mark > 0.05, left, 0) * _uneven(patch.shape, rng, 0.3, 3.0)
    sheet.multiply(patch, transmittance(np.asarray(np.clip(left, 0, None), dtype=np.float32), pen))
    return patch


def _rubbed_area(
    strokes: Sequence[Stroke], patch: Patch, angle: float, rng: np.random.Generator
) -> Field:
    """Where a rubber some millimetres wide went to and fro, 0 to 1 with soft edges."""
    points = patch.to_px(np.vstack(strokes)[:, :2])
    centre = points.mean(axis=0)
    reach = float(np.hypot(*(points.max(axis=0) - points.min(axis=0)))) / 2
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    layer = np.zeros(patch.shape, dtype=np.uint8)
    broad = int(patch.scale[0] * rng.uniform(2.6, 4.0))
    previous = None
    for i, step in enumerate(np.linspace(-0.75, 0.75, 7)):
        side = 1 if i % 2 else -1
        place = centre + across * step * reach + along * side * reach * rng.uniform(0.8, 1.25)
        place += rng.normal(0, 0.06 * reach, 2)
        spot = (round(float(place[0])), round(float(place[1])))
        if previous is not None:
            cv2.line(layer, previous, spot, 255, broad, cv2.LINE_AA)
        previous = spot
    soft = cv2.GaussianBlur(layer, (0, 0), 0.35 * patch.scale[0])
    return np.asarray(soft.astype(np.float32) / 255)


def _dragged(mark: Field, angle: float, length: float) -> Field:
    """Ink spread along the rubbing direction."""
    n = max(3, int(length) | 1)
    kernel = np.zeros((n, n), dtype=np.float32)
    dx, dy = np.cos(angle) * n / 2, np.sin(angle) * n / 2
    middle = n // 2
    cv2.line(kernel, (round(middle - dx), round(middle - dy)),
             (round(middle + dx), round(middle + dy)), 1.0, 1)  # fmt: skip
    return np.asarray(cv2.filter2D(mark, -1, kernel / max(kernel.sum(), 1.0)), dtype=np.float32)


def _uneven(shape: tuple[int, int], rng: np.random.Generator, amount: float, size: float) -> Field:
    return np.asarray(1.0 + amount * grain(shape, rng, size), dtype=np.float32)


def _wear(sheet: Sheet, patch: Patch, area: Field, toner: float, light: float) -> None:
    """Lift print: toner holds better than the thin background pattern."""
    if toner == 0 and light == 0:
        return
    image = sheet.read(patch)
    paper = np.percentile(image.reshape(-1, 3), 85, axis=0).astype(np.float32)
    depth = np.clip(paper - image, 0, None)
    dark = np.clip((depth.max(axis=2, keepdims=True) - 30) / 60, 0, 1)
    share = (toner * dark + light * (1 - dark)) * area[:, :, None]
    sheet.write(patch, np.asarray(image + depth * share, dtype=np.float32))


def _roughen(
    sheet: Sheet,
    patch: Patch,
    area: Field,
    amount: float,
    angle: float,
    rng: np.random.Generator,
    *,
    dull: float,
) -> None:
    """Raise fibres: they cast small shadows and shine, more along the rubbing."""
    fine = grain(patch.shape, rng, 0.8)
    combed = _dragged(grain(patch.shape, rng, 0.7), angle, 7.0)
    combed = combed / max(float(combed.std()), 1e-6)
    level = (0.6 * fine + 0.6 * combed) * amount - dull * amount / 3
    change = np.asarray((level * area)[:, :, None], dtype=np.float32)
    sheet.write(patch, sheet.read(patch) + change)


def _thicken(mark: Field, pixels: int) -> Field:
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pixels, pixels))
    return np.asarray(cv2.GaussianBlur(cv2.dilate(mark, shape), (0, 0), 1.2), dtype=np.float32)


def _streaks(shape: tuple[int, int], angle: float, least: float, rng: np.random.Generator) -> Field:
    """How deep a blade went: parallel streaks."""
    lines = _dragged(grain(shape, rng, 0.9), angle, 22.0)
    return np.asarray(np.clip(0.9 + 0.4 * lines / max(float(lines.std()), 1e-6), least, 1.0))


def _picked(mark: Field, patch: Patch, least: float, rng: np.random.Generator) -> Field:
    """Small round pits along the mark, as a needle makes them."""
    pits = np.zeros(patch.shape, dtype=np.uint8)
    ys, xs = np.nonzero(mark > 0.25)
    if len(ys):
        count = min(len(ys), max(30, int(len(ys) * (0.1 + 0.35 * least))))
        for i in rng.choice(len(ys), size=count, replace=False):
            x, y = xs[i] + rng.normal(0, 1.0), ys[i] + rng.normal(0, 1.0)
            radius = rng.uniform(0.9, 2.4)
            cv2.circle(pits, (round(float(x)), round(float(y))), round(float(radius)), 255, -1)
    return np.asarray(cv2.GaussianBlur(pits, (0, 0), 0.7).astype(np.float32) / 255)

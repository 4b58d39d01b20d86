"""A second model of taking ink off paper, which shares no code with :mod:`scans.simulate.erase`.

``gum`` is a soft rubber moved over a pencil mark in single passes. Each pass takes a share of
what lies on top of the fibres, less of what the point pressed into its groove, and puts some
of it down again along its way; crumbs stay, and the groove still catches the light.
``bleach`` is an eradicator pen on ink: no wear at all, but a pale ghost of the line, and a
tide mark where the liquid dried.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.simulate.fill import stroke_patch
from scans.simulate.ink import Pen, density, transmittance
from scans.simulate.sheet import Patch, Sheet
from scans.simulate.strokes import Stroke

__all__ = ["bleach_out", "gum_out"]

Field = NDArray[np.float32]

# Passes of the rubber, share that one takes from the top of the fibres, share of it laid down
# again, crumbs.
_GUM: dict[str, tuple[int, float, float, int]] = {
    "gross": (2, 0.50, 0.22, 5),
    "moderate": (4, 0.48, 0.14, 3),
    "subtle": (8, 0.46, 0.07, 1),
}
# Share of the line's density that is left, and of the tide mark where the liquid dried.
_BLEACH: dict[str, tuple[float, float]] = {
    "gross": (0.22, 0.060),
    "moderate": (0.12, 0.035),
    "subtle": (0.06, 0.018),
}
# Light lost to what ink leaves when its colour is destroyed: a yellowish stain (B, G, R).
_YELLOW = np.array([1.0, 0.45, 0.25], dtype=np.float32)


def gum_out(
    sheet: Sheet, strokes: Sequence[Stroke], pen: Pen, strength: str, rng: np.random.Generator
) -> Patch:
    """TAY_1 by a soft rubber, pass by pass; returns the part touched."""
    passes, take, again, crumbs = _GUM[strength]
    patch = stroke_patch(sheet, strokes, margin=4.0)
    mark = density(strokes, patch, pen, rng)
    groove = np.asarray(cv2.GaussianBlur(np.minimum(mark, 1.0), (0, 0), 1.1), dtype=np.float32)
    deep = 0.4 * groove / max(float(groove.max()), 1e-6)
    top, laid = mark.copy(), np.zeros_like(mark)
    heading = float(rng.uniform(0, np.pi))
    touched = np.zeros_like(mark)
    for _ in range(passes):
        angle = heading + float(rng.normal(0, 0.35))
        way = _way(patch, strokes, angle, rng)
        touched = np.maximum(touched, way)
        gone = top * way * take * (1.0 - deep)
        top = top - gone
        laid = laid * (1.0 - 0.3 * way * take) + again * _pushed(gone, angle, patch, rng)
    amount = np.asarray(top + laid, dtype=np.float32)
    sheet.multiply(patch, transmittance(np.clip(amount, 0, None), pen))
    _relief(sheet, patch, groove, touched, rng)
    _crumbs(sheet, patch, touched, crumbs, rng)
    return patch


def bleach_out(
    sheet: Sheet, strokes: Sequence[Stroke], pen: Pen, strength: str, rng: np.random.Generator
) -> Patch:
    """TAY_1 by an eradicator pen; returns the part touched."""
    left, tide = _BLEACH[strength]
    patch = stroke_patch(sheet, strokes, margin=2.2)
    mark = density(strokes, patch, pen, rng)
    wet = _wet(patch, strokes, rng)
    rim = np.clip(wet - cv2.GaussianBlur(wet, (0, 0), 0.5 * patch.scale[0]), 0, 1)
    faint = mark * (1.0 - wet) * 0.9 + cv2.GaussianBlur(mark, (0, 0), 1.0) * wet * left
    sheet.multiply(patch, transmittance(np.asarray(faint, dtype=np.float32), pen))
    stain = (rim * 2.0 + 0.35 * wet) * tide
    light = np.exp(-stain[:, :, None] * _YELLOW)
    sheet.multiply(patch, np.asarray(light, dtype=np.float32))
    return patch


def _way(patch: Patch, strokes: Sequence[Stroke], angle: float, rng: np.random.Generator) -> Field:
    """Pressure of one straight pass of a rubber's edge over the mark, 0 to 1."""
    points = patch.to_px(np.vstack(strokes)[:, :2])
    centre = points.mean(axis=0) + rng.normal(0, 0.5 * patch.scale[0], 2)
    reach = float(np.hypot(*(points - points.mean(axis=0)).T).max())
    y, x = np.mgrid[: patch.shape[0], : patch.shape[1]].astype(np.float32)
    along = (x - centre[0]) * np.cos(angle) + (y - centre[1]) * np.sin(angle)
    across = -(x - centre[0]) * np.sin(angle) + (y - centre[1]) * np.cos(angle)
    broad = patch.scale[0] * float(rng.uniform(1.8, 3.2))
    ends = reach * float(rng.uniform(0.85, 1.25))
    edge = patch.scale[0] * 0.4
    inside = np.minimum(broad - np.abs(across), ends - np.abs(along)) / edge
    pressed = 0.8 + 0.2 * np.sin(along / (0.7 * patch.scale[0]) + float(rng.uniform(0, 6)))
    return np.asarray(pressed / (1.0 + np.exp(-np.clip(inside, -30, 30))), dtype=np.float32)


def _pushed(gone: Field, angle: float, patch: Patch, rng: np.random.Generator) -> Field:
    """Where graphite that was lifted comes down again: in steps along the way, thinning."""
    total = np.zeros_like(gone)
    side = 1.0 if rng.random() < 0.5 else -1.0
    steps = 6
    for k in range(1, steps + 1):
        shift = side * k * 0.45 * patch.scale[0]
        move = np.array([[1, 0, shift * np.cos(angle)], [0, 1, shift * np.sin(angle)]], np.float64)
        moved = cv2.warpAffine(gone, move, (gone.shape[1], gone.shape[0]))
        total += moved * np.float32(0.6 ** (k - 1) * 0.45)
    return total


def _relief(
    sheet: Sheet, patch: Patch, groove: Field, touched: Field, rng: np.random.Generator
) -> None:
    """Light on the groove that the point pressed, and on fibres lying the rubber's way."""
    dx, dy = cv2.Sobel(groove, cv2.CV_32F, 1, 0), cv2.Sobel(groove, cv2.CV_32F, 0, 1)
    shade = 0.9 * (dx * np.float32(0.6) + dy * np.float32(0.8))
    shine = touched * np.float32(rng.normal(0.8, 0.5))
    lint = np.zeros(patch.shape, dtype=np.float32)
    ys, xs = np.nonzero(touched > 0.5)
    for i in rng.integers(0, max(1, len(ys)), size=min(40, len(ys))):
        turn, size = float(rng.uniform(0, np.pi)), float(rng.uniform(0.2, 0.6)) * patch.scale[0]
        end = (round(xs[i] + size * np.cos(turn)), round(ys[i] + size * np.sin(turn)))
        tone = float(rng.normal(0, 3.0))
        cv2.line(lint, (int(xs[i]), int(ys[i])), end, tone, 1, cv2.LINE_AA)
    change = (shade + shine + lint)[:, :, None]
    sheet.write(patch, np.asarray(sheet.read(patch) + change, dtype=np.float32))


def _crumbs(
    sheet: Sheet, patch: Patch, touched: Field, count: int, rng: np.random.Generator
) -> None:
    """Rolled bits of rubber, grey with graphite, that stayed on the sheet."""
    ys, xs = np.nonzero(touched > 0.2)
    layer = np.zeros(patch.shape, dtype=np.uint8)
    for _ in range(min(count, len(ys))):
        i = int(rng.integers(len(ys)))
        axes = (round(float(rng.uniform(1, 5))), round(float(rng.uniform(0.6, 1.4))))
        place = (int(xs[i]), int(ys[i]))
        cv2.ellipse(layer, place, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    cover = np.asarray(layer * np.float32(0.8 / 255), dtype=np.float32)
    tone = np.full((*patch.shape, 3), float(rng.uniform(120, 200)), dtype=np.float32)
    sheet.blend(patch, tone, cover)


def _wet(patch: Patch, strokes: Sequence[Stroke], rng: np.random.Generator) -> Field:
    """Where the liquid went: along the strokes, a felt tip wide."""
    layer = np.zeros(patch.shape, dtype=np.uint8)
    tip = max(1, round(float(rng.uniform(1.4, 2.4)) * patch.scale[0]))
    for stroke in strokes:
        points = patch.to_px(stroke[:, :2]) + rng.normal(0, 0.2 * patch.scale[0], 2)
        whole = np.round(points).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(layer, [whole], isClosed=False, color=255, thickness=tip)
    soft = cv2.GaussianBlur(layer, (0, 0), 0.12 * patch.scale[0])
    return np.asarray(soft.astype(np.float32) / 255)

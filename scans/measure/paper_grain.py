"""How rough bare paper is around every answer box, as the scanner stored it.

Paper fibre and sensor noise cover a sheet evenly. Paint and inpainting have none, and a
picture that was resampled or came from a smoother scanner has less. Roughness is the
logarithm of the variance in squares of a stroke's width, averaged over squares of 2 mm:
an edge of a tint or a speck spoils few small squares and cannot hide a smooth one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import BoxPatches
from scans.types import RawPage, Registration

__all__ = ["GrainWindow", "PaperGrain", "paper_grain"]

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_SMALL_MM = 0.7
_LARGE_MM = 2.2
# Variance of a level that no window counts as smoother than; 1/12 is rounding alone.
_ROUNDING = 0.08
# Darker than the paper by this share, or by this many levels, is ink or print.
_INK_SHARE, _INK_LEVELS = 0.09, 14
_RIM_MM = 0.2
_PRINT = 0.08
_FEWEST = 200
# Standard normal quantiles of the shares below which reference and spread are read.
_REFERENCE, _LOW = 0.20, 0.05
_BETWEEN = 0.80
_LEAST_SPREAD = 0.12


@dataclass(frozen=True, slots=True)
class GrainWindow:
    """The smoothest place at one box.

    Attributes:
        position: Of the box on the page.
        score: How much smoother than the page's smooth fifth, in spreads.
        roughness: Logarithm of the variance there.
        box_mm: Of the window on the form.
    """

    position: int
    score: float
    roughness: float
    box_mm: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PaperGrain:
    """Roughness of the page's paper.

    Attributes:
        middle: Median over all windows: logarithm of a variance in squared levels.
        windows: The smoothest of every box, the smoothest first.
    """

    middle: float
    windows: tuple[GrainWindow, ...]


def paper_grain(
    raw: RawPage, registration: Registration, groups: Sequence[BoxPatches]
) -> PaperGrain | None:
    """Measure it; ``None`` where too little bare paper is seen around the boxes."""
    scale = registration.px_per_mm
    held: list[tuple[BoxPatches, NDArray[np.int64], Floats, NDArray[np.bool_], int]] = []
    for group in groups:
        for rows, stack, printed in _stacks(raw.image, registration, group):
            rough, sound, half = _roughness(stack, printed, scale)
            if rough.size:
                held.append((group, rows, rough, sound, half))
    values = [rough[sound] for _, _, rough, sound, _ in held]
    every = np.concatenate(values) if values else np.empty(0, np.float32)
    if every.size < _FEWEST:
        return None
    low, reference, middle = (float(np.quantile(every, q)) for q in (_LOW, _REFERENCE, 0.5))
    spread = max(_LEAST_SPREAD, (reference - low) / _BETWEEN)
    windows = []
    for group, rows, rough, sound, half in held:
        flat = np.where(sound, rough, np.inf).reshape(len(rows), -1)
        best = flat.argmin(axis=1)
        for row, k in enumerate(best.tolist()):
            if not np.isfinite(flat[row, k]):
                continue
            down, right = (int(v) for v in np.unravel_index(k, rough.shape[1:]))
            box = group.boxes[int(rows[row])].box_mm
            # Every second pixel was measured, and of these every second window.
            x = box[0] - group.margin_mm + (4 * right + 2 * half) / scale - _LARGE_MM / 2
            y = box[1] - group.margin_mm + (4 * down + 2 * half) / scale - _LARGE_MM / 2
            windows.append(
                GrainWindow(
                    int(group.index[int(rows[row])]),
                    (reference - float(flat[row, k])) / spread,
                    float(flat[row, k]),
                    (x, y, _LARGE_MM, _LARGE_MM),
                )
            )
    windows.sort(key=lambda window: -window.score)
    return PaperGrain(middle, tuple(windows))


def _stacks(
    image: NDArray[np.uint8], registration: Registration, group: BoxPatches
) -> Iterator[tuple[NDArray[np.int64], Bytes, Bytes]]:
    """Rows of the group, their pixels in grey, and the form's print there: ``(n, h, w)``."""
    scale, margin = registration.px_per_mm, group.margin_mm
    width, height = group.box_size_mm
    h, w = (round((side + 2 * margin) * scale) for side in (height, width))
    corners = np.array([box.box_mm[:2] for box in group.boxes]) - margin + group.shift_mm
    px = np.rint(registration.to_px(corners)).astype(np.int64)
    inside = (px >= 0).all(axis=1)
    inside &= (px[:, 0] + w <= image.shape[1]) & (px[:, 1] + h <= image.shape[0])
    rows = np.flatnonzero(inside)
    if not len(rows):
        return
    stack = np.stack([image[y : y + h, x : x + w] for x, y in px[rows].tolist()])
    if stack.ndim == 4:
        grey = cv2.cvtColor(stack.reshape(-1, w, 3), cv2.COLOR_BGR2GRAY)
        stack = np.asarray(grey, np.uint8).reshape(-1, h, w)
    print_ = (group.allowed[rows] > _PRINT).astype(np.uint8) * 255
    # Patches stacked one below the other are resized in one call.
    tall = cv2.resize(print_.reshape(-1, print_.shape[2]), (w, len(rows) * h))
    yield rows, stack, np.asarray(tall, np.uint8).reshape(len(rows), h, w)


def _roughness(stack: Bytes, printed: Bytes, scale: float) -> tuple[Floats, NDArray[np.bool_], int]:
    """Roughness on a grid of windows, which of them hold enough paper, half a window."""
    count = len(stack)
    paper = np.percentile(stack.reshape(count, -1)[:, ::7], 75, axis=1)[:, None, None]
    below = np.maximum(_INK_LEVELS, _INK_SHARE * paper)
    inked = ((stack < paper - below) | (printed > 20)).astype(np.uint8)
    bare = 1.0 - _boxes(_dilated(inked, 2 * round(_RIM_MM * scale) + 1).astype(np.float32), 1)
    level = (stack - paper).astype(np.float32) * bare
    small = 2 * round(_SMALL_MM * scale / 2) + 1
    n, total, squares = (_boxes(v, small)[:, ::2, ::2] for v in (bare, level, level * level))
    clear = n > 0.75 * small * small
    n = np.maximum(n, 1.0)
    variance = np.maximum(squares / n - (total / n) ** 2, 0.0)
    logs = np.where(clear, np.log(variance + _ROUNDING), 0.0).astype(np.float32)
    large = 2 * round(_LARGE_MM * scale / 4) + 1
    half = large // 2
    if min(logs.shape[1:]) <= large:
        return np.empty(0, np.float32), np.empty(0, np.bool_), half
    places = (slice(None), slice(half, -half, 2), slice(half, -half, 2))
    number = _boxes(clear.astype(np.float32), large)[places]
    mean = _boxes(logs, large)[places] / np.maximum(number, 1.0)
    return mean.astype(np.float32), number > 0.55 * large * large, half


def _boxes(stack: Floats, side: int) -> Floats:
    """Sums over squares of ``side`` pixels; wrong within half of that of a patch's edge."""
    if side == 1:
        return stack
    flat = np.ascontiguousarray(stack).reshape(-1, stack.shape[2])
    sums = cv2.boxFilter(flat, -1, (side, side), normalize=False)
    return np.asarray(sums, np.float32).reshape(stack.shape)


def _dilated(stack: Bytes, side: int) -> Bytes:
    flat = stack.reshape(-1, stack.shape[2])
    spread = cv2.dilate(flat, np.ones((side, side), np.uint8))
    return np.asarray(spread, np.uint8).reshape(stack.shape)

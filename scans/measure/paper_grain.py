"""How rough bare paper is around every answer box, as the scanner stored it.

Paper fibre and sensor noise cover a sheet evenly. Paint and inpainting have none, and a
picture that was resampled or came from a smoother scanner has less. Roughness is the
logarithm of the variance in squares of a stroke's width, averaged over squares of 2 mm:
an edge of a tint or a speck spoils few small squares and cannot hide a smooth one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.blank_boxes import ById
from scans.measure.boxes import BoxPatches
from scans.measure.square_sums import square_sums
from scans.quantiles import percentiles_of_rows, quantile
from scans.types import RawPage, Registration

__all__ = ["GrainWindow", "PaperGrain", "paper_grain"]

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_SMALL_MM = 0.7
_ACROSS = 3
# Variance of a level that no window counts as smoother than; 1/12 is rounding alone.
_ROUNDING = 0.08
# Darker than the paper by this share, or by this many levels, is ink or print.
_INK_SHARE, _INK_LEVELS = 0.09, 14
_RIM_MM = 0.2
_PRINT = 0.08
_FEWEST = 150
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
        for rows, stack, printed in _stacks(raw.grey, registration, group):
            rough, sound, side = _roughness(stack, printed, scale)
            if rough.size:
                held.append((group, rows, rough, sound, side))
    values = [rough[sound] for _, _, rough, sound, _ in held]
    every = np.concatenate(values) if values else np.empty(0, np.float32)
    if every.size < _FEWEST:
        return None
    low, reference, middle = (quantile(every, q) for q in (_LOW, _REFERENCE, 0.5))
    spread = max(_LEAST_SPREAD, (reference - low) / _BETWEEN)
    windows = []
    for group, rows, rough, sound, side in held:
        flat = np.where(sound, rough, np.inf).reshape(len(rows), -1)
        best = flat.argmin(axis=1)
        for row, k in enumerate(best.tolist()):
            if not np.isfinite(flat[row, k]):
                continue
            down, right = divmod(k, rough.shape[2])
            box = group.boxes[int(rows[row])].box_mm
            x = box[0] - group.margin_mm + right * side / scale
            y = box[1] - group.margin_mm + down * side / scale
            windows.append(
                GrainWindow(
                    int(group.index[int(rows[row])]),
                    (reference - float(flat[row, k])) / spread,
                    float(flat[row, k]),
                    (x, y, _ACROSS * side / scale, _ACROSS * side / scale),
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
    yield rows, stack, _print_at(ById(group.allowed), rows.tobytes(), (h, w))


@lru_cache(maxsize=8)
def _print_at(allowed: ById, rows: bytes, shape: tuple[int, int]) -> Bytes:
    """The form's print on some boxes of a blank in the scan's own pixels: ``(n, h, w)``."""
    print_ = (allowed.array[np.frombuffer(rows, np.int64)] > _PRINT).astype(np.uint8) * 255
    # Patches stacked one below the other are resized in one call.
    h, w = shape
    tall = cv2.resize(print_.reshape(-1, print_.shape[2]), (w, len(print_) * h))
    return np.asarray(tall, np.uint8).reshape(len(print_), h, w)


def _roughness(stack: Bytes, printed: Bytes, scale: float) -> tuple[Floats, NDArray[np.bool_], int]:
    """Roughness of windows, which of them hold enough paper, and the small squares' side.

    Window ``[i, j]`` covers small squares ``i`` to ``i + _ACROSS - 1`` and so on.
    """
    count, height, width = stack.shape
    side = max(4, round(_SMALL_MM * scale))
    rows, columns = height // side, width // side
    if min(rows, columns) < _ACROSS:
        return np.empty(0, np.float32), np.empty(0, np.bool_), side
    paper = percentiles_of_rows(np.ascontiguousarray(stack.reshape(count, -1)[:, ::11]), (75,))[0]
    limit = np.rint(paper - np.maximum(_INK_LEVELS, _INK_SHARE * paper)).astype(np.uint8)
    inked = np.maximum((stack < limit[:, None, None]).view(np.uint8), printed)
    flat = inked.reshape(-1, width)
    reach = 2 * round(_RIM_MM * scale) + 1
    near = np.asarray(cv2.dilate(flat, np.ones((reach, reach), np.uint8)), np.uint8)
    sums = np.empty((3, count, rows, columns), np.int32)
    square_sums(stack, near.reshape(stack.shape), side, sums)
    n, total, squares = (sums / np.float64(side**2)).astype(np.float64)
    clear = (n > 0.75).astype(np.float32)
    n = np.maximum(n, 0.01)
    variance = np.maximum(squares / n - (total / n) ** 2, 0.0)
    logs = np.asarray(np.log(variance + _ROUNDING) * clear, np.float32)
    number, sums = (_windows(v) for v in (clear, logs))
    mean = np.asarray(sums / np.maximum(number, 1.0), np.float32)
    return mean, number > 0.55 * _ACROSS**2, side


def _windows(stack: Floats) -> Floats:
    """Sums over all windows of small squares."""
    rows, columns = stack.shape[1] - _ACROSS + 1, stack.shape[2] - _ACROSS + 1
    sums = np.zeros((len(stack), rows, columns), np.float32)
    for down in range(_ACROSS):
        for right in range(_ACROSS):
            sums += stack[:, down : down + rows, right : right + columns]
    return sums

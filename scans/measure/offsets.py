"""Where each box's print lies, to a fraction of a pixel, against one smooth transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches
from scans.types import Registration

__all__ = ["BoxOffsets", "box_offsets"]

_REACH = 3
# Below this share of the outline the place of a box is anybody's guess.
_FEWEST_OUTLINE = 0.7


class _View(Protocol):
    @property
    def patches(self) -> tuple[BoxPatches, ...]: ...
    @property
    def registration(self) -> Registration: ...


@dataclass(frozen=True, eq=False)
class BoxOffsets:
    """Offsets of all boxes of a page, in the order of the page.

    Attributes:
        centre_mm: float64 ``(n, 2)``: centres of the boxes on the form.
        offset_mm: float64 ``(n, 2)``: where the print was found minus where the global
            transform alone would put it.
        trusted: bool ``(n,)``: whether enough outline is there to know.
    """

    centre_mm: NDArray[np.float64]
    offset_mm: NDArray[np.float64]
    trusted: NDArray[np.bool_]


def box_offsets(view: _View) -> BoxOffsets:
    """Measure every box's own outline: field of the registration plus what is left of it."""
    count = sum(len(group.boxes) for group in view.patches)
    centre, offset = np.zeros((count, 2)), np.zeros((count, 2))
    trusted = np.zeros(count, bool)
    for group in view.patches:
        boxes = np.array([box.box_mm for box in group.boxes])
        middle = boxes[:, :2] + boxes[:, 2:] / 2
        fine, certain = _fine(group)
        centre[group.index] = middle
        offset[group.index] = group.shift_mm + fine
        if view.registration.field is not None:
            offset[group.index] += view.registration.field.at(middle)
        trusted[group.index] = certain & (group.found >= _FEWEST_OUTLINE)
    return BoxOffsets(centre, offset, trusted)


def _fine(group: BoxPatches) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Sub-pixel rest of the alignment in mm, from row and column profiles of the outline."""
    rim = np.abs(group.distance) < 0.9
    scan = np.clip(group.dark, 0.0, 1.0) * rim
    blank = group.print_ * rim
    rest = np.zeros((len(group.boxes), 2))
    certain = np.ones(len(group.boxes), bool)
    for axis, column in ((1, 0), (2, 1)):
        a, b = scan.sum(axis=axis), blank.sum(axis=axis)
        b = b - b.mean(axis=1, keepdims=True)
        length = b.shape[1] - 2 * _REACH
        core = b[:, _REACH : _REACH + length]
        scores = np.stack(
            [(a[:, k : k + length] * core).sum(axis=1) for k in range(2 * _REACH + 1)], axis=1
        )
        peak = scores.argmax(axis=1)
        edge = (peak == 0) | (peak == 2 * _REACH)
        certain &= ~edge
        k = np.clip(peak, 1, 2 * _REACH - 1)
        rows = np.arange(len(scores))
        left, mid, right = scores[rows, k - 1], scores[rows, k], scores[rows, k + 1]
        bend = left - 2 * mid + right
        part = np.where(np.abs(bend) > 1e-9, 0.5 * (left - right) / np.where(bend, bend, 1.0), 0.0)
        rest[:, column] = (k - _REACH + np.clip(part, -1, 1)) / PX_PER_MM
    return rest, certain

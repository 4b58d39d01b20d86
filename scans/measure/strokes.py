"""Marks as pictures: what makes two marks the same ink and not just the same kind.

Two crosses by one hand are alike; two scans of one cross are the same line for line. The
likeness is the best normalised cross-correlation over small shifts, on ink without print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches, PageInk

__all__ = ["MarkPictures", "likeness", "mark_pictures"]

# Marks are compared at this resolution: a stroke is two to three pixels wide, and what a
# second scan changes (noise, blur) is averaged away.
STROKE_PX_PER_MM = 5.0
_REACH_MM = 1.2


@dataclass(frozen=True, eq=False)
class MarkPictures:
    """Ink of the marked boxes of a page, all on one canvas size.

    Attributes:
        index: int64 ``(n,)``: positions of the boxes on the page.
        ink: float32 ``(n, h, w)``: darkness of added ink at :data:`STROKE_PX_PER_MM`,
            centred on the box.
    """

    index: NDArray[np.int64]
    ink: NDArray[np.float32]


def mark_pictures(
    groups: Sequence[BoxPatches], ink: PageInk, marked: frozenset[int]
) -> MarkPictures:
    """Pictures of the boxes in ``marked``, in order of position."""
    factor = STROKE_PX_PER_MM / PX_PER_MM
    found: dict[int, NDArray[np.float32]] = {}
    for group in groups:
        keep = (group.distance < _REACH_MM) & group.own
        for row, i in enumerate(group.index.tolist()):
            if i in marked:
                drawn = np.where(keep[row], group.added[row], 0.0).astype(np.float32)
                drawn[drawn < 0.5 * ink.threshold] = 0.0
                small = cv2.resize(drawn, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
                found[i] = np.asarray(small, np.float32)
    order = sorted(found)
    height = max((found[i].shape[0] for i in order), default=1)
    width = max((found[i].shape[1] for i in order), default=1)
    canvas = np.zeros((len(order), height, width), np.float32)
    for row, i in enumerate(order):
        h, w = found[i].shape
        top, left = (height - h) // 2, (width - w) // 2
        canvas[row, top : top + h, left : left + w] = found[i]
    return MarkPictures(np.array(order, np.int64), canvas)


def likeness(marks: NDArray[np.float32], reach: int = 2) -> NDArray[np.float32]:
    """Best normalised cross-correlation of every mark with every other.

    Args:
        marks: float32 ``(n, h, w)``.
        reach: Shifts of up to so many pixels in both directions are tried.

    Returns:
        float32 ``(n, n)`` in [-1, 1]; 0 for empty pictures.
    """
    n, height, width = marks.shape
    best = np.full((n, n), -1.0, np.float32)
    if n == 0:
        return best
    # Neither mean nor length of a padded mark changes as it is shifted inside its padding,
    # and against marks without mean its own mean says nothing.
    padding = ((0, 0), (reach, reach), (reach, reach))
    target = _normalised(np.pad(marks, padding))
    area = target.shape[1] * target.shape[2]
    flat = marks.reshape(n, -1)
    square = np.einsum("ij,ij->i", flat, flat) - flat.sum(axis=1) ** 2 / area
    length = np.sqrt(np.maximum(square, 0.0))
    own = np.where(length > 1e-6, 1.0 / np.maximum(length, 1e-6), 0.0)[:, None] * flat
    own = own.astype(np.float32, copy=False)
    side = 2 * reach + 1
    # One moved against the other by so much is the other moved against the one by as much.
    for k in range(side * side // 2 + 1):
        top, left = divmod(k, side)
        under = target[:, top : top + height, left : left + width].reshape(n, -1)
        np.maximum(best, own @ under.T, out=best)
    return np.maximum(best, best.T)


def _normalised(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = stack - stack.mean(axis=(1, 2), keepdims=True)
    norm = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
    result: NDArray[np.float32] = np.where(norm > 1e-6, centred / np.maximum(norm, 1e-6), 0.0)
    return result.astype(np.float32)

"""Marks as small pictures of what is their own: enough to tell one line from another.

The mean mark of the page is taken off every mark before it is kept. So a hand's habit, a box
filled to its edge and the scanner's tone cancel out; what is left of two marks by one hand in
one box is as unrelated as chance, and what is left of two scans of one mark agrees. Where the
blank has print nothing is looked at: rests of it stand at the same place on every page.

A cell is centred on the box and not on the mark: where a hand puts its mark is as much its
own as the mark's shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.blank_boxes import ById
from scans.measure.boxes import PX_PER_MM, BoxPatches, PageInk
from scans.quantiles import percentile

__all__ = ["CELL", "STEPS", "MarkCells", "mark_cells"]

CELL = 20
"""Side of a cell in pixels."""
STEPS = 7
"""What a mark has more or less than the mean is kept in so many steps up and down."""

# A pen stroke is one to two pixels wide: what another scan changes (noise, blur, a shift by a
# tenth of a millimetre) is averaged away, what another stroke changes is not.
_PX_PER_MM = 3.0
_REACH_MM = 1.2
# Pages with more marks keep these many, spread over the page.
_MOST_MARKS = 64
# Fewer marks than this have no mean.
_FEWEST = 3
_PRINTED = 0.1


@dataclass(frozen=True, eq=False)
class MarkCells:
    """What is own to the marks of a page.

    Attributes:
        index: int32 ``(n,)``: positions of the boxes on the page, rising.
        strength: uint8 ``(n,)``: size of the mark's own part against the whole mark, 255 is 1.
        own: int8 ``(n, CELL, CELL)``: from ``-STEPS`` to ``STEPS``, scaled to fill them.
    """

    index: NDArray[np.int32]
    strength: NDArray[np.uint8]
    own: NDArray[np.int8]


def mark_cells(groups: Sequence[BoxPatches], ink: PageInk, marked: frozenset[int]) -> MarkCells:
    """Cells of the boxes in ``marked``, in order of position."""
    found: dict[int, tuple[int, NDArray[np.float32], NDArray[np.float32]]] = {}
    for kind, group in enumerate(groups):
        side = max(group.box_size_mm) + 2 * _REACH_MM
        scale = min(_PX_PER_MM, CELL / side) / PX_PER_MM
        rows = [row for row, i in enumerate(group.index.tolist()) if i in marked]
        clear, seen_at = _clear(ById(group.distance), ById(group.own), ById(group.allowed), scale)
        drawn = np.where(clear[rows], group.added[rows], np.float32(0.0))
        drawn[drawn < 0.5 * ink.threshold] = 0.0
        for row, picture in zip(rows, drawn, strict=True):
            inked = picture[picture > ink.threshold]
            # A pencil and a pen, a colour and a 1-bit scanner: darkness is the mark's own.
            level = percentile(inked, 85) if inked.size else 1.0
            share = _cell(np.minimum(picture / level, 1.0).astype(np.float32), scale)
            found[int(group.index[row])] = (kind, share, seen_at[row])
    order = sorted(found)
    if len(order) > _MOST_MARKS:
        order = [order[k] for k in np.linspace(0, len(order) - 1, _MOST_MARKS).round().astype(int)]
    if not order:
        empty = np.empty((0, CELL, CELL), np.int8)
        return MarkCells(np.empty(0, np.int32), np.empty(0, np.uint8), empty)
    kinds = np.array([found[i][0] for i in order])
    share = np.stack([found[i][1] for i in order])
    seen = np.stack([found[i][2] for i in order])
    own = _without_mean(share, seen, kinds)
    length = np.sqrt((own**2).sum(axis=(1, 2)))
    whole = np.sqrt((share**2).sum(axis=(1, 2)))
    strength = np.clip(255 * length / np.maximum(whole, 1e-6), 0, 255).astype(np.uint8)
    top = np.maximum(np.abs(own).max(axis=(1, 2), keepdims=True), 1e-6)
    steps = np.round(own * (STEPS / top)).astype(np.int8)
    return MarkCells(np.array(order, np.int32), strength, steps)


@lru_cache(maxsize=8)
def _clear(
    distance: ById, own: ById, allowed: ById, scale: float
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Where the boxes of a blank are looked at: ``(n, h, w)``, and the same as cells."""
    clear = (distance.array < _REACH_MM) & own.array & (allowed.array < _PRINTED)
    return clear, np.stack([_cell(of.astype(np.float32), scale) for of in clear])


def _without_mean(
    share: NDArray[np.float32], seen: NDArray[np.float32], kinds: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Each mark less the mean of the marks in boxes of its size, where no print is near."""
    if len(share) < _FEWEST:
        return np.zeros_like(share)
    own = np.empty_like(share)
    for kind in np.unique(kinds):
        rows = kinds == kind
        base = rows if rows.sum() >= _FEWEST else np.ones(len(kinds), np.bool_)
        weight = np.maximum(seen[base].sum(axis=0), 1e-3)
        own[rows] = share[rows] - seen[rows] * (share[base].sum(axis=0) / weight)
    return own


def _cell(picture: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """A patch at a cell's resolution, its middle in the middle: ``(CELL, CELL)``."""
    height, width = (max(1, round(n * scale)) for n in picture.shape)
    small = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
    cell = np.zeros((CELL, CELL), np.float32)
    high, wide = min(height, CELL), min(width, CELL)
    top, left = (height - high) // 2, (width - wide) // 2
    down, across = (CELL - high) // 2, (CELL - wide) // 2
    cell[down : down + high, across : across + wide] = small[top : top + high, left : left + wide]
    return cell

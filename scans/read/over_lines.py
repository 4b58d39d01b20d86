"""Ink that runs over a line of a table from the mark of the next cell.

The legs of a cross, the tail of a tick and the end of a line that strikes out reach into the cell
beside. There they are no mark, and nothing that was left of one. Ink belongs to the cell that
holds most of its stroke; in another cell it is left out where it stays near the line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches, PageInk
from scans.measure.wide_cells import is_wide

__all__ = ["without_slivers"]

# The line hides the ink on it: pieces are joined over so much.
_JOINED_MM = 1.5
# Most of a stroke, the least that tells where it belongs, and what may be left of it elsewhere.
_MOST, _LEAST_MM2, _SLIVER = 0.6, 0.4, 0.35
# So near to a line, as a share of the cell's shorter side, no mark ends that was meant for it.
_NEAR_LINE = 0.3


def without_slivers(groups: Sequence[BoxPatches], ink: PageInk) -> tuple[BoxPatches, ...]:
    """The patches with ``added`` 0 where wide cells hold the end of another cell's stroke."""
    wide = [group for group in groups if is_wide(group)]
    if not wide:
        return tuple(groups)
    corner = np.min([box.box_mm[:2] for group in wide for box in group.boxes], axis=0)
    far = np.max(
        [np.add(box.box_mm[:2], box.box_mm[2:]) for group in wide for box in group.boxes], axis=0
    )
    columns, rows = (np.ceil((far - corner) * PX_PER_MM).astype(int) + 2).tolist()
    drawn, cell = np.zeros((rows, columns), np.uint8), np.zeros((rows, columns), np.int32)
    for group in wide:
        inside = _inside(group)
        for k, (i, box) in enumerate(zip(group.index.tolist(), group.boxes, strict=True)):
            at = _at(box.box_mm, corner, inside)
            drawn[at] = group.added[k][inside] > ink.threshold
            cell[at] = i + 1
    slivers = _slivers(drawn, cell)
    return tuple(
        _taken_out(group, slivers, corner, ink) if is_wide(group) else group for group in groups
    )


def _inside(group: BoxPatches) -> tuple[slice, slice]:
    """Rows and columns of a patch within the box."""
    margin = round(group.margin_mm * PX_PER_MM)
    high, wide = group.distance.shape
    return slice(margin, high - margin), slice(margin, wide - margin)


def _at(
    box_mm: tuple[float, float, float, float],
    corner: NDArray[np.float64],
    inside: tuple[slice, slice],
) -> tuple[slice, slice]:
    """Rows and columns of a box in the picture of all cells."""
    left, top = np.rint((np.array(box_mm[:2]) - corner) * PX_PER_MM).astype(int).tolist()
    high, wide = (part.stop - part.start for part in inside)
    return slice(top, top + high), slice(left, left + wide)


def _slivers(drawn: NDArray[np.uint8], cell: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Where ink belongs to a stroke that mostly lies in another cell, bool ``(h, w)``."""
    side = 2 * round(_JOINED_MM * PX_PER_MM / 2) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    joined = cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, kernel)
    _, labels = cv2.connectedComponents(joined)
    at = np.nonzero((drawn > 0) & (cell > 0))
    result = np.zeros(drawn.shape, np.bool_)
    if at[0].size == 0:
        return result
    pairs, which, sizes = np.unique(
        np.stack([labels[at], cell[at]], 1), axis=0, return_inverse=True, return_counts=True
    )
    strokes = pairs[:, 0]
    whole, most = np.zeros((2, int(strokes.max()) + 1), np.int64)
    np.add.at(whole, strokes, sizes)
    np.maximum.at(most, strokes, sizes)
    told = (most >= _MOST * whole) & (whole >= _LEAST_MM2 * PX_PER_MM**2)
    small = told[strokes] & (sizes < most[strokes]) & (sizes <= _SLIVER * whole[strokes])
    result[at] = small[which.ravel()]
    return result


def _taken_out(
    group: BoxPatches, slivers: NDArray[np.bool_], corner: NDArray[np.float64], ink: PageInk
) -> BoxPatches:
    """The group without those slivers that stay near the lines of their cell."""
    inside = _inside(group)
    depth = -group.distance[inside]
    near = depth <= _NEAR_LINE * min(group.box_size_mm)
    added = group.added
    for k, box in enumerate(group.boxes):
        sliver = slivers[_at(box.box_mm, corner, inside)]
        if not sliver.any() or (sliver & ~near).any():
            continue
        if added is group.added:
            added = added.copy()
        # With the pale rim of the stroke.
        rim = cv2.dilate(sliver.view(np.uint8), np.ones((7, 7), np.uint8)) > 0
        part = added[k][inside]
        other = (part > ink.threshold) & ~sliver
        part[rim & ~other] = 0.0
    return group if added is group.added else dataclasses.replace(group, added=added)

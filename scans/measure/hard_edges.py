"""Edges that are sharper than the scanner draws, place by place.

Optics and the sampling of a sensor spread every edge of print and pen over two pixels or
more, and equally all over a page. A brush that wipes a mark out in the file, the border of
a rectangle that cuts through a stroke and ink drawn by a program change from dark to light
from one pixel to the next. Counted are such steps between two plateaus: a hairline of a
pixel or two, which a sharpened scan may draw as hard, has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Field
from scans.measure.boxes import BoxPatches, PageInk
from scans.measure.step_counts import BEHIND, step_counts
from scans.types import RawPage, Registration

__all__ = ["HardEdges", "hard_edges"]

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

# Of the contrast between paper and print that an edge must span to be looked at.
_SPAN = 0.5
_RIM_MM = 1.2
_TILE_MM = 8.0
# Frames printed around a field are as sharp as print gets.
_INSET_MM = 0.8


@dataclass(frozen=True, eq=False)
class HardEdges:
    """Hard steps at every place of a page.

    Attributes:
        boxes: int64 ``(n,)`` in the order of the page's boxes; -1 off the scan.
        tiles: int64 ``(m,)``: of squares that fields are divided into.
        tile_mm: float64 ``(m, 4)``: those squares.
        tile_field: The field of each.
    """

    boxes: Ints
    tiles: Ints
    tile_mm: NDArray[np.float64]
    tile_field: tuple[str, ...]


def hard_edges(
    raw: RawPage,
    registration: Registration,
    groups: Sequence[BoxPatches],
    fields: Sequence[Field],
    ink: PageInk,
) -> HardEdges:
    """Count them around all boxes and on all fields.

    Args:
        raw: The scan, upright.
        registration: Lays it over the form.
        groups: The page's boxes.
        fields: The page's fields.
        ink: Levels of the page.
    """
    count = sum(len(group.boxes) for group in groups)
    boxes = np.full(count, -1, np.int64)
    contrast = max(40.0, ink.paper - ink.black)
    grey = raw.grey
    for group in groups:
        corners = np.array([box.box_mm[:2] for box in group.boxes]) - _RIM_MM + group.shift_mm
        width, height = group.box_size_mm
        size = (width + 2 * _RIM_MM, height + 2 * _RIM_MM)
        boxes[group.index] = _at(grey, registration, corners, size, contrast)
    tile_mm, tile_field = _tiles(fields)
    tiles = _at(grey, registration, tile_mm[:, :2], (_TILE_MM, _TILE_MM), contrast)
    return HardEdges(boxes, tiles, tile_mm, tile_field)


def _tiles(fields: Sequence[Field]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Squares that cover the fields, those at the far ends moved back to end with them."""
    found: list[tuple[float, float, float, float]] = []
    names: list[str] = []
    for field in fields:
        x, y = (v + _INSET_MM for v in field.box_mm[:2])
        w, h = (v - 2 * _INSET_MM for v in field.box_mm[2:])
        across = max(1, int(np.ceil(w / _TILE_MM)))
        down = max(1, int(np.ceil(h / _TILE_MM)))
        for top in np.linspace(y, y + max(0.0, h - _TILE_MM), down).tolist():
            for left in np.linspace(x, x + max(0.0, w - _TILE_MM), across).tolist():
                found.append((left, top, _TILE_MM, _TILE_MM))
                names.append(field.id)
    return np.array(found, np.float64).reshape(-1, 4), tuple(names)


def _at(
    grey: Bytes,
    registration: Registration,
    corners_mm: NDArray[np.float64],
    size_mm: tuple[float, float],
    contrast: float,
) -> Ints:
    """Hard steps in rectangles of one size; -1 for those that do not lie wholly on the scan."""
    found = np.full(len(corners_mm), -1, np.int64)
    if not len(corners_mm):
        return found
    w, h = (round(side * registration.px_per_mm) for side in size_mm)
    px = np.rint(registration.to_px(corners_mm)).astype(np.int64)
    room = (px >= BEHIND).all(axis=1)
    room &= (px[:, 0] + w + BEHIND < grey.shape[1]) & (px[:, 1] + h + BEHIND < grey.shape[0])
    counts = np.empty(int(room.sum()), np.int64)
    step_counts(np.ascontiguousarray(grey), px[room], h, w, _SPAN * contrast, counts)
    found[room] = counts
    return found

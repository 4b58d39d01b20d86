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

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Field
from scans.measure.boxes import BoxPatches, PageInk
from scans.types import RawPage, Registration

__all__ = ["HardEdges", "hard_edges"]

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

# Of the contrast between paper and print that an edge must span to be looked at.
_SPAN = 0.5
# Of what four pixels in a line differ by, the step between the middle two: 1 of an edge drawn
# by a program, .9 after JPEG, half of an edge that a scanner saw.
_STEP = 0.85
# By how much of the step the third pixel may fall back on the dark and on the light side.
_DARK, _LIGHT = 0.5, 0.25
# Pixels before and behind the step that are looked at.
_BEFORE, _BEHIND = 2, 3
_RASTER = 3
_RIM_MM = 1.2
_TILE_MM = 8.0
# Frames printed around a field are as sharp as print gets.
_INSET_MM = 0.8
# Steps at most that are looked at: beyond, the whole page is drawn by a program.
_MOST = 400_000


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
    room = (px >= _BEHIND).all(axis=1)
    room &= (px[:, 0] + w + _BEHIND < grey.shape[1]) & (px[:, 1] + h + _BEHIND < grey.shape[0])
    found[room] = 0
    # Most of a field is bare paper; no stroke of a pen is thinner than the raster.
    raster = (np.arange(0, h, _RASTER)[:, None] * grey.shape[1] + np.arange(0, w, _RASTER)).ravel()
    seen = grey.reshape(-1)[(px[room] @ np.array([1, grey.shape[1]]))[:, None] + raster]
    rows = np.flatnonzero(room)[seen.max(axis=1) - seen.min(axis=1) > _SPAN * contrast]
    cut = [
        grey[y - _BEHIND : y + h + _BEHIND, x - _BEHIND : x + w + _BEHIND]
        for x, y in px[rows].tolist()
    ]
    if cut:
        found[rows] = _count(np.stack(cut), contrast)
    return found


def _count(stack: Bytes, contrast: float) -> Ints:
    """Pixels of each patch ``(n, h, w)``, a rim left out, at which a hard step begins."""
    number, height, width = stack.shape
    flat = stack.reshape(-1)
    held = []
    for stride in (1, width):
        # Patches lie one below the other; the rim keeps them apart.
        step = np.zeros_like(stack)
        cv2.absdiff(flat[:-stride], flat[stride:], step.reshape(-1)[:-stride])
        large = step > np.uint8(_SPAN * _STEP * contrast)
        for edge in (large[:, :_BEHIND], large[:, -_BEHIND:]):
            edge[:] = False
        for edge in (large[:, :, :_BEHIND], large[:, :, -_BEHIND:]):
            edge[:] = False
        at = np.flatnonzero(large)[:_MOST]
        held.append(at[_hard(flat, at, stride, contrast)])
    hard = np.unique(np.concatenate(held))
    return np.bincount(hard // (height * width), minlength=number).astype(np.int64)


def _hard(flat: Bytes, at: Ints, stride: int, contrast: float) -> NDArray[np.bool_]:
    """Which steps from a pixel to the next along a stride join two plateaus."""
    line = [flat[at + k * stride].astype(np.int16) for k in range(-_BEFORE, _BEHIND + 1)]
    rising = line[3] > line[2]
    # From the dark side to the light one: third and second before, ..., third behind.
    far_dark, far_light = np.where(rising, line[0], line[5]), np.where(rising, line[5], line[0])
    near = np.stack(line[1:5])
    span = near.max(axis=0) - near.min(axis=0)
    step = np.abs(line[3] - line[2])
    dark, light = np.minimum(line[2], line[3]), np.maximum(line[2], line[3])
    hard = (step > _STEP * span) & (span > _SPAN * contrast)
    hard &= (far_dark < dark + _DARK * step) & (far_light > light - _LIGHT * step)
    return np.asarray(hard, np.bool_)

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
from scans.measure.step_counts import BEHIND, step_counts
from scans.measure.step_lines import steps_by_line
from scans.template import PageTemplate
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
# Of a straight side so many steps count: more than a stroke that is cut through has.
_ON_LINE_MM, _FEWEST_ON_LINE = 0.7, 4
# So many places of a kind are looked at line by line, those with fewer steps not.
_LOOKED_AT, _FEWEST_STEPS = 16, 5
# Print of the blank is kept so far off in fields.
_PRINT_MM, _BLANK_PX_PER_MM, _PRINTED = 0.5, 4.0, 215


@dataclass(frozen=True, eq=False)
class HardEdges:
    """Hard steps at every place of a page.

    Attributes:
        boxes: int64 ``(n,)`` in the order of the page's boxes; -1 off the scan.
        box_steps: int64 ``(n,)``: the same without steps that one straight side explains, where
            there are most of them.
        box_edges: int64 ``(n,)``: pixels at which any edge of dark ink runs there.
        tiles: int64 ``(m,)``: of squares that fields are divided into.
        tile_steps: int64 ``(m,)``: without those of the form's own print, where there are most.
        tile_edges: int64 ``(m,)``.
        tile_mm: float64 ``(m, 4)``: those squares.
        tile_field: The field of each.
    """

    boxes: Ints
    box_steps: Ints
    box_edges: Ints
    tiles: Ints
    tile_steps: Ints
    tile_edges: Ints
    tile_mm: NDArray[np.float64]
    tile_field: tuple[str, ...]


def hard_edges(
    raw: RawPage,
    registration: Registration,
    groups: Sequence[BoxPatches],
    template: PageTemplate,
    ink: PageInk,
) -> HardEdges:
    """Count them around all boxes and on all fields.

    Args:
        raw: The scan, upright.
        registration: Lays it over the form.
        groups: The page's boxes.
        template: The blank form.
        ink: Levels of the page.
    """
    count = sum(len(group.boxes) for group in groups)
    boxes, box_edges = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    contrast = max(40.0, ink.paper - ink.black)
    span, middle = _SPAN * contrast, ink.paper - contrast / 2
    grey = np.ascontiguousarray(raw.grey)
    most = max(_FEWEST_ON_LINE, round(_ON_LINE_MM * registration.px_per_mm))
    box_steps = boxes.copy()
    for group in groups:
        corners = np.array([box.box_mm[:2] for box in group.boxes]) - _RIM_MM + group.shift_mm
        width, height = group.box_size_mm
        size = (width + 2 * _RIM_MM, height + 2 * _RIM_MM)
        px = _Rectangles.at(corners, size, registration, grey)
        boxes[group.index] = counts = px.steps(grey, span)
        box_edges[group.index] = px.edges(grey, middle)
        for k in _highest(counts):
            counts[k] = px.by_line(k, grey, span, most)
        box_steps[group.index] = counts
    tile_mm, tile_field = _tiles(template.page.fields)
    px = _Rectangles.at(tile_mm[:, :2], (_TILE_MM, _TILE_MM), registration, grey)
    tiles = px.steps(grey, span)
    tile_steps = tiles.copy()
    for k in _highest(tiles):
        tile_steps[k] = px.by_line(k, grey, span, px.height, _free(template, tile_mm[k].tolist()))
    tile_edges = px.edges(grey, middle)
    return HardEdges(
        boxes, box_steps, box_edges, tiles, tile_steps, tile_edges, tile_mm, tile_field
    )


def _highest(counts: Ints) -> list[int]:
    """Places with most steps."""
    order = np.argsort(-counts, kind="stable")[:_LOOKED_AT]
    return [k for k in order.tolist() if counts[k] >= _FEWEST_STEPS]


def _free(template: PageTemplate, tile_mm: list[float]) -> NDArray[np.bool_]:
    """Where a square of the blank has no print nearby, at some pixels a millimetre."""
    x, y, w, h = tile_mm
    rim = 2 * _PRINT_MM
    left, top = (max(0, round((v - rim) * _BLANK_PX_PER_MM)) for v in (x, y))
    right, bottom = (round((v + rim) * _BLANK_PX_PER_MM) for v in (x + w, y + h))
    dark = np.asarray(template.at(_BLANK_PX_PER_MM)[top:bottom, left:right] < _PRINTED, np.uint8)
    side = 2 * round(_PRINT_MM * _BLANK_PX_PER_MM) + 1
    spread = np.asarray(cv2.dilate(dark, np.ones((side, side), np.uint8)), np.uint8)
    begin = [round(v * _BLANK_PX_PER_MM) for v in (y, x)]
    size = [round(v * _BLANK_PX_PER_MM) for v in (h, w)]
    rows, columns = (
        slice(b - o, b - o + n) for b, o, n in zip(begin, (top, left), size, strict=True)
    )
    return np.asarray(spread[rows, columns] == 0, np.bool_)


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


@dataclass(frozen=True, eq=False)
class _Rectangles:
    """Rectangles of one size on the scan.

    Attributes:
        corner: int64 ``(n, 2)``: x and y of each.
        inside: bool ``(n,)``: lies wholly on the scan.
        height: Of all, in pixels.
        width: Of all.
    """

    corner: Ints
    inside: NDArray[np.bool_]
    height: int
    width: int

    @staticmethod
    def at(
        corners_mm: NDArray[np.float64],
        size_mm: tuple[float, float],
        registration: Registration,
        grey: Bytes,
    ) -> _Rectangles:
        w, h = (round(side * registration.px_per_mm) for side in size_mm)
        px = np.rint(registration.to_px(corners_mm)).astype(np.int64)
        inside = (px >= BEHIND).all(axis=1)
        inside &= px[:, 0] + w + BEHIND < grey.shape[1]
        inside &= px[:, 1] + h + BEHIND < grey.shape[0]
        return _Rectangles(px, inside, h, w)

    def steps(self, grey: Bytes, span: float) -> Ints:
        """Hard steps in each; -1 off the scan."""
        found = np.full(len(self.corner), -1, np.int64)
        counts = np.empty(int(self.inside.sum()), np.int64)
        step_counts(grey, self.corner[self.inside], self.height, self.width, span, counts)
        found[self.inside] = counts
        return found

    def by_line(
        self,
        k: int,
        grey: Bytes,
        span: float,
        most: int,
        free: NDArray[np.bool_] | None = None,
    ) -> int:
        """Those of one, few of a line, where ``free`` (at any resolution) lets them count."""
        size = (self.height, self.width)
        if free is not None:
            laid = cv2.resize(free.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST)
            free = np.asarray(laid > 0, np.bool_)
        x, y = self.corner[k].tolist()
        return steps_by_line(grey, (x, y), size, span, most, free)

    def edges(self, grey: Bytes, middle: float) -> Ints:
        """Pixels whose next one, across or down, lies on the other side of a level."""
        found = np.zeros(len(self.corner), np.int64)
        for k in np.flatnonzero(self.inside).tolist():
            x, y = self.corner[k].tolist()
            dark = grey[y : y + self.height + 1, x : x + self.width + 1] < middle
            here = dark[:-1, :-1]
            found[k] = np.count_nonzero((here != dark[:-1, 1:]) | (here != dark[1:, :-1]))
        return found

"""Where on a page print is judged: tiles of one line, and the outlines of answer boxes.

All of it depends on the blank alone and is made once a template and process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scans.register.verify import Printed, printed_in
from scans.template import PageTemplate

__all__ = ["Tiles", "around", "box_array", "outlines_of", "tiles_of"]

_TILE_MM = (8.0, 4.0)
# Two characters of 8 pt type, or a third of a box's outline.
_LEAST_PRINT_MM2 = 0.35


@dataclass(frozen=True, eq=False)
class Tiles:
    """The tiles of a page that carry print; made once a template.

    Attributes:
        boxes_mm: float64 ``(n, 4)``.
        place: int ``(n,)``: place of each among all tiles of the page, row by row.
        grid: Rows and columns of all tiles.
        printed: Their print.
        fields: bool ``(n,)``: tiles in a region that is written or stamped in.
    """

    boxes_mm: NDArray[np.float64]
    place: NDArray[np.intp]
    grid: tuple[int, int]
    printed: Printed
    fields: NDArray[np.bool_]


@lru_cache(maxsize=64)
def tiles_of(template: PageTemplate, resolution: float) -> Tiles:
    """Cut a blank page into tiles of one line of print."""
    across, down = _TILE_MM
    width, height = template.page.size_mm
    x = np.arange(0.0, width - across + 1e-6, across)
    y = np.arange(0.0, height - down + 1e-6, down)
    corner = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    every = np.column_stack([corner, np.full((len(corner), 2), _TILE_MM)])
    place = np.flatnonzero(printed_in(template, resolution, every).weight >= _LEAST_PRINT_MM2)
    boxes = every[place]
    return Tiles(
        boxes,
        place,
        (len(y), len(x)),
        printed_in(template, resolution, boxes.reshape(-1, 4)),
        _in_fields(template, boxes),
    )


def _in_fields(template: PageTemplate, tiles: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which tiles touch a region that is written or stamped in."""
    touched = np.zeros(len(tiles), dtype=np.bool_)
    end = tiles[:, :2] + tiles[:, 2:]
    # Marks are written in and around the boxes: a heavy hand covers the outline and more.
    written = [field.box_mm for field in template.page.fields]
    written += [box.box_mm for box in template.page.boxes]
    for x, y, width, height in written:
        touched |= (
            (tiles[:, 0] < x + width)
            & (end[:, 0] > x)
            & (tiles[:, 1] < y + height)
            & (end[:, 1] > y)
        )
    return touched


@lru_cache(maxsize=64)
def outlines_of(
    template: PageTemplate, resolution: float
) -> tuple[tuple[NDArray[np.intp], Printed], ...]:
    """Answer boxes of one size each, and the print in and around them."""
    boxes = box_array(template)
    _, group = np.unique(np.round(boxes[:, 2:], 3), axis=0, return_inverse=True)
    chosen = [np.flatnonzero(group.ravel() == g) for g in range(int(group.max()) + 1)]
    return tuple((i, printed_in(template, resolution, around(boxes[i]))) for i in chosen)


def around(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """With half a millimetre on each side."""
    wider: NDArray[np.float64] = boxes + np.array([-0.5, -0.5, 1.0, 1.0])
    return wider


def box_array(template: PageTemplate) -> NDArray[np.float64]:
    """Answer boxes of a page as ``(n, 4)`` in mm."""
    boxes = [box.box_mm for box in template.page.boxes]
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)

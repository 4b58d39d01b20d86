"""The printed outlines of answer boxes: where they run, and how dark the scan shows them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scans.measure.blank_boxes import ById
from scans.measure.box_loops import medians_at
from scans.measure.boxes import BoxPatches

__all__ = ["Outline", "outline_levels", "outline_of"]


class Outline(NamedTuple):
    """Outlines of the boxes of one size, on the blank.

    Attributes:
        drawn: bool ``(n, h, w)``.
        total: ``(n,)``: pixels of each.
        at: Flat pixels of each box, one box after the other.
    """

    drawn: NDArray[np.bool_]
    total: NDArray[np.intp]
    at: NDArray[np.intp]


def outline_of(group: BoxPatches) -> Outline:
    """The outline of each box on the blank."""
    return _outline(ById(group.print_), ById(group.distance))


@lru_cache(maxsize=8)
def _outline(print_: ById, distance: ById) -> Outline:
    drawn = (np.abs(distance.array) < 0.5)[None] & (print_.array > 0.45)
    at = [np.flatnonzero(box) for box in drawn]
    return Outline(drawn, np.array([len(px) for px in at], np.intp), np.concatenate(at))


def outline_levels(group: BoxPatches) -> NDArray[np.float64]:
    """Median darkness of each box's outline on the scan, 0 to 255, float64 ``(n,)``.

    A box without an outline of its own, such as dotted lines to write on, has 255.
    """
    outline = outline_of(group)
    levels = np.full(len(group.boxes), 255.0)
    medians_at(group.spread.reshape(len(levels), -1), outline.at, outline.total.cumsum(), levels)
    return levels

"""What the blank says about the answer boxes, worked out once a template.

The print around each box, how far it may spread on a scan, which pixels belong to which
box: none of it depends on the page that is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Box
from scans.rectify import Rectifier
from scans.template import PageTemplate
from scans.types import Registration

__all__ = [
    "PRINT_SPREADS_MM",
    "PX_PER_MM",
    "SLACK_PX",
    "Bare",
    "BlankBoxes",
    "ById",
    "Reach",
    "blank_boxes",
    "dilated",
    "dilated_in_gaps",
    "gapped",
]

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

PX_PER_MM = 10.0
"""Working resolution of patches: a 0.2 mm pen stroke is two pixels wide."""

SLACK_PX = 4
"""After registration a printed line may still be off by this much; found per box."""

PRINT_SPREADS_MM = (0.25, 0.35, 0.45)
"""Toner spreads, 1-bit scanners thicken lines and a cramped photo bends them: print reaches
beyond the blank's by the smallest of these that most boxes of the page agree on."""


class ById:
    """An array of a blank as the key of a cache: this very array, whatever its numbers."""

    __slots__ = ("array",)

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ById) and other.array is self.array

    def __hash__(self) -> int:
        return id(self.array)


@dataclass(frozen=True, eq=False)
class Bare:
    """Pixels of patches that are free of something.

    Attributes:
        free: bool ``(n, h * w)``.
        common: Flat pixels that are free on most of the patches, every third; none where
            those are too few.
    """

    free: NDArray[np.bool_]
    common: NDArray[np.intp] | None

    @staticmethod
    def of(free: NDArray[np.bool_]) -> Bare:
        """From bool ``(n, h, w)``."""
        flat = free.reshape(len(free), -1)
        # Boxes of one size share most of their bare paper: one sort serves them all, and the
        # hairline that a few of them have there moves no percentile. A third is plenty.
        common = np.flatnonzero(flat.mean(axis=0) >= 0.8)[::3]
        return Bare(flat, common if len(common) >= 100 else None)


@dataclass(frozen=True, eq=False)
class Reach:
    """How far print may spread on a page, float32 ``(n, h, w)``.

    Attributes:
        allowed: Darkness of the spread print, 0 to 1.
        limit: What ink must exceed.
        bare: Where hardly any is allowed.
    """

    allowed: Floats
    limit: Floats
    bare: Bare

    @staticmethod
    def of(spread: Bytes) -> Reach:
        """From the spread print in bytes."""
        allowed: Floats = np.divide(spread, 255, dtype=np.float32)
        return Reach(allowed, np.float32(1.15) * allowed, Bare.of(allowed < 0.05))


@dataclass(frozen=True, eq=False)
class BlankBoxes:
    """Boxes of one size on the blank.

    Attributes:
        index: int64 ``(n,)``: position of each in the page's list of boxes.
        boxes: The boxes, in that order.
        margin_mm: Width of the rim around the box.
        print_: uint8 ``(n, h, w)``: darkness of the blank, 255 is black.
        near: bool ``(n, h + 2 slack, w + 2 slack)``: close to print.
        allowed: For each of :data:`PRINT_SPREADS_MM` uint8 ``(n, h, w)``: spread print.
        outline: bool ``(n, h, w)``: the box's own outline, labels beside it left out.
        distance: float32 ``(h, w)``: signed distance to the outline, negative inside, in mm.
        own: bool ``(n, h, w)``: what lies nearer to this box than to any other.
    """

    index: NDArray[np.int64]
    boxes: tuple[Box, ...]
    margin_mm: float
    print_: Bytes
    near: NDArray[np.bool_]
    allowed: tuple[Bytes, ...]
    outline: NDArray[np.bool_]
    distance: Floats
    own: NDArray[np.bool_]
    _reaches: dict[int, Reach] = field(default_factory=dict)

    @cached_property
    def share(self) -> Floats:
        """``(n, h, w)``: darkness of the blank, 0 to 1."""
        return np.divide(self.print_, 255, dtype=np.float32)

    @cached_property
    def profiles(self) -> tuple[Floats, Floats]:
        """Print summed over rows and over columns, less its mean: ``(n, w)`` and ``(n, h)``."""
        sums = (self.share.sum(axis=axis) for axis in (1, 2))
        across, down = (p - p.mean(axis=1, keepdims=True) for p in sums)
        return across, down

    @cached_property
    def rim(self) -> NDArray[np.intp]:
        """Flat pixels of a patch within half a millimetre of its outline: ``(k,)``."""
        return np.flatnonzero(np.abs(self.distance).ravel() < 0.5)

    @cached_property
    def wide_rim(self) -> Bytes:
        """Pixels within 0.6 mm of it: 1, others 0, ``(h, w)``."""
        return (np.abs(self.distance) < 0.6).astype(np.uint8)

    @cached_property
    def outline_px(self) -> NDArray[np.intp]:
        """Pixels of the box's own outline, one at least: ``(n,)``."""
        return np.asarray(np.maximum(np.count_nonzero(self.outline, axis=(1, 2)), 1), np.intp)

    @cached_property
    def rim_print(self) -> Floats:
        """Print of the box's own outline there: ``(n, k)``."""
        kept = np.where(self.outline, self.share, np.float32(0.0)).reshape(len(self.share), -1)
        return np.ascontiguousarray(kept[:, self.rim])

    @cached_property
    def dark_at(self) -> NDArray[np.intp]:
        """Where the form's own print is dark, flat in a stack with ``SLACK_PX`` around."""
        rim = ((0, 0), (SLACK_PX, SLACK_PX), (SLACK_PX, SLACK_PX))
        return np.flatnonzero(np.pad(self.print_ > 0.6 * 255, rim))

    @cached_property
    def bare(self) -> Bare:
        """Where the blank has no print."""
        return Bare.of(self.print_ < 0.1 * 255)

    @cached_property
    def common_in_slack(self) -> NDArray[np.intp] | None:
        """:attr:`bare` that boxes have in common, flat in a patch with ``SLACK_PX`` around."""
        if self.bare.common is None:
            return None
        rows, columns = np.divmod(self.bare.common, self.print_.shape[2])
        wide = self.print_.shape[2] + 2 * SLACK_PX
        return np.asarray((rows + SLACK_PX) * wide + columns + SLACK_PX, np.intp)

    def reach(self, step: int) -> Reach:
        """What print may cover at that step of :data:`PRINT_SPREADS_MM`."""
        if step not in self._reaches:
            self._reaches[step] = Reach.of(self.allowed[step])
        return self._reaches[step]

    def of(self, positions: Sequence[int]) -> BlankBoxes | None:
        """Only the boxes at ``positions`` of the page; ``None`` if there are none."""
        wanted = set(positions)
        rows = [row for row, i in enumerate(self.index.tolist()) if i in wanted]
        if not rows:
            return None
        return BlankBoxes(
            index=self.index[rows],
            boxes=tuple(self.boxes[row] for row in rows),
            margin_mm=self.margin_mm,
            print_=self.print_[rows],
            near=self.near[rows],
            allowed=tuple(spread[rows] for spread in self.allowed),
            outline=self.outline[rows],
            distance=self.distance,
            own=self.own[rows],
        )


@lru_cache(maxsize=16)
def blank_boxes(template: PageTemplate, margin_mm: float) -> tuple[BlankBoxes, ...]:
    """All boxes of a page, grouped by size and shape."""
    return tuple(
        _prepared(template, index, boxes, margin_mm)
        for index, boxes in _groups(template.page.boxes)
    )


def _groups(boxes: Sequence[Box]) -> Iterator[tuple[list[int], tuple[Box, ...]]]:
    kinds: dict[tuple[float, float, str], list[int]] = {}
    for i, box in enumerate(boxes):
        key = (round(box.box_mm[2], 1), round(box.box_mm[3], 1), box.shape)
        kinds.setdefault(key, []).append(i)
    for members in kinds.values():
        yield members, tuple(boxes[i] for i in members)


def _prepared(
    template: PageTemplate, index: list[int], boxes: tuple[Box, ...], margin: float
) -> BlankBoxes:
    width, height = boxes[0].box_mm[2:]
    shape = (
        round((height + 2 * margin) * PX_PER_MM),
        round((width + 2 * margin) * PX_PER_MM),
    )
    corners = np.array([box.box_mm[:2] for box in boxes]) - margin
    matrix = np.array([[PX_PER_MM, 0, -0.5], [0, PX_PER_MM, -0.5], [0, 0, 1.0]])
    flat = Registration(template.page.number, matrix, None, 0.0, "blank", 1.0, PX_PER_MM)
    blank = Rectifier(template.at(PX_PER_MM), flat)
    print_ = 255 - blank.patches(corners, shape, PX_PER_MM)
    distance = _signed_distance(shape, (width, height), margin, boxes[0].shape)
    rim = ((0, 0), (SLACK_PX, SLACK_PX), (SLACK_PX, SLACK_PX))
    reach = dilated(print_, 2 * round(0.5 * PX_PER_MM) + 1) > 0.3 * 255
    return BlankBoxes(
        index=np.array(index, dtype=np.int64),
        boxes=boxes,
        margin_mm=margin,
        print_=print_,
        near=np.pad(reach, rim, mode="edge"),
        allowed=tuple(dilated(print_, 2 * round(s * PX_PER_MM) + 1) for s in PRINT_SPREADS_MM),
        outline=(np.abs(distance) < 0.5)[None] & (print_ > 0.3 * 255),
        distance=distance,
        own=_territory(template, margin, index, shape),
    )


def dilated(stack: Bytes, size: int) -> Bytes:
    """Each patch of ``(n, h, w)`` dilated by a disc of ``size`` pixels, in one call."""
    tall = gapped(stack.shape, size)
    tall[:, : stack.shape[1]] = stack
    return dilated_in_gaps(tall, stack.shape[1], size)


def gapped(shape: tuple[int, ...], size: int) -> Bytes:
    """Room for patches ``(n, h, w)`` that a disc of ``size`` pixels keeps apart."""
    count, height, width = shape
    return np.zeros((count, height + size // 2 + 1, width), np.uint8)


def dilated_in_gaps(tall: Bytes, height: int, size: int) -> Bytes:
    """What :func:`dilated` does to patches that stand in such room."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    spread = np.asarray(cv2.dilate(tall.reshape(-1, tall.shape[2]), kernel), np.uint8)
    return np.ascontiguousarray(spread.reshape(tall.shape)[:, :height])


def _territory(
    template: PageTemplate, margin: float, members: Sequence[int], shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Pixels of each patch that lie nearer to its own box than to any other."""
    boxes = template.page.boxes
    result = np.ones((len(members), *shape), np.bool_)
    for row, i in enumerate(members):
        x, y, w, h = boxes[i].box_mm
        mine = _signed_distance(shape, (w, h), margin, boxes[i].shape)
        for j, other in enumerate(boxes):
            ox, oy, ow, oh = other.box_mm
            apart = max(ox - x - w, x - ox - ow, oy - y - h, y - oy - oh)
            if j == i or apart > 2 * margin:
                continue
            centre = ((ox + ow / 2) - (x + w / 2), (oy + oh / 2) - (y + h / 2))
            theirs = _signed_distance(shape, (w, h), margin, other.shape, centre, (ow, oh))
            result[row] &= mine <= theirs
    return result


def _signed_distance(
    shape: tuple[int, ...],
    size_mm: tuple[float, float],
    margin: float,
    outline: str,
    centre_mm: tuple[float, float] = (0.0, 0.0),
    other_mm: tuple[float, float] | None = None,
) -> Floats:
    """Distance to an outline of ``other_mm`` at ``centre_mm`` from a patch's own box."""
    height, width = shape
    x = (np.arange(width) + 0.5) / PX_PER_MM - margin - size_mm[0] / 2 - centre_mm[0]
    y = (np.arange(height) + 0.5) / PX_PER_MM - margin - size_mm[1] / 2 - centre_mm[1]
    a, b = (v / 2 for v in (other_mm or size_mm))
    if outline == "ellipse":
        radius = np.hypot(x[None, :] / a, y[:, None] / b)
        return np.asarray((radius - 1.0) * min(a, b), np.float32)
    qx, qy = np.abs(x)[None, :] - a, np.abs(y)[:, None] - b
    outside = np.hypot(np.maximum(qx, 0), np.maximum(qy, 0))
    return np.asarray(outside + np.minimum(np.maximum(qx, qy), 0), np.float32)

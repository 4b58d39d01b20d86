"""Whether the print of the blank really stands in the scan, rectangle by rectangle.

Two statistics, each against what chance gives on that very print:

- likeness: correlation of scan and print, against the print's correlation with itself
  moved along and across by a word's fraction. Other words on the same line reach 0, the
  same words 1, whatever the weight of the type.
- kept: the share of printed darkness that the scan has too, against the same share with
  the print moved. Handwriting and stamps over print spoil likeness and leave this high.

A rule or a solid area looks the same when moved: chance is near 1 there and nothing is said.
Only rectangles that carry print are cut out and compared: 888 of 1924 tiles on a full A4 page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from scans.compiled import check_inside
from scans.quantiles import median
from scans.register.cells import soft_blank
from scans.register.refine import Overlay
from scans.register.tile_sums import common_ink, tile_sums
from scans.template import PageTemplate

__all__ = ["Darkness", "Overlap", "Printed", "darkness", "overlap", "printed_in", "with_gain"]

# Further than a stroke, less than a line: along the text, then across it.
_ALONG_MM = ((1.75, 0.0), (-2.5, 0.0))
_ACROSS_MM = ((0.0, 1.75), (0.0, -2.5))


@dataclass(frozen=True, eq=False)
class Overlap:
    """Print of the blank and of the scan in ``n`` rectangles of the page.

    Attributes:
        likeness: float32 ``(n,)``: 1 the same print, 0 as like as print moved aside.
        kept: float32 ``(n,)``: 1 all print is there, 0 no more than by chance.
        explained: float32 ``(n,)``: 1 all ink of the scan is the blank's, 0 as by chance.
        inked: float32 ``(n,)``: darkness in the scan against darkness of the print.
    """

    likeness: NDArray[np.float32]
    kept: NDArray[np.float32]
    explained: NDArray[np.float32]
    inked: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Printed:
    """What a blank has in ``n`` rectangles of one size; made once a template.

    Attributes:
        resolution: px a mm.
        corner: int ``(n, 2)``: top-left px of each.
        shape: Height and width of all, px.
        darkness: float32 ``(n, height * width)``: 0 paper to 255.
        total: float32 ``(n,)``: sum of darkness.
        spread: float32 ``(n,)``: sum of squares about the mean.
        square: float32 ``(n,)``: sum of squares.
        chance: float32 ``(n,)``: likeness of the print to itself moved, 0 to 1.
    """

    resolution: float
    corner: NDArray[np.intp]
    shape: tuple[int, int]
    darkness: NDArray[np.float32]
    total: NDArray[np.float32]
    spread: NDArray[np.float32]
    square: NDArray[np.float32]
    chance: NDArray[np.float32]

    @cached_property
    def levels(self) -> NDArray[np.uint8]:
        """:attr:`darkness` in bytes."""
        return np.ascontiguousarray(self.darkness, np.uint8)

    @property
    def weight(self) -> NDArray[np.float32]:
        """Printed darkness of each rectangle, mm² of solid black."""
        return self.total / np.float32(255.0 * self.resolution**2)


@dataclass(frozen=True, eq=False)
class Darkness:
    """How much darker than the paper around a scan is: uint8 with a margin, and its gain."""

    overlay: Overlay
    image: NDArray[np.uint8]
    gain: float = 1.0

    def corners(self, printed: Printed) -> NDArray[np.intp]:
        """Where in the picture the rectangles of the page start: int ``(n, 2)``."""
        height, width = printed.shape
        middle = (printed.corner + np.array([width / 2, height / 2])) / printed.resolution
        aside = self.overlay.aside(middle, printed.resolution)
        return printed.corner + self.overlay.margin + aside


def printed_in(
    template: PageTemplate,
    resolution: float,
    boxes_mm: NDArray[np.float64],
    *,
    lost: int = 0,
) -> Printed:
    """The blank in ``(n, 4)`` rectangles ``x, y, width, height`` in mm, of one size.

    Args:
        template: The blank.
        resolution: px a mm.
        boxes_mm: The rectangles.
        lost: Print up to this darkness, of 255, is left out: thin lines and small type, which are
            light at this resolution, as a coarse photocopier leaves them out.
    """
    page = 255 - soft_blank(template, resolution)
    if lost:
        kept = np.clip((np.arange(256) - lost) * (255 / (255 - lost)), 0, 255)
        page = np.rint(kept).astype(np.uint8)[page]
    margin = round(max(abs(v) for move in (*_ALONG_MM, *_ACROSS_MM) for v in move) * resolution)
    wide = np.pad(page, margin + 1)
    width, height = (max(2, round(float(v) * resolution)) for v in boxes_mm[0, 2:])
    limit = np.array([page.shape[1] - width, page.shape[0] - height])
    corner = np.clip(np.rint(boxes_mm[:, :2] * resolution), 0, limit).astype(np.intp)
    shape = (height, width)
    here = _cut(wide, corner + margin + 1, shape).astype(np.float32)
    total, square, area = here.sum(axis=1), (here * here).sum(axis=1), height * width
    spread = np.maximum(square - total**2 / area, np.float32(1e-6))
    own = []
    for moves in (_ALONG_MM, _ACROSS_MM):
        places = [corner + margin + 1 - _px(m, resolution) for m in moves]
        there = [_cut(wide, place, shape).astype(np.float32) for place in places]
        product = sum((here * t).sum(axis=1) for t in there) / len(moves)
        own.append((product - total**2 / area) / spread)
    chance = np.clip(np.maximum(*own), 0.0, 0.999).astype(np.float32)
    return Printed(resolution, corner, shape, here, total, spread, square, chance)


def darkness(overlay: Overlay, resolution: float) -> Darkness:
    """How dark the scan is against its paper; the gain is not known yet."""
    page = overlay.image
    small = cv2.resize(page, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    # A closing follows shaded rows, which are no print; the blur after it follows lamps.
    reach = max(3, round(5.0 * resolution / 4) | 1)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    paper = cv2.blur(paper, (3, 3))
    paper = cv2.resize(paper, (page.shape[1], page.shape[0]), interpolation=cv2.INTER_LINEAR)
    return Darkness(overlay, np.asarray(cv2.subtract(paper, page), dtype=np.uint8))


def with_gain(dark: Darkness, printed: Printed) -> Darkness:
    """The same with print as dark as the blank's, judged by rectangles that match it."""
    total, square, product, _ = _sums(dark.image, dark.corners(printed), printed)
    area = printed.levels.shape[1]
    spread = np.maximum(square - total**2 / area, np.float32(1e-6))
    alike = (product - total * printed.total / area) / np.sqrt(spread * printed.spread) > 0.7
    ratio = printed.square[alike] / np.maximum(product[alike], 1.0)
    gain = float(np.clip(median(ratio), 0.3, 8.0)) if len(ratio) else 1.0
    image = np.asarray(cv2.convertScaleAbs(dark.image, alpha=gain), dtype=np.uint8)
    return Darkness(dark.overlay, image, gain)


def overlap(dark: Darkness, printed: Printed) -> Overlap:
    """Compare a scan with the blank in the rectangles."""
    area = np.float32(printed.levels.shape[1])
    corner = dark.corners(printed)
    scanned, square, product, common = _sums(dark.image, corner, printed)
    spread = np.maximum(square - scanned**2 / area, np.float32(1e-6))
    together = product - scanned * printed.total / area
    alike = np.asarray(together / np.sqrt(spread * printed.spread), dtype=np.float32)
    along, across = (_aside(dark, printed, corner, moves) for moves in (_ALONG_MM, _ACROSS_MM))
    aside: NDArray[np.float32] = np.maximum(along, across)
    floor: NDArray[np.float32] = np.maximum(printed.total, np.float32(1e-6))
    scan_floor = np.maximum(scanned, 1e-6)
    return Overlap(
        _above(alike, printed.chance),
        _above(np.asarray(common / floor, np.float32), aside / floor),
        _above(np.asarray(common / scan_floor, np.float32), aside / scan_floor),
        np.asarray(scanned / floor, np.float32),
    )


def _aside(
    dark: Darkness,
    printed: Printed,
    corner: NDArray[np.intp],
    moves_mm: tuple[tuple[float, float], ...],
) -> NDArray[np.float32]:
    """Mean overlap of the print with the scan moved aside."""
    total = np.zeros(len(printed.total), np.int64)
    for move in moves_mm:
        moved = corner - _px(move, printed.resolution)
        check_inside(dark.image, moved, printed.shape)
        common_ink(dark.image, moved, printed.levels, printed.shape[1], total)
    return np.asarray(total / len(moves_mm), dtype=np.float32)


def _sums(
    image: NDArray[np.uint8], corner: NDArray[np.intp], printed: Printed
) -> NDArray[np.float64]:
    """Of each rectangle the four sums of :func:`tile_sums`: ``(4, n)``."""
    sums = np.empty((len(corner), 4), np.int64)
    check_inside(image, corner, printed.shape)
    tile_sums(image, corner, printed.levels, printed.shape[1], sums)
    return np.asarray(sums.T, np.float64)


def _cut(
    image: NDArray[np.uint8], corner: NDArray[np.intp], shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """``(n, height * width)`` uint8 of equal rectangles."""
    windows = sliding_window_view(image, shape)[corner[:, 1], corner[:, 0]]
    return windows.reshape(len(corner), -1)


def _px(move_mm: tuple[float, float], resolution: float) -> NDArray[np.intp]:
    return np.array([round(v * resolution) for v in move_mm], dtype=np.intp)


def _above(value: NDArray[np.float32], chance: NDArray[np.float32]) -> NDArray[np.float32]:
    """A share or correlation freed of chance: 0 at chance, 1 at 1."""
    chance = np.clip(chance, 0.0, 0.999)
    result: NDArray[np.float32] = (value - chance) / (1.0 - chance)
    return result

"""Whether the print of the blank really stands in the scan, rectangle by rectangle.

Two statistics, each against what chance gives on that very print:

- likeness: correlation of scan and print, against the print's correlation with itself
  moved along and across by a word's fraction. Other words on the same line reach 0, the
  same words 1, whatever the weight of the type.
- kept: the share of printed darkness that the scan has too, against the same share with
  the print moved. Handwriting and stamps over print spoil likeness and leave this high.

A rule or a solid area looks the same when moved: chance is near 1 there and nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.register.cells import FINE, Cells, soften
from scans.template import PageTemplate

__all__ = ["Overlap", "PrintMap", "print_map"]

# Further than a stroke, less than a line: along the text, then across it.
_ALONG_MM = ((1.75, 0.0), (-2.5, 0.0))
_ACROSS_MM = ((0.0, 1.75), (0.0, -2.5))

# Whole numbers where bytes are summed, else float64; read only through ``_sum``.
Integral = NDArray[np.int32] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Overlap:
    """Print of the blank and of the scan in ``n`` rectangles of the page.

    Attributes:
        likeness: float64 ``(n,)``: 1 the same print, 0 as like as print moved aside.
        kept: float64 ``(n,)``: 1 all print is there, 0 no more than by chance.
        explained: float64 ``(n,)``: 1 all ink of the scan is the blank's, 0 as by chance.
        chance: float64 ``(n,)``: the larger chance of likeness, 0 to 1.
        inked: float64 ``(n,)``: darkness in the scan against darkness of the print.
        weight: float64 ``(n,)``: printed darkness, mm² of solid black.
    """

    likeness: NDArray[np.float64]
    kept: NDArray[np.float64]
    explained: NDArray[np.float64]
    chance: NDArray[np.float64]
    inked: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Blank:
    """What a template brings to the comparison, once a process."""

    darkness: NDArray[np.uint8]
    total: Integral
    square: Integral
    itself_moved: tuple[Integral, ...]


@dataclass(frozen=True, eq=False)
class PrintMap:
    """Integrals of the comparison over a page, asked for any rectangle."""

    resolution: float
    blank: _Blank
    total: Integral
    square: Integral
    product: Integral
    common: Integral
    moved: tuple[Integral, Integral]

    def overlap(self, boxes_mm: NDArray[np.float64]) -> Overlap:
        """Compare in ``(n, 4)`` rectangles ``x, y, width, height`` in mm."""
        corners = self._corners(boxes_mm)
        area = np.maximum((corners[2] - corners[0]) * (corners[3] - corners[1]), 1).astype(
            np.float64
        )
        printed, scanned = _sum(self.blank.total, corners), _sum(self.total, corners)
        printed_spread = np.maximum(_sum(self.blank.square, corners) - printed**2 / area, 1e-6)
        scanned_spread = np.maximum(_sum(self.square, corners) - scanned**2 / area, 1e-6)
        together = _sum(self.product, corners) - printed * scanned / area
        correlation = together / np.sqrt(printed_spread * scanned_spread)
        own = [
            (_sum(moved, corners) - printed**2 / area) / printed_spread
            for moved in self.blank.itself_moved
        ]
        likeness_chance = np.clip(np.maximum(*own), 0.0, 0.999)
        floor = np.maximum(printed, 1e-6)
        common = _sum(self.common, corners)
        aside = np.maximum(_sum(self.moved[0], corners), _sum(self.moved[1], corners))
        return Overlap(
            _above(correlation, likeness_chance),
            _above(common / floor, aside / floor),
            _above(common / np.maximum(scanned, 1e-6), aside / np.maximum(scanned, 1e-6)),
            likeness_chance,
            scanned / floor,
            printed / 255.0 / self.resolution**2,
        )

    def _corners(self, boxes_mm: NDArray[np.float64]) -> tuple[NDArray[np.intp], ...]:
        height, width = self.total.shape
        ends = np.column_stack([boxes_mm[:, :2], boxes_mm[:, :2] + boxes_mm[:, 2:]])
        px = np.rint(ends * self.resolution).astype(np.intp)
        limits = (width - 1, height - 1, width - 1, height - 1)
        return tuple(np.clip(px[:, i], 0, limit) for i, limit in enumerate(limits))


def _above(value: NDArray[np.float64], chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """A share or correlation freed of chance: 0 at chance, 1 at 1."""
    chance = np.clip(chance, 0.0, 0.999)
    result: NDArray[np.float64] = (value - chance) / (1.0 - chance)
    return result


def _sum(integral: Integral, corners: tuple[NDArray[np.intp], ...]) -> NDArray[np.float64]:
    left, top, right, bottom = corners
    ends = [
        integral[y, x].astype(np.float64)
        for y, x in ((bottom, right), (top, right), (bottom, left), (top, left))
    ]
    result: NDArray[np.float64] = ends[0] - ends[1] - ends[2] + ends[3]
    return result


@lru_cache(maxsize=64)
def _blank(template: PageTemplate) -> _Blank:
    resolution = FINE.resolution(template.page.size_mm)
    darkness = 255 - soften(template.at(resolution))
    total, square = cv2.integral2(darkness, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
    wide = darkness.astype(np.float32)
    moved = []
    for moves in (_ALONG_MM, _ACROSS_MM):
        product = np.zeros_like(wide)
        for move in moves:
            here, there = _windows(wide.shape, move, resolution)
            product[here] += wide[here] * wide[there] / len(moves)
        moved.append(_integral(product))
    return _Blank(
        darkness,
        np.asarray(total, dtype=np.float64),
        np.asarray(square, dtype=np.float64),
        tuple(moved),
    )


def _windows(
    shape: tuple[int, ...], move_mm: tuple[float, float], resolution: float
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Slices of a page and of the same page moved."""
    height, width = shape[:2]
    x, y = (round(v * resolution) for v in move_mm)
    here = (slice(max(0, y), height + min(0, y)), slice(max(0, x), width + min(0, x)))
    there = (slice(max(0, -y), height - max(0, y)), slice(max(0, -x), width - max(0, x)))
    return here, there


def _integral(image: NDArray[np.uint8] | NDArray[np.float32]) -> Integral:
    if image.dtype == np.uint8:
        return np.asarray(cv2.integral(image, sdepth=cv2.CV_32S), dtype=np.int32)
    return np.asarray(cv2.integral(image, sdepth=cv2.CV_64F), dtype=np.float64)


def print_map(
    page: NDArray[np.uint8], template: PageTemplate, cells: Cells, score: NDArray[np.float64]
) -> PrintMap:
    """Compare a scan brought to the page with the blank.

    Args:
        page: uint8, the scan at the cells' resolution, without margin, softened.
        template: The blank.
        cells: Its cells.
        score: Their correlation, for the contrast of the scan.
    """
    resolution = cells.resolution
    blank = _blank(template)
    dark = _darkness(page, resolution)
    gain = _gain(dark, blank.darkness, cells, score)
    dark = np.asarray(cv2.convertScaleAbs(dark, alpha=gain), dtype=np.uint8)
    total, square = cv2.integral2(dark, sdepth=cv2.CV_32S, sqdepth=cv2.CV_64F)
    product = cv2.multiply(dark, blank.darkness, dtype=cv2.CV_32F)
    return PrintMap(
        resolution,
        blank,
        np.asarray(total, dtype=np.int32),
        np.asarray(square, dtype=np.float64),
        _integral(np.asarray(product, dtype=np.float32)),
        _integral(np.asarray(cv2.min(dark, blank.darkness), dtype=np.uint8)),
        (
            _aside(dark, blank.darkness, _ALONG_MM, resolution),
            _aside(dark, blank.darkness, _ACROSS_MM, resolution),
        ),
    )


def _aside(
    dark: NDArray[np.uint8],
    printed: NDArray[np.uint8],
    moves_mm: tuple[tuple[float, float], ...],
    resolution: float,
) -> Integral:
    """Integral of the mean overlap with the scan moved aside."""
    # Halves of two moves add up to a byte; sums in bytes are what makes it quick.
    share = 1.0 / len(moves_mm)
    total = np.zeros_like(printed)
    for move in moves_mm:
        here, there = _windows(printed.shape, move, resolution)
        common = cv2.min(dark[there], printed[here])
        total[here] = cv2.add(total[here], cv2.convertScaleAbs(common, alpha=share))
    return _integral(total)


def _darkness(page: NDArray[np.uint8], resolution: float) -> NDArray[np.uint8]:
    """How much darker than the paper around: uint8, 0 on paper."""
    small = cv2.resize(page, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    # A closing follows shaded rows, which are no print; the blur after it follows lamps.
    reach = max(3, round(5.0 * resolution / 4) | 1)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    paper = cv2.blur(paper, (3, 3))
    paper = cv2.resize(paper, (page.shape[1], page.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.subtract(paper, page), dtype=np.uint8)


def _gain(
    dark: NDArray[np.uint8], printed: NDArray[np.uint8], cells: Cells, score: NDArray[np.float64]
) -> float:
    """Factor that makes the scan's print as dark as the blank's, from cells that match."""
    good = np.flatnonzero(np.nan_to_num(score, nan=0.0) > 0.7)
    ratios = []
    for i in good[:: max(1, len(good) // 60)]:
        left, top = cells.corner[i]
        part = (slice(top, top + cells.side), slice(left, left + cells.side))
        a, b = printed[part].astype(np.float64), dark[part].astype(np.float64)
        ratios.append((a * a).sum() / max((a * b).sum(), 1.0))
    return float(np.clip(np.median(ratios), 0.3, 8.0)) if ratios else 1.0

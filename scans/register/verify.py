"""Whether the print of the blank really stands in the scan, cell by cell.

Overlap of print: the share of a cell's printed darkness that the scan has too, against
the same share with the print moved aside by a few strokes (what chance would give in a
cell so full of ink). Handwriting and stamps over print leave it high, other words in the
same place bring it down to about 0, and print that is gone shows as a scan without ink.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.register.cells import Cells, soften
from scans.template import PageTemplate

__all__ = ["Overlap", "PrintMap", "print_map"]

# Moves that no word, rule or box outline survives.
_ASIDE_MM = ((1.25, 1.75), (-1.75, 1.25), (-1.25, -1.5), (1.75, -1.25))


@dataclass(frozen=True, eq=False)
class Overlap:
    """Overlap of print in some rectangles of the page.

    Attributes:
        kept: float64 ``(n,)``: 1 all print is there, 0 no more than by chance.
        chance: float64 ``(n,)``: overlap with the print moved aside, 0 to 1.
        inked: float64 ``(n,)``: darkness in the scan against darkness of the print.
        weight: float64 ``(n,)``: printed darkness, mm² of solid black.
    """

    kept: NDArray[np.float64]
    chance: NDArray[np.float64]
    inked: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PrintMap:
    """Integrals of overlap over a page, asked for any rectangle."""

    resolution: float
    printed: NDArray[np.float64]
    scanned: NDArray[np.float64]
    common: NDArray[np.float64]
    aside: NDArray[np.float64]

    def overlap(self, boxes_mm: NDArray[np.float64]) -> Overlap:
        """Overlap in ``(n, 4)`` rectangles ``x, y, width, height`` in mm."""
        printed = self._sum(self.printed, boxes_mm)
        floor = np.maximum(printed, 1e-9)
        recall = self._sum(self.common, boxes_mm) / floor
        chance = np.clip(self._sum(self.aside, boxes_mm) / floor, 0.0, 0.999)
        return Overlap(
            (recall - chance) / (1.0 - chance),
            chance,
            self._sum(self.scanned, boxes_mm) / floor,
            printed / 255.0 / self.resolution**2,
        )

    def _sum(
        self, integral: NDArray[np.float64], boxes_mm: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        height, width = integral.shape
        px = np.rint(boxes_mm * self.resolution).astype(np.intp)
        left, top = np.clip(px[:, 0], 0, width - 1), np.clip(px[:, 1], 0, height - 1)
        right = np.clip(px[:, 0] + px[:, 2], 0, width - 1)
        bottom = np.clip(px[:, 1] + px[:, 3], 0, height - 1)
        result: NDArray[np.float64] = (
            integral[bottom, right]
            - integral[top, right]
            - integral[bottom, left]
            + integral[top, left]
        )
        return result


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
    blank = soften(template.at(resolution))
    printed = 255 - blank
    dark = _darkness(page, resolution)
    gain = _gain(dark, printed, cells, score)
    dark = cv2.convertScaleAbs(dark, alpha=gain)
    # Two strokes that miss each other by a quarter of a millimetre still are the same.
    wide = cv2.dilate(dark, np.ones((3, 3), np.uint8))
    return PrintMap(
        resolution,
        _integral(printed),
        _integral(dark),
        _integral(cv2.min(wide, printed)),
        _integral(_aside(wide, printed, resolution)),
    )


def _integral(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(cv2.integral(image, sdepth=cv2.CV_32S), dtype=np.float64)


def _aside(
    wide: NDArray[np.uint8], printed: NDArray[np.uint8], resolution: float
) -> NDArray[np.uint8]:
    """Mean overlap with the print moved aside, uint8."""
    # Quarters of the four moves add up to at most 255: sums in bytes are what makes it quick.
    scan, blank = cv2.convertScaleAbs(wide, alpha=1 / 4), cv2.convertScaleAbs(printed, alpha=1 / 4)
    total = np.zeros_like(printed)
    height, width = printed.shape
    for x_mm, y_mm in _ASIDE_MM:
        x, y = round(x_mm * resolution), round(y_mm * resolution)
        there = (slice(max(0, -y), height - max(0, y)), slice(max(0, -x), width - max(0, x)))
        here = (slice(max(0, y), height + min(0, y)), slice(max(0, x), width + min(0, x)))
        part = total[here]
        cv2.add(part, cv2.min(scan[there], blank[here]), dst=part)
    return total


def _darkness(page: NDArray[np.uint8], resolution: float) -> NDArray[np.uint8]:
    """How much darker than the paper around: uint8, 0 on paper."""
    small = cv2.resize(page, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    reach = max(3, round(8.0 * resolution / 4) | 1)
    paper = cv2.blur(cv2.dilate(small, np.ones((reach, reach), np.uint8)), (reach, reach))
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

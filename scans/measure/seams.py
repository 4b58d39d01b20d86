"""Thin straight lines on bare paper that the blank does not have: edges of glued paper.

A cut edge throws a thin shadow and catches light. Each is fainter than ink but runs dead
straight, so it is summed up along itself: 6 mm of a line two grey levels deep stand out of
the grain of any paper. A line must be darker (or lighter) than both its sides: steps of a
tint, rims of stains and highlighters are not lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.measure.sheet import SHEET_PX_PER_MM, Sheet

__all__ = ["Seam", "seams"]

Bytes = NDArray[np.uint8]

# Sides of a line are looked at this far from it, and it is summed up over this length, px.
_BESIDE, _ALONG = 3, 25
# What one pixel may say at most, in grey levels: ink that slipped the mask must not shout.
_MOST = 14
# Ink is darker than this share of paper to print; what is near it or near print is left out.
_INK, _PRINTED = 0.3, 40
_NEAR = 5
_LEAST_VALID = 0.5
_LEAST_NOISE = 0.12
_LEAST_Z, _LEAST_LEVELS = 6.0, 0.7
_BRIDGE = 21
_SHORTEST_MM = 6.0
# Turned by no more than so much against the page.
_SLOPE = 0.045


@dataclass(frozen=True, slots=True)
class Seam:
    """One line, on the form.

    Attributes:
        upright: Whether it runs down the page.
        start_mm: Place of its left or upper end.
        stop_mm: Place of the other end.
        z: Its depth in errors of such a sum on bare paper.
    """

    upright: bool
    start_mm: tuple[float, float]
    stop_mm: tuple[float, float]
    z: float

    @property
    def length_mm(self) -> float:
        """From end to end."""
        return float(np.hypot(*np.subtract(self.stop_mm, self.start_mm)))


def seams(sheet: Sheet, area_mm: BoxMm) -> list[Seam]:
    """All seams in a part of the page; those that leave it are cut at its edge."""
    r = SHEET_PX_PER_MM
    x, y, w, h = area_mm
    height, width = sheet.grey.shape
    rows = slice(max(0, round(y * r)), min(height, round((y + h) * r)))
    columns = slice(max(0, round(x * r)), min(width, round((x + w) * r)))
    grey = np.ascontiguousarray(sheet.grey[rows, columns])
    paper = sheet.paper[rows, columns]
    limit = _INK * max(float(np.median(paper[::8, ::8])) - sheet.black, 40.0)
    ink = cv2.threshold(cv2.subtract(paper, grey), limit, 255, cv2.THRESH_BINARY)[1]
    print_ = cv2.threshold(sheet.print_[rows, columns], _PRINTED, 255, cv2.THRESH_BINARY)[1]
    covered = cv2.dilate(cv2.bitwise_or(ink, print_), np.ones((_NEAR, _NEAR), np.uint8))
    bare = np.asarray(cv2.bitwise_not(covered), np.uint8)
    found = _level(grey, bare, upright=False)
    found += _level(np.ascontiguousarray(grey.T), np.ascontiguousarray(bare.T), upright=True)
    origin = np.array([columns.start, rows.start])
    return [_placed(line, z, origin, upright=upright) for line, upright, z in found]


_Line = tuple[float, float, float, float]


def _placed(line: _Line, z: float, origin: NDArray[np.int_], *, upright: bool) -> Seam:
    a, b, c, d = line  # along and across at the start, along and across at the stop
    ends = np.array([[b, a], [d, c]] if upright else [[a, b], [c, d]])
    mm = (ends + origin + 0.5) / SHEET_PX_PER_MM
    return Seam(upright, (float(mm[0, 0]), float(mm[0, 1])), (float(mm[1, 0]), float(mm[1, 1])), z)


def _level(grey: Bytes, bare: Bytes, *, upright: bool) -> list[tuple[_Line, bool, float]]:
    """Lines along the rows of a picture."""
    above, below = np.roll(grey, _BESIDE, axis=0), np.roll(grey, -_BESIDE, axis=0)
    free = cv2.erode(bare, np.ones((2 * _BESIDE + 1, 1), np.uint8))
    free[:_BESIDE], free[-_BESIDE:] = 0, 0
    share = cv2.blur(free, (_ALONG, 1)).astype(np.float32) / np.float32(255)
    known = share > _LEAST_VALID
    if not known.any():
        return []
    found: list[tuple[_Line, bool, float]] = []
    darker = cv2.subtract(cv2.min(above, below), grey, dtype=cv2.CV_16S)
    lighter = cv2.subtract(grey, cv2.max(above, below), dtype=cv2.CV_16S)
    for depth in (darker, lighter):
        clipped = np.clip(depth, -_MOST, _MOST).astype(np.float32)
        clipped[free == 0] = 0.0
        mean = np.asarray(cv2.blur(clipped, (_ALONG, 1)), np.float32)
        mean /= np.maximum(share, np.float32(_LEAST_VALID))
        sample = mean[::3, ::5][known[::3, ::5]]
        middle = float(np.median(sample))
        noise = max(_LEAST_NOISE, 1.4826 * float(np.median(np.abs(sample - middle))))
        limit = middle + max(_LEAST_Z * noise, _LEAST_LEVELS)
        strong = ((mean > limit) & known).astype(np.uint8)
        joined = cv2.morphologyEx(strong, cv2.MORPH_CLOSE, np.ones((3, _BRIDGE), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        for k in range(1, count):
            line = _straight(np.asarray(labels, np.int32), stats[k], k, strong)
            if line is not None:
                top, left = stats[k, cv2.CC_STAT_TOP], stats[k, cv2.CC_STAT_LEFT]
                bottom, right = (
                    top + stats[k, cv2.CC_STAT_HEIGHT],
                    left + stats[k, cv2.CC_STAT_WIDTH],
                )
                best = np.where(known, mean, middle)[top:bottom, left:right].max(axis=0)
                found.append((line, upright, float((np.median(best) - middle) / noise)))
    return found


def _straight(
    labels: NDArray[np.int32], stats: NDArray[np.int32], k: int, strong: Bytes
) -> _Line | None:
    """The line through a component, if it is long, thin and level."""
    left, top = int(stats[cv2.CC_STAT_LEFT]), int(stats[cv2.CC_STAT_TOP])
    width, height = int(stats[cv2.CC_STAT_WIDTH]), int(stats[cv2.CC_STAT_HEIGHT])
    if width < _SHORTEST_MM * SHEET_PX_PER_MM or height > 4 + 2 * _SLOPE * width:
        return None
    window = slice(top, top + height), slice(left, left + width)
    ys, xs = np.nonzero((labels[window] == k) & (strong[window] > 0))
    if len(xs) < 0.5 * width:
        return None
    slope, offset = np.polyfit(xs, ys, 1)
    if abs(slope) > _SLOPE or float(np.abs(ys - slope * xs - offset).mean()) > 1.5:
        return None
    return (left, top + offset, left + width - 1, top + offset + slope * (width - 1))

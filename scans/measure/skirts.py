"""How ink fades into paper at its rims, as counts of levels on the pixels as received.

Optics blur every line of a real scan, so around ink all shades between ink and paper occur,
fewer the darker. Whoever lays ink on digitally, cut out by colour or multiplied, must say
from which shade on it is ink: below that the rim is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["Rims", "field_rims"]

_MASK_PX_PER_MM = 4.0
# Ink is what is this dark; its rim reaches this far; print of the blank is kept this far off.
_CORE = 0.3
_RIM_MM = 0.3
_PRINT_MM = 0.7
_PRINTED = 40
# Counts are taken in steps of this share of the way from paper to print.
_STEP = 0.01
_STEPS = 30


@dataclass(frozen=True, eq=False)
class Rims:
    """Shades around the ink of a region.

    Attributes:
        counts: float64 ``(channels, 30)``: pixels by darkness, 0 to 0.3 in steps of 0.01.
        core: int: pixels of ink, in the channel that has most.
        depth: float64 ``(channels,)``: how dark ink is in the middle, 0 paper to 1 print.
    """

    counts: NDArray[np.float64]
    core: int
    depth: NDArray[np.float64]


def field_rims(
    image: NDArray[np.uint8],
    registration: Registration,
    template: PageTemplate,
    box_mm: BoxMm,
    black: float,
    *,
    print_too: bool = False,
) -> Rims | None:
    """Shades around the ink in ``box_mm``; ``None`` off the scan.

    Args:
        image: The scan as received.
        registration: Lays it over ``template``.
        template: The blank page.
        box_mm: The region.
        black: Level of the form's print.
        print_too: Count the form's own print as ink, instead of keeping away from it.
    """
    x, y, w, h = box_mm
    corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float64)
    px = registration.to_px(corners)
    limit = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.ceil(px.min(axis=0)).astype(int), 0, limit)
    high = np.clip(np.floor(px.max(axis=0)).astype(int) + 1, 0, limit)
    if min(high - low) < 16:
        return None
    part = image[low[1] : high[1], low[0] : high[0]]
    free = np.full(part.shape[:2], 255, np.uint8)
    if not print_too:
        free = _free(template, registration, box_mm, low, (part.shape[0], part.shape[1]))
    scale = registration.px_per_mm
    side = 2 * max(1, round(_RIM_MM * scale)) + 1
    square = np.ones((side, side), np.uint8)
    if part.ndim == 3 and print_too:
        part = np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), np.uint8)
    channels = cv2.split(part) if part.ndim == 3 else (part,)
    counts, depth, core = [], [], 0
    for channel in channels:
        paper = _paper(np.asarray(channel, np.uint8))
        span = max(paper - black, 40.0)
        ink = cv2.threshold(channel, paper - _CORE * span, 255, cv2.THRESH_BINARY_INV)[1]
        ink = cv2.bitwise_and(ink, free)
        rim = cv2.bitwise_and(cv2.subtract(cv2.dilate(ink, square), ink), free)
        levels = cv2.calcHist([channel], [0], rim, [256], [0, 256]).ravel().astype(np.float64)
        counts.append(_by_darkness(levels, paper, span))
        core = max(core, int(cv2.countNonZero(ink)))
        inside = cv2.calcHist([channel], [0], ink, [256], [0, 256]).ravel()
        depth.append((paper - _middle(inside)) / span)
    return Rims(np.array(counts), core, np.array(depth))


def _middle(levels: NDArray[Any]) -> float:
    """The level that half of the counted pixels lie at or below."""
    total = np.cumsum(levels)
    return float(np.searchsorted(total, total[-1] / 2))


def _paper(channel: NDArray[np.uint8]) -> float:
    """The most frequent of the lighter levels, from a raster of pixels."""
    counts = np.bincount(channel[::4, ::4].ravel(), minlength=256).astype(np.float64)
    smooth = np.convolve(counts, np.ones(3) / 3.0, mode="same")
    lightest = int(np.searchsorted(np.cumsum(counts), 0.3 * counts.sum()))
    return float(lightest + int(np.argmax(smooth[lightest:])))


def _by_darkness(levels: NDArray[np.float64], paper: float, span: float) -> NDArray[np.float64]:
    """Counts of grey levels as counts of darkness, each level spread over what it covers."""
    total = np.concatenate([[0.0], np.cumsum(levels[::-1])])
    # total[k] counts what is darker than no level above 255.5 - k.
    edges = paper - np.arange(_STEPS + 1) * _STEP * span
    lighter = np.interp(255.5 - edges, np.arange(257), total)
    return np.diff(lighter)


def _free(
    template: PageTemplate,
    registration: Registration,
    box_mm: BoxMm,
    low: NDArray[np.int_],
    shape: tuple[int, int],
) -> NDArray[np.uint8]:
    """255 where the blank has no print nearby."""
    free = np.full(shape, 255, np.uint8)
    outlines = [
        np.round(registration.to_px(outline) - low).astype(np.int32)
        for outline in _print_outlines(template, box_mm)
    ]
    if outlines:
        cv2.fillPoly(free, outlines, (0,))
    return free


@lru_cache(maxsize=64)
def _print_outlines(template: PageTemplate, box_mm: BoxMm) -> list[NDArray[np.float64]]:
    """Outlines ``(n, 2)`` in mm of what lies near print in a region; those of holes, too."""
    r, (x, y, w, h) = _MASK_PX_PER_MM, box_mm
    left, top = max(0, int((x - 2.0) * r)), max(0, int((y - 2.0) * r))
    cut = template.at(r)[top : int((y + h + 2.0) * r) + 1, left : int((x + w + 2.0) * r) + 1]
    side = 2 * round(_PRINT_MM * r) + 1
    dark = cv2.threshold(cv2.bitwise_not(cut), _PRINTED, 255, cv2.THRESH_BINARY)[1]
    spread = cv2.dilate(dark, np.ones((side, side), np.uint8))
    found, _ = cv2.findContours(spread, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    origin = np.array([left, top]) + 0.5
    return [(outline.reshape(-1, 2) + origin) / r for outline in found]

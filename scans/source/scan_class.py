"""What kind of picture a page is, so that each check knows whether it can judge.

Limits were set on the 32 real pages of the development data (SURVEY_AUDIT_DATA), that of full black
on simulated ones (`tests/accuracy/laid.py`, `treated.py`):

====================  ==============================================  =================
figure                measured                                        limit
====================  ==============================================  =================
mid / dark pixels     two-level pages saved as JPEG, quality 30 to    bitonal below 0.1
                      95: 0 to 0.05; smoothed or reduced two-level
                      pages: from 0.22; grey and colour scans: from
                      0.59
full black / dark     turned, shifted or resized two-level pages:     bitonal from 0.5
                      0.58 to 0.90; grey and colour scans: up to 0.34
white share of paper  burnt-out scans: 0.7 to 1.0; pages with paper   clipped from 0.5
                      texture and photos: 0.00
uneven light          burnt-out scans: up to 0.001; phone photos:     photo from 0.05,
                      0.058 to 0.60                                   0.10 if a resolution
                                                                      of a scanner is stored
coloured pixels       two-level and grey: 0; colour scans: from       colour from 0.001
                      0.006
====================  ==============================================  =================
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.quantiles import median, percentile
from scans.source.look import Look, look_at
from scans.types import Origin, ScanClass

__all__ = ["classify", "uneven_light"]

_MID_TO_DARK = 0.1
_WHITE_PAPER = 0.5
# JPEG leaves pure black and white within a few levels.
_BLACK, _WHITE, _FULL_BLACK = 9, 247, 0.5
_COLOURED_SHARE = 0.001
# Chroma (largest minus smallest channel) that JPEG makes of pure grey stays below this.
_CHROMA = 16
_CHROMA_ROWS = 16
_UNEVEN, _UNEVEN_SCANNED = 0.05, 0.10
_CELL = 12  # pixels of the view that make one measurement of paper brightness
_SCANNER_DPI = 100.0  # cameras store 72 or 96 out of habit


def classify(image: NDArray[np.uint8], origin: Origin, look: Look | None = None) -> ScanClass:
    """Scan class of a page by its pixels, with the origin as a hint.

    Args:
        image: uint8 grey ``(height, width)`` or BGR ``(height, width, 3)``.
        origin: ``encoding`` "rendered", camera metadata and resolution are used.
        look: Reduced views of ``image``, if they are there already.
    """
    if origin.encoding == "rendered":
        return ScanClass.RENDERED
    look = look or look_at(image, origin)
    coloured = _coloured(image)
    if not coloured and (_two_level(look.levels) or _smoothed(look.levels)):
        return ScanClass.BITONAL
    if origin.metadata.get("camera") or origin.metadata.get("stream_camera"):
        return ScanClass.PHOTO
    if _white_share(look.levels) >= _WHITE_PAPER:
        return ScanClass.CLIPPED_COLOUR if coloured else ScanClass.CLIPPED_GREY
    scanned = origin.dpi is not None and min(origin.dpi) >= _SCANNER_DPI
    if uneven_light(look) >= (_UNEVEN_SCANNED if scanned else _UNEVEN):
        return ScanClass.PHOTO
    return ScanClass.CONTINUOUS


def uneven_light(look: Look) -> float:
    """How much the paper's brightness varies smoothly over the sheet, 0 to 1.

    Print and pen are closed over, a quadratic surface is fitted to the brightness of
    what looks like paper, and the range of that surface is given as a share of its
    height. Printed shading has edges and falls out of the fit as outliers.
    """
    small = cv2.morphologyEx(look.view, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    size = (max(8, small.shape[1] // _CELL), max(8, small.shape[0] // _CELL))
    levels = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), dtype=np.float64)
    # The outer 8 % is where scanner edges and the table around a photo are.
    top, left = round(0.08 * size[1]), round(0.08 * size[0])
    levels = levels[top : size[1] - top, left : size[0] - left]
    terms = _quadratic(*levels.shape)
    values = levels.ravel()
    paper = values > 0.5 * percentile(values, 95)
    fitted = values
    for _ in range(4):
        if paper.sum() < 12:
            return 0.0
        here = terms[paper]
        gram = here.T @ here + 1e-6 * np.eye(6)
        fitted = terms @ np.linalg.solve(gram, here.T @ values[paper])
        left_over = np.abs(values - fitted)
        paper = left_over < max(3.0, 3.7 * median(left_over[paper]))
    if paper.sum() < 12:
        return 0.0
    low, high = (percentile(fitted[paper], q) for q in (1, 99))
    return float(np.clip((high - low) / max(high, 1.0), 0.0, 1.0))


@lru_cache(maxsize=8)
def _quadratic(rows: int, columns: int) -> NDArray[np.float64]:
    """Terms of a quadratic surface over a grid: ``(rows * columns, 6)``."""
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1).reshape(-1, 6)


def _two_level(levels: NDArray[np.float64]) -> bool:
    """Whether hardly a pixel lies between ink and paper."""
    if np.count_nonzero(levels) <= 2:
        return True
    dark, mid = float(levels[:64].sum()), float(levels[64:192].sum())
    paper = float(levels[224:].sum()) / max(float(levels[192:].sum()), 1e-9)
    # Paper must be flat as well: a pale page with grain is not two-level.
    flat = float(levels[255]) > 0.5 * float(levels[192:].sum())
    return flat and paper > 0.98 and dark > 0.0 and mid < _MID_TO_DARK * dark


def _smoothed(levels: NDArray[np.float64]) -> bool:
    """Whether a program has turned, moved or resized a page of two levels.

    Its edges are grey now, but paper and ink know one level each, as no scanner of shades has
    them: what such a page does not carry, it does not carry still.
    """
    bright, dark = float(levels[192:].sum()), float(levels[:128].sum())
    flat = float(levels[_WHITE:].sum()) > 0.95 * bright
    return flat and dark > 0.0 and float(levels[:_BLACK].sum()) >= _FULL_BLACK * dark


def _white_share(levels: NDArray[np.float64]) -> float:
    """Share of pure white among what is as bright as paper."""
    bright = np.cumsum(levels[::-1])[::-1]
    # Paper is within 40 levels of the brightest fifth of the page.
    paper = max(int(np.searchsorted(-bright, -0.2, side="right")) - 1 - 40, 0)
    return float(levels[255] / max(bright[paper], 1e-9))


def _coloured(image: NDArray[np.uint8]) -> bool:
    if image.ndim == 2:
        return False
    rows = np.ascontiguousarray(image[::_CHROMA_ROWS])
    blue, green, red = cv2.split(rows)
    chroma = cv2.subtract(cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red))
    over = cv2.countNonZero(cv2.threshold(chroma, _CHROMA, 255, cv2.THRESH_BINARY)[1])
    return over >= _COLOURED_SHARE * chroma.size

"""One look at a page, shared by scan class and quality: each view is computed once."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.halvings import Halvings
from scans.types import Origin

__all__ = ["Look", "histogram", "look_at"]

# The reduced view has at least this many pixels a mm and less than twice as many: a pen
# stroke (0.3 to 0.7 mm) is a pixel or two, paper grain is gone.
_VIEW_PX_PER_MM = 2.4
_ROWS = 16  # every sixteenth row gives the histogram: shares of levels need no more
# Sheets that a stored resolution may imply: A7 to A2. Cameras store 72 dpi by habit.
_SHORTEST_MM, _LONGEST_MM = 90.0, 600.0
_A4_MM = 297.0


@dataclass(frozen=True, slots=True)
class Look:
    """Reduced views of one page.

    Attributes:
        halvings: The page itself in grey, and halved.
        levels: float64 ``(256,)``: share of each grey level, over every sixteenth row.
        view: uint8: grey, 2.4 to 4.8 px/mm (coarser if the page is).
        view_px_per_mm: Resolution of ``view``.
        px_per_mm: Resolution of the page as received, stored or judged by its size.
        judged: True if no resolution worth believing was stored.
    """

    halvings: Halvings
    levels: NDArray[np.float64]
    view: NDArray[np.uint8]
    view_px_per_mm: float
    px_per_mm: float
    judged: bool


def look_at(image: NDArray[np.uint8], origin: Origin) -> Look:
    """Reduce ``image`` (grey or BGR) for judging it."""
    grey = image
    if image.ndim == 3:
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    px_per_mm, judged = _resolution(grey.shape, origin)
    halvings, times, scale = Halvings(grey), 0, px_per_mm
    while scale / 2 >= _VIEW_PX_PER_MM and min(halvings.at(times).shape) > 16:
        times, scale = times + 1, scale / 2
    view = halvings.at(times)
    return Look(halvings, histogram(grey[::_ROWS]), view, scale, px_per_mm, judged)


def histogram(
    grey: NDArray[np.uint8], mask: NDArray[np.uint8] | None = None
) -> NDArray[np.float64]:
    """Share of each of the 256 levels, all 0 for an empty mask."""
    counts = cv2.calcHist([grey], [0], mask, [256], [0, 256]).ravel().astype(np.float64)
    shares: NDArray[np.float64] = counts / max(counts.sum(), 1.0)
    return shares


def _resolution(shape: tuple[int, ...], origin: Origin) -> tuple[float, bool]:
    """Pixels a mm, and whether they were judged from a sheet of A4."""
    longest = max(shape[:2])
    if origin.dpi is not None:
        stored = max(origin.dpi) / 25.4
        if _SHORTEST_MM <= longest / stored <= _LONGEST_MM:
            return stored, False
    return longest / _A4_MM, True

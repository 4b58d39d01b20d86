"""How large a square of one single level lies at every answer box, as the scanner stored it.

Fibre and sensor noise change the level from pixel to pixel. JPEG may wipe that out inside one
of its blocks, which is then of one level; that the next ones across, down and aslant are of
the very same level is rare. What a program fills with a
colour is of one level wherever whole blocks of it lie. Needed is no more than two blocks each
way, so that the inside of a small box at 200 dpi will do, where roughness averaged over
millimetres holds the noise of JPEG around the outline as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import BoxPatches, PageInk
from scans.types import RawPage, Registration

__all__ = ["flat_squares"]

_RIM_MM = 1.0
# A sensor at the end of its scale gives one level, too; so does sharpening beside print.
_BURNT_OUT = 253


def flat_squares(
    raw: RawPage, registration: Registration, groups: Sequence[BoxPatches], ink: PageInk
) -> NDArray[np.int64]:
    """Measure them.

    Args:
        raw: The scan, upright.
        registration: Lays it over the form.
        groups: The page's boxes.
        ink: Levels of the page: only what is nearer to paper than to print is looked at.

    Returns:
        int64 ``(n,)`` in the order of the page's boxes: side of the largest square, in px; -1
        for boxes that do not lie wholly on the scan.
    """
    count = sum(len(group.boxes) for group in groups)
    found = np.full(count, -1, np.int64)
    grey = raw.grey
    dark = 0.5 * (ink.paper + ink.black)
    for group in groups:
        corners = np.array([box.box_mm[:2] for box in group.boxes]) - _RIM_MM + group.shift_mm
        sides = np.array(group.box_size_mm) + 2 * _RIM_MM
        w, h = np.rint(sides * registration.px_per_mm).astype(int).tolist()
        px = np.rint(registration.to_px(corners)).astype(np.int64)
        inside = (px >= 0).all(axis=1)
        inside &= (px[:, 0] + w <= grey.shape[1]) & (px[:, 1] + h <= grey.shape[0])
        for row in np.flatnonzero(inside).tolist():
            x, y = px[row].tolist()
            found[group.index[row]] = _largest(grey[y : y + h, x : x + w], dark)
    return found


def _largest(levels: NDArray[np.uint8], dark: float) -> int:
    """Side of the largest square of one level in a patch, in px; an even one may lose a pixel."""
    same = np.zeros((levels.shape[0] + 1, levels.shape[1] + 1), np.uint8)
    here = levels[:-1, :-1]
    same[1:-1, 1:-1] = (here == levels[:-1, 1:]) & (here == levels[1:, :-1])
    same[1:-1, 1:-1] &= (here > dark) & (here < _BURNT_OUT)
    # Pixels like the next ones across and down: squares of them are one pixel larger.
    reach = cv2.distanceTransform(same, cv2.DIST_C, 3).max()
    return max(1, 2 * int(reach))

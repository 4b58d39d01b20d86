"""Lines that strike a mark out within the wide cell of a table.

Such a line runs out of the mark on both sides, not out of the cell. It is the longest level band
of a cell's ink; what stands above and below it is the mark.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches

__all__ = ["struck_beyond"]

# A line by hand keeps to a band of this height over the length of a mark, as steep as this.
_BAND_MM, _SLOPES = 0.9, (0.0, -0.06, 0.06, -0.12, 0.12)
# Its own edge, beyond the band.
_EDGE_MM = 0.3
# Gaps in it: a pen that skips.
_GAP_MM = 0.5
# Ink above and below the band, in mm2 each, and how far it reaches there.
_REST_MM2, _REST_MM = 0.1, 0.4
# Shorter on either side it is the mark's own stroke.
_LEAST_MM = 0.25
# Bands are tried at every so many px.
_STEP_PX = 2


def struck_beyond(group: BoxPatches, ink: NDArray[np.bool_], dark: NDArray[np.bool_]) -> float:
    """How far a level line runs out of the mark in a wide cell, in mm, the shorter side; or 0.

    Args:
        group: Boxes of one size.
        ink: bool ``(h, w)``: what was drawn in this box or beside it.
        dark: bool ``(h, w)``: the same, print among it: a line runs on over letters.
    """
    out = 0.0
    inside = group.distance < 0.0
    for slope in _SLOPES:
        level = _sheared(ink, slope)
        if level.any():
            out = max(out, _beyond_mark(level, _sheared(dark, slope), _sheared(inside, slope)))
    return out if out >= _LEAST_MM else 0.0


def _sheared(mask: NDArray[np.bool_], slope: float) -> NDArray[np.bool_]:
    """The mask with lines of a slope made level."""
    if slope == 0.0:
        return mask
    rows, columns = np.nonzero(mask)
    moved = rows - np.rint(slope * (columns - mask.shape[1] / 2)).astype(np.intp)
    kept = (moved >= 0) & (moved < len(mask))
    level = np.zeros_like(mask)
    level[moved[kept], columns[kept]] = True
    return level


def _beyond_mark(
    ink: NDArray[np.bool_], dark: NDArray[np.bool_], inside: NDArray[np.bool_]
) -> float:
    """How far the longest level band runs out of what stands above and below it, in mm."""
    high, edge = round(_BAND_MM * PX_PER_MM), round(_EDGE_MM * PX_PER_MM)
    cell = ink & inside
    rows = np.flatnonzero(cell.any(axis=1))
    if rows.size == 0:
        return 0.0
    best, found = (0, 0), (0, 0, 0)
    last_top = max(int(rows[0]) + 1, int(rows[-1]) - high + 2)
    for top in range(int(rows[0]), last_top, _STEP_PX):
        band = ink[top : top + high]
        first, last = _longest_run(_columns(band), _columns(dark[top : top + high]))
        size = (last - first, int(np.count_nonzero(band)))
        if size > best:
            best, found = size, (top, first, last)
    top, first, last = found
    above, below = cell[: max(0, top - edge)], cell[top + high + edge :]
    far = (top - int(rows[0]), int(rows[-1]) + 1 - top - high)
    least = _REST_MM2 * PX_PER_MM**2
    reach = []
    for part, height in zip((above, below), far, strict=True):
        at = np.nonzero(part[:, first:last])[1]
        if at.size < least or height < _REST_MM * PX_PER_MM:
            return 0.0
        columns = np.nonzero(part)[1]
        reach += [float(columns.min() - first), float(last - 1 - columns.max())]
    return min(reach) / PX_PER_MM


def _columns(band: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(band.any(axis=0), np.bool_)


def _longest_run(ink: NDArray[np.bool_], over: NDArray[np.bool_]) -> tuple[int, int]:
    """First and last but one column of the longest run of ink, gaps over print not counted."""
    columns = np.flatnonzero(ink)
    if columns.size == 0:
        return 0, 0
    bridged = ink | over
    allowed = round(_GAP_MM * PX_PER_MM)
    first, best = int(columns[0]), (0, 0)
    for left, right in zip(columns, [*columns[1:], -1], strict=True):
        missing = -1 if right < 0 else int(np.count_nonzero(~bridged[left:right]))
        if missing > allowed or right < 0:
            if left + 1 - first > best[1] - best[0]:
                best = (first, int(left) + 1)
            first = int(right)
    return best

"""How many hard steps lie in rectangles of a scan: a loop over their pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scans.compiled import compiled

__all__ = ["BEFORE", "BEHIND", "DARK", "LIGHT", "STEP", "step_counts"]

BEFORE, BEHIND = 2, 3
"""Pixels before and behind the first of a step that are looked at."""
_RASTER = 3
# Of what four pixels in a line differ by, the step between the middle two: 1 of an edge drawn
# by a program, .9 after JPEG, half of an edge that a scanner saw.
STEP = 0.85
# By how much of the step the third pixel may fall back on the dark and on the light side.
DARK, LIGHT = 0.5, 0.25


@compiled("void(uint8[:, ::1], int64[:, ::1], int64, int64, float64, int64[::1])")
def step_counts(
    grey: NDArray[np.uint8],
    corner: NDArray[np.int64],
    height: int,
    width: int,
    span: float,
    counts: NDArray[np.int64],
) -> None:
    """Count pixels at which a hard step begins, across or down.

    Args:
        grey: The scan.
        corner: ``(n, 2)``: x and y of rectangles, :data:`BEHIND` px off its edges at least.
        height: Of them.
        width: Of them.
        span: Grey levels that an edge must span to be looked at.
        counts: ``(n,)``. Written.
    """
    large = np.uint8(span * STEP)
    across, down = np.empty(width, np.uint8), np.empty(width, np.uint8)
    line = np.empty(6, np.int32)
    for n in range(len(corner)):
        left, top = corner[n, 0], corner[n, 1]
        # Most of a field is bare paper; no stroke of a pen is thinner than the raster.
        low, high = np.uint8(255), np.uint8(0)
        for y in range(top, top + height, _RASTER):
            for x in range(left, left + width, _RASTER):
                low, high = min(low, grey[y, x]), max(high, grey[y, x])
        counts[n] = 0
        if np.int32(high) - np.int32(low) <= span:
            continue
        found = 0
        for y in range(top, top + height):
            here, below = grey[y, left : left + width + 1], grey[y + 1, left : left + width]
            for x in range(width):
                a, b, c = here[x], here[x + 1], below[x]
                across[x] = (a - b if a > b else b - a) > large
                down[x] = (a - c if a > c else c - a) > large
            for x in range(width):
                if across[x] == 0 and down[x] == 0:
                    continue
                hard = False
                for turn in range(2):
                    if hard or (across[x] if turn == 0 else down[x]) == 0:
                        continue
                    for k in range(6):
                        if turn == 0:
                            line[k] = np.int32(grey[y, left + x + k - BEFORE])
                        else:
                            line[k] = np.int32(grey[y + k - BEFORE, left + x])
                    most = max(max(line[1], line[2]), max(line[3], line[4]))
                    least = min(min(line[1], line[2]), min(line[3], line[4]))
                    step = abs(line[3] - line[2])
                    if step <= STEP * (most - least) or most - least <= span:
                        continue
                    # From the dark side to the light one.
                    rising = line[3] > line[2]
                    dark = line[0] if rising else line[5]
                    light = line[5] if rising else line[0]
                    hard = dark < min(line[2], line[3]) + DARK * step
                    hard = hard and light > max(line[2], line[3]) - LIGHT * step
                found += 1 if hard else 0
        counts[n] = found

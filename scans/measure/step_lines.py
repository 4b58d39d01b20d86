"""Hard steps of one place, line by line: how many of them lie side by side.

An outline that stands straight on the sensor meets it at one and the same phase along a whole
side: on a page that was whitened or filtered a side may look hard from end to end by that chance.
A brush, or a rectangle that cuts through strokes, leaves short runs on many lines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scans.measure.step_counts import BEFORE, BEHIND, DARK, LIGHT, STEP

__all__ = ["steps_by_line"]


def steps_by_line(
    grey: NDArray[np.uint8],
    corner: tuple[int, int],
    size: tuple[int, int],
    span: float,
    most: int,
    free: NDArray[np.bool_] | None = None,
) -> int:
    """Hard steps in a rectangle, no more than ``most`` of them on any one line of pixels.

    Args:
        grey: The scan.
        corner: x and y of the rectangle, as far off its edges as for counting all steps.
        size: Height and width.
        span: Grey levels that an edge must span to be looked at.
        most: Of steps across on one column, and of steps down on one row.
        free: bool ``(height, width)``: where steps count; everywhere if not given.
    """
    (x, y), (h, w) = corner, size
    part = grey[y - BEFORE : y + h + BEHIND, x - BEFORE : x + w + BEHIND].astype(np.int32)
    across = _hard([part[BEFORE : BEFORE + h, k : k + w] for k in range(6)], span)
    down = _hard([part[k : k + h, BEFORE : BEFORE + w] for k in range(6)], span)
    if free is not None:
        across &= free
        down &= free
    down &= ~across
    columns, rows = across.sum(axis=0), down.sum(axis=1)
    return int(np.minimum(columns, most).sum() + np.minimum(rows, most).sum())


def _hard(line: list[NDArray[np.int32]], span: float) -> NDArray[np.bool_]:
    """Whether six pixels in a line hold a hard step between their third and fourth."""
    four = np.stack(line[1:5])
    most, least = four.max(axis=0), four.min(axis=0)
    step = np.abs(line[3] - line[2])
    rising = line[3] > line[2]
    dark, light = np.where(rising, line[0], line[5]), np.where(rising, line[5], line[0])
    hard = (step > STEP * (most - least)) & (most - least > span) & (step > np.uint8(span * STEP))
    hard &= dark < np.minimum(line[2], line[3]) + DARK * step
    return np.asarray(hard & (light > np.maximum(line[2], line[3]) - LIGHT * step), np.bool_)

"""Whether two marks agree beyond what all marks of the page share.

Filled circles and crosses of one hand look alike as a whole; what differs is how the pen
ran and where toner and paper are uneven. With the mean of the page's marks taken away,
honest marks agree little, and a copy agrees in all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import BoxPatches
from scans.measure.mark_loops import window_sums
from scans.types import RawPage, Registration

__all__ = ["grain_agreement"]

_RIM_MM = 1.0
_SLACK_PX = 2
# Fewer marks than this have no common look.
_FEWEST = 5
_MOST_DEVIATIONS = 3.0


def grain_agreement(
    raw: RawPage,
    registration: Registration,
    groups: Sequence[BoxPatches],
    marked: frozenset[int],
    pairs: Iterable[tuple[int, int]],
) -> Mapping[tuple[int, int], float]:
    """Correlation of pairs of boxes without the marks' mean, at the best whole-pixel shift.

    Args:
        raw: The scan.
        registration: Lays it over the form.
        groups: Its boxes.
        marked: Positions of boxes that hold ink.
        pairs: Which to compare; those of boxes of two sizes, at the edge of the scan or among
            too few marks are left out.
    """
    wanted = list(pairs)
    found = {}
    for group in groups:
        members = frozenset(group.index.tolist())
        here = [pair for pair in wanted if members.issuperset(pair)]
        if not here:
            continue
        cuts = _cuts(raw.grey, registration, group, marked)
        if len(cuts) < _FEWEST:
            continue
        mean = np.mean(list(cuts.values()), axis=0, dtype=np.float32)
        held = {i for pair in here for i in pair}
        rest = {i: _grain(cuts[i] - mean) for i in held if i in cuts}
        for one, other in here:
            if one in rest and other in rest:
                found[one, other] = _agreement(rest[one], rest[other])
    return found


def _cuts(
    grey: NDArray[np.uint8], registration: Registration, group: BoxPatches, marked: frozenset[int]
) -> dict[int, NDArray[np.uint8]]:
    """The marked boxes of one size in the scan's own pixels."""
    scale, s = registration.px_per_mm, _SLACK_PX
    h, w = (round((side + 2 * _RIM_MM) * scale) for side in reversed(group.box_size_mm))
    corners = np.array([box.box_mm[:2] for box in group.boxes]) - _RIM_MM + group.shift_mm
    px = np.rint(registration.to_px(corners)).astype(np.int64).tolist()
    cuts = {}
    for i, (x, y) in zip(group.index.tolist(), px, strict=True):
        part = grey[max(0, y - s) : y + h + s, max(0, x - s) : x + w + s]
        if i in marked and part.shape == (h + 2 * s, w + 2 * s):
            cuts[i] = part
    return cuts


def _grain(rest: NDArray[np.float32]) -> NDArray[np.float32]:
    fine = rest - np.asarray(cv2.GaussianBlur(rest, (9, 9), 2.0), np.float32)
    most = max(2.0, _MOST_DEVIATIONS * float(fine.std()))
    return np.clip(fine, -most, most)


def _agreement(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Best correlation over whole-pixel shifts of up to the slack each way."""
    s = _SLACK_PX
    inner = np.ascontiguousarray(one[s:-s, s:-s])
    sums = np.empty((2 * s + 1, 2 * s + 1, 3))
    window_sums(inner, np.ascontiguousarray(other), sums)
    count, total = inner.size, float(inner.sum(dtype=np.float64))
    own = float(np.vdot(inner, inner)) - total**2 / count
    seen, squares, both = np.moveaxis(sums, 2, 0)
    spread = np.sqrt(np.maximum(own * (squares - seen**2 / count), 0.0))
    alike = (both - total * seen / count) / np.maximum(spread, 1e-6)
    return float(alike.max())

"""Loops over times; imported where they are used."""

from __future__ import annotations

import numpy as np

from detectors.indices._shared import Matrix, Vector, compiled

__all__ = ["item_means", "share_below"]


@compiled
def item_means(seconds: Matrix) -> Vector:
    """Mean of the times of 0 or more of each item; NaN without one."""
    n, k = seconds.shape
    total = np.zeros(k)
    count = np.zeros(k)
    for i in range(n):
        for j in range(k):
            known = seconds[i, j] >= 0
            total[j] += seconds[i, j] if known else 0.0
            count[j] += known
    return total / count


@compiled
def share_below(seconds: Matrix, thresholds: Vector) -> Vector:
    """Share of the times of 0 or more that lie below the item's threshold, where it has one."""
    n, k = seconds.shape
    out = np.empty(n)
    for i in range(n):
        known = rapid = 0
        for j in range(k):
            value = seconds[i, j]
            known += int(value >= 0 and thresholds[j] == thresholds[j])
            rapid += int(value >= 0 and value < thresholds[j])
        out[i] = rapid / known if known else np.nan
    return out

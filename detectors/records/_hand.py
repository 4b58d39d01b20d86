"""One hand, or many people in one place? What a group of records does unlike the rest.

Kiosks, groups who come together and office networks put many records into one device, a few
minutes or one prefix by right. So being together is no more than a reason to look: a test of
togetherness counts for at most :data:`LOOK`, and what is left is whether the group answers
at another level than the unit's other records, or is filled in faster.

Both are rank-sum tests. People in one place resemble each other, so their variance is that
of a cluster sample with an intraclass correlation of .1.

Reference: Wilcoxon (1945) with ties; Kish (1965), design effect.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LOOK", "staged", "unlike_rest"]

LOOK = 0.1
ALIKE = 0.1
FEWEST_TOGETHER = 5
FEWEST_OTHERS = 10

Vector = NDArray[np.float64]


def staged(together: Vector, unlike: Vector) -> Vector:
    """``together`` above .1 stands; at or below it the answer is .1 times ``unlike``.

    Uniform where both are and are independent, and never below .1 times ``unlike``.
    """
    answer: Vector = np.where(together > LOOK, together, LOOK * unlike)
    return np.where(np.isnan(together), np.nan, answer)


def unlike_rest(level: Vector, pace: Vector, member: NDArray[np.bool_]) -> float:
    """p-value that the members are like the rest of their unit.

    Args:
        level: ``(n,)`` mean level of each record of the unit.
        pace: ``(n,)`` log of the time spent against the usual; NaN unknown.
        member: bool ``(n,)``.

    Returns:
        The smaller p-value of a two-sided test of level and a one-sided one of haste, times
        those that could be made; 1 where neither could.
    """
    from scipy.special import ndtr

    level_z, haste_z = _rank_sum(level, member), _rank_sum(-pace, member)
    both = (2.0 * float(ndtr(-abs(level_z))), float(ndtr(-haste_z)))
    p = [value for value in both if np.isfinite(value)]
    return min(1.0, min(p) * len(p)) if p else 1.0


def _rank_sum(value: Vector, member: NDArray[np.bool_]) -> float:
    """The members' rank sum as z, positive where they rank high; NaN where it cannot be told."""
    from scipy.stats import rankdata

    known = np.isfinite(value)
    inside = member[known]
    n, k = inside.size, int(inside.sum())
    if k < FEWEST_TOGETHER or n - k < FEWEST_OTHERS:
        return float("nan")
    rank = rankdata(value[known])
    # with ties: the variance of the ranks themselves
    spread = float(np.var(rank, ddof=1)) * k * (n - k) / n * (1.0 + (k - 1) * ALIKE)
    if spread <= 0.0:
        return float("nan")
    return float((rank[inside].sum() - k * (n + 1) / 2.0) / np.sqrt(spread))

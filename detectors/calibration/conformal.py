"""Conformal p-values: how often a null that was drawn, not assumed, scores this high.

Ties count against the claim, so that discrete scores stay conservative without a
random tie-break; the answer is then a function of the scores alone.

Reference: Vovk, Gammerman & Shafer (2005); Bates, Candès, Lei, Romano & Sesia (2023),
"Testing for outliers with conformal p-values", Annals of Statistics 51.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.tail import HonestDistribution

__all__ = ["against_null", "by_rank"]


def against_null(
    scores: NDArray[np.float64],
    null: NDArray[np.float64],
    groups: NDArray[np.intp] | None = None,
    null_groups: NDArray[np.intp] | None = None,
) -> NDArray[np.float64]:
    """p-values of ``scores`` among ``null`` scores, group by group.

    Args:
        scores: float64 ``(n,)``; higher is more suspicious; NaN stays NaN.
        null: float64 ``(m,)``; what exchangeable honest subjects score.
        groups: Group of each score; a score is compared with its own group only.
        null_groups: Group of each null score; given exactly when ``groups`` is.

    Returns:
        float64 ``(n,)`` in (0, 1]. Scores of a group without null scores get 1.
    """
    if groups is None or null_groups is None:
        return HonestDistribution.fit(null).p_value(scores)
    p = np.full(scores.shape, np.nan)
    for group in np.unique(groups):
        mine = groups == group
        p[mine] = HonestDistribution.fit(null[null_groups == group]).p_value(scores[mine])
    return p


def by_rank(
    scores: NDArray[np.float64], groups: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Share of the own group that scores at least as high, oneself included.

    The p-value of a subject that is exchangeable with its group. It never falls below
    one in the size of the group, so no false-discovery procedure rejects on it alone:
    somebody is always the strangest.
    """
    p = np.full(scores.shape, np.nan)
    known = np.isfinite(scores)
    labels = np.zeros(scores.shape, dtype=np.intp) if groups is None else groups
    for group in np.unique(labels[known]):
        mine = np.flatnonzero(known & (labels == group))
        ordered = np.sort(scores[mine])
        at_least = mine.size - np.searchsorted(ordered, scores[mine], side="left")
        p[mine] = at_least / mine.size
    return p

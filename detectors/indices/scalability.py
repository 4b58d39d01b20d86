"""Mokken's scalability of items, and how rare a record's single answers are.

Reproduces mokken 3.1.2 ``coefH``. Its outlier score O+ (``check.errors``) is not reproduced: it
turns the order of the answers round where it should turn their ranks, so that of answers
0..4 with frequencies 0, 14, 58, 236, 125 the modal answer 3 scores 1 and answer 4 scores 0.
Reference: Mokken (1971); Zijlstra, van der Ark & Sijtsma (2007, 2011), Journal of
Educational and Behavioral Statistics 36, 186-212.
"""

from __future__ import annotations

import numpy as np

from detectors.indices._shared import Matrix, Vector, as_rows

__all__ = ["outlier_score", "scalability"]


def scalability(x: Matrix) -> tuple[float, Vector]:
    """H of the scale and ``(items,)`` Hi, at most 1, of the complete records.

    The observed covariances of an item with the others, as a share of the highest that the
    items' own distributions allow. NaN where nothing varies.
    """
    rows = as_rows(x)
    complete = rows[~np.isnan(rows).any(axis=1)]
    n, k = complete.shape
    if n < 2 or k < 2:
        return float("nan"), np.full(k, np.nan)
    centred = complete - complete.mean(axis=0)
    ordered = np.sort(centred, axis=0)
    off = 1.0 - np.eye(k)
    found = (centred.T @ centred * off).sum(axis=1)
    most = (ordered.T @ ordered * off).sum(axis=1)
    by_item: Vector = np.full(k, np.nan)
    np.divide(found, most, out=by_item, where=most > 1e-12)
    return (float(found.sum() / most.sum()) if most.sum() > 1e-12 else float("nan")), by_item


def outlier_score(x: Matrix) -> Vector:
    """``(n,)``: O+, summed over items how many answers are more frequent than the own one.

    0 = the modal answer everywhere. Answers equally frequent share their mean rank. With
    answers missing, scaled up to the number of items; NaN without an answer.
    """
    rows = as_rows(x)
    n, k = rows.shape
    total = np.zeros(n)
    for j in range(k):
        known = ~np.isnan(rows[:, j])
        _, place, count = np.unique(rows[known, j], return_inverse=True, return_counts=True)
        more = (count[:, None] < count[None, :]).sum(axis=1)
        alike = (count[:, None] == count[None, :]).sum(axis=1)
        total[known] += (more + (alike - 1) / 2.0)[place]
    answered = (~np.isnan(rows)).sum(axis=1)
    score: Vector = np.full(n, np.nan)
    np.divide(total * k, answered, out=score, where=answered > 0)
    return score

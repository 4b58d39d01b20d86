"""Indices of careless and unusual answering, as plain functions of a matrix.

Every function takes ``(n, items)`` float64 with NaN for no answer and gives ``(n,)``;
it reproduces the peer named in its docstring where the peer is right. None of them is a
p-value: what is unusual depends on who else answered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "average_string",
    "guttman_errors",
    "ht",
    "irv",
    "longest_runs",
    "longstring",
    "mahalanobis",
    "normed_guttman_errors",
    "u3_polytomous",
]

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def longstring(x: Matrix) -> Vector:
    """Longest run of one and the same answer; a missing answer ends a run.

    Reference: careless 1.2.2 ``longstring``.
    """
    return _runs(x)[0]


def average_string(x: Matrix) -> Vector:
    """Mean length of the runs of one and the same answer; careless ``longstring(avg=TRUE)``."""
    return _runs(x)[1]


def _runs(x: Matrix) -> tuple[Vector, Vector]:
    n, k = x.shape
    longest = np.zeros(n)
    run = np.zeros(n)
    runs = np.zeros(n)
    answered = np.zeros(n)
    for j in range(k):
        known = ~np.isnan(x[:, j])
        same = known & (x[:, j] == x[:, j - 1]) if j else np.zeros(n, dtype=bool)
        run = np.where(known, np.where(same, run + 1, 1), 0)
        runs += known & ~same
        answered += known
        longest = np.maximum(longest, run)
    average = np.divide(answered, runs, out=np.full(n, np.nan), where=runs > 0)
    return longest, average


def longest_runs(x: Matrix, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, len(values))``: longest run of each value; missing answers are passed over."""
    n, k = x.shape
    longest = np.zeros((n, values.size))
    for place, value in enumerate(values):
        run = np.zeros(n)
        for j in range(k):
            known = ~np.isnan(x[:, j])
            run = np.where(known, np.where(x[:, j] == value, run + 1, 0), run)
            longest[:, place] = np.maximum(longest[:, place], run)
    return longest


def irv(x: Matrix) -> Vector:
    """Standard deviation within a record (n - 1); careless ``irv``."""
    count = (~np.isnan(x)).sum(axis=1)
    total = np.nansum(x, axis=1)
    mean = np.divide(total, count, out=np.full(len(x), np.nan), where=count > 0)
    square = np.where(np.isnan(x), 0.0, (x - mean[:, None]) ** 2).sum(axis=1)
    variance = np.divide(square, count - 1, out=np.full(len(x), np.nan), where=count > 1)
    return np.asarray(np.sqrt(variance))


def mahalanobis(x: Matrix, shrinkage: float | None = None) -> Vector:
    """Squared Mahalanobis distance from the mean of the table.

    Missing answers stand at the item's mean and the distance is scaled up to the number
    of items asked. A constant item takes no part.

    Args:
        x: Answers.
        shrinkage: Weight in [0, 1] of the diagonal target; ``None`` estimates it after
            Schäfer & Strimmer (2005), which keeps the covariance invertible where items
            outnumber records. 0 on complete data reproduces careless ``mahad``.

    Raises:
        ValueError: If ``shrinkage`` lies outside [0, 1].
    """
    if shrinkage is not None and not 0.0 <= shrinkage <= 1.0:
        raise ValueError(f"shrinkage {shrinkage} outside [0, 1]")
    n = len(x)
    known = ~np.isnan(x)
    count = known.sum(axis=0)
    total = np.nansum(x, axis=0)
    mean = np.divide(total, count, out=np.zeros(x.shape[1]), where=count > 0)
    centred = np.where(known, x - mean, 0.0)
    varied = (centred**2).sum(axis=0) > 1e-12
    answered = (known & varied).sum(axis=1)
    if n < 2 or not varied.any():
        return np.full(n, np.nan)
    z = centred[:, varied]
    covariance = z.T @ z / (n - 1)
    weight = _optimal_shrinkage(z, covariance) if shrinkage is None else shrinkage
    target = np.diag(np.diag(covariance))
    shrunk = (1.0 - weight) * covariance + weight * target
    distance = np.einsum("ij,ij->i", z @ np.linalg.pinv(shrunk, hermitian=True), z)
    scale = np.divide(z.shape[1], answered, out=np.full(n, np.nan), where=answered > 0)
    return np.asarray(distance * scale)


def _optimal_shrinkage(z: Matrix, covariance: Matrix) -> float:
    """Weight of the diagonal that minimises the expected squared error of correlations."""
    n = len(z)
    scale = np.sqrt(np.diag(covariance))
    s = z / scale
    r = s.T @ s / (n - 1)
    variance = n / (n - 1) ** 3 * ((s**2).T @ (s**2) - (s.T @ s) ** 2 / n)
    off = ~np.eye(len(r), dtype=bool)
    denominator = float((r[off] ** 2).sum())
    if denominator <= 0:
        return 1.0
    return float(np.clip(variance[off].sum() / denominator, 0.0, 1.0))


def _steps(x: Matrix, categories: int) -> tuple[Matrix, Vector]:
    """Item steps passed, ``(n, items * (categories - 1))``, and how often each is passed."""
    passed = np.concatenate([x >= step for step in range(1, categories)], axis=1)
    columns = passed.astype(np.float64)
    return columns, columns.mean(axis=0)


def _easiest_first(popularity: Vector, items: int) -> NDArray[np.intp]:
    """Order of steps; of equally popular ones the earlier item comes first, as in PerFit."""
    place = np.arange(popularity.size)
    by_item = np.lexsort([place // items, place % items])
    return by_item[np.argsort(-popularity[by_item], kind="stable")]


def guttman_errors(x: Matrix, categories: int) -> Vector:
    """Guttman errors: harder item steps passed where easier ones were not.

    Args:
        x: Complete answers 0..categories - 1.
        categories: Number of answers an item has.

    Reference: PerFit 1.4.6 ``Gpoly``, and ``G`` for two categories.
    """
    columns, popularity = _steps(x, categories)
    ordered = columns[:, _easiest_first(popularity, x.shape[1])]
    failed_before = np.cumsum(1.0 - ordered, axis=1)
    errors: Vector = (ordered * failed_before).sum(axis=1)
    return errors


def normed_guttman_errors(x: Matrix, categories: int) -> Vector:
    """Guttman errors as a share of the most that the total score allows; 0 at the ends.

    An answer pattern passes the steps of an item in order, so the most errors for a total
    score are found item by item by dynamic programming.

    Reference: PerFit ``Gnormed.poly`` and ``Gnormed`` (Emons 2008).
    """
    _, popularity = _steps(x, categories)
    k = x.shape[1]
    rank = np.empty(popularity.size)
    rank[_easiest_first(popularity, k)] = np.arange(popularity.size)
    # the errors of t passed steps are their ranks less 0 + 1 + … + (t - 1)
    weight = np.vstack([np.zeros(k), np.cumsum(rank.reshape(categories - 1, k), axis=0)])
    total = x.astype(np.intp).sum(axis=1)
    passed = np.arange(k * (categories - 1) + 1)
    most = _extreme(weight, largest=True) - passed * (passed - 1) / 2.0
    errors = guttman_errors(x, categories)
    result: Vector = np.zeros(len(x))
    np.divide(errors, most[total], out=result, where=most[total] > 0)
    return result


def u3_polytomous(x: Matrix, categories: int) -> Vector:
    """U3 (van der Flier 1982; Emons 2008): 0 a perfect pattern, 1 a reversed one.

    Reference: PerFit ``U3poly``, and ``U3`` for two categories.
    """
    _, popularity = _steps(x, categories)
    k = x.shape[1]
    inside = np.clip(popularity, 1e-12, 1.0 - 1e-12)
    logit = np.log(inside / (1.0 - inside)).reshape(categories - 1, k)
    weight = np.vstack([np.zeros(k), np.cumsum(logit, axis=0)])
    answers = x.astype(np.intp)
    own = weight[answers, np.arange(k)].sum(axis=1)
    best = np.concatenate([[0.0], np.cumsum(np.sort(logit.ravel())[::-1])])
    worst = _extreme(weight, largest=False)
    total = answers.sum(axis=1)
    span = best[total] - worst[total]
    result: Vector = np.zeros(len(x))
    np.divide(best[total] - own, span, out=result, where=span > 1e-9)
    return result


def _extreme(weight: Matrix, *, largest: bool) -> Vector:
    """Largest or smallest summed weight for each total: ``weight[steps, item]``."""
    steps, k = weight.shape
    sign = 1.0 if largest else -1.0
    best = np.full(k * (steps - 1) + 1, -np.inf)
    best[0] = 0.0
    for item in range(k):
        candidates = np.full((steps, best.size), -np.inf)
        for taken in range(steps):
            shifted = best[: best.size - taken]
            candidates[taken, taken:] = shifted + sign * weight[taken, item]
        best = candidates.max(axis=0)
    return sign * best


def ht(x: Matrix) -> Vector:
    """Ht of yes/no answers: how a person's pattern goes with those of the others.

    Reference: Sijtsma (1986); PerFit ``Ht``. NaN for all-yes and all-no patterns.
    """
    n, k = x.shape
    share = x.mean(axis=1)
    rest = x.sum(axis=0) - x
    others = share.sum() - share
    covariance = (x * rest).sum(axis=1) / k - share * others
    order = np.argsort(share, kind="stable")
    ordered = share[order]
    below = np.concatenate([[0.0], np.cumsum(ordered)])[:-1]
    above = (1.0 - ordered)[::-1].cumsum()[::-1] - (1.0 - ordered)
    highest = np.empty(n)
    highest[order] = (1.0 - ordered) * below + ordered * above
    varied = (share > 0) & (share < 1)
    result: Vector = np.full(n, np.nan)
    np.divide(covariance, highest, out=result, where=varied & (highest > 0))
    return result

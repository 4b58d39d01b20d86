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
    "irv",
    "longest_runs",
    "longstring",
    "mahalanobis",
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

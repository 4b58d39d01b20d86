"""How far a record lies from the middle of the table, items weighted by how they go together.

Reproduces careless 1.2.2 ``mahad``. The chi-squared law of the flags assumes normal answers
and flags honest records of discrete, skewed ones: they are here for comparison.
Reference: Mahalanobis (1936); Schäfer & Strimmer (2005), doi:10.2202/1544-6115.1175.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.indices._item_means import item_means
from detectors.indices._shared import Matrix, Vector, as_rows, centred_blocks

__all__ = ["mahalanobis", "mahalanobis_flags"]


def mahalanobis(x: Matrix, shrinkage: float | None = None) -> Vector:
    """``(n,)``: squared Mahalanobis distance from the mean of the table, 0 or more.

    Missing answers stand at the item's mean and the distance is scaled up to the number
    of items asked. A constant item takes no part. NaN for a record without an answer to
    an item that varies.

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
    rows = as_rows(x)
    n = len(rows)
    distance: Vector = np.full(n, np.nan)
    mean = item_means(rows)
    covariance = np.zeros((rows.shape[1], rows.shape[1]))
    fourth = np.zeros_like(covariance)
    for z, _ in centred_blocks(rows, mean):
        covariance += z.T @ z
        if shrinkage is None:
            np.square(z, out=z)
            fourth += z.T @ z
    varied = np.diag(covariance) > 1e-12
    if n < 2 or not varied.any():
        return distance
    chosen = np.ix_(varied, varied)
    covariance = covariance[chosen] / (n - 1)
    weight = _optimal_shrinkage(covariance, fourth[chosen], n) if shrinkage is None else shrinkage
    shrunk = (1.0 - weight) * covariance + weight * np.diag(np.diag(covariance))
    # distances in the principal axes; an axis without variance is none
    values, axes = np.linalg.eigh(shrunk)
    kept = values > values[-1] * len(values) * 1e-14
    to_axes = np.zeros((rows.shape[1], int(kept.sum())))
    to_axes[varied] = axes[:, kept] / np.sqrt(values[kept])
    start = 0
    for z, known in centred_blocks(rows, mean):
        projected = z @ to_axes
        found = np.einsum("ij,ij->i", projected, projected)
        if known is not None:
            answered = known @ varied.astype(np.float64)
            scale = np.full(len(z), np.nan)
            found *= np.divide(len(values), answered, out=scale, where=answered > 0)
        distance[start : start + len(z)] = found
        start += len(z)
    return distance


def mahalanobis_flags(x: Matrix, confidence: float = 0.99) -> NDArray[np.bool_]:
    """``(n,)``: squared distances above the chi-squared quantile with one degree an item.

    Raises:
        ValueError: If ``confidence`` lies outside (0, 1).

    Reference: careless ``mahad(flag=TRUE)``.
    """
    from scipy.special import gammaincinv

    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence {confidence} outside (0, 1)")
    limit = 2.0 * float(gammaincinv(x.shape[1] / 2.0, confidence))
    flags: NDArray[np.bool_] = mahalanobis(x, 0.0) > limit
    return flags


def _optimal_shrinkage(covariance: Matrix, fourth: Matrix, n: int) -> float:
    """Weight of the diagonal that minimises the expected squared error of correlations.

    ``fourth`` holds the sums of products of squared deviations.
    """
    variance = np.diag(covariance)
    r = covariance / np.sqrt(np.outer(variance, variance))
    fourth = fourth / np.outer(variance, variance)
    spread = n / (n - 1) ** 3 * (fourth - ((n - 1) * r) ** 2 / n)
    off = ~np.eye(len(r), dtype=bool)
    denominator = float((r[off] ** 2).sum())
    if denominator <= 0:
        return 1.0
    return float(np.clip(spread[off].sum() / denominator, 0.0, 1.0))

"""How far a record lies from the middle of the table, items weighted by how they go together.

Reproduces careless 1.2.2 ``mahad``. The chi-squared law of the flags assumes normal answers
and flags honest records of discrete, skewed ones: they are here for comparison.
Reference: Mahalanobis (1936); Schäfer & Strimmer (2005), doi:10.2202/1544-6115.1175.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.indices._shared import Matrix, Vector, as_rows

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
    from detectors.indices._row_kernels import centred

    rows = as_rows(x)
    n, asked = rows.shape
    if n < 2 or asked == 0:
        return np.full(n, np.nan)
    z, answered = centred(rows)
    covariance = z.T @ z / (n - 1)
    varied = np.diag(covariance) > 1e-12 / (n - 1)
    if not varied.all():
        z, covariance = z[:, varied], covariance[np.ix_(varied, varied)]
        answered = (~np.isnan(rows[:, varied])).sum(axis=1).astype(np.float64)
    items = z.shape[1]
    if items == 0:
        return np.full(n, np.nan)
    weight = _optimal_shrinkage(z, covariance) if shrinkage is None else shrinkage
    shrunk = (1.0 - weight) * covariance + weight * np.diag(np.diag(covariance))
    # distances in the principal axes; an axis without variance is none
    values, axes = np.linalg.eigh(shrunk)
    kept = values > values[-1] * items * 1e-14
    projected = z @ (axes[:, kept] / np.sqrt(values[kept]))
    distance: Vector = np.einsum("ij,ij->i", projected, projected)
    distance *= np.divide(items, answered, out=np.full(n, np.nan), where=answered > 0)
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


def _optimal_shrinkage(z: Matrix, covariance: Matrix) -> float:
    """Weight of the diagonal that minimises the expected squared error of correlations."""
    n = len(z)
    variance = np.diag(covariance)
    r = covariance / np.sqrt(np.outer(variance, variance))
    square = z * z
    fourth = square.T @ square / np.outer(variance, variance)
    spread = n / (n - 1) ** 3 * (fourth - ((n - 1) * r) ** 2 / n)
    off = ~np.eye(len(r), dtype=bool)
    denominator = float((r[off] ** 2).sum())
    if denominator <= 0:
        return 1.0
    return float(np.clip(spread[off].sum() / denominator, 0.0, 1.0))

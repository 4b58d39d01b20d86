"""Mean answer to each item, without a loop where no answer is missing."""

from __future__ import annotations

import numpy as np

from detectors.indices._shared import Matrix, Vector

__all__ = ["item_means"]


def item_means(rows: Matrix) -> Vector:
    """``(items,)``: mean of the answers given to each item; NaN without one."""
    n, k = rows.shape
    mean: Vector = np.ones(n) @ rows / max(n, 1)
    if n and not np.isnan(mean).any():
        return mean
    from detectors.indices._row_kernels import item_sums

    total, count = item_sums(rows)
    mean = np.full(k, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean

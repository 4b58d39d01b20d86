"""The smallest of several p-values as one p-value that is exact on honest data.

Bonferroni holds under any dependence and is too large twice: it adds where independent
tests multiply, and it charges for tests that hardly ever give a small p-value. Here the
smallest weighted p-value ``t`` is held against how often honest subjects reach it,
``1 - prod(1 - F_k(w_k t))``, where ``F_k`` is the distribution of test ``k``: at most
uniform, and less where the table shows that the test seldom speaks. The tests draw on
different material (who else answered so, how answers hang together, how fast), so that
they are independent for honest subjects; indices of one material are merged into one
p-value before.

Reference: Šidák (1967), JASA 62; Tarone (1990), Biometrics 46, for discrete tests.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["calibrated_smallest_p"]

STANDARD_ERRORS = 2.0


def calibrated_smallest_p(
    p_values: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One p-value a row from the columns of ``(n, tests)``.

    Tests that could not be made (NaN) give their weight to the others, row by row.

    Args:
        p_values: In (0, 1] or NaN; each at most uniform for honest subjects.
        weights: One positive number a test.

    Returns:
        float64 ``(n,)`` in (0, 1]; NaN where no test was made.
    """
    made = ~np.isnan(p_values)
    total = (made * weights).sum(axis=1)
    share = np.divide(weights, total[:, None], out=np.zeros(made.shape), where=made)
    raised = np.full(made.shape, np.inf)
    np.divide(p_values, share, out=raised, where=made)
    smallest = raised.min(axis=1, initial=np.inf)
    log_missed = np.zeros(len(p_values))
    for k in range(made.shape[1]):
        mine = made[:, k]
        reached = _reached(p_values[mine, k], np.minimum(share[mine, k] * smallest[mine], 1.0))
        log_missed[mine] += np.log1p(-np.minimum(reached, 1.0 - 1e-12))
    answer = np.clip(-np.expm1(log_missed), np.finfo(np.float64).tiny, 1.0)
    return np.where(made.any(axis=1), answer, np.nan)


def _reached(p_values: NDArray[np.float64], level: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often the test gives a p-value of at most ``level``, from above."""
    counted = np.searchsorted(np.sort(p_values), level, side="right") + 1.0
    most = (counted + STANDARD_ERRORS * np.sqrt(counted)) / max(p_values.size, 1)
    reached: NDArray[np.float64] = np.minimum(level, most)
    return reached

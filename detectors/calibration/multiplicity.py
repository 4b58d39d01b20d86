"""Many tests at once: false-discovery control and the smallest of several p-values.

Reference: Benjamini & Hochberg (1995), JRSS B 57; Genovese, Roeder & Wasserman (2006)
for weights. The smallest p by Bonferroni holds under any dependence and with discrete
p-values, where Cauchy combination breaks (a p of 1 is minus infinity there).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["q_values", "simes", "smallest_p"]


def q_values(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Benjamini-Hochberg q-values of ``(n,)`` p-values; NaN takes no part and stays NaN."""
    q = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    if known.size == 0:
        return q
    order = known[np.argsort(p_values[known], kind="stable")]
    raised = p_values[order] * known.size / np.arange(1, known.size + 1)
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return q


def simes(p_values: NDArray[np.float64]) -> float:
    """p-value that nothing among ``(n,)`` p-values is a sign; NaN takes no part.

    Holds under independence and positive dependence (Simes 1986; Sarkar 1998); NaN where
    nothing was tested.
    """
    q = q_values(p_values)
    known = q[~np.isnan(q)]
    return float(known.min()) if known.size else float("nan")


def smallest_p(
    p_values: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Weighted Bonferroni over the columns of ``(n, tests)``; one p-value a row.

    Tests that could not be made (NaN) give their weight to the others, row by row.

    Args:
        p_values: In (0, 1] or NaN.
        weights: One positive number a test; equal weights by default.

    Returns:
        float64 ``(n,)``; NaN where no test was made.
    """
    tests = p_values.shape[1]
    share = np.ones(tests) if weights is None else np.asarray(weights, dtype=np.float64)
    made = ~np.isnan(p_values)
    total = (made * share).sum(axis=1)
    raised = np.where(made, p_values * total[:, None] / share, np.inf)
    smallest = raised.min(axis=1, initial=np.inf)
    return np.where(made.any(axis=1), np.minimum(smallest, 1.0), np.nan)

"""Whether more units lie just above a cut-off than a smooth distribution of units explains.

Reference: McCrary (2008), density at a cut-off, Journal of Econometrics 142; Frandsen (2017)
for the binomial form with discrete values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["WINDOW", "bunching"]

WINDOW = 0.01


def bunching(
    value: NDArray[np.float64], logit: NDArray[np.float64], cut: float
) -> tuple[int, int, float]:
    """Units within a point above and below a cut-off, and the binomial p-value of the first.

    Args:
        value: float64 ``(units,)``: shares.
        logit: float64 ``(units,)``: their logits, drawn in at the ends.
        cut: The cut-off, a share.
    """
    from scipy.stats import binom, norm

    above = int(((value >= cut - 1e-12) & (value < cut + WINDOW)).sum())
    below = int(((value < cut - 1e-12) & (value >= cut - WINDOW)).sum())
    if above == 0:
        return above, below, 1.0
    width = 1.06 * max(float(np.std(logit)), 1e-3) * logit.size**-0.2
    edges = np.clip([cut - WINDOW, cut, cut + WINDOW], 1e-6, 1.0 - 1e-6)
    mass = norm.cdf((np.log(edges / (1.0 - edges))[:, None] - logit) / width).mean(axis=1)
    low, high = float(mass[1] - mass[0]), float(mass[2] - mass[1])
    share = high / (low + high) if low + high > 0 else 0.5
    return above, below, float(np.clip(binom.sf(above - 1, above + below, share), 1e-12, 1.0))

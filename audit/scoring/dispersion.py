"""How far honest units lie apart beyond chance, measured on the units themselves. Pure.

Units differ for honest reasons: limits of a funnel that know only the number of forms put
large honest units outside. The spread between units is measured here as an intra-class
correlation, robustly: of the standardised values the outer tenths are drawn in before they
count, so that a few unusual units do not widen the limits that they are held against.

Reference: Spiegelhalter (2005), Funnel plots for comparing institutional performance,
Statistics in Medicine 24, winsorised over-dispersion; the constant is the variance of a
standard normal variable winsorised at its tenths.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["FEWEST", "between_units"]

FEWEST = 10
"""Units from which the spread is measured at all."""

_TENTH = 0.1
_WINSORISED = 0.6787
_STEPS = 60


def between_units(values: Sequence[float], sizes: Sequence[int], pooled: float) -> float | None:
    """The intra-class correlation between units, in [0, 1).

    Args:
        values: Share of each unit, in [0, 1].
        sizes: Records of each unit.
        pooled: The share of all of them together.

    Returns:
        0 where the units lie no farther apart than chance puts them; ``None`` where there
        are fewer than :data:`FEWEST` units, or the pooled share leaves no room.
    """
    share, n = np.asarray(values, np.float64), np.asarray(sizes, np.float64)
    kept = n >= 2
    share, n = share[kept], n[kept]
    if len(share) < FEWEST or not 0.0 < pooled < 1.0:
        return None
    low, high = 0.0, 0.999
    if _spread(share, n, pooled, low) <= 1.0:
        return 0.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _spread(share, n, pooled, middle) > 1.0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _spread(share: np.ndarray, n: np.ndarray, pooled: float, rho: float) -> float:
    """Winsorised variance of the standardised values, 1 where ``rho`` explains them."""
    variance = pooled * (1.0 - pooled) * (1.0 + (n - 1.0) * rho) / n
    z = (share - pooled) / np.sqrt(variance)
    low, high = np.quantile(z, (_TENTH, 1.0 - _TENTH))
    middle = float(np.median(z))
    return float(np.mean((np.clip(z, low, high) - middle) ** 2)) / _WINSORISED

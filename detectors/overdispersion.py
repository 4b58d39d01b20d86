"""How much more units of a group differ than chance alone would make them.

A funnel with purely binomial limits puts honest units outside, since offices differ for good
reasons. The measured over-dispersion widens it.

Reference: Spiegelhalter, D. J. (2005), Handling over-dispersion of performance indicators,
    Quality and Safety in Health Care 14, 347-351: winsorised z-scores and a factor from their
    squares; here the factor grows with size, as in a beta-binomial.
Assumes: most units are honest; one in five at either end cannot change much.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["FEWEST_UNITS", "between_units"]

FEWEST_UNITS = 10
"""Fewer units do not tell how much units differ."""

_WINSORISED = 0.1
_MOST = 0.5


def between_units(values: Sequence[float], counts: Sequence[int]) -> float | None:
    """Intra-unit correlation rho, so that values spread as p (1 - p) (1 + (n - 1) rho) / n.

    Args:
        values: Share of each unit, in [0, 1].
        counts: Forms of each unit, 1 or more.

    Returns:
        In [0, 0.5]; ``None`` with fewer than :data:`FEWEST_UNITS` units or without any spread.
    """
    if len(values) < FEWEST_UNITS:
        return None
    value, n = np.asarray(values, dtype=float), np.asarray(counts, dtype=float)
    pooled = float((value * n).sum() / n.sum())
    if not 0.0 < pooled < 1.0:
        return None
    alone = (value - pooled) / np.sqrt(pooled * (1 - pooled) / n)
    # What is pulled in at both ends is the same whatever rho is, up to the size of the units.
    ends = np.quantile(alone, [_WINSORISED, 1 - _WINSORISED])
    squares = np.clip(alone, *ends) ** 2
    wanted = len(values) - 1

    def excess(rho: float) -> float:
        return float((squares / (1 + (n - 1) * rho)).sum()) - wanted

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, _MOST
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high

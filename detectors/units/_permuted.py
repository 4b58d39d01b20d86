"""A statistic of an order against the same things in permuted order, and against other units.

What units really show beyond chance is taken off: people come together, and sheets do, too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.tail import HonestDistribution

__all__ = ["beyond_order"]

PRIOR_DRAWS = 20.0

Vector = NDArray[np.float64]


def beyond_order(seen: Vector, null: Vector) -> tuple[Vector, Vector]:
    """Scores and p-values of units.

    Args:
        seen: ``(units,)``: the statistic of the true order; higher is more suspicious.
        null: ``(draws, units)``: the same of permuted orders.
    """
    draws = len(null)
    mean = null.mean(axis=0)
    # a draw stands to the others as the true order stands to all of them
    apart = (null - mean) * draws / (draws - 1.0)
    spread = np.sqrt(
        (PRIOR_DRAWS * np.mean(apart**2) + (apart**2).sum(axis=0)) / (PRIOR_DRAWS + draws)
    )
    spread = np.maximum(spread, 1e-9)
    z = (seen - mean) / spread
    drawn = apart / spread
    score = _less_than_usual(z, drawn)
    return score, HonestDistribution.fit(drawn).p_value(score)


def _less_than_usual(z: Vector, drawn: Vector) -> Vector:
    """Scores less what units show beyond ``drawn`` chance, whose law is skewed."""
    middle = float(np.median(drawn))
    width = float(np.median(np.abs(drawn - middle)))
    shift = max(0.0, float(np.median(z)) - middle)
    wider = max(1.0, float(np.median(np.abs(z - np.median(z)))) / max(width, 1e-9))
    answer: Vector = middle + (z - shift - middle) / wider
    return answer

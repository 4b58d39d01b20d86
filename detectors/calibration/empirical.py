"""The empirical null: honest units differ by more than chance, and how much is measured.

Reference: Efron (2004), "Large-scale simultaneous hypothesis testing", JASA 99;
Spiegelhalter (2005) for over-dispersed funnel limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["EmpiricalNull"]

FEWEST_FOR_CENTRE = 15


@dataclass(frozen=True, slots=True)
class EmpiricalNull:
    """Centre and spread of z-scores among units of which most are honest.

    Attributes:
        centre: Median; 0 where fewer than 15 units would make it a guess.
        scale: 1.4826 times the median absolute deviation, never less than 1: units may
            differ more than chance allows, a quiet round does not sharpen the test.
    """

    centre: float
    scale: float

    @classmethod
    def fit(cls, z: NDArray[np.float64]) -> EmpiricalNull:
        """Estimate from ``(units,)`` z-scores; NaN is left out."""
        known = z[np.isfinite(z)]
        if known.size < 2:
            return cls(0.0, 1.0)
        centre = float(np.median(known)) if known.size >= FEWEST_FOR_CENTRE else 0.0
        spread = 1.4826 * float(np.median(np.abs(known - centre)))
        return cls(centre, max(1.0, spread))

    def standardise(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(z - centre) / scale``."""
        return (z - self.centre) / self.scale

"""How much more alike honest records of one unit are than records of different units.

An empirical null on the normal scale: the p-values of most records are honest, so their
middle and their smallest twentieth tell where the null of other units
is too narrow. The very small p-values are left out; they may be copies. The null is
widened, never narrowed, and less where few records speak.

Reference: Efron (2004), "Large-scale simultaneous hypothesis testing", JASA 99.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Overdispersion"]

LEFT_OUT = 0.003
TAIL = 0.05
BELIEVED_FROM = 500.0


@dataclass(frozen=True, slots=True)
class Overdispersion:
    """Centre and spread of normal scores of honest p-values.

    Attributes:
        centre: At least 0.
        scale: At least 1.
    """

    centre: float
    scale: float

    @classmethod
    def fit(cls, p_values: NDArray[np.float64]) -> Overdispersion:
        """Estimate from ``(n,)`` p-values in (0, 1], most of them of honest records."""
        from scipy.special import ndtri

        kept = p_values[p_values > LEFT_OUT]
        if kept.size == 0:
            return cls(0.0, 1.0)
        believed = kept.size / (kept.size + BELIEVED_FROM)
        spread = 1.0 - LEFT_OUT
        middle, high = np.quantile(kept, [(0.5 - LEFT_OUT) / spread, (TAIL - LEFT_OUT) / spread])
        centre = max(0.0, -float(ndtri(min(middle, 0.5))))
        scale = max(1.0, (float(ndtri(high)) + centre) / float(ndtri(TAIL)))
        return cls(believed * centre, 1.0 + believed * (scale - 1.0))

    def widen(self, p_values: NDArray[np.float64]) -> NDArray[np.float64]:
        """p-values under the wider null, none below the given one."""
        from scipy.special import ndtr, ndtri

        z = -ndtri(p_values)
        wider: NDArray[np.float64] = np.maximum(p_values, ndtr(-(z - self.centre) / self.scale))
        return wider

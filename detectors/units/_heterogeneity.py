"""How much the rates of honest units differ beyond chance.

The variance between units is the larger of two estimates that a tenth of odd units hardly
moves: one by the median, one with the outer tenths drawn in. Both, and the centre, are
biased for skewed rates; so each is held against what it gives for simulated units.

Reference: Paule & Mandel (1982); Spiegelhalter (2005), winsorised over-dispersion; indirect
inference by simulated units: Gouriéroux, Monfort & Renault (1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Heterogeneity"]

WINSORISED = 0.1
FIT_STEPS = 4
MOST_OF_BINOMIAL = 0.5

Vector = NDArray[np.float64]


def _drawn_in(values: Vector) -> Vector:
    low, high = np.quantile(values, [WINSORISED, 1.0 - WINSORISED])
    inside: Vector = np.clip(values, low, high)
    return inside


def _widths(z: Vector) -> tuple[float, float]:
    """Squared width by the median, and by the mean with the outer tenths drawn in."""
    middle = float(np.median(np.abs(z - np.median(z))))
    return middle**2, float(np.var(_drawn_in(z)))


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """How the rates of honest units scatter around the typical one."""

    centre: float
    variance: float
    signed: bool
    peers: int

    @classmethod
    def fit(
        cls,
        rate: Vector,
        noise: Vector,
        chance: Vector,
        chance_noise: Vector,
        *,
        signed: bool,
        rng: np.random.Generator,
    ) -> Heterogeneity:
        """Find centre and variance with which simulated units look like the given ones.

        Args:
            rate: Rate of each unit.
            noise: Variance of each by chance alone.
            chance: Deviations by chance of simulated units of like sizes.
            chance_noise: Their variances.
            signed: Whether rates can be negative.
            rng: Draws simulated heterogeneity.
        """
        seen = float(_drawn_in(rate).mean())
        model = cls(seen, 0.0, signed, rate.size)
        for _ in range(FIT_STEPS):
            off = chance + model.draw(chance.size, rng, unsure=False)
            usual = _widths(off / np.sqrt(chance_noise + model.variance))
            bias = float(_drawn_in(off).mean())
            variance = _between(rate - seen, noise, usual)
            centre = seen - bias
            if not signed:
                centre = float(np.clip(centre, 1e-9, 1.0 - 1e-9))
                variance = min(variance, MOST_OF_BINOMIAL * centre * (1.0 - centre))
            model = cls(centre, variance, signed, rate.size)
        return model

    def draw(
        self,
        count: int,
        rng: np.random.Generator,
        *,
        unsure: bool = True,
    ) -> Vector:
        """``count`` deviations; beta where the rate is a share, else normal."""
        if self.variance <= 0.0:
            return np.zeros(count)
        if self.signed:
            off = rng.normal(0.0, np.sqrt(self.variance), count)
        else:
            middle = self.centre
            strength = middle * (1.0 - middle) / self.variance - 1.0
            off = rng.beta(middle * strength, (1.0 - middle) * strength, count) - middle
        if unsure:
            freedom = max(self.peers - 1, 2) / 2.0
            off = off * np.sqrt(freedom / rng.chisquare(freedom, count))
        answer: Vector = off
        return answer


def _between(off: Vector, noise: Vector, usual: tuple[float, float]) -> float:
    """Variance between units that makes their z-scores no wider than ``usual``."""

    def excess(variance: float) -> float:
        widths = _widths(off / np.sqrt(np.maximum(noise + variance, 1e-300)))
        pairs = zip(widths, usual, strict=True)
        return max((w / u for w, u in pairs if u > 1e-6), default=0.0) - 1.0

    if excess(0.0) <= 0.0:
        return 0.0
    low, high = 0.0, float(np.max(off**2)) + 1e-12
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (middle, high) if excess(middle) > 0.0 else (low, middle)
    return high

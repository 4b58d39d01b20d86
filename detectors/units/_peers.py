"""How far an estimate lies from those of its peers, when peers really differ.

Each unit has an estimate with a known sampling error. Around a common centre (or a line)
honest units scatter by that error and by a spread of their own, which is measured among
them with squares cut at 1.5 standard deviations, so that a minority of odd units moves it
little (a tenth of them widens it by a sixth). The spread is never taken as less than what
sampling alone gives: a quiet round does not sharpen the test. The tail is Student's t with
half the degrees of freedom that such a spread of that many units is worth, 30 at most, as
logits near the end of the scale lean upwards; what the centre itself does not know is
added to the error.

Assumption: the spread of honest units is about normal on the scale of the estimate
(logits, logarithms), or has lighter tails than the t.

Reference: DerSimonian & Laird (1986) and Paule & Mandel (1982) for the spread between
units, here with the cut squares of Huber's (1964) proposal 2; Spiegelhalter (2005) for
units that differ; Theil (1950) and Sen (1968) for the line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST_PEERS", "Peers", "error_at", "logits", "robust_line", "upper_p"]

FEWEST_PEERS = 15
MOST_FREEDOM = 30.0
EFFICIENCY = 0.3
FITTED = 3  # a line and a spread are fitted to the same units
CUT = 1.5
CUT_SQUARE = 0.778465  # mean of min(z^2, CUT^2) of a standard normal
LINE_POINTS = 400

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Peers:
    """What honest units look like.

    Attributes:
        centre: Median of the residuals.
        spread: Standard deviation of honest units beyond sampling; 0 or more.
        freedom: Degrees of freedom of the tail.
    """

    centre: float
    spread: float
    freedom: float

    @classmethod
    def of(cls, estimate: Vector, error: Vector) -> Peers:
        """Measure the peers.

        Args:
            estimate: float64 ``(units,)``, finite.
            error: float64 ``(units,)``: standard errors, positive.
        """
        spread = 0.0
        for _ in range(4):
            centre = _weighted_median(estimate, 1.0 / (error**2 + spread**2))
            spread = _spread(estimate - centre, error)
        left = max(estimate.size - FITTED, 1)
        freedom = float(np.clip(EFFICIENCY * left, 3.0, MOST_FREEDOM))
        return cls(centre, spread * float(np.sqrt(estimate.size / left)), freedom)

    def z(self, estimate: Vector, error: Vector, count: float | Vector) -> Vector:
        """Standardised distance from the centre, which rests on ``count`` units."""
        of_centre = 1.0 + 0.5 * np.pi / count
        z: Vector = (estimate - self.centre) / np.sqrt((error**2 + self.spread**2) * of_centre)
        return z


def upper_p(z: Vector, peers: Peers) -> Vector:
    """How often an honest unit lies this far up: in (0, 1]; NaN stays."""
    from scipy.stats import t

    p: Vector = np.maximum(t.sf(z, peers.freedom), 1e-12)
    return p


def logits(unit: NDArray[np.intp], level: Vector, units: int) -> tuple[Vector, Vector, Vector]:
    """Records, logit of the mean level, and what the records are worth, ``(units,)`` each.

    The variance of a mean is quasi-binomial, ``phi m (1 - m) / n``, with one ``phi`` for
    all units: ``n / phi`` is what the records are worth as yes-or-no answers. Half of one
    of either kind is added, so that a unit at the end of the scale has a finite logit.
    NaN where there are no records. The error is :func:`error_at`.

    Args:
        unit: ``(n,)`` unit of each record.
        level: float64 ``(n,)`` in [0, 1].
        units: How many units there are.
    """
    n = np.bincount(unit, minlength=units).astype(np.float64)
    total = np.bincount(unit, level, minlength=units)
    square = np.bincount(unit, level * level, minlength=units)
    known = n > 0
    mean = np.divide(total, n, out=np.full(units, np.nan), where=known)
    within = float(np.sum(square[known] - n[known] * mean[known] ** 2))
    binomial = float(np.sum(n[known] * mean[known] * (1.0 - mean[known])))
    phi = within / binomial if binomial > 0 else 0.0
    worth = np.where(known, n / max(phi, 1e-3), np.nan)
    kept = (mean * worth + 0.5) / (worth + 1.0)
    return n, np.log(kept / (1.0 - kept)), worth


def error_at(logit: Vector, worth: Vector) -> Vector:
    """Standard error of the logit of a mean that is truly ``logit``.

    A test takes the error at the logit that it expects: at the observed one it grows
    without limit towards the end of the scale, and hides what it is to find.
    """
    mean = 1.0 / (1.0 + np.exp(-logit))
    error: Vector = 1.0 / np.sqrt(worth * mean * (1.0 - mean))
    return error


def robust_line(x: Vector, y: Vector) -> tuple[float, float]:
    """Theil-Sen slope, kept in [0, 1], and the offset of the median residual.

    Levels regress to the mean, they do not run away. Of many units 400 spread evenly over
    ``x`` give the slope.
    """
    chosen = np.argsort(x, kind="stable")
    if x.size > LINE_POINTS:
        chosen = chosen[(np.arange(LINE_POINTS) * (x.size / LINE_POINTS)).astype(np.intp)]
    dx = x[chosen][:, None] - x[chosen][None, :]
    dy = y[chosen][:, None] - y[chosen][None, :]
    apart = dx > 1e-12
    slope = float(np.clip(np.median(dy[apart] / dx[apart]), 0.0, 1.0)) if apart.any() else 0.0
    return slope, float(np.median(y - slope * x))


def _weighted_median(values: Vector, weight: Vector) -> float:
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(cumulated, cumulated[-1] / 2.0)])


def _spread(residual: Vector, error: Vector) -> float:
    """Spread beyond ``error`` at which the cut squares of ``z`` have the mean of a normal."""

    def excess(spread: float) -> float:
        square: Vector = residual**2 / (error**2 + spread**2)
        return float(np.minimum(square, CUT**2).mean()) - CUT_SQUARE

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.abs(residual).max() / CUT_SQUARE**0.5) + 1e-12
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high

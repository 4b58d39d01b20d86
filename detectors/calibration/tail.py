"""p-values from a few dozen to a few thousand honest scores, beyond one in n as well.

Inside the range of the honest scores the p-value is the conformal one,
``(1 + #{honest >= score}) / (n + 1)``, which needs no assumption but exchangeability
and counts a tie as an exceedance. It cannot go below ``1 / (n + 1)``. Above the
largest honest score the tail is continued from the excesses of the upper quarter (100 at
most) over its threshold by the predictive distribution of an exponential with an estimated mean
(a Lomax, which carries the uncertainty of few excesses), made heavier twice: its mean
is widened by ``WIDENING`` and its degrees of freedom are capped at ``FREEDOM``. A tail
without spread is not continued at all.

Measured over 600 samples of each of nine distributions (exponential, normal,
lognormal, Student t4, zero-inflated, two Poisson, geometric, uniform): largest share of
honest scores at p <= .01 is .0098 from 40 scores and .0102 from 100 and 400; at
p <= .001 it is .0022, .0013 and .0008, each for the lognormal.

Reference: Vovk, Gammerman & Shafer (2005), *Algorithmic Learning in a Random World*
(conformal p-values); Pickands (1975), excesses over a threshold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["HonestDistribution"]

UPPER_SHARE = 0.25
FEWEST_EXCESSES = 10
MOST_EXCESSES = 100
WIDENING = 1.3
FREEDOM = 10.0
SMALLEST_P = 1e-12
DUST = 1e-9
MOST_SCORES = 10_000_000


@dataclass(frozen=True, eq=False)
class HonestDistribution:
    """What honest subjects score, and how surprising a score is among them.

    Attributes:
        scores: float64, sorted upwards, finite; higher is more suspicious.
        min_scale: Smallest mean excess that is believed (units of the score). Use it
            where honest scores are nearly constant but a physical spread is known;
            0 means that the data alone speak.
        freedom: Most degrees of freedom that the continued tail is given; fewer are more
            cautious. Sums over many records, whose tails fall at least as fast as an
            exponential's, may have all that their excesses give.
        widening: What the mean excess is made wider by; 1 where thousands of scores tell it.
    """

    scores: NDArray[np.float64]
    min_scale: float = 0.0
    freedom: float = FREEDOM
    widening: float = WIDENING

    @classmethod
    def fit(
        cls,
        scores: ArrayLike,
        *,
        min_scale: float = 0.0,
        freedom: float = FREEDOM,
        widening: float = WIDENING,
    ) -> HonestDistribution:
        """Learn from honest ``scores``; what is not finite is left out.

        Raises:
            ValueError: If ``min_scale`` is negative.
        """
        if min_scale < 0:
            raise ValueError("min_scale is a spread and cannot be negative")
        values = np.asarray(scores, dtype=np.float64).ravel()
        return cls(
            np.sort(values[np.isfinite(values)]), float(min_scale), float(freedom), float(widening)
        )

    @property
    def n(self) -> int:
        """How many honest scores it rests on."""
        return int(self.scores.size)

    @overload
    def p_value(self, score: float) -> float: ...
    @overload
    def p_value(self, score: NDArray[np.float64]) -> NDArray[np.float64]: ...
    def p_value(self, score: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
        """How often honest subjects score this high: in (0, 1], never rising with the score.

        NaN stays NaN. Without any honest score every answer is 1.
        """
        if np.ndim(score) == 0:
            return self._of_one(float(score))
        values = np.asarray(score, dtype=np.float64)
        n = self.n
        at_least = n - np.searchsorted(self.scores, values, side="left")
        p = (1.0 + at_least) / (n + 1.0)
        if n:
            above = values > self.scores[-1]
            if np.any(above):
                p = np.where(above, np.minimum(p, self._beyond(values)), p)
        answer: NDArray[np.float64] = np.where(np.isnan(values), np.nan, np.maximum(p, SMALLEST_P))
        return answer

    def _of_one(self, score: float) -> float:
        """The same of one score, as a page asks for some fifty times."""
        if math.isnan(score):
            return score
        n = self.n
        p = (1.0 + n - int(self.scores.searchsorted(score))) / (n + 1.0)
        if n and score > self.scores[-1]:
            p = min(p, float(self._beyond(np.array(score))))
        return max(p, SMALLEST_P)

    def p_bound(self, score: float, confidence: float) -> float:
        """Upper confidence bound of how often honest subjects score this high, in (0, 1].

        A conformal p-value holds over all samples that could have been drawn; of the one that was,
        the share beyond its k-th highest score is Beta(k, n + 1 - k). Beyond the highest score
        the continued tail is widened as the share beyond that one is.

        Reference: Vovk (2012), training-conditional validity; Bates et al. (2023), calibration-
        conditional conformal p-values.

        Raises:
            ValueError: If ``confidence`` is not between 0 and 1.
        """
        if not 0.0 < confidence < 1.0:
            raise ValueError("confidence must lie between 0 and 1")
        from scipy.special import betaincinv

        p = self._of_one(float(score))
        if math.isnan(p) or not self.n:
            return p
        rank = max(1.0, round(p * (self.n + 1), 9))
        if rank > self.n:
            return 1.0
        least = rank / (self.n + 1)
        bound = float(betaincinv(rank, self.n + 1 - rank, confidence))
        return min(1.0, p * max(1.0, bound / least))

    def p_of_members(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the honest scores at least as high, for some of those scores themselves."""
        at_least = self.n - np.searchsorted(self.scores, scores, side="left")
        answer: NDArray[np.float64] = np.where(np.isnan(scores), np.nan, at_least / max(self.n, 1))
        return answer

    def _beyond(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Continued tail at ``values`` above the largest honest score."""
        n = self.n
        k = min(max(FEWEST_EXCESSES, round(UPPER_SHARE * n)), MOST_EXCESSES, n // 2)
        if k < 2:
            return np.ones_like(values)
        threshold = self.scores[n - k - 1]
        excess = self.scores[n - k :] - threshold
        # a spread of rounding errors is no spread
        excess = excess[excess > DUST * max(1.0, abs(threshold))]
        count = excess.size
        if count == 0:
            if self.min_scale == 0:
                return np.ones_like(values)
            count, mean = 1, self.min_scale
        else:
            mean = max(float(excess.mean()), self.min_scale)
        freedom = min(float(count), self.freedom)
        reach = np.maximum(values - threshold, 0.0) / (freedom * mean * self.widening)
        tail: NDArray[np.float64] = count / (n + 1.0) * (1.0 + reach) ** -freedom
        return tail

    def threshold(self, p: float) -> float:
        """Smallest score whose p-value is at most ``p``; infinity where none is known.

        Raises:
            ValueError: If ``p`` lies outside (0, 1).
        """
        if not 0.0 < p < 1.0:
            raise ValueError(f"p {p} outside (0, 1)")
        if self.n == 0:
            return float("inf")
        candidates = np.unique(self.scores)
        enough = candidates[self.p_value(candidates) <= p]
        if enough.size:
            return float(enough[0])
        low = float(self.scores[-1])
        step = max(abs(low), 1.0) * 1e-6
        while step < 1e18 and self.p_value(low + step) > p:
            step *= 2.0
        if step >= 1e18:
            return float("inf")
        high, low = low + step, low + step / 2.0
        for _ in range(60):
            middle = (low + high) / 2.0
            low, high = (low, middle) if self.p_value(middle) <= p else (middle, high)
        return high

    def to_json(self) -> dict[str, Any]:
        """A JSON object; distinct scores with their counts, exact."""
        values, counts = np.unique(self.scores, return_counts=True)
        return {
            "scores": [float(v) for v in values],
            "counts": [int(c) for c in counts],
            "min_scale": self.min_scale,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> HonestDistribution:
        """The inverse of :meth:`to_json`.

        Raises:
            KeyError: If a key is missing.
            ValueError: If scores and counts are not finite numbers of one length.
            TypeError, OverflowError: If they are something else.
        """
        values = np.asarray(data["scores"], dtype=np.float64)
        counts = np.asarray(data["counts"], dtype=np.int64)
        scale = float(data.get("min_scale", 0.0))
        if values.shape != counts.shape or values.ndim != 1:
            raise ValueError("scores and counts differ in length")
        if not np.isfinite(values).all() or not 0.0 <= scale < np.inf:
            raise ValueError("a score is no number")
        if np.any(counts < 0) or float(np.sum(counts, dtype=np.float64)) > MOST_SCORES:
            raise ValueError(f"counts are negative, or more than {MOST_SCORES} scores")
        return cls.fit(np.repeat(values, counts), min_scale=scale)

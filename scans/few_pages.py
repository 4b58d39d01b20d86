"""What few honest pages tell: by the others, by how many there are, on another's scale."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from detectors.calibration.tail import HonestDistribution

__all__ = ["Top", "known", "stretch", "upper"]

# A cleaner scanner than the built-in ones makes scores count this much more at most.
_MOST_STRETCH = 1.5


@dataclass(frozen=True, slots=True)
class Top:
    """The highest of honest scores, judged by all the others.

    A page that is learned from must be judged as a fresh one is: by the other pages. Ranked
    among them all, itself included, no page would ever be beyond all honest ones, and the next
    honest page that is would look rarer than it is.
    """

    score: float
    p_value: float

    @staticmethod
    def of(honest: HonestDistribution) -> Top:
        """That of ``honest``; its p-value is 1 where there are no others."""
        others = replace(honest, scores=honest.scores[:-1])
        top = float(honest.scores[-1]) if honest.n else float("inf")
        return Top(top, float(others.p_value(top)) if honest.n > 1 else 1.0)

    def left_out(self, honest: HonestDistribution, score: float) -> float:
        """p-value of a member by the others."""
        if score >= self.score:
            return self.p_value
        at_least = honest.n - int(np.searchsorted(honest.scores, score, side="left"))
        return float(max(1, at_least) / max(1, honest.n))


def known(own: HonestDistribution) -> float:
    """How far a few pages are believed: 0 without any, .73 for forty."""
    return own.n / (own.n + 15.0)


def stretch(own: HonestDistribution, base: HonestDistribution) -> float:
    """Factor that brings scores of one scanner to the scale of the built-in reference.

    Ratio of the mean upper quarters, drawn towards 1 while few pages were seen.
    """
    floor = max(own.min_scale, base.min_scale, 1e-6)
    # Ratios of few checks may be below 0 throughout: as small as can be.
    ratio = (max(0.0, upper(base)) + floor) / (max(0.0, upper(own)) + floor)
    return float(min(_MOST_STRETCH, ratio ** known(own)))


def upper(honest: HonestDistribution) -> float:
    """Mean of the upper quarter of honest scores."""
    return float(np.mean(honest.scores[-max(1, honest.n // 4) :]))

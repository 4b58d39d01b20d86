"""How many of a finite group are altered, from a sample of it without replacement.

Two intervals, both exact for every group and sample. One is for a sample whose size was
fixed before; it is the hypergeometric counterpart of Clopper and Pearson's. The other holds
at every moment together, so that one may look after each answer and stop when one likes; it
is wider.

References:
    Clopper and Pearson, Biometrika 26 (1934); Buonaccorsi, "A note on confidence intervals
    for proportions in finite populations", The American Statistician 41 (1987).
    Waudby-Smith and Ramdas, "Confidence sequences for sampling without replacement",
    NeurIPS (2020): the ratio of prior to posterior is a martingale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, gammaln
from scipy.stats import hypergeom

__all__ = ["Interval", "anytime_interval", "exact_interval"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A share in [0, 1] and where it may lie; ``value`` is ``None`` without a sample."""

    value: float | None
    low: float
    high: float


def exact_interval(hits: int, size: int, population: int, confidence: float = 0.95) -> Interval:
    """Interval for the share of a finite group, for a sample of fixed size.

    Args:
        hits: Altered ones in the sample.
        size: Of the sample, drawn without replacement.
        population: Of the group.
        confidence: In (0, 1).

    Raises:
        ValueError: If the counts cannot be so.
    """
    _check(hits, size, population)
    if size == 0:
        return Interval(None, 0.0, 1.0)
    tail = (1.0 - confidence) / 2.0
    low = _first(
        hits,
        population - size + hits,
        lambda k: float(hypergeom.sf(hits - 1, population, k, size)) > tail,
    )
    high = _first(
        hits,
        population - size + hits + 1,
        lambda k: float(hypergeom.cdf(hits, population, k, size)) <= tail,
    )
    return Interval(hits / size, low / population, (high - 1) / population)


def anytime_interval(hits: int, size: int, population: int, confidence: float = 0.95) -> Interval:
    """Interval that holds at every size of the sample together.

    Args:
        hits: Altered ones among the first ``size`` of a random order.
        size: How many of them are known.
        population: Of the group.
        confidence: In (0, 1): the chance that no interval on the way misses.

    Raises:
        ValueError: If the counts cannot be so.
    """
    _check(hits, size, population)
    if size == 0 or population == 0:
        return Interval(None, 0.0, 1.0)
    altered = np.arange(hits, population - size + hits + 1, dtype=float)
    # Beta-binomial prior (1, 1): uniform over 0…population. The posterior of what is left
    # is beta-binomial with (1 + hits, 1 + size - hits).
    rest, left = altered - hits, population - size
    log_prior = -np.log(population + 1.0)
    log_posterior = (
        gammaln(left + 1.0)
        - gammaln(rest + 1.0)
        - gammaln(left - rest + 1.0)
        + betaln(rest + 1.0 + hits, left - rest + 1.0 + size - hits)
        - betaln(1.0 + hits, 1.0 + size - hits)
    )
    inside = altered[log_prior - log_posterior < -np.log(1.0 - confidence)]
    return Interval(hits / size, float(inside[0]) / population, float(inside[-1]) / population)


def _check(hits: int, size: int, population: int) -> None:
    if not 0 <= hits <= size <= population:
        raise ValueError(f"{hits} of {size} of {population} cannot be")


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first number from ``low`` for which ``holds``, by halves; ``high`` if none."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low

"""How many to ask again, from the power that is wanted. Exact, nothing is approximated."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import binom, fisher_exact, hypergeom

__all__ = ["calls_for", "catch_power", "difference_power", "size_to_catch", "size_to_tell"]

MOST = 400


def catch_power(size: int, rate: float, population: int | None = None) -> float:
    """Probability that a sample holds at least one altered record.

    Args:
        size: Of the sample, from 0.
        rate: Share of altered records, in [0, 1].
        population: Records there are; without it they are taken to be without number.

    Example:
        >>> [round(catch_power(n, 0.1), 2) for n in (18, 30, 50)]
        [0.85, 0.96, 0.99]
    """
    if population is None:
        return float(1.0 - (1.0 - rate) ** size)
    altered = math.ceil(rate * population)
    return float(1.0 - hypergeom.pmf(0, population, altered, min(size, population)))


def size_to_catch(power: float, rate: float, population: int | None = None) -> int:
    """The smallest sample whose :func:`catch_power` reaches ``power``; all if none does."""
    low, high = 0, population if population is not None else 1 << 20
    while low < high:
        middle = (low + high) // 2
        if catch_power(middle, rate, population) >= power:
            high = middle
        else:
            low = middle + 1
    return low


def difference_power(size: int, one: float, other: float, alpha: float = 0.05) -> float:
    """Power of Fisher's exact test, one-sided, between two samples of ``size`` each.

    Args:
        size: Of each sample, from 1.
        one: Share of altered records among the suspects.
        other: The same among those who are compared with them.
        alpha: Level of the test.
    """
    counts = np.arange(size + 1)
    chance_one, chance_other = binom.pmf(counts, size, one), binom.pmf(counts, size, other)
    power = 0.0
    for beside in counts.tolist():
        if chance_other[beside] < 1e-12:
            continue
        # The smallest count among the suspects that is significant beside this one.
        low, high = beside, size + 1
        while low < high:
            middle = (low + high) // 2
            table = np.array([[middle, size - middle], [beside, size - beside]])
            if fisher_exact(table, alternative="greater").pvalue <= alpha:
                high = middle
            else:
                low = middle + 1
        power += float(chance_other[beside] * chance_one[low:].sum())
    return power


def size_to_tell(power: float, one: float, other: float, alpha: float = 0.05) -> int:
    """The smallest sample of each arm that tells ``one`` from ``other``; at most 400."""
    low, high = 1, MOST
    while low < high:
        middle = (low + high) // 2
        if difference_power(middle, one, other, alpha) >= power:
            high = middle
        else:
            low = middle + 1
    return low


def calls_for(answers: int, response: float) -> int:
    """How many to draw so that about so many are reached, at this share of people reached."""
    return math.ceil(answers / response - 1e-9)

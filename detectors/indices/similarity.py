"""How alike two records are, against what independent people of their kind would be.

Reproduces aberrance 0.3.0 ``GBT_S`` and ``OMG_S`` given the probabilities of answers. An item
that either left out takes no part: missing never matches. All assume that answers are
independent given the probabilities; on real records that flags honest pairs (evidence:
false-discovery proportion .11 to .63 at nominal .05), so they rank pairs and are no p-values.
Reference: van der Linden & Sotaridona (2006), Journal of Educational and Behavioral
Statistics 31, 283-304; Wollack (1997), Applied Psychological Measurement 21, 307-320;
Romero, Riascos & Jara (2015), Journal of Educational and Behavioral Statistics 40, 435-453.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.indices._shared import Matrix, Pairs, Vector, as_rows

__all__ = ["generalised_binomial", "match_deviation", "matches", "omega", "upper_tail"]

Probabilities = NDArray[np.float64]


def matches(x: Matrix, pairs: Pairs) -> Vector:
    """``(m,)``: number of items that both records of each pair ``(m, 2)`` answered alike."""
    first, second = _both(x, pairs)
    count: Vector = (first == second).sum(axis=1).astype(np.float64)
    return count


def generalised_binomial(x: Matrix, probabilities: Probabilities, pairs: Pairs) -> Vector:
    """``(m,)``: chance of at least as many matches as there are, GBT; low is alike.

    Args:
        x: Answers 0..categories - 1.
        probabilities: ``(n, items, categories)``: of each answer of each record.
        pairs: ``(m, 2)``: records to compare; memory grows with pairs x items x categories.

    NaN where the two answered no item in common. Reference: aberrance ``GBT_S``, whose
    statistic is this chance itself.
    """
    chance, alike = _match_chances(x, probabilities, pairs)
    return np.where((chance > 0).any(axis=1), upper_tail(chance, alike), np.nan)


def match_deviation(x: Matrix, probabilities: Probabilities, pairs: Pairs) -> Vector:
    """``(m,)``: matches less their mean, in standard deviations; high is alike.

    The unconditional omega of Romero et al. (2015), the same for both orders of a pair.
    Reference: aberrance ``OMG_S``.
    """
    chance, alike = _match_chances(x, probabilities, pairs)
    return _deviation(chance, alike)


def omega(x: Matrix, probabilities: Probabilities, pairs: Pairs) -> Vector:
    """``(m,)``: Wollack's omega: the second record's answers as given, the first's by chance.

    High says that the first record has more of the second's answers than expected.
    """
    places = np.asarray(pairs, dtype=np.intp).reshape(-1, 2)
    first, second = _both(x, places)
    known = ~np.isnan(first) & ~np.isnan(second)
    answer = np.where(known, second, 0.0).astype(np.intp)
    chance = np.take_along_axis(probabilities[places[:, 0]], answer[:, :, None], axis=2)[:, :, 0]
    return _deviation(np.where(known, chance, 0.0), (first == second).sum(axis=1))


def upper_tail(chance: Matrix, count: NDArray[np.intp]) -> Vector:
    """``(m,)``: probability that at least ``count`` of independent events happen.

    Args:
        chance: ``(m, events)``: probability of each, 0 for one that takes no part.
        count: ``(m,)``: 0..events.

    The law of the number (Poisson-binomial) is built up event by event.
    """
    m, events = chance.shape
    law = np.zeros((events + 1, m))
    law[0] = 1.0
    for j in range(events):
        p = chance[:, j]
        law[1 : j + 2] = law[1 : j + 2] * (1.0 - p) + law[: j + 1] * p
        law[0] *= 1.0 - p
    at_least = np.cumsum(law[::-1], axis=0)[::-1]
    tail: Vector = np.clip(at_least[count, np.arange(m)], 0.0, 1.0)
    return tail


def _both(x: Matrix, pairs: Pairs) -> tuple[Matrix, Matrix]:
    rows = as_rows(x)
    places = np.asarray(pairs, dtype=np.intp).reshape(-1, 2)
    return rows[places[:, 0]], rows[places[:, 1]]


def _match_chances(
    x: Matrix, probabilities: Probabilities, pairs: Pairs
) -> tuple[Matrix, NDArray[np.intp]]:
    """Chance that a pair answers each item alike, and the number that it does."""
    places = np.asarray(pairs, dtype=np.intp).reshape(-1, 2)
    first, second = _both(x, places)
    known = ~np.isnan(first) & ~np.isnan(second)
    chance = np.einsum("mkc,mkc->mk", probabilities[places[:, 0]], probabilities[places[:, 1]])
    return np.where(known, chance, 0.0), (first == second).sum(axis=1)


def _deviation(chance: Matrix, alike: NDArray[np.intp]) -> Vector:
    variance = (chance * (1.0 - chance)).sum(axis=1)
    z: Vector = np.full(len(chance), np.nan)
    np.divide(alike - chance.sum(axis=1), np.sqrt(variance), out=z, where=variance > 1e-12)
    return z

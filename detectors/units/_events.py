"""What happened at one unit in one matter: low answers to an item that nobody else has so many of.

A week without a cashier makes one in ten people of a unit, who agree in nothing else, rate one
item low. Nearly nobody elsewhere answers so, and records that share a rare answer look copied,
or invented, where they are complaints. An item at which a unit has far more low answers than its
peers, beyond what it has more at its other items, therefore says nothing of who wrote
its records: those answers are taken for blank where records are compared and where their
coherence is judged. A hand that copies or invents spreads low answers over many items.

Reference: own work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

__all__ = ["without_events"]

# an item in excess needs this p-value by a Poisson count, and so many answers
MOST_P = 1e-4
FEWEST = 4
# more items than this are no single event, and what happened elsewhere cannot be told from it
MOST_ITEMS = 3
# how much of what is expected stands for "as many as elsewhere" in a unit's own rate
PRIOR = 0.2
SMALLEST_MEAN = 0.05
COMPILED_FROM = 20_000

Codes = NDArray[np.integer[Any]]
Rows = NDArray[np.intp]


def without_events(codes: Codes, levels: Rows, first: Rows) -> tuple[Codes, Rows]:
    """Records without the low answers to items that are in excess at their unit.

    Args:
        codes: ``(n, items)``, 0 = no answer, records of a unit together.
        levels: ``(items,)``.
        first: ``(units + 1,)``: where each unit begins.

    Returns:
        ``codes`` itself where there is no such item, else a copy; and the rows that changed.
    """
    excess = _excess(codes, levels, first)
    if not excess.any():
        return codes, np.zeros(0, dtype=np.intp)
    found = codes.copy()
    for unit in np.flatnonzero(excess.any(axis=1)).tolist():
        own = found[first[unit] : first[unit + 1]]
        own[_low(own, levels) & excess[unit]] = 0
        # who answered nothing else keeps what there is
        empty = ~own.any(axis=1)
        own[empty] = codes[first[unit] : first[unit + 1]][empty]
    return found, np.flatnonzero((found != codes).any(axis=1))


def _excess(codes: Codes, levels: Rows, first: Rows) -> NDArray[np.bool_]:
    """``(units, items)``: where a unit has far more low answers than others, in few items."""
    count, given = _counts(codes, levels, first)
    elsewhere = np.maximum(given.sum(axis=0) - given, 1.0)
    usual = given * (count.sum(axis=0) - count) / elsewhere
    # of all other items, but for those that may be part of the event
    rest = np.argsort(usual - count, axis=1, kind="stable")[:, MOST_ITEMS:]
    least = PRIOR * usual.sum(axis=1) + SMALLEST_MEAN
    own = np.take_along_axis(count, rest, axis=1).sum(axis=1) + least
    rate = own / (np.take_along_axis(usual, rest, axis=1).sum(axis=1) + least)
    mean = np.maximum(usual * np.maximum(rate, 1.0)[:, None], SMALLEST_MEAN)
    excess: NDArray[np.bool_] = (pdtrc(count - 1.0, mean) <= MOST_P) & (count >= FEWEST)
    excess[excess.sum(axis=1) > MOST_ITEMS] = False
    return excess


def _counts(
    codes: Codes, levels: Rows, first: Rows
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(units, items)`` low answers, and all."""
    count, given = np.zeros((2, len(first) - 1, codes.shape[1]))
    if len(codes) >= COMPILED_FROM:
        from detectors.units._loops import count_low

        count_low(codes, levels, first, count, given)
        return count, given
    for j in range(codes.shape[1]):
        column = codes[:, j : j + 1]
        count[:, j] = np.add.reduceat(_low(column, levels[j : j + 1])[:, 0], first[:-1], dtype=int)
        given[:, j] = np.add.reduceat(column[:, 0] > 0, first[:-1], dtype=int)
    return count, given


def _low(codes: Codes, levels: Rows) -> NDArray[np.bool_]:
    low: NDArray[np.bool_] = (codes > 0) & (levels > 2) & (codes <= levels - 2)
    return low

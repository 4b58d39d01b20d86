"""Loops of the non-parametric person-fit indices; imported where they are used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.indices._shared import Matrix, Vector, compiled

__all__ = ["answer_counts", "incomplete_sums", "looked_up", "pattern_sums"]

Whole = NDArray[np.int64]
Places = NDArray[np.intp]


@compiled
def answer_counts(x: Matrix, categories: int) -> tuple[Whole, int]:
    """How often each answer 0..categories - 1 is given to each item, and answers off it."""
    n, k = x.shape
    counts = np.zeros((k, categories), dtype=np.int64)
    off = 0
    for i in range(n):
        for j in range(k):
            value = x[i, j]
            if value == value:
                if value < 0 or value >= categories or value != np.floor(value):
                    off += 1
                else:
                    counts[j, int(value)] += 1
    return counts, off


@compiled
def looked_up(x: Matrix, table: Matrix) -> tuple[Vector, Whole]:
    """Sum of ``table[item, answer]`` and total of each record; total -1 where one is missing."""
    n, k = x.shape
    own = np.empty(n)
    total = np.empty(n, dtype=np.int64)
    for i in range(n):
        row = x[i]
        summed = 0.0
        passed = 0
        whole = True
        for j in range(k):
            value = row[j]
            if value != value:
                whole = False
                break
            answer = int(value)
            summed += table[j, answer]
            passed += answer
        own[i] = summed if whole else np.nan
        total[i] = passed if whole else -1
    return own, total


@compiled
def incomplete_sums(
    x: Matrix, which: Places, weight: Matrix, order: Places, by_rank: int, sign: float
) -> Matrix:
    """Own, easiest and most extreme sum of weights of passed steps, over answered items.

    ``order`` lists the item steps from the easiest; with ``by_rank`` a step's weight is its
    place among the steps of the items that the record answered. ``sign`` is 1 for the
    largest extreme, -1 for the smallest and 0 for none.
    """
    k, steps = weight.shape
    out = np.full((which.size, 3), np.nan)
    cumulative = np.zeros((k, steps + 1))
    extreme = np.empty(k * steps + 1)
    before = np.empty(k * steps + 1)
    for w in range(which.size):
        row = x[which[w]]
        total = 0
        answered = 0
        for j in range(k):
            if row[j] == row[j]:
                total += int(row[j])
                answered += 1
        if answered == 0:
            continue
        easiest = 0.0
        rank = 0
        for place in order:
            j, step = place // steps, place % steps
            if row[j] == row[j]:
                value = float(rank) if by_rank else weight[j, step]
                cumulative[j, step + 1] = cumulative[j, step] + value
                if rank < total:
                    easiest += value
                rank += 1
        own = 0.0
        extreme[:] = -np.inf
        extreme[0] = 0.0
        reached = 0
        for j in range(k):
            if row[j] != row[j]:
                continue
            own += cumulative[j, int(row[j])]
            if sign == 0.0:
                continue
            before[:] = extreme
            for taken in range(1, steps + 1):
                gain = sign * cumulative[j, taken]
                size = min(reached, total - taken) + 1
                here, there = before[: max(size, 0)], extreme[taken:]
                for t in range(here.size):
                    there[t] = here[t] + gain if here[t] + gain > there[t] else there[t]
            reached += steps
        out[w, 0] = own
        out[w, 1] = easiest
        out[w, 2] = sign * extreme[total] if sign != 0.0 else np.nan
    return out


@compiled
def pattern_sums(x: Matrix, weight: Vector, order: Places) -> Matrix:
    """``(n, 6)`` of yes/no answers, over the items that a record answered.

    Sum of weights of its yes answers, of as many of the easiest and of as many of the
    hardest items, number of yes, number answered, sum of all weights.
    """
    n, k = x.shape
    out = np.zeros((n, 6))
    for i in range(n):
        row = x[i]
        own = everything = 0.0
        yes = answered = 0
        for j in range(k):
            if row[j] == row[j]:
                answered += 1
                everything += weight[j]
                if row[j] == 1.0:
                    yes += 1
                    own += weight[j]
        best = worst = 0.0
        seen = 0
        for j in order:
            if row[j] == row[j]:
                if seen < yes:
                    best += weight[j]
                if seen >= answered - yes:
                    worst += weight[j]
                seen += 1
        out[i, 0] = own
        out[i, 1] = best
        out[i, 2] = worst
        out[i, 3] = yes
        out[i, 4] = answered
        out[i, 5] = everything
    return out

"""Loops over the use of the scale in one record; imported where they are used."""

from __future__ import annotations

import numpy as np

from detectors.indices._shared import Matrix, Vector, compiled

__all__ = ["longest_cycles", "scale_use", "transition_entropies"]


@compiled
def scale_use(x: Matrix, lowest: float, highest: float) -> Matrix:
    """``(n, 3)``: share at the ends, share in the middle, mean as a share of the scale."""
    n, k = x.shape
    out = np.empty((n, 3))
    middle = 0.5 * (lowest + highest)
    for i in range(n):
        ends = central = answered = 0
        total = 0.0
        for j in range(k):
            value = x[i, j]
            known = value == value
            answered += known
            ends += int(value == lowest) + int(value == highest)
            central += value == middle
            total += value if known else 0.0
        out[i, 0] = ends / answered
        out[i, 1] = central / answered
        out[i, 2] = (total / answered - lowest) / (highest - lowest)
    return out


@compiled
def transition_entropies(x: Matrix, values: Vector) -> Vector:
    """Conditional entropy, in bits, of an answer given the one before it."""
    n, k = x.shape
    size = values.size
    out = np.empty(n)
    bits = np.zeros(k + 1)  # c log2 c
    for c in range(2, k + 1):
        bits[c] = c * np.log2(c)
    count = np.zeros((size, size), dtype=np.int64)
    for i in range(n):
        count[:] = 0
        before = -1
        steps = 0
        for j in range(k):
            if x[i, j] != x[i, j]:
                continue
            value = np.searchsorted(values, x[i, j])
            if before >= 0:
                count[before, value] += 1
                steps += 1
            before = value
        open_bits = 0.0
        for a in range(size):
            row = 0
            for b in range(size):
                row += count[a, b]
                open_bits -= bits[count[a, b]]
            open_bits += bits[row]
        out[i] = max(open_bits, 0.0) / steps if steps else np.nan
    return out


@compiled
def longest_cycles(x: Matrix, longest: int) -> Vector:
    """Answers in the longest stretch made of whole repetitions of a short pattern."""
    n, k = x.shape
    out = np.empty(n)
    known = np.empty(k)
    for i in range(n):
        m = 0
        for j in range(k):
            if x[i, j] == x[i, j]:
                known[m] = x[i, j]
                m += 1
        best = 0
        for period in range(2, longest + 1):
            streak = alike = 0
            for j in range(1, m):
                alike = (alike + 1) * int(known[j] == known[j - 1])
                if j < period:
                    continue
                streak = (streak + 1) * int(known[j] == known[j - period])
                if streak >= period and alike < period - 1:  # not one answer only
                    best = max(best, (streak // period + 1) * period)
        out[i] = best if m else np.nan
    return out

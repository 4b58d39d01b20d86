"""Loops over the answers of one record that numpy would need many passes for.

Imported inside the functions that use them, so that numba is loaded only for an index
that is asked for. All take C-ordered float64 with NaN for no answer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.indices._shared import Matrix, Vector, compiled

__all__ = [
    "autocorrelations",
    "half_correlations",
    "item_sums",
    "longest_of_values",
    "pair_correlations",
    "pair_gaps",
    "part_deviations",
    "profile_correlations",
    "repeats",
    "runs",
]

Places = NDArray[np.intp]


@compiled
def runs(x: Matrix) -> tuple[Vector, Vector]:
    """Longest and mean run of equal answers; NaN without an answer."""
    n, k = x.shape
    longest = np.empty(n)
    mean = np.empty(n)
    for i in range(n):
        best = run = count = answered = 0
        before = np.nan
        for j in range(k):
            value = x[i, j]
            known = int(value == value)
            same = int(value == before)
            run = run * same + known  # without branches: what comes next cannot be guessed
            count += known - same
            answered += known
            best = max(best, run)
            before = value
        longest[i] = best if count else np.nan
        mean[i] = answered / count if count else np.nan
    return longest, mean


@compiled
def longest_of_values(x: Matrix, values: Vector) -> Matrix:
    """Longest run of each value, missing answers passed over."""
    n, k = x.shape
    longest = np.zeros((n, values.size))
    for i in range(n):
        row = x[i]
        run = 0
        before = np.nan
        place = -1
        for j in range(k):
            value = row[j]
            if value != value:
                continue
            if value == before:
                run += 1
            else:
                run = 1
                before = value
                place = -1
                for v in range(values.size):
                    if values[v] == value:
                        place = v
            if place >= 0 and run > longest[i, place]:
                longest[i, place] = run
    return longest


@compiled
def part_deviations(x: Matrix, first: Places, last: Places) -> Matrix:
    """Sample standard deviation of the answers in each part ``first[p]:last[p]``."""
    n = x.shape[0]
    out = np.empty((n, first.size))
    for i in range(n):
        for p in range(first.size):
            row = x[i, first[p] : last[p]]
            count = 0
            total = 0.0
            for j in range(row.size):
                if row[j] == row[j]:
                    count += 1
                    total += row[j]
            square = 0.0
            mean = total / count
            for j in range(row.size):
                if row[j] == row[j]:
                    square += (row[j] - mean) ** 2
            out[i, p] = np.sqrt(square / (count - 1)) if count > 1 else np.nan
    return out


@compiled
def _correlation(u: Vector, v: Vector, m: int, fewest: int) -> float:
    """Pearson's correlation of the first ``m`` values; NaN where one of them is constant."""
    if m < fewest:
        return np.nan
    mean_u = mean_v = 0.0
    for j in range(m):
        mean_u += u[j]
        mean_v += v[j]
    mean_u /= m
    mean_v /= m
    uu = vv = uv = 0.0
    for j in range(m):
        a, b = u[j] - mean_u, v[j] - mean_v
        uu += a * a
        vv += b * b
        uv += a * b
    # rounding leaves about 1e-32 of a constant's square
    if uu <= 1e-24 * m * (mean_u * mean_u + 1e-200) or vv <= 1e-24 * m * (mean_v * mean_v + 1e-200):
        return np.nan
    return float(uv / np.sqrt(uu * vv))


@compiled
def pair_correlations(x: Matrix, left: Places, right: Places, fewest: int) -> Vector:
    """Correlation over pairs of items answered both, in each record."""
    n = x.shape[0]
    out = np.empty(n)
    u = np.empty(left.size)
    v = np.empty(left.size)
    for i in range(n):
        row = x[i]
        m = 0
        for p in range(left.size):
            a, b = row[left[p]], row[right[p]]
            if a == a and b == b:
                u[m] = a
                v[m] = b
                m += 1
        out[i] = _correlation(u, v, m, fewest)
    return out


@compiled
def pair_gaps(x: Matrix, left: Places, right: Places, opposite: float, gap: float) -> Matrix:
    """``(n, 3)``: pairs answered both, summed distance, and pairs at least ``gap`` apart.

    The second answer of a pair is turned round at ``opposite``, if that is a number.
    """
    n = x.shape[0]
    out = np.zeros((n, 3))
    turned = opposite == opposite
    for i in range(n):
        row = x[i]
        for p in range(left.size):
            second = row[right[p]]
            apart = abs(row[left[p]] - (opposite - second if turned else second))
            if apart == apart:
                out[i, 0] += 1.0
                out[i, 1] += apart
                out[i, 2] += apart >= gap
    return out


@compiled
def profile_correlations(x: Matrix, profile: Vector, fewest: int) -> Vector:
    """Correlation of each record with one profile of the items."""
    n, k = x.shape
    out = np.empty(n)
    u = np.empty(k)
    v = np.empty(k)
    centred = profile - profile.mean()
    square = (centred**2).sum()
    constant = not square > 1e-24 * (profile**2).sum()
    for i in range(n):
        row = x[i]
        total = 0.0
        for j in range(k):
            total += row[j]
        mean = total / k
        if mean == mean and not constant and k >= fewest:
            uu = uv = 0.0
            for j in range(k):
                a = row[j] - mean
                uu += a * a
                uv += a * centred[j]
            alike = uu <= 1e-24 * k * (mean * mean + 1e-200)
            out[i] = np.nan if alike else uv / np.sqrt(uu * square)
            continue
        m = 0
        for j in range(k):
            if row[j] == row[j] and profile[j] == profile[j]:
                u[m] = row[j]
                v[m] = profile[j]
                m += 1
        out[i] = _correlation(u, v, m, fewest)
    return out


@compiled
def half_correlations(x: Matrix, first: Places, last: Places, fewest: int) -> Vector:
    """Correlation over scales of the mean of odd with the mean of even items."""
    n = x.shape[0]
    out = np.empty(n)
    u = np.empty(first.size)
    v = np.empty(first.size)
    for i in range(n):
        m = 0
        for s in range(first.size):
            row = x[i, first[s] : last[s]]
            odd = even = 0.0
            odds = evens = 0
            for j in range(row.size):
                if row[j] != row[j]:
                    continue
                if j % 2:
                    even += row[j]
                    evens += 1
                else:
                    odd += row[j]
                    odds += 1
            if odds and evens:
                u[m] = odd / odds
                v[m] = even / evens
                m += 1
        out[i] = _correlation(u, v, m, fewest)
    return out


@compiled
def autocorrelations(x: Matrix, lags: int, fewest: int) -> Matrix:
    """Correlation of each record with itself 1..lags items on; 1 for a record of one answer."""
    n, k = x.shape
    out = np.empty((n, lags))
    u = np.empty(k)
    v = np.empty(k)
    for i in range(n):
        row = x[i]
        constant = True
        answered = 0
        value = np.nan
        for j in range(k):
            if row[j] == row[j]:
                if answered and row[j] != value:
                    constant = False
                value = row[j]
                answered += 1
        for lag in range(1, lags + 1):
            m = 0
            for j in range(k - lag):
                a, b = row[j], row[j + lag]
                if a == a and b == b:
                    u[m] = a
                    v[m] = b
                    m += 1
            if constant and m >= fewest:
                out[i, lag - 1] = 1.0
            else:
                out[i, lag - 1] = _correlation(u, v, m, fewest)
    return out


@compiled
def repeats(x: Matrix, longest: int) -> Matrix:
    """Pairs of places in a record where the same movement of 2..longest answers begins."""
    n, k = x.shape
    out = np.zeros((n, longest - 1))
    step = np.empty(k - 1)
    for i in range(n):
        for j in range(k - 1):
            step[j] = x[i, j + 1] - x[i, j]
        for gap in range(1, k - 1):
            streak = 0
            for j in range(k - 1 - gap):
                streak = (streak + 1) * int(step[j] == step[j + gap])
                if streak:
                    out[i, min(streak, longest - 1) - 1] += 1.0
        # a streak of m equal steps ends one movement of each length 2..m + 1
        for length in range(longest - 3, -1, -1):
            out[i, length] += out[i, length + 1]
    return out


@compiled
def item_sums(x: Matrix) -> tuple[Vector, Vector]:
    """Sum and number of the answers given to each item."""
    n, k = x.shape
    total = np.zeros(k)
    count = np.zeros(k)
    for i in range(n):
        for j in range(k):
            known = x[i, j] == x[i, j]
            total[j] += x[i, j] if known else 0.0
            count[j] += known
    return total, count

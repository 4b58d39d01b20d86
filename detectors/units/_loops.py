"""Loops over millions of records, compiled; imported only where a table is large.

Each has a plain twin beside its caller that answers the same, up to rounding, and is
used for small tables, which would pay more for compiling than for the work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = [
    "count_answers",
    "count_kinds",
    "pack",
    "sum_of_alike",
    "sum_of_gains",
    "sum_of_lifts",
]


def _popcount(_context: Any, word: Any) -> Any:
    """Number of set bits, by the processor's own instruction."""

    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), code


_ones: Any = intrinsic(_popcount)


@njit(cache=True, nogil=True)
def count_answers(
    codes: NDArray[Any],
    levels: NDArray[np.intp],
    best: NDArray[np.int16],
    second: NDArray[np.int16],
    low: NDArray[np.int16],
    asked: NDArray[np.int16],
    total: NDArray[np.float64],
    square: NDArray[np.float64],
) -> None:
    """See :func:`detectors.units._features.features_of_codes`."""
    for i in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            code, most = np.intp(codes[i, j]), levels[j]
            if code == 0:
                continue
            asked[i] += 1
            if code == most:
                best[i] += 1
            elif code == most - 1:
                second[i] += 1
            elif most > 2:
                low[i] += 1
            scaled = (code - 1.0) / (most - 1.0)
            total[i] += scaled
            square[i] += scaled * scaled


@njit(cache=True, nogil=True)
def count_kinds(
    codes: NDArray[Any], kind: NDArray[np.intp], rows: NDArray[np.intp], out: NDArray[np.int64]
) -> None:
    """Add the answers of ``rows`` to ``(kinds, items, states)`` counts."""
    for at in range(rows.size):
        i = rows[at]
        for j in range(codes.shape[1]):
            out[kind[i], j, codes[i, j]] += 1


@njit(cache=True, nogil=True)
def sum_of_gains(
    codes: NDArray[Any],
    kind: NDArray[np.intp],
    gain: NDArray[np.float32],
    log_e: float,
    out: NDArray[np.float64],
) -> None:
    """Log likelihood ratio of a record with an exact copy of itself."""
    for i in range(codes.shape[0]):
        total = 0.0
        for j in range(codes.shape[1]):
            if codes[i, j] > 0:
                total += gain[kind[i], j, codes[i, j]] + log_e
        out[i] = total


@njit(cache=True, nogil=True)
def sum_of_lifts(
    codes: NDArray[Any],
    table: NDArray[np.float32],
    tree: NDArray[np.intp],
    states: int,
    out: NDArray[np.float64],
) -> None:
    """See :func:`detectors.units._lift.lift_scores`."""
    n, items = codes.shape
    place = np.empty(items, dtype=np.intp)
    for i in range(n):
        known = 0
        for j in range(items):
            if codes[i, j] > 0:
                place[known] = j * states + codes[i, j]
                known += 1
        total = np.float32(0.0)
        for a in range(known):
            row = table[place[a]]
            for b in range(a):
                total += row[place[b]]
        out[i, 0] = total
        along = np.float32(0.0)
        for k in range(tree.shape[0]):
            a, b = tree[k, 0], tree[k, 1]
            if codes[i, a] > 0 and codes[i, b] > 0:
                along += table[a * states + codes[i, a], b * states + codes[i, b]]
        out[i, 1] = along


@njit(cache=True, nogil=True)
def pack(
    codes: NDArray[Any], states: int, words: NDArray[np.uint64], known: NDArray[np.uint64]
) -> None:
    """Set one bit an answer in ``words`` and one bit an answered item in ``known``."""
    for i in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            if codes[i, j] > 0:
                bit = j * states + codes[i, j] - 1
                words[i, bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)
                known[i, j >> 6] |= np.uint64(1) << np.uint64(j & 63)


@njit(cache=True, nogil=True)
def sum_of_alike(
    rows: NDArray[np.intp],
    first: NDArray[np.intp],
    words: NDArray[np.uint64],
    known: NDArray[np.uint64],
    codes: NDArray[Any],
    kind: NDArray[np.intp],
    gain: NDArray[np.float32],
    most: NDArray[np.float64],
    log_e: float,
    least: float,
    slack: float,
    share: float,
    cap: float,
    out: NDArray[np.float64],
) -> None:
    """See :func:`detectors.units._alike.Alike.totals`."""
    width = words.shape[1]
    items = codes.shape[1]
    longest = 0
    for s in range(first.size - 1):
        longest = max(longest, first[s + 1] - first[s])
    taken = np.empty(longest, dtype=np.intp)
    like = np.empty(longest, dtype=np.float64)
    for s in range(first.size - 1):
        partners = max(first[s + 1] - first[s] - 1, 1)
        enough = max(least, np.log(partners) - slack)
        count = 0
        for at in range(first[s], first[s + 1]):
            if most[rows[at]] >= enough:
                taken[count] = rows[at]
                count += 1
        like[:count] = 0.0
        for a in range(count):
            i = taken[a]
            for b in range(a):
                j = taken[b]
                if i == j:
                    continue
                off = np.int64(0)
                for w in range(known.shape[1]):
                    off += np.int64(_ones(known[i, w] & known[j, w]))
                for w in range(width):
                    off -= np.int64(_ones(words[i, w] & words[j, w]))
                if max(most[i], most[j]) + log_e * off < enough:
                    continue
                one = 0.0
                other = 0.0
                for item in range(items):
                    x = codes[i, item]
                    y = codes[j, item]
                    if x > 0 and y > 0:
                        one += log_e
                        other += log_e
                        if x == y:
                            one += gain[kind[i], item, x]
                            other += gain[kind[j], item, x]
                if one >= enough:
                    like[a] += np.exp(min(one, 20.0))
                if other >= enough:
                    like[b] += np.exp(min(other, 20.0))
        total = 0.0
        for a in range(count):
            total += min(np.log1p(share / (1.0 - share) / partners * like[a]), cap)
        out[s] = total

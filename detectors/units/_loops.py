"""Loops over millions of records, compiled; imported only where a table is large.

Each has a plain twin beside its caller that answers the same, up to rounding, and is
used for small tables, which would pay more for compiling than for the work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from detectors.pairs._compiler import popcount, trailing_zeros

__all__ = [
    "count_answers",
    "count_low",
    "draw_rows",
    "likelihood_of_classes",
    "pack",
    "sum_by_bin",
    "sum_of_alike",
    "sum_of_gains",
    "sum_of_lifts",
]


ROUNDING = 1e-6
FAR_BELOW = np.float32(16.0)  # adds less than a float of 32 bits holds


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
    items = codes.shape[1]
    states = levels.max() + 1
    # What an answer counts for is looked up: a blank adds nothing. The four counts of a record
    # are one number, 16 bits each.
    counts = np.zeros((items, states), dtype=np.int64)
    scaled = np.zeros((items, states), dtype=np.float64)
    for j in range(items):
        for code in range(1, levels[j] + 1):
            counts[j, code] = 1
            if code == levels[j]:
                counts[j, code] += 1 << 16
            elif code == levels[j] - 1:
                counts[j, code] += 1 << 32
            elif levels[j] > 2:
                counts[j, code] += 1 << 48
            scaled[j, code] = (code - 1.0) / (levels[j] - 1.0)
    for i in range(codes.shape[0]):
        count, of_level, of_square = 0, 0.0, 0.0
        for j in range(items):
            code = codes[i, j]
            count += counts[j, code]
            of_level += scaled[j, code]
            of_square += scaled[j, code] * scaled[j, code]
        asked[i], best[i] = count & 0xFFFF, count >> 16 & 0xFFFF
        second[i], low[i] = count >> 32 & 0xFFFF, count >> 48
        total[i], square[i] = of_level, of_square


@njit(cache=True, nogil=True)
def count_low(
    codes: NDArray[Any],
    levels: NDArray[np.intp],
    first: NDArray[np.intp],
    low: NDArray[np.float64],
    given: NDArray[np.float64],
) -> None:
    """See :func:`detectors.units._events.without_events`: counts by unit and item."""
    for unit in range(first.size - 1):
        for i in range(first[unit], first[unit + 1]):
            for j in range(codes.shape[1]):
                code = codes[i, j]
                given[unit, j] += code > 0
                low[unit, j] += (code > 0) & (levels[j] > 2) & (code <= levels[j] - 2)


@njit(cache=True, nogil=True)
def sum_of_gains(
    codes: NDArray[Any],
    gain: NDArray[np.float32],
    log_e: float,
    out: NDArray[np.float64],
) -> None:
    """See :func:`detectors.units._alike._summed`."""
    for i in range(codes.shape[0]):
        total = 0.0
        for j in range(codes.shape[1]):
            if codes[i, j] > 0:
                total += gain[j, codes[i, j]] + log_e
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
    width = table.shape[1]
    flat = table.reshape(table.size)
    place = np.empty((4, items), dtype=np.intp)
    # Four records side by side: each sum waits for its last term, in an order of its own. A
    # blank adds the lift of no answer, which is 0.
    for start in range(0, n, 4):
        for k in range(4):
            for j in range(items):
                place[k, j] = j * states
                if start + k < n:
                    place[k, j] += codes[start + k, j]
        one = two = three = four = np.float32(0.0)
        for a in range(items):
            first, second = place[0, a] * width, place[1, a] * width
            third, fourth = place[2, a] * width, place[3, a] * width
            for b in range(a):
                one += flat[first + place[0, b]]
                two += flat[second + place[1, b]]
                three += flat[third + place[2, b]]
                four += flat[fourth + place[3, b]]
        totals = (one, two, three, four)
        for k in range(min(4, n - start)):
            out[start + k, 0] = totals[k]
            along = np.float32(0.0)
            for t in range(tree.shape[0]):
                along += flat[place[k, tree[t, 0]] * width + place[k, tree[t, 1]]]
            out[start + k, 1] = along


@njit(cache=True, nogil=True)
def likelihood_of_classes(
    codes: NDArray[Any],
    answer: NDArray[np.float32],
    share: NDArray[np.float32],
    states: int,
    out: NDArray[np.float64],
) -> None:
    """See :meth:`detectors.units._classes.Classes.log_likelihood`."""
    classes = share.size
    joint = np.empty(classes, dtype=np.float32)
    for i in range(codes.shape[0]):
        joint[:] = share
        for j in range(codes.shape[1]):
            place = j * states + codes[i, j]
            for c in range(classes):
                joint[c] += answer[place, c]
        most = joint.max()
        total = np.float32(0.0)
        for c in range(classes):
            if joint[c] > most - FAR_BELOW:
                total += np.exp(joint[c] - most)
        out[i] = most + np.log(total)


@njit(cache=True, nogil=True)
def sum_by_bin(
    bin_of: NDArray[np.intp],
    columns: NDArray[np.floating],
    rows: NDArray[np.intp],
    out: NDArray[np.float64],
) -> None:
    """Add columns of ``rows`` and their squares to ``(bins, 2 columns)`` sums."""
    for at in range(rows.size):
        place, i = bin_of[at], rows[at]
        for k in range(columns.shape[1]):
            value = np.float64(columns[i, k])
            out[place, 2 * k] += value
            out[place, 2 * k + 1] += value * value


@njit(cache=True, nogil=True)
def draw_rows(
    edge: NDArray[np.float64],
    first: NDArray[np.intp],
    rows: NDArray[np.intp],
    which: NDArray[np.float64],
    inside: NDArray[np.float64],
    out: NDArray[np.intp],
) -> None:
    """See :meth:`detectors.units._tilt.Peers.draw`.

    Bins are looked for near where they would be if all were as wide: the bin found is that of a
    binary search.
    """
    bins = edge.size
    near = np.empty(2 * bins + 1, dtype=np.intp)
    place = 0
    for k in range(near.size):
        while place < bins - 1 and edge[place] <= k / (2 * bins) * edge[-1]:
            place += 1
        near[k] = place
    for k in range(which.size):
        at = which[k] * edge[-1]
        drawn = near[int(which[k] * (2 * bins))]
        while drawn > 0 and edge[drawn - 1] > at:
            drawn -= 1
        while drawn < bins - 1 and edge[drawn] <= at:
            drawn += 1
        size = first[drawn + 1] - first[drawn]
        out[k] = rows[first[drawn] + int(inside[k] * size)]


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
    gain: NDArray[np.float32],
    most: NDArray[np.float64],
    rare: NDArray[np.float64],
    to_best: NDArray[np.float64],
    best: NDArray[np.bool_],
    log_e: float,
    least: float,
    slack: float,
    share: float,
    cap: float,
    out: NDArray[np.float64],
) -> None:
    """See :func:`detectors.units._alike.Alike.totals`."""
    items = codes.shape[1]
    longest = 0
    for s in range(first.size - 1):
        longest = max(longest, first[s + 1] - first[s])
    taken = np.empty(longest, dtype=np.intp)
    like = np.empty(longest, dtype=np.float64)
    above = (gain[:, 1:].astype(np.float64) + log_e).reshape(items * (gain.shape[1] - 1))
    # What is read of every pair stands in the order of the group, a line a word.
    own = np.empty(longest, dtype=np.float64)
    asked = np.empty((known.shape[1], longest), dtype=np.uint64)
    given = np.empty((words.shape[1], longest), dtype=np.uint64)
    off = np.empty(longest, dtype=np.int32)
    near = np.zeros((longest + 7) // 8 * 8, dtype=np.uint8)
    eights = near.view(np.uint64)
    for s in range(first.size - 1):
        partners = max(first[s + 1] - first[s] - 1, 1)
        enough = max(least, np.log(partners) - slack)
        count = 0
        throughout = 0
        for at in range(first[s], first[s + 1]):
            i = rows[at]
            throughout += best[i]
            if most[i] >= enough:
                taken[count] = i
                own[count] = most[i]
                for w in range(known.shape[1]):
                    asked[w, count] = known[i, w]
                for w in range(words.shape[1]):
                    given[w, count] = words[i, w]
                count += 1
        like[:count] = 0.0
        for a in range(count):
            i = taken[a]
            _near_enough(own, asked, given, a, log_e, enough, off, near)
            for eight in range((a + 7) // 8):
                if eights[eight] == 0:
                    continue
                for b in range(8 * eight, min(8 * eight + 8, a)):
                    j = taken[b]
                    if near[b] == 0 or i == j:
                        continue
                    # What the sums below come to, but for rounding; few pairs get past it.
                    one = own[a] + log_e * off[b] - _lost(given, a, b, above)
                    other = own[b] + log_e * off[b] - _lost(given, b, a, above)
                    if max(one, other) < enough - ROUNDING:
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
                                one += gain[item, x]
                                other += gain[item, x]
                    if one > 0.0 and one + rare[i] >= enough:
                        like[a] += np.exp(min(one + rare[i], 20.0))
                    if other > 0.0 and other + rare[j] >= enough:
                        like[b] += np.exp(min(other + rare[j], 20.0))
        total = 0.0
        for a in range(count):
            if to_best[taken[a]] >= enough:
                like[a] += throughout * np.exp(min(to_best[taken[a]], 20.0))
            total += min(np.log1p(share / (1.0 - share) / partners * like[a]), cap)
        out[s] = total


@njit(inline="always", nogil=True)
def _lost(given: NDArray[np.uint64], a: int, b: int, above: NDArray[np.float64]) -> float:
    """What the answers of ``a`` that ``b`` did not give would add if it had, above a mismatch's."""
    lost = 0.0
    for w in range(given.shape[0]):
        left = given[w, a] & ~given[w, b]
        while left:
            lost += above[64 * w + np.intp(trailing_zeros(left))]
            left &= left - np.uint64(1)
    return lost


@njit(inline="always", nogil=True)
def _near_enough(
    own: NDArray[np.float64],
    asked: NDArray[np.uint64],
    given: NDArray[np.uint64],
    a: int,
    log_e: float,
    enough: float,
    off: NDArray[np.int32],
    near: NDArray[np.uint8],
) -> None:
    """Which records before ``a`` can come near enough to it, by their mismatches alone.

    Loops this plain are vectorised: few pairs pass, and millions are looked at.
    """
    size, most = np.uint64(a), own[a]
    off[:a] = 0
    for w in range(asked.shape[0]):
        word = asked[w, a]
        for b in range(size):
            off[b] += np.int32(popcount(asked[w, b] & word))
    for w in range(given.shape[0]):
        word = given[w, a]
        for b in range(size):
            off[b] -= np.int32(popcount(given[w, b] & word))
    for b in range(size):
        larger = most if most > own[b] else own[b]
        near[b] = not larger + log_e * off[b] < enough

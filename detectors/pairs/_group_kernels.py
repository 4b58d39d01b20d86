"""Compiled loops over groups of records: every pair within a group is counted.

They work on planes ``(3 or 4, words, records)`` uint32, group after group, a tile of records at
a time, so that a tile stays in the nearest cache while the others are held against it. Index
ranges are unsigned and words stay in 32 bits: with signed ranges or 64-bit promotion LLVM does
not vectorise the loops (2 to 6 times slower).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.pairs._compiler import compiled, popcount

__all__ = ["best_in_groups", "near_in_groups"]

Words = NDArray[np.uint32]
Counts = NDArray[np.uint16]
Ints = NDArray[np.int64]

TILE = 1024
FAR = np.uint16((1 << 15) - 1)


@compiled
def _bits(planes: Words, word: int, k: Any, q0: int, q1: int, q2: int) -> np.uint32:
    """Where the first three planes of row ``k`` differ from a row's words."""
    bits = np.uint32(planes[0, word, k] ^ q0) | np.uint32(planes[1, word, k] ^ q1)
    return np.uint32(np.uint32(bits) | np.uint32(planes[2, word, k] ^ q2))


@compiled
def _count(planes: Words, full: Words, row: int, start: int, stop: int, count: Counts) -> None:
    """Mismatches of ``row`` with rows ``start`` to ``stop``, into the head of ``count``."""
    zero, size, first = np.uint64(0), np.uint64(stop - start), np.uint64(start)
    kept = np.uint16(0)
    for w in range(planes.shape[1]):
        q0, q1, q2 = planes[0, w, row], planes[1, w, row], planes[2, w, row]
        if planes.shape[0] == 3:
            lacking = np.uint32(full[w] & ~(q0 | q1 | q2))
            for j in range(zero, size):
                bits = np.uint32(_bits(planes, w, j + first, q0, q1, q2) | lacking)
                count[j] = (count[j] & kept) + popcount(bits)
        else:
            q3 = planes[3, w, row]
            lacking = np.uint32(full[w] & ~(q0 | q1 | q2 | q3))
            for j in range(zero, size):
                fourth = np.uint32(np.uint32(planes[3, w, j + first] ^ q3) | lacking)
                bits = np.uint32(_bits(planes, w, j + first, q0, q1, q2) | fourth)
                count[j] = (count[j] & kept) + popcount(bits)
        kept = np.uint16(0xFFFF)


@compiled
def _least(count: Counts, size: int) -> np.uint16:
    least = FAR
    for j in range(np.uint64(size)):
        least = min(least, count[j])
    return least


@compiled
def best_in_groups(planes: Words, full: Words, edges: Ints, best: Ints, partner: Ints) -> None:
    """Fewest mismatches of each row within its group, and the first row that has them.

    ``edges`` bound the groups; nothing is written for a row that is alone in its group.
    """
    count = np.empty(TILE, np.uint16)
    for g in range(edges.size - 1):
        if edges[g + 1] - edges[g] < 2:
            continue
        for row in range(edges[g], edges[g + 1]):
            least, at = FAR, 0
            for start in range(edges[g], edges[g + 1], TILE):
                stop = min(start + TILE, edges[g + 1])
                _count(planes, full, row, start, stop, count)
                if start <= row < stop:
                    count[row - start] = FAR
                here = _least(count, stop - start)
                if here < least:
                    least, at = here, start
                    while count[at - start] != here:
                        at += 1
            best[row] = least
            partner[row] = at


@compiled
def near_in_groups(planes: Words, full: Words, edges: Ints, most: int, found: Ints) -> None:
    """Number of pairs of rows with ``most`` mismatches or fewer, in each group."""
    count = np.empty(TILE, np.uint16)
    limit = np.uint16(most)
    for g in range(edges.size - 1):
        total = 0
        for row in range(edges[g], edges[g + 1]):
            for start in range(row + 1, edges[g + 1], TILE):
                stop = min(start + TILE, edges[g + 1])
                _count(planes, full, row, start, stop, count)
                here = np.uint32(0)
                for j in range(np.uint64(stop - start)):
                    here += np.uint32(count[j] <= limit)
                total += int(here)
        found[g] = total

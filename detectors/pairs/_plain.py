"""The same answers by numpy alone, for tables too small to wait for a compiler.

Every row is held against every other, a block at a time; no bound, no band. What the
compiled loops find faster is tested against this.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_in_groups", "near_in_groups", "near_pairs"]

Words = NDArray[np.uint32]
Ints = NDArray[np.int64]

BLOCK_PAIRS = 1 << 18


def _blocks(planes: Words, full: Words, first: int, last: int) -> Iterator[tuple[int, Ints]]:
    """Mismatches of some rows ``first`` to ``last`` with all of them, block by block."""
    height = max(1, BLOCK_PAIRS // max(last - first, 1))
    own = planes[:, :, first:last]
    for start in range(first, last, height):
        rows = planes[:, :, start : min(start + height, last)]
        count = np.zeros((rows.shape[2], last - first), dtype=np.int64)
        for w, bits in enumerate(full):
            lacking = bits & ~np.bitwise_or.reduce(rows[:, w], axis=0)
            apart = np.repeat(lacking[:, None], last - first, axis=1)
            for p in range(len(planes)):
                apart |= rows[p, w][:, None] ^ own[p, w]
            count += np.bitwise_count(apart)
        yield start, count


def best_in_groups(planes: Words, full: Words, edges: Ints, best: Ints, partner: Ints) -> None:
    """Fewest mismatches of each row within its group, and the first row that has them."""
    far = 32 * full.size + 1
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if last - first < 2:
            continue
        for start, count in _blocks(planes, full, first, last):
            inside = np.arange(len(count))
            count[inside, start - first + inside] = far
            at = count.argmin(axis=1)
            best[start + inside] = count[inside, at]
            partner[start + inside] = first + at


def near_in_groups(planes: Words, full: Words, edges: Ints, most: int, found: Ints) -> None:
    """Number of pairs of rows with ``most`` mismatches or fewer, in each group."""
    for g, (first, last) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        found[g] = 0
        for start, count in _blocks(planes, full, first, last):
            found[g] += np.triu(count <= most, start - first + 1).sum()


def near_pairs(planes: Words, full: Words, most: int) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Pairs of rows with ``most`` mismatches or fewer, and the mismatches."""
    for start, count in _blocks(planes, full, 0, planes.shape[2]):
        row, second = np.nonzero(np.triu(count <= most, start + 1))
        yield row + start, second, count[row, second]

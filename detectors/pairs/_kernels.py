"""Compiled loops over packed rows; imported only where a table is large enough to need them.

All of them work on planes ``(3 or 4, words, rows)`` uint32 that stand in the order of the
scan, a tile of rows at a time, so that a tile stays in the nearest cache while many rows
are held against it. Index ranges are unsigned and words stay in 32 bits: with signed
ranges or 64-bit promotion LLVM does not vectorise the loops (2 to 6 times slower).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = ["best_in_groups", "best_in_reach", "best_in_ring", "near_in_groups", "near_in_reach"]

F = TypeVar("F", bound=Callable[..., Any])
Words = NDArray[np.uint32]
Ints = NDArray[np.int64]

TILE = 1024
FAR = np.uint32(1 << 20)


def compiled(function: F) -> F:
    """``function`` compiled, kept on disk where a folder can be written."""
    try:
        return cast("F", njit(cache=True, nogil=True)(function))
    except RuntimeError:  # no folder for the cache: every process compiles it again
        return cast("F", njit(nogil=True)(function))


def _popcount(_context: Any, _bits: Any) -> Any:
    """Number of set bits, by the processor's own instruction."""

    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint32(types.uint32), code


popcount: Any = intrinsic(_popcount)


@compiled
def _apart(planes: Words, full: Words, word: int, a: int, b: int) -> np.uint32:
    """Bits of the items in which rows ``a`` and ``b`` do not match."""
    answered = np.uint32(0)
    bits = np.uint32(0)
    for p in range(planes.shape[0]):
        answered |= planes[p, word, a]
        bits |= planes[p, word, a] ^ planes[p, word, b]
    return np.uint32(bits | (full[word] & ~answered))


@compiled
def _count(planes: Words, full: Words, row: int, start: int, stop: int, count: Words) -> None:
    """Mismatches of ``row`` with rows ``start`` to ``stop``, into the head of ``count``."""
    zero, size, first = np.uint64(0), np.uint64(stop - start), np.uint64(start)
    for j in range(zero, size):
        count[j] = np.uint32(0)
    for w in range(planes.shape[1]):
        q0, q1, q2 = planes[0, w, row], planes[1, w, row], planes[2, w, row]
        if planes.shape[0] == 3:
            lacking = np.uint32(full[w] & ~(q0 | q1 | q2))
            for j in range(zero, size):
                k = j + first
                bits = np.uint32(planes[0, w, k] ^ q0) | np.uint32(planes[1, w, k] ^ q1)
                bits = np.uint32(bits) | np.uint32(planes[2, w, k] ^ q2)
                count[j] += popcount(np.uint32(np.uint32(bits) | lacking))
        else:
            q3 = planes[3, w, row]
            lacking = np.uint32(full[w] & ~(q0 | q1 | q2 | q3))
            for j in range(zero, size):
                k = j + first
                bits = np.uint32(planes[0, w, k] ^ q0) | np.uint32(planes[1, w, k] ^ q1)
                more = np.uint32(planes[2, w, k] ^ q2) | np.uint32(planes[3, w, k] ^ q3)
                bits = np.uint32(bits) | np.uint32(more)
                count[j] += popcount(np.uint32(np.uint32(bits) | lacking))


@compiled
def _least(count: Words, size: int) -> np.uint32:
    least = FAR
    for j in range(np.uint64(size)):
        least = min(least, count[j])
    return least


@compiled
def best_in_groups(planes: Words, full: Words, edges: Ints, best: Ints, partner: Ints) -> None:
    """Fewest mismatches of each row within its group, and the first row that has them.

    ``edges`` bound the groups; nothing is written for a row that is alone in its group.
    """
    count = np.empty(TILE, np.uint32)
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
    count = np.empty(TILE, np.uint32)
    limit = np.uint32(most)
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


@compiled
def near_in_reach(
    planes: Words,
    full: Words,
    reach: Ints,
    bands: Words,
    most: int,
    tile: int,
    row: int,
    first: Ints,
    second: Ints,
    apart: Ints,
) -> tuple[int, int, int]:
    """Pairs of each row with the later ones before ``reach`` that no earlier band has.

    ``bands`` are the item bits ``(bands, words)`` of the bands so far, this one last: a
    pair counts here if it matches on all of this one and on no other. ``reach`` rises.
    Begins at row ``row`` of the tile that starts at ``tile``; stops before the three lists,
    of at least ``TILE`` places, are too short.

    Returns:
        Tile and row to go on from (a tile past the last one: nothing is left), and how
        many pairs were written.
    """
    count = np.empty(TILE, np.uint32)
    rows = reach.size
    limit, found = np.uint32(most), 0
    while tile < rows:
        end = min(tile + TILE, rows)
        if row < 0:
            row = int(np.searchsorted(reach, tile, side="right"))
        while row < end:
            start, stop = max(tile, row + 1), min(end, reach[row])
            if stop > start:
                if found + stop - start > first.size:
                    return tile, row, found
                _count(planes, full, row, start, stop, count)
                if _least(count, stop - start) <= limit:
                    for j in range(start, stop):
                        if count[j - start] <= limit and _first_band(planes, full, bands, row, j):
                            first[found], second[found] = row, j
                            apart[found] = count[j - start]
                            found += 1
            row += 1
        tile, row = end, -1
    return tile, row, found


@compiled
def _first_band(planes: Words, full: Words, bands: Words, a: int, b: int) -> bool:
    """Whether the last band is the first on which two rows match."""
    for t in range(bands.shape[0]):
        differ = False
        for w in range(bands.shape[1]):
            differ |= (_apart(planes, full, w, a, b) & bands[t, w]) != 0
        if differ == (t == bands.shape[0] - 1):
            return False
    return True


@compiled
def _better(d: int, row: int, best: int, partner: int) -> bool:
    """Fewer mismatches, or as many and an earlier row."""
    return d < best or (d == best and row < partner)


@compiled
def best_in_reach(
    planes: Words,
    full: Words,
    since: Ints,
    reach: Ints,
    number: Ints,
    wanted: NDArray[np.bool_],
    most: int,
    best: Ints,
    partner: Ints,
) -> None:
    """Improve the best partner of ``wanted`` rows by rows ``since`` to ``reach``.

    ``since`` and ``reach`` rise; ``number`` is a row's number in ``best`` and ``partner``.
    Only partners with ``most`` mismatches or fewer are taken.
    """
    count = np.empty(TILE, np.uint32)
    for tile in range(0, reach.size, TILE):
        end = min(tile + TILE, reach.size)
        row = int(np.searchsorted(reach, tile, side="right"))
        while row < reach.size and since[row] < end:
            start, stop = max(tile, since[row]), min(end, reach[row])
            if wanted[row] and stop > start:
                own = number[row]
                _count(planes, full, row, start, stop, count)
                if start <= row < stop:
                    count[row - start] = FAR
                if _least(count, stop - start) <= min(most, best[own]):
                    for j in range(start, stop):
                        d = count[j - start]
                        if d <= most and _better(d, number[j], best[own], partner[own]):
                            best[own], partner[own] = d, number[j]
            row += 1


@compiled
def best_in_ring(
    planes: Words,
    full: Words,
    off: Ints,
    number: Ints,
    wanted: Ints,
    best: Ints,
    partner: Ints,
) -> None:
    """Best partner of the rows ``wanted`` among all, nearest in ``off`` first.

    ``off`` rises and two rows have at least as many mismatches as it differs; ``wanted``
    rises too. Blocks of wanted rows go outward tile by tile until the bound ends them.
    """
    count = np.empty(TILE, np.uint32)
    tiles = (off.size + TILE - 1) // TILE
    block = 64
    for b in range(0, wanted.size, block):
        rows = wanted[b : b + block]
        low = rows[rows.size // 2] // TILE
        high = low + 1
        more = True
        while more:
            more = False
            for side in range(2):
                t = low if side == 0 else high
                if t < 0 or t >= tiles:
                    continue
                start, stop = t * TILE, min(t * TILE + TILE, off.size)
                used = False
                for row in rows:
                    own = number[row]
                    bound = max(off[start] - off[row], off[row] - off[stop - 1])
                    if bound > best[own]:
                        continue
                    used = True
                    _count(planes, full, row, start, stop, count)
                    if start <= row < stop:
                        count[row - start] = FAR
                    here = _least(count, stop - start)
                    if here <= best[own]:
                        for j in range(start, stop):
                            d = count[j - start]
                            if d == here and _better(d, number[j], best[own], partner[own]):
                                best[own], partner[own] = d, number[j]
                more |= used
                if side == 0:
                    low = t - 1 if used else -1
                else:
                    high = t + 1 if used else tiles

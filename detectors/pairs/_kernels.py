"""Compiled loops over packed rows; imported only where a table is large enough to need them.

All of them work on planes ``(3 or 4, words, rows)`` uint32 that stand in the order of the
scan, a tile of rows at a time, so that a tile stays in the nearest cache while many rows
are held against it. Index ranges are unsigned and words stay in 32 bits: with signed
ranges or 64-bit promotion LLVM does not vectorise the loops (2 to 6 times slower).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.pairs._compiler import compiled, popcount, trailing_zeros

__all__ = ["best_in_groups", "best_in_reach", "best_in_ring", "near_in_groups", "near_in_reach"]

Words = NDArray[np.uint32]
Counts = NDArray[np.uint16]
Ints = NDArray[np.int64]

TILE = 1024
BLOCK = 64
FAR = np.uint16((1 << 15) - 1)
FOURTH = np.uint64(0x0001_0001_0001_0001)


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
def _near_of_four(four: Any, most: Any) -> Any:
    """The top bit of each of four counts that is ``most`` or less.

    A count and what ``most`` lacks of 2**15 - 1 reach the top bit together if it is more.
    """
    return ~(four + FOURTH * np.uint64(0x7FFF - most)) & (FOURTH << np.uint64(15))


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


@compiled
def near_in_reach(
    planes: Words,
    full: Words,
    reach: Ints,
    number: Ints,
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
    pair counts here if it matches on all of this one and on no other. ``reach`` rises,
    ``number`` is what a row is called in the lists. Begins at row ``row`` of the tile that
    starts at ``tile`` (-1: its first); stops before the lists, of at least ``TILE``
    places, are too short.

    Returns:
        Tile and row to go on from (a tile past the last one: nothing is left), and how
        many pairs were written.
    """
    count = np.zeros(TILE, np.uint16)
    fours = count.view(np.uint64)
    found = 0
    while tile < reach.size:
        end = min(tile + TILE, reach.size)
        if row < 0:
            row = int(np.searchsorted(reach, tile, side="right"))
        while row < end:
            start, stop = max(tile, row + 1), min(end, reach[row])
            if stop > start:
                if found + stop - start > first.size:
                    return tile, row, found
                _count(planes, full, row, start, stop, count)
                count[stop - start : (stop - start + 3) // 4 * 4] = FAR
                for f in range(np.uint64((stop - start + 3) // 4)):
                    near = _near_of_four(fours[f], most)
                    while near:
                        j = int(np.uint64(4) * f + (trailing_zeros(near) >> np.uint64(4)))
                        near &= near - np.uint64(1)
                        if _first_band(planes, full, bands, row, start + j):
                            a, b = number[row], number[start + j]
                            first[found], second[found] = min(a, b), max(a, b)
                            apart[found] = count[j]
                            found += 1
            row += 1
        tile, row = end, -1
    return tile, row, found


@compiled
def _first_band(planes: Words, full: Words, bands: Words, a: int, b: int) -> bool:
    """Whether the last band is the first on which rows ``a`` and ``b`` match."""
    differ = 0
    for w in range(bands.shape[1]):
        answered, bits = np.uint32(0), np.uint32(0)
        for p in range(planes.shape[0]):
            answered |= planes[p, w, a]
            bits |= planes[p, w, a] ^ planes[p, w, b]
        bits |= full[w] & ~answered
        for t in range(bands.shape[0]):
            differ |= ((bits & bands[t, w]) != 0) << t
    return bool(differ == (1 << (bands.shape[0] - 1)) - 1)


@compiled
def _improve(
    count: Counts,
    row: int,
    start: int,
    stop: int,
    number: Ints,
    most: Any,
    best: Ints,
    partner: Ints,
) -> None:
    """Improve the best partner of ``row`` by the rows counted; the lowest number of the best."""
    own = number[row]
    if start <= row < stop:
        count[row - start] = FAR
    here = _least(count, stop - start)
    if here > min(most, best[own]):
        return
    fours = count.view(np.uint64)
    count[stop - start : (stop - start + 3) // 4 * 4] = FAR
    for f in range(np.uint64((stop - start + 3) // 4)):
        near = _near_of_four(fours[f], here)
        while near:
            other = number[start + int(np.uint64(4) * f + (trailing_zeros(near) >> np.uint64(4)))]
            near &= near - np.uint64(1)
            if here < best[own] or other < partner[own]:
                best[own], partner[own] = here, other


@compiled
def _none_within(planes: Words, full: Words, row: int, start: int, stop: int, most: int) -> bool:
    """Whether it is plain that no row has ``most`` mismatches with ``row`` or fewer.

    The commonest shape, one word of three planes, is told without writing down a count.
    """
    if planes.shape[0] > 3 or planes.shape[1] > 1:
        return False
    q0, q1, q2 = planes[0, 0, row], planes[1, 0, row], planes[2, 0, row]
    lacking = np.uint32(full[0] & ~(q0 | q1 | q2))
    least = np.uint32(FAR)
    for k in range(np.uint64(start), np.uint64(stop)):
        least = min(least, popcount(np.uint32(_bits(planes, 0, k, q0, q1, q2) | lacking)))
    return bool(least > most)


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
    count = np.empty(TILE, np.uint16)
    for tile in range(0, reach.size, TILE):
        end = min(tile + TILE, reach.size)
        row = int(np.searchsorted(reach, tile, side="right"))
        while row < reach.size and since[row] < end:
            start, stop = max(tile, since[row]), min(end, reach[row])
            limit = min(most, best[number[row]])
            if wanted[row] and not _none_within(planes, full, row, start, stop, limit):
                _count(planes, full, row, start, stop, count)
                _improve(count, row, start, stop, number, most, best, partner)
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
    count = np.empty(TILE, np.uint16)
    tiles = (off.size + TILE - 1) // TILE
    for b in range(0, wanted.size, BLOCK):
        rows = wanted[b : b + BLOCK]
        low = rows[rows.size // 2] // TILE
        high = low + 1
        while low >= 0 or high < tiles:
            for side in range(2):
                t = high if side else low
                if t < 0 or t >= tiles:
                    continue
                start, stop = t * TILE, min((t + 1) * TILE, off.size)
                used = False
                for row in rows:
                    bound = max(off[start] - off[row], off[row] - off[stop - 1])
                    if bound > best[number[row]]:
                        continue
                    used = True
                    if not _none_within(planes, full, row, start, stop, best[number[row]]):
                        _count(planes, full, row, start, stop, count)
                        _improve(count, row, start, stop, number, FAR, best, partner)
                if side:
                    high = high + 1 if used else tiles
                else:
                    low = low - 1 if used else -1

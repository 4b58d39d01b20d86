"""Compiled loops over the rows of a whole table; imported only where one is large enough.

They work on planes ``(3 or 4, words, rows + LANES)`` uint32 that stand in the order of the scan,
a tile of rows at a time, so that a tile stays in the nearest cache while many rows are held
against it. Four rows are asked about at once, and only who is near to them is looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.pairs._compiler import compiled, inlined, popcount, trailing_zeros
from detectors.pairs._lanes import TESTS, least_of_four, near_four, new_four

__all__ = ["best_in_reach", "best_in_ring", "near_in_reach"]

Words = NDArray[np.uint32]
Ints = NDArray[np.int64]
Bits = NDArray[np.uint64]

TILE = 1024
BLOCK = 64
FAR = np.uint32((1 << 15) - 1)
ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


@compiled
def _room(planes: Words) -> tuple[Words, Words, Bits, Ints]:
    """Room for four rows asked about, their limits, who is near to them and a list of those."""
    query = np.empty((planes.shape[0] + 1, planes.shape[1], 4), np.uint32)
    near = np.empty((4, TILE // 64), np.uint64)
    return query, np.zeros(4, np.uint32), near, np.empty(TILE, np.int64)


@inlined
def _ask(planes: Words, full: Words, row: int, query: Words, k: int) -> None:
    """Make ``row`` the one asked about at ``k``; what it lacks comes after its planes."""
    for w in range(planes.shape[1]):
        answered = np.uint32(0)
        for p in range(planes.shape[0]):
            query[p, w, k] = planes[p, w, row]
            answered |= planes[p, w, row]
        query[planes.shape[0], w, k] = full[w] & ~answered


@inlined
def _listed(near: Bits, k: int, start: int, since: int, until: int, places: Ints) -> int:
    """List who of rows ``since`` to ``until`` is near; bit 0 of ``near`` stands for ``start``."""
    if until <= since:
        return 0
    low, high, found = since - start, until - 1 - start, 0
    near[k, low >> 6] &= ALL << np.uint64(low & 63)
    near[k, high >> 6] &= ALL >> np.uint64(63 - (high & 63))
    for word in range(low >> 6, (high >> 6) + 1):
        left = near[k, word]
        while left:
            places[found] = start + (word << 6) + int(trailing_zeros(left))
            found += 1
            left &= left - np.uint64(1)
    return found


@inlined
def _bits_apart(planes: Words, query: Words, k: int, w: int, row: int) -> Any:
    """Items of a word in which ``row`` and the one asked about at ``k`` do not match."""
    bits = query[planes.shape[0], w, k]
    for p in range(planes.shape[0]):
        bits |= planes[p, w, row] ^ query[p, w, k]
    return bits


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
    starts at ``tile`` (-1: its first); stops before the lists, of at least ``4 * TILE``
    places, are too short.

    Returns:
        Tile and row to go on from (a tile past the last one: nothing is left), and how
        many pairs were written.
    """
    query, limit, near, places = _room(planes)
    limit[:] = most
    tested = min(TESTS, bands.shape[0] - 1)
    earlier = np.full((TESTS, planes.shape[1]), np.uint32(0xFFFF_FFFF))
    earlier[:tested] = bands[:tested]
    found = 0
    while tile < reach.size:
        end = min(tile + TILE, reach.size)
        if row < 0:
            row = int(np.searchsorted(reach, tile, side="right"))
        while row < end:
            rows = min(4, end - row)
            start, stop = max(tile, row + 1), min(end, reach[row + rows - 1])
            if found + 4 * (stop - start) > first.size:
                return tile, row, found
            for k in range(rows if stop > start else 0):
                _ask(planes, full, row + k, query, k)
            if stop > start:
                new_four(planes, query, limit, earlier, near, start, stop)
            for k in range(rows if stop > start else 0):
                own, later = number[row + k], max(start, row + k + 1)
                until = min(stop, reach[row + k])
                for i in range(_listed(near, k, start, later, until, places)):
                    other = number[places[i]]
                    first[found], second[found] = min(own, other), max(own, other)
                    apart[found], new = _apart(planes, query, k, places[i], bands, tested)
                    found += new
            row += rows
        tile, row = end, -1
    return tile, row, found


@inlined
def _apart(
    planes: Words, query: Words, k: int, row: int, bands: Words, tested: int
) -> tuple[int, bool]:
    """Mismatches, and whether the last band is the first, of those not tested, that matches."""
    count, differ = 0, 0
    for w in range(planes.shape[1]):
        bits = _bits_apart(planes, query, k, w, row)
        count += int(popcount(bits))
        for t in range(tested, bands.shape[0]):
            differ |= ((bits & bands[t, w]) != 0) << (t - tested)
    return count, differ == (1 << (bands.shape[0] - 1 - tested)) - 1


@inlined
def _improve(
    planes: Words,
    query: Words,
    k: int,
    own: int,
    number: Ints,
    places: Ints,
    best: Ints,
    partner: Ints,
) -> None:
    """Improve the best partner of row ``own``; the lowest number of the best."""
    for place in places:
        other, count = number[place], 0
        for w in range(planes.shape[1]):
            count += int(popcount(_bits_apart(planes, query, k, w, place)))
        if other != own and (count < best[own] or (count == best[own] and other < partner[own])):
            best[own], partner[own] = count, other


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
    query, limit, near, places = _room(planes)
    four = np.empty(4, np.int64)
    for tile in range(0, reach.size, TILE):
        end = min(tile + TILE, reach.size)
        row = int(np.searchsorted(reach, tile, side="right"))
        while row < reach.size and since[row] < end:
            rows = 0
            # Those whose stretches overlap are asked about together.
            while rows < 4 and row < reach.size and since[row] < end:
                if wanted[row]:
                    if rows and row >= reach[four[0]]:
                        break
                    _ask(planes, full, row, query, rows)
                    limit[rows] = min(most, best[number[row]])
                    four[rows] = row
                    rows += 1
                row += 1
            if rows == 0:
                break
            start, stop = max(tile, since[four[0]]), min(end, reach[four[rows - 1]])
            near_four(planes, query, limit, full, near, start, stop)
            for k in range(rows):
                low, high = max(start, since[four[k]]), min(stop, reach[four[k]])
                found = places[: _listed(near, k, start, low, high, places)]
                _improve(planes, query, k, number[four[k]], number, found, best, partner)


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
    query, limit, near, places = _room(planes)
    least = np.empty(4, np.uint32)
    queries = np.empty((BLOCK // 4, *query.shape), np.uint32)
    tiles = (off.size + TILE - 1) // TILE
    for b in range(0, wanted.size, BLOCK):
        block = wanted[b : b + BLOCK]
        for i in range(block.size):
            _ask(planes, full, block[i], queries[i >> 2], i & 3)
        limit[:] = FAR
        for i in range(0, block.size, 4):  # any partner: without one all of a tile are nearer
            four, query = block[i : i + 4], queries[i >> 2]
            start, stop = four[0], min(four[0] + 64, off.size)
            near_four(planes, query, limit, full, near, start, stop)
            for k in range(four.size):
                found = places[: _listed(near, k, start, start, stop, places)]
                _improve(planes, query, k, number[four[k]], number, found, best, partner)
        low = block[block.size // 2] // TILE
        high = low + 1
        while low >= 0 or high < tiles:
            for side in range(2):
                t = high if side else low
                if t < 0 or t >= tiles:
                    continue
                start, stop = t * TILE, min((t + 1) * TILE, off.size)
                used = False
                for i in range(0, block.size, 4):
                    four, within = block[i : i + 4], False
                    for k in range(four.size):
                        row, limit[k] = four[k], best[number[four[k]]]
                        within |= max(off[start] - off[row], off[row] - off[stop - 1]) <= limit[k]
                    if within:
                        used = True
                        query = queries[i >> 2]
                        least_of_four(planes, query, least, start, stop)
                        some = False
                        for k in range(four.size):
                            some |= least[k] <= limit[k]
                        if some:
                            near_four(planes, query, limit, full, near, start, stop)
                        for k in range(four.size if some else 0):
                            own = number[four[k]]
                            found = places[: _listed(near, k, start, start, stop, places)]
                            _improve(planes, query, k, own, number, found, best, partner)
                if side:
                    high = high + 1 if used else tiles
                else:
                    low = low - 1 if used else -1

"""Near duplicates: all pairs of rows with few mismatches, found or counted exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.pairs import _plain
from detectors.pairs._order import Bucketed, by_band
from detectors.pairs.groups import Grouped, plain_enough
from detectors.pairs.packing import PackedRows

__all__ = ["NearCounts", "NearPairs", "count_near", "near_pairs"]

Ints = NDArray[np.int64]

BLOCK = 1 << 17
LARGE_GROUP = 1 << 14


@dataclass(frozen=True, eq=False)
class NearPairs:
    """A block of pairs of unique rows.

    Attributes:
        first: int64 ``(pairs,)``: unique row.
        second: int64 ``(pairs,)``: unique row, higher than ``first``.
        mismatches: int64 ``(pairs,)``.
    """

    first: Ints
    second: Ints
    mismatches: Ints


@dataclass(frozen=True, eq=False)
class NearCounts:
    """Numbers of pairs of records.

    Attributes:
        within: int64 ``(groups,)``: pairs inside each group.
        between: Pairs of records of different groups or of none.
    """

    within: Ints
    between: int

    @property
    def total(self) -> int:
        """All pairs."""
        return int(self.within.sum()) + self.between


def near_pairs(
    packed: PackedRows,
    most: int = 3,
    rare: NDArray[np.bool_] | None = None,
    *,
    compiled: bool | None = None,
) -> Iterator[NearPairs]:
    """All pairs of unique rows with ``most`` mismatches or fewer, each once, in blocks.

    Args:
        packed: Records.
        most: Most mismatches, 0 or more; an item that one of the two did not answer is one.
        rare: bool ``(u,)``: unique rows that take part; all by default.
        compiled: Use compiled loops or numpy alone; by the number of pairs by default.

    Yields:
        Blocks of at most about 130,000 pairs.

    Raises:
        ValueError: If ``most`` is negative or ``rare`` does not have ``u`` entries.
    """
    rows = _taking_part(packed, most, rare)
    most = min(most, packed.items)
    if compiled is None:
        compiled = not plain_enough(np.array([rows.size]))
    if compiled:
        for band in by_band(packed, rows, most):
            yield from _near_in_band(packed, band, most)
        return
    planes = np.take(packed.planes, rows, axis=2)
    for first, second, mismatches in _plain.near_pairs(planes, packed.full, most):
        yield NearPairs(rows[first], rows[second], mismatches)


def count_near(
    packed: PackedRows,
    most: int = 3,
    group: Ints | None = None,
    rare: NDArray[np.bool_] | None = None,
    *,
    compiled: bool | None = None,
) -> NearCounts:
    """Number of pairs of records with ``most`` mismatches or fewer, in and between groups.

    Args:
        packed: Records.
        most: Most mismatches, 0 or more; an item that one of the two did not answer is one.
        group: int ``(n,)``; a negative one stands for no group. Without it all pairs are
            ``between``.
        rare: bool ``(u,)``: unique rows that take part; all by default.
        compiled: Use compiled loops or numpy alone; by the number of pairs by default.

    Raises:
        ValueError: If ``most`` is negative, or ``group`` or ``rare`` has another size.
    """
    rows = _taking_part(packed, most, rare)
    most = min(most, packed.items)
    weight = packed.weight
    lone = (packed.lacking[rows] <= most) * weight[rows] * (weight[rows] - 1) // 2
    total = int(lone.sum())
    for block in near_pairs(packed, most, rare, compiled=compiled):
        total += int((weight[block.first] * weight[block.second]).sum())
    if group is None:
        return NearCounts(np.zeros(0, dtype=np.int64), total)
    inside = np.zeros(len(packed), dtype=np.bool_)
    inside[rows] = True
    grouped = Grouped.of(packed, group, inside[packed.row_of])
    within = _count_within(packed, most, grouped, compiled=compiled)
    return NearCounts(within, total - int(within.sum()))


def _count_within(
    packed: PackedRows, most: int, grouped: Grouped, *, compiled: bool | None
) -> Ints:
    if compiled is None:
        compiled = not plain_enough(grouped.sizes)
    large = grouped.sizes > LARGE_GROUP if compiled else np.zeros(grouped.sizes.size, np.bool_)
    found = np.zeros(grouped.sizes.size, dtype=np.int64)
    small = grouped.only(~large)
    planes = np.take(packed.planes, packed.row_of[small.records], axis=2)
    if compiled:
        from detectors.pairs import _group_kernels

        _group_kernels.near_in_groups(planes, packed.full, small.edges, most, found)
    else:
        _plain.near_in_groups(planes, packed.full, small.edges, most, found)
    for g in np.flatnonzero(large).tolist():
        found[g] = count_near(packed.of(grouped.members(g)), most, compiled=compiled).total
    return found


def _near_in_band(packed: PackedRows, band: Bucketed, most: int) -> Iterator[NearPairs]:
    from detectors.pairs import _kernels

    first, second, apart = (np.empty(BLOCK, dtype=np.int64) for _ in range(3))
    tile, row = 0, -1
    while tile < band.rows.size:
        tile, row, found = _kernels.near_in_reach(
            band.planes, packed.full, band.reach, band.rows, band.bands, most,
            tile, row, first, second, apart,
        )  # fmt: skip
        if found:
            yield NearPairs(first[:found].copy(), second[:found].copy(), apart[:found].copy())


def _taking_part(packed: PackedRows, most: int, rare: NDArray[np.bool_] | None) -> Ints:
    if most < 0:
        raise ValueError(f"most mismatches {most} below 0")
    if rare is None:
        return np.arange(len(packed))
    if np.shape(rare) != (len(packed),):
        raise ValueError(f"{np.size(rare)} entries of rare for {len(packed)} unique rows")
    return np.flatnonzero(rare)

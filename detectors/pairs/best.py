"""The best partner of every record: the other record with the fewest mismatches.

Within units, every pair is compared. Over a whole table, equal rows are done at once; the
others first meet the rows equal on one of two bands, then of four, then of six, which
finds all partners with up to five mismatches; what is left is held against all rows,
nearest in the number of answers off the top first, until that bound ends it. Nothing is
estimated.

Reference: Kuriakose & Robbins (2016), *Don't get duped: fraud through duplication in
public opinion surveys*, SJIAOS 32, for the percent match.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.pairs import _plain
from detectors.pairs._order import by_band, in_order
from detectors.pairs.groups import Grouped, plain_enough
from detectors.pairs.packing import PackedRows

__all__ = ["best_match", "percent_match"]

Ints = NDArray[np.int64]

FAR = 1 << 20
LARGE_GROUP = 1 << 14
NEAR = (1, 3, 5)


def best_match(
    packed: PackedRows, group: Ints | None = None, *, compiled: bool | None = None
) -> tuple[Ints, Ints]:
    """Best partner of every record, exactly; of several the one with the lowest index.

    Args:
        packed: Records.
        group: int ``(n,)``: only partners of the same group are looked at; a record with a
            negative one has none. All records are one group by default.
        compiled: Use compiled loops or numpy alone; by the number of pairs by default.

    Returns:
        int64 ``(n,)`` mismatches (an item that one of the two did not answer is one) and
        int64 ``(n,)`` index of the partner; both -1 where there is none.

    Raises:
        ValueError: If ``group`` does not have ``n`` entries.
    """
    grouped = Grouped.of(packed, group)
    mismatches = np.full(packed.records, -1, dtype=np.int64)
    partner = np.full(packed.records, -1, dtype=np.int64)
    if compiled is None:
        compiled = not plain_enough(grouped.sizes)
    large = grouped.sizes > LARGE_GROUP if compiled else np.zeros(grouped.sizes.size, np.bool_)
    for g in np.flatnonzero(large).tolist():
        records = grouped.members(g)
        d, at = _best_overall(packed.of(records))
        mismatches[records] = d
        partner[records] = np.where(at < 0, -1, records[at])
    small = grouped.only(~large)
    if small.records.size:
        d, at = _best_within(packed, small, compiled=compiled)
        mismatches[small.records] = d
        partner[small.records] = np.where(at < 0, -1, small.records[at])
    return mismatches, partner


def percent_match(
    packed: PackedRows, group: Ints | None = None, *, compiled: bool | None = None
) -> NDArray[np.float64]:
    """Share of the items answered by both on which the best partner agrees.

    The partner is that of ``best_match``. Where Kuriakose & Robbins' tool counts two
    missing answers as a match, an item that one of the two left out does not count.

    Returns:
        float64 ``(n,)`` in [0, 1]; NaN without a partner or an item that both answered.
    """
    mismatches, partner = best_match(packed, group, compiled=compiled)
    share = np.full(packed.records, np.nan)
    paired = np.flatnonzero(partner >= 0)
    own, other = packed.row_of[paired], packed.row_of[partner[paired]]
    both = np.bitwise_count(packed.answered[:, own] & packed.answered[:, other])
    asked = both.sum(axis=0, dtype=np.int64)
    matches = packed.items - mismatches[paired]
    share[paired] = np.divide(matches, asked, out=np.full(paired.size, np.nan), where=asked > 0)
    return share


def _best_within(packed: PackedRows, grouped: Grouped, *, compiled: bool) -> tuple[Ints, Ints]:
    planes = np.take(packed.planes, packed.row_of[grouped.records], axis=2)
    best = np.full(grouped.records.size, -1, dtype=np.int64)
    partner = np.full(grouped.records.size, -1, dtype=np.int64)
    if compiled:
        from detectors.pairs import _group_kernels

        _group_kernels.best_in_groups(planes, packed.full, grouped.edges, best, partner)
    else:
        _plain.best_in_groups(planes, packed.full, grouped.edges, best, partner)
    return best, partner


def _best_overall(packed: PackedRows) -> tuple[Ints, Ints]:
    """Best partners in the whole table."""
    best, other = _best_other_row(packed)
    row = packed.row_of
    mismatches = best[row]
    partner = np.where(other[row] < 0, -1, packed.first[other[row]])
    records = np.arange(packed.records)
    copy = np.where(packed.first[row] == records, packed.second[row], packed.first[row])
    lacking = packed.lacking[row]
    nearer = (lacking < mismatches) | ((lacking == mismatches) & (copy < partner))
    own = (copy >= 0) & nearer
    mismatches = np.where(own, lacking, mismatches)
    partner = np.where(own, copy, partner)
    return np.where(partner < 0, -1, mismatches), partner


def _best_other_row(packed: PackedRows) -> tuple[Ints, Ints]:
    """Best other unique row of each unique row; not looked for where a record has a copy."""
    from detectors.pairs import _kernels

    best = np.full(len(packed), FAR, dtype=np.int64)
    other = np.full(len(packed), -1, dtype=np.int64)
    wanted = (packed.weight == 1) | (packed.lacking > 0)
    rows = np.arange(len(packed))
    for most in NEAR:
        for band in by_band(packed, rows, most):
            _kernels.best_in_reach(
                band.planes, packed.full, band.since, band.reach, band.rows,
                wanted[band.rows], most, best, other,
            )  # fmt: skip
        wanted &= best > most
    off = packed.off_the_top
    order = np.argsort(off, kind="stable")
    planes = in_order(packed.planes, order)
    left = np.flatnonzero(wanted[order])
    _kernels.best_in_ring(planes, packed.full, off[order], order, left, best, other)
    return best, other

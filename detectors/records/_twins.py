"""Twins: how much more two records agree than people of their kind do by chance.

Score of a record and a partner, in natural log units: for every item both answered, a
match adds ``log((1 - e + e p) / p)`` and a mismatch ``log e``, where ``p`` is how often
the record's own class gives that answer and ``e`` the share of answers a copyist
changes: the log likelihood ratio of "copied" to "answered alone". Rare answers in
common weigh, common ones cost nothing, missing never matches. A record's score is the
best over the ``m`` partners in its unit, less ``log m``: the best of many is higher by
that much where tails fall like a likelihood ratio's, so units of all sizes compare.

Its null is drawn, not computed: the best over as many partners from *other* units of
the stratum, taken level by level so that they are as satisfied as the real ones. Real
answers depend on each other beyond any class, and that dependence is in the null too.
Without units there is no null.

Reference: van der Linden & Sotaridona (2006) for the classes of a generalised binomial
test; the null from other units and its conformal use are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from detectors.calibration.conformal import by_rank
from detectors.calibration.tail import HonestDistribution
from detectors.records._classes import Classes, classes_of
from detectors.table import RecordTable

__all__ = ["PseudoUnits", "Twins", "pseudo_units", "surprise", "twins_of"]

CHANGED_SHARE = 0.1
NULL_SCORES = 30_000
FEWEST_DRAWS = 4
MOST_DRAWS = 40
LEVEL_BANDS = 10
BLOCK = 2048
MOST_SURPRISE = 8.0


@dataclass(frozen=True, eq=False)
class Twins:
    """Best partner of each record and how surprising it is.

    Attributes:
        score: float64 ``(n,)``; NaN where no null could be drawn.
        partner: int ``(n,)``: row of the best partner, -1 where there is none.
        p_foreign: float64 ``(n,)``: against partners of other units.
        p_value: float64 ``(n,)``: against partners of any unit, the own one with the chance
            that two records share it. In honest data, too, somebody's closest double may
            stand in the same unit; the null of other units alone would never show it.
        reason: Why a row has no score, by row.
        group: int ``(n,)``: null that a row is compared with.
        null: Null scores by group.
    """

    score: NDArray[np.float64]
    partner: NDArray[np.intp]
    p_foreign: NDArray[np.float64]
    p_value: NDArray[np.float64]
    reason: dict[int, str]
    group: NDArray[np.intp]
    null: Mapping[int, HonestDistribution]

    def p_of(self, rows: NDArray[np.intp], scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """p-values of ``scores`` reached by ``rows``; NaN for a row without a null."""
        p = np.full(scores.shape, np.nan)
        for group, null in self.null.items():
            mine = self.group[rows] == group
            p[mine] = null.p_value(scores[mine])
        return p


def twins_of(table: RecordTable, seed: int) -> Twins:
    """Twin scores of all records; worked out once for a table and a seed."""

    def build() -> Twins:
        # many small products: threads would only wait for each other
        with threadpool_limits(1):
            return _twins(table, seed)

    return table.memo(("twins", seed), build)


class _Pairs:
    """Pair scores by matrix products on one-hot answers."""

    def __init__(self, classes: Classes) -> None:
        n, k = classes.cell.shape
        cells = classes.cells
        log_e = np.log(CHANGED_SHARE)
        p = np.exp(classes.own_log_p())
        gain = np.log((1.0 - CHANGED_SHARE + CHANGED_SHARE * p) / p) - log_e
        self.known = classes.cell >= 0
        self.plain = np.zeros((n, cells + k), dtype=np.float32)
        self.weighted = np.zeros((n, cells + k), dtype=np.float32)
        rows, items = np.nonzero(self.known)
        at = classes.cell[rows, items]
        self.plain[rows, at] = 1.0
        self.weighted[rows, at] = gain[rows, items]
        self.plain[rows, cells + items] = 1.0
        self.weighted[rows, cells + items] = log_e

    def best(
        self, mine: NDArray[np.intp], partners: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Score and best partner of each of ``mine`` among ``partners``, as many of them.

        The partner in a record's own place is passed over.
        """
        score = np.empty(mine.size)
        place = np.empty(mine.size, dtype=np.intp)
        other = self.plain[partners].T
        for start in range(0, mine.size, BLOCK):
            block = slice(start, min(start + BLOCK, mine.size))
            values = self.weighted[mine[block]] @ other
            inside = np.arange(values.shape[0])
            values[inside, start + inside] = -np.inf
            place[block] = values.argmax(axis=1)
            score[block] = values[inside, place[block]]
        return score - np.log(max(mine.size - 1, 1)), place


def _pairs_of(table: RecordTable) -> _Pairs:
    return table.memo("pairs", lambda: _Pairs(classes_of(table)))


def _twins(table: RecordTable, seed: int) -> Twins:
    n = len(table)
    score = np.full(n, np.nan)
    partner = np.full(n, -1, dtype=np.intp)
    reason = dict.fromkeys(np.flatnonzero(~table.in_unit).tolist(), "no other units")
    reason.update(dict.fromkeys(np.flatnonzero(table.answered == 0).tolist(), "no answers"))
    # straight-liners have twins everywhere; their scores would dilute the null of the others
    group = 2 * table.stratum + classes_of(table).constant
    null: dict[int, list[NDArray[np.float64]]] = {}
    pairs = _pairs_of(table)
    for stratum, pool in _pools(table):
        draws = int(np.clip(-(-NULL_SCORES // pool.size), FEWEST_DRAWS, MOST_DRAWS))
        band = _level_bands(table.level[pool])
        rng = np.random.default_rng([seed, stratum])
        shuffles = [_Shuffle(table.unit[pool], band, rng) for _ in range(draws)]
        for own in _unit_slices(table.unit[pool]):
            mine = pool[own]
            if mine.size < 2 or pool.size - mine.size < mine.size:
                why = "alone in its unit" if mine.size < 2 else "too few records in other units"
                reason.update(dict.fromkeys(mine.tolist(), why))
                continue
            score[mine], place = pairs.best(mine, mine)
            partner[mine] = mine[place]
            unit = int(table.unit[mine[0]])
            for shuffle in shuffles:
                value, _ = pairs.best(mine, pool[shuffle.draw(unit, band[own], rng)])
                for g in np.unique(group[mine]):
                    null.setdefault(int(g), []).append(value[group[mine] == g])
    known = {g: HonestDistribution.fit(np.concatenate(parts)) for g, parts in null.items()}
    twins = Twins(score, partner, np.full(n, np.nan), np.full(n, np.nan), reason, group, known)
    judged = np.flatnonzero(np.isfinite(score))
    twins.p_foreign[judged] = twins.p_of(judged, score[judged])
    together = _chance_of_own_unit(table)[judged]
    among = by_rank(score, group)[judged]
    twins.p_value[judged] = (1.0 - together) * twins.p_foreign[judged] + together * among
    return twins


def _chance_of_own_unit(table: RecordTable) -> NDArray[np.float64]:
    """``(n,)``: share of the stratum's records that stand in the record's unit."""
    part = table.stratum * len(table.unit_ids) + table.unit
    _, place, count = np.unique(part, return_inverse=True, return_counts=True)
    size = np.bincount(table.stratum).astype(np.float64)
    share: NDArray[np.float64] = count[place] / size[table.stratum]
    return share


def surprise(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minus log of a p-value, capped so that no single pair decides about a unit."""
    value: NDArray[np.float64] = np.minimum(-np.log(p), MOST_SURPRISE)
    return value


@dataclass(frozen=True, eq=False)
class PseudoUnits:
    """Units whose labels were permuted: sizes and summed surprises, ``(draws, units)``."""

    sizes: NDArray[np.float64]
    totals: NDArray[np.float64]


def pseudo_units(
    table: RecordTable, seed: int, draws: int, left_out: NDArray[np.bool_]
) -> PseudoUnits:
    """Twin surprises of pseudo-units.

    Labels are permuted inside bands of level, so that a pseudo-unit has the levels of the
    unit, and pairs count from both sides as they do there. Records ``left_out``, those
    already found to be copies, would make honest pseudo-units look copied.
    """
    twins = twins_of(table, seed)
    pairs = _pairs_of(table)
    shape = (draws, len(table.unit_ids))
    found = PseudoUnits(np.zeros(shape), np.zeros(shape))
    with threadpool_limits(1):
        for stratum, pool in _pools(table):
            _permute(table, twins, pairs, pool[~left_out[pool]], [seed, stratum, 1], found)
    return found


def _permute(
    table: RecordTable,
    twins: Twins,
    pairs: _Pairs,
    clean: NDArray[np.intp],
    seed: list[int],
    found: PseudoUnits,
) -> None:
    """Add the pseudo-units of one stratum, made of the rows ``clean``, to ``found``."""
    band = _level_bands(table.level[clean])
    rng = np.random.default_rng(seed)
    for draw in range(len(found.sizes)):
        order = np.arange(clean.size)
        for b in np.unique(band):
            inside = np.flatnonzero(band == b)
            order[inside] = rng.permutation(inside)
        for own in _unit_slices(table.unit[clean]):
            rows = clean[order[own]]
            if rows.size < 2 or clean.size - rows.size < rows.size:
                continue
            value, _ = pairs.best(rows, rows)
            unit = table.unit[clean[own.start]]
            found.totals[draw, unit] += np.nansum(surprise(twins.p_of(rows, value)))
            found.sizes[draw, unit] += rows.size


def _pools(table: RecordTable) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Rows of each stratum that can be compared."""
    usable = (table.answered > 0) & table.in_unit
    for stratum in range(len(table.stratum_names)):
        pool = np.flatnonzero(usable & (table.stratum == stratum))
        if pool.size:
            yield stratum, pool


def _unit_slices(unit: NDArray[np.intp]) -> Iterator[slice]:
    """Rows of a unit stand together in the table's order."""
    edges = np.flatnonzero(np.diff(unit)) + 1
    for start, stop in zip([0, *edges], [*edges, unit.size], strict=True):
        yield slice(int(start), int(stop))


def _level_bands(level: NDArray[np.float64]) -> NDArray[np.intp]:
    """Band of each record of a stratum, 0 to ``LEVEL_BANDS`` - 1."""
    if level.size == 0:
        return np.zeros(0, dtype=np.intp)
    edges = np.unique(np.round(np.quantile(level, np.linspace(0, 1, LEVEL_BANDS + 1)[1:-1]), 9))
    bands: NDArray[np.intp] = np.searchsorted(edges, np.round(level, 9), side="right")
    return bands


class _Shuffle:
    """A random order of a stratum, band by band, from which units draw their null."""

    def __init__(
        self, unit: NDArray[np.intp], band: NDArray[np.intp], rng: np.random.Generator
    ) -> None:
        order = rng.permutation(unit.size)
        self._unit = unit
        self._members = [order[band[order] == b] for b in range(LEVEL_BANDS)]

    def draw(self, unit: int, band: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """A record of another unit for each own one, of the same ``band`` if any is left.

        None is drawn twice; what a band cannot give comes from the nearest bands.
        """
        drawn = np.full(band.size, -1, dtype=np.intp)
        spare: list[NDArray[np.intp]] = []
        for b, members in enumerate(self._members):
            places = np.flatnonzero(band == b)
            turned = np.roll(members, -int(rng.integers(max(members.size, 1))))
            if turned.size > 4 * places.size + 64 and places.size:
                head = turned[: 2 * places.size + 32]
                if (self._unit[head] != unit).sum() >= places.size:
                    turned = head
            others = turned[self._unit[turned] != unit]
            taken = min(places.size, others.size)
            drawn[places[:taken]] = others[:taken]
            spare.append(others[taken:])
        for place in np.flatnonzero(drawn < 0):
            nearest = sorted(range(LEVEL_BANDS), key=lambda b: abs(b - int(band[place])))
            b = next(b for b in nearest if spare[b].size)
            drawn[place], spare[b] = spare[b][0], spare[b][1:]
        return drawn

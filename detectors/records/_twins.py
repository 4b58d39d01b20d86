"""Twins: how much more two records agree than people of their kind do by chance.

Score of a record and a partner, in natural log units: for every item both answered, a
match adds ``log((1 - e + e p) / p)`` and a mismatch ``log e``, where ``p`` is how often
the record's own class gives that answer and ``e`` the share of answers a copyist
changes: the log likelihood ratio of "copied" to "answered alone". Rare answers in
common weigh, common ones cost nothing, missing never matches. A record's score is the
best over the partners in its unit.

Its null is drawn, not computed: the best over as many partners from *other* units of
the stratum, taken level by level so that they are as satisfied as the real ones. Real
answers depend on each other beyond any class, and that dependence is in the null too.
Without units there is no null.

Reference: van der Linden & Sotaridona (2006) for the classes of a generalised binomial
test; the null from other units and its conformal use are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.conformal import against_null
from detectors.records._classes import Classes, classes_of
from detectors.table import RecordTable

__all__ = ["Twins", "twins_of"]

CHANGED_SHARE = 0.1
NULL_SCORES = 60_000
FEWEST_DRAWS = 4
MOST_DRAWS = 60
LEVEL_BANDS = 10
BLOCK = 2048


@dataclass(frozen=True, eq=False)
class Twins:
    """Best partner of each record and how surprising it is.

    Attributes:
        score: float64 ``(n,)``; NaN where no null could be drawn.
        partner: int ``(n,)``: row of the best partner, -1 where there is none.
        p_value: float64 ``(n,)``.
        reason: Why a row has no score, by row.
        null_unit: int ``(m,)``: unit of each null record.
        null_p: float64 ``(m,)``: p-value of each null score among all null scores.
        null_draw: int ``(m,)``: which draw it belongs to.
    """

    score: NDArray[np.float64]
    partner: NDArray[np.intp]
    p_value: NDArray[np.float64]
    reason: dict[int, str]
    null_unit: NDArray[np.intp]
    null_p: NDArray[np.float64]
    null_draw: NDArray[np.intp]


def twins_of(table: RecordTable, seed: int) -> Twins:
    """Twin scores of all records; worked out once for a table and a seed."""
    return table.memo(("twins", seed), lambda: _twins(table, seed))


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
        """Best partner of each of ``mine`` among ``partners`` but the one in its own place."""
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
        return score, place


def _twins(table: RecordTable, seed: int) -> Twins:
    n = len(table)
    classes = classes_of(table)
    score = np.full(n, np.nan)
    partner = np.full(n, -1, dtype=np.intp)
    reason: dict[int, str] = {int(i): "no answers" for i in np.flatnonzero(table.answered == 0)}
    null: list[tuple[NDArray[np.intp], NDArray[np.float64], int, int]] = []
    pairs = _Pairs(classes)
    for stratum in range(len(table.stratum_names)):
        pool = np.flatnonzero((table.stratum == stratum) & (table.answered > 0))
        draws = int(np.clip(-(-NULL_SCORES // max(pool.size, 1)), FEWEST_DRAWS, MOST_DRAWS))
        band = _level_bands(table.level[pool])
        rng = np.random.default_rng([seed, stratum])
        shuffles = [_Shuffle(table.unit[pool], band, rng) for _ in range(draws)]
        units, starts, counts = np.unique(table.unit[pool], return_index=True, return_counts=True)
        for unit, start, count in zip(units, starts, counts, strict=True):
            own = slice(start, start + count)  # rows of a unit stand together
            mine = pool[own]
            if mine.size < 2 or pool.size - mine.size < mine.size:
                why = "alone in its unit" if mine.size < 2 else "too few records in other units"
                reason.update(dict.fromkeys(mine.tolist(), why))
                continue
            score[mine], place = pairs.best(mine, mine)
            partner[mine] = mine[place]
            for draw, shuffle in enumerate(shuffles):
                drawn = shuffle.draw(int(unit), band[own], rng)
                value, _ = pairs.best(mine, pool[drawn])
                null.append((mine, value, int(unit), draw))
    return _calibrated(table, classes, score, partner, reason, null)


def _calibrated(
    table: RecordTable,
    classes: Classes,
    score: NDArray[np.float64],
    partner: NDArray[np.intp],
    reason: dict[int, str],
    null: list[tuple[NDArray[np.intp], NDArray[np.float64], int, int]],
) -> Twins:
    if not null:
        empty = np.zeros(0, dtype=np.intp)
        return Twins(score, partner, np.full(len(table), np.nan), reason, empty, np.zeros(0), empty)
    rows = np.concatenate([part[0] for part in null])
    values = np.concatenate([part[1] for part in null])
    unit = np.concatenate([np.full(part[0].size, part[2], dtype=np.intp) for part in null])
    draw = np.concatenate([np.full(part[0].size, part[3], dtype=np.intp) for part in null])
    # straight-liners have twins everywhere; their scores would dilute the null of the others
    group = 2 * table.stratum + classes.constant
    p_value = against_null(score, values, group, group[rows])
    null_p = against_null(values, values, group[rows], group[rows])
    return Twins(score, partner, p_value, reason, unit, null_p, draw)


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

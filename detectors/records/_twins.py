"""Twins: records that agree with others of their unit more than with other units.

The score is that of :mod:`detectors.records._likeness`: how much a record agrees with
the others of its unit beyond what people of its kind do by chance.

Its null is drawn, not computed: the same score among as many partners from *other*
units of the stratum, taken level by level so that they are as satisfied as the real
ones. Real answers depend on each other beyond any class, and that dependence is in the
null too. Honest units differ in more than their level, so that people of one unit agree
a little more: by how much is read from the middle of the p-values, where copies are not,
and the null is widened by it. Without units there is no null.

Where many units copy the same forms, other units are no null: they are full of the copies
too. A trusted baseline, where there is one, gives the partners instead.

Reference: Vovk, Gammerman & Shafer (2005) for conformal p-values; Efron (2004), JASA 99,
for the empirical null; the null from other units is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from detectors.calibration.conformal import by_rank
from detectors.calibration.tail import HonestDistribution
from detectors.records._draws import Shuffle, level_bands, pools_of, unit_slices
from detectors.records._likeness import Answers, Likeness, likeness_of
from detectors.records._overdispersion import Overdispersion
from detectors.table import RecordTable
from detectors.trusted import trusted_rows

__all__ = ["PseudoUnits", "Twins", "pseudo_units", "surprise", "twins_of"]

NULL_SCORES = 30_000
FEWEST_DRAWS = 1
MOST_DRAWS = 40
COPIED_SHARE = 0.03
COPY_SHAPE = 0.1
MOST_SURPRISE = 4.0
# records of the baseline to one of the largest unit: a null of few partners repeats itself
ENOUGH_TRUSTED = 2


@dataclass(frozen=True, eq=False)
class Twins:
    """Best partner of each record and how surprising it is.

    Attributes:
        score: float64 ``(n,)``; NaN where no null could be drawn.
        partner: int ``(n,)``: row of the partner most alike, -1 where there is none.
        p_foreign: float64 ``(n,)``: against partners of other units.
        p_value: float64 ``(n,)``: against partners of any unit, the own one with the chance
            that two records share it. In honest data, too, somebody's closest double may
            stand in the same unit; the null of other units alone would never show it.
        reason: Why a row has no score, by row.
        stratum: int ``(n,)``: null that a row is compared with.
        null: Null scores by stratum.
        widened: How much more alike honest records of one unit are, by stratum.
    """

    score: NDArray[np.float64]
    partner: NDArray[np.intp]
    p_foreign: NDArray[np.float64]
    p_value: NDArray[np.float64]
    reason: dict[int, str]
    stratum: NDArray[np.intp]
    null: Mapping[int, HonestDistribution]
    widened: dict[int, Overdispersion]

    def p_of(self, rows: NDArray[np.intp], scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """p-values against other units of ``scores`` reached by ``rows``; NaN without a null."""
        p = np.full(scores.shape, np.nan)
        for stratum, null in self.null.items():
            mine = self.stratum[rows] == stratum
            p[mine] = null.p_value(scores[mine])
        return p


def twins_of(table: RecordTable, seed: int) -> Twins:
    """Twin scores of all records; worked out once for a table and a seed."""

    def build() -> Twins:
        # many small products: threads would only wait for each other
        with threadpool_limits(1):
            return _twins(table, seed)

    return table.memo(("twins", seed), build)


def _twins(table: RecordTable, seed: int) -> Twins:
    twins = _untested(table)
    likeness = likeness_of(table)
    null: dict[int, HonestDistribution] = {}
    for stratum, pool in pools_of(table):
        drawn = _stratum(table, likeness, twins, pool, [seed, stratum])
        if drawn.size:
            null[stratum] = HonestDistribution.fit(drawn)
    twins = replace(twins, null=null)
    judged = np.flatnonzero(np.isfinite(twins.score))
    twins.p_foreign[judged] = twins.p_of(judged, twins.score[judged])
    for stratum in null:
        mine = np.flatnonzero(np.isfinite(twins.score) & (table.stratum == stratum))
        twins.widened[stratum] = Overdispersion.fit(twins.p_foreign[mine])
        twins.p_foreign[mine] = twins.widened[stratum].widen(twins.p_foreign[mine])
    together = _chance_of_own_unit(table)[judged]
    among = by_rank(twins.score, table.stratum)[judged]
    twins.p_value[judged] = (1.0 - together) * twins.p_foreign[judged] + together * among
    return twins


def _untested(table: RecordTable) -> Twins:
    n = len(table)
    reason = dict.fromkeys(np.flatnonzero(~table.in_unit).tolist(), "no other units")
    reason.update(dict.fromkeys(np.flatnonzero(table.answered == 0).tolist(), "no answers"))
    score, p_foreign, p_value = (np.full(n, np.nan) for _ in range(3))
    partner = np.full(n, -1, dtype=np.intp)
    return Twins(score, partner, p_foreign, p_value, reason, table.stratum, {}, {})


def _stratum(
    table: RecordTable,
    likeness: Likeness,
    twins: Twins,
    pool: NDArray[np.intp],
    seed: list[int],
) -> NDArray[np.float64]:
    """Score the records of one stratum, ``pool``; gives the scores of their null."""
    draws = int(np.clip(-(-NULL_SCORES // pool.size), FEWEST_DRAWS, MOST_DRAWS))
    rng = np.random.default_rng(seed)
    units = np.bincount(table.unit[pool])
    others = _Others.of(table, pool, seed[1], int(units.max()))
    band = others.band
    shuffles = [Shuffle(others.unit, others.of_partner, rng) for _ in range(draws)]
    null = [np.zeros(0)]
    for own in unit_slices(table.unit[pool]):
        mine = pool[own]
        spare = others.unit.size - (0 if others.answers else mine.size)
        if mine.size < 2 or spare < mine.size:
            why = "alone in its unit" if mine.size < 2 else "too few records in other units"
            twins.reason.update(dict.fromkeys(mine.tolist(), why))
            continue
        twins.score[mine], place = likeness.among(mine, mine)
        twins.partner[mine] = mine[place]
        unit = int(table.unit[mine[0]])
        for shuffle in shuffles:
            drawn = others.rows[shuffle.draw(unit, band[own], rng)]
            value, _ = likeness.among(mine, drawn, others.answers)
            null.append(value)
    return np.concatenate(null)


@dataclass(frozen=True, eq=False)
class _Others:
    """Whom the records of a stratum are compared with for a null.

    Attributes:
        rows: Rows of the partners: of other units, or of the trusted baseline.
        unit: Unit of each, -1 in the baseline.
        of_partner: Band of level of each partner.
        band: Band of level of each record of the stratum, with the same edges.
        answers: Answers of the baseline; ``None`` where partners are of the same table.
    """

    rows: NDArray[np.intp]
    unit: NDArray[np.intp]
    of_partner: NDArray[np.intp]
    band: NDArray[np.intp]
    answers: Answers | None

    @classmethod
    def of(cls, table: RecordTable, pool: NDArray[np.intp], stratum: int, largest: int) -> _Others:
        """The baseline, where it has enough records for the ``largest`` unit."""
        found = trusted_rows(table, stratum)
        if found is None or found[1].size < ENOUGH_TRUSTED * largest:
            band = level_bands(table.level[pool])
            return cls(pool, table.unit[pool], band, band, None)
        before, rows = found
        both = level_bands(np.concatenate([table.level[pool], before.level[rows]]))
        answers = table.memo("answers of the baseline", lambda: Answers.of(before))
        nobody = np.full(rows.size, -1, dtype=np.intp)
        return cls(rows, nobody, both[pool.size :], both[: pool.size], answers)


def _chance_of_own_unit(table: RecordTable) -> NDArray[np.float64]:
    """``(n,)``: share of the stratum's records that stand in the record's unit."""
    part = table.stratum * len(table.unit_ids) + table.unit
    _, place, count = np.unique(part, return_inverse=True, return_counts=True)
    size = np.bincount(table.stratum).astype(np.float64)
    share: NDArray[np.float64] = count[place] / size[table.stratum]
    return share


def surprise(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a record's p-value says for "a few records of this unit are copies".

    The log likelihood ratio of a mixture in which a share ``COPIED_SHARE`` of the p-values
    has the density ``s p^(s - 1)``, so that the many ordinary records hardly count. It is
    capped: no single pair decides about a unit.
    """
    ratio = COPIED_SHARE * (COPY_SHAPE * p ** (COPY_SHAPE - 1.0) - 1.0)
    value: NDArray[np.float64] = np.minimum(np.log1p(ratio), MOST_SURPRISE)
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
    likeness = likeness_of(table)
    shape = (draws, len(table.unit_ids))
    found = PseudoUnits(np.zeros(shape), np.zeros(shape))
    with threadpool_limits(1):
        for stratum, pool in pools_of(table):
            _permute(table, twins, likeness, pool[~left_out[pool]], [seed, stratum, 1], found)
    return found


def _permute(
    table: RecordTable,
    twins: Twins,
    likeness: Likeness,
    clean: NDArray[np.intp],
    seed: list[int],
    found: PseudoUnits,
) -> None:
    """Add the pseudo-units of one stratum, made of the rows ``clean``, to ``found``."""
    band = level_bands(table.level[clean])
    rng = np.random.default_rng(seed)
    for draw in range(len(found.sizes)):
        order = np.arange(clean.size)
        for b in np.unique(band):
            inside = np.flatnonzero(band == b)
            order[inside] = rng.permutation(inside)
        for own in unit_slices(table.unit[clean]):
            rows = clean[order[own]]
            if rows.size < 2 or clean.size - rows.size < rows.size:
                continue
            value, _ = likeness.among(rows, rows)
            unit = table.unit[clean[own.start]]
            found.totals[draw, unit] += np.nansum(surprise(twins.p_of(rows, value)))
            found.sizes[draw, unit] += rows.size

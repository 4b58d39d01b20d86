"""Records that repeat rows of their unit's previous period.

The score of a record is that of :mod:`detectors.records._likeness` among the rows that its
unit handed in for the period before: rare answers in common weigh, usual ones cost nothing.
Its null is the same score among as many rows of *other* units of that period, taken level
by level, so that what people of one country answer twice is in the null. A unit's total of
surprises is held against the totals of these draws, and the spread between honest units is
measured in the round: where many people answer in both periods, they do so everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from detectors.calibration.empirical import EmpiricalNull
from detectors.calibration.tail import HonestDistribution
from detectors.records._classes import classes_of
from detectors.records._draws import Shuffle, level_bands, pools_of, unit_slices
from detectors.records._likeness import Answers, likeness_of
from detectors.records._overdispersion import Overdispersion
from detectors.records._twin_units import UsualSurprise
from detectors.records._twins import PseudoUnits, surprise
from detectors.table import RecordTable, UnitTable
from detectors.unit_result import FEWEST_RECORDS, FEWEST_UNITS, UnitResult
from detectors.units._rounds import Before, before_of, mode_of

__all__ = ["ALIKE", "PastRows", "past_rows"]

NULL_SCORES = 30_000
FEWEST_DRAWS = 4
MOST_DRAWS = 40
# p-value at which a record is counted, and named, as like a row of the period before
ALIKE = 0.01
# quantile of honest units' scores that is free of tampered ones
UPPER = 0.8
# beyond this share of alike records in the usual unit nobody can tell copies from habit
MOST_ALIKE = 0.3
# nor where so many are row for row the same: of tables near the top few rows could show it
MOST_EXACT = 0.95
SAME_TABLE = (
    "most records of most units repeat rows of the previous period: it may be the same table, or "
    "the same people answer each time"
)

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PastRows:
    """How much the records of a unit repeat its previous period.

    Attributes:
        result: Test of the units; ``observed`` and ``expected`` are shares of records
            that are alike at ``ALIKE``.
        p_record: float64 ``(n,)``: against rows of other units; NaN where not compared.
        partner: int ``(n,)``: row of the previous table most alike, -1 where none.
    """

    result: UnitResult
    p_record: Vector
    partner: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Compared:
    """Scores of a round's records among rows of the period before."""

    score: Vector
    partner: NDArray[np.intp]
    exact: NDArray[np.bool_]
    null: list[tuple[NDArray[np.intp], list[Vector]]]


def past_rows(table: UnitTable, seed: int) -> PastRows:
    """Judge every unit; the seed draws the rows of other units."""
    records, before = table.records, before_of(table)
    nothing = PastRows(
        UnitResult.untested(len(records.unit_ids)),
        np.full(len(records), np.nan),
        np.full(len(records), -1, dtype=np.intp),
    )
    why = "no previous period" if before is None else before.reason
    if before is None or why:
        nothing.result.reason.update(dict.fromkeys(range(len(records.unit_ids)), why))
        return nothing
    with threadpool_limits(1):
        return _judge(records, before, nothing, seed)


def _judge(records: RecordTable, before: Before, found: PastRows, seed: int) -> PastRows:
    compared = _Compared(
        found.p_record.copy(), found.partner, np.zeros(len(records), dtype=np.bool_), []
    )
    draws = int(np.clip(-(-NULL_SCORES // max(len(records), 1)), FEWEST_DRAWS, MOST_DRAWS))
    for stratum, pool in pools_of(records):
        _compare(records, before, compared, pool, draws, [seed, stratum])
    units = len(records.unit_ids)
    pseudo = PseudoUnits(np.zeros((draws, units)), np.zeros((draws, units)))
    for stratum in range(len(records.stratum_names)):
        mine = [part for part in compared.null if records.stratum[part[0][0]] == stratum]
        if not mine:
            continue
        null = HonestDistribution.fit(np.concatenate([one for _, many in mine for one in many]))
        rows = np.concatenate([own for own, _ in mine])
        p = null.p_value(compared.score[rows])
        found.p_record[rows] = p
        for own, many in mine:
            unit = records.unit[own[0]]
            for draw, scores in enumerate(many):
                pseudo.totals[draw, unit] += surprise(null.p_value(scores)).sum()
                pseudo.sizes[draw, unit] += own.size
    _units(records, found, pseudo, compared.exact)
    return found


def _compare(
    records: RecordTable,
    before: Before,
    compared: _Compared,
    pool: NDArray[np.intp],
    draws: int,
    seed: list[int],
) -> None:
    """Records of one stratum against their own unit's rows, and against those of others."""
    old = before.records
    mode = mode_of(records.stratum_names[seed[1]])
    same = np.array([mode_of(name) == mode for name in old.stratum_names], dtype=bool)
    there = np.flatnonzero(same[old.stratum] & (old.answered > 0))
    if there.size == 0:
        return
    answers = _answers(records, before)
    band, unit = level_bands(old.level[there]), before.unit[there]
    rng = np.random.default_rng([*seed, 2])
    shuffles = [Shuffle(unit, band, rng) for _ in range(draws)]
    likeness = likeness_of(records)
    for part in unit_slices(records.unit[pool]):
        mine = pool[part]
        which = int(records.unit[mine[0]])
        own = np.flatnonzero(unit == which)
        if own.size < FEWEST_RECORDS or there.size - own.size < own.size:
            continue
        compared.score[mine], place = likeness.among(mine, there[own], answers, own_place=False)
        partner = compared.partner[mine] = there[own][place]
        codes = records.codes[np.ix_(mine, before.now_items)]
        compared.exact[mine] = (codes == old.codes[np.ix_(partner, before.old_items)]).all(axis=1)
        drawn = [shuffle.draw(which, band[own], rng) for shuffle in shuffles]
        null = [likeness.among(mine, there[d], answers, own_place=False)[0] for d in drawn]
        compared.null.append((mine, null))


def _answers(records: RecordTable, before: Before) -> Answers:
    """Rows of the period before in this period's cells; items not asked alike are blank."""

    def build() -> Answers:
        classes = classes_of(records)
        codes = before.records.codes[:, before.old_items]
        cell = np.full((len(before.records), len(records.items)), -1, dtype=np.int32)
        place = classes.first_cell[before.now_items].astype(np.int32) + codes - np.int32(1)
        cell[:, before.now_items] = np.where(codes > 0, place, np.int32(-1))
        return Answers.from_cells(cell, classes.cells)

    return records.memo(("past answers", id(before.records)), build)


def _units(
    records: RecordTable, found: PastRows, pseudo: PseudoUnits, exact: NDArray[np.bool_]
) -> None:
    result, units = found.result, len(records.unit_ids)
    known = np.isfinite(found.p_record)
    sizes = np.bincount(records.unit[known], minlength=units)
    large = sizes >= FEWEST_RECORDS
    few = f"fewer than {FEWEST_RECORDS} records in one of the two periods"
    result.reason.update(dict.fromkeys(np.flatnonzero(~large).tolist(), few))
    if large.sum() < FEWEST_UNITS:
        why = f"fewer than {FEWEST_UNITS} peer units of {FEWEST_RECORDS} records in both periods"
        result.reason.update(dict.fromkeys(np.flatnonzero(large).tolist(), why))
        return
    alike = np.nan_to_num(found.p_record, nan=1.0) <= ALIKE
    share = np.bincount(records.unit[alike], minlength=units)[large] / sizes[large]
    same = np.bincount(records.unit[known & exact], minlength=units)[large] / sizes[large]
    if np.median(share) > MOST_ALIKE or np.median(same) > MOST_EXACT:
        result.reason.update(dict.fromkeys(np.flatnonzero(large).tolist(), SAME_TABLE))
        return
    usual = UsualSurprise.fit(pseudo, large)
    wide = found.p_record.copy()
    wide[known] = Overdispersion.fit(wide[known]).widen(wide[known])
    told = np.nan_to_num(surprise(wide), nan=0.0)
    own = np.bincount(records.unit, told, minlength=units).astype(np.float64)
    z = np.where(large, usual.z(own, sizes.astype(np.float64)), np.nan)
    result.score[:] = _standardised(z, usual.null)
    result.p_value[:] = HonestDistribution.fit(usual.null).p_value(result.score)
    result.observed[large] = share
    result.expected[large] = float(np.median(share))
    result.tested[:] = sizes


def _standardised(z: Vector, null: Vector) -> Vector:
    """Scores of units by the middle and by the upper spread of honest ones, never narrower.

    The sum of surprises leans to the right, and so does what honest units differ by: their
    upper quantiles are held against those of the draws, below where tampered units stand.
    """
    known = z[np.isfinite(z)]
    centre = EmpiricalNull.fit(z).centre
    usual = float(np.quantile(null, UPPER) - np.median(null))
    spread = max(1.0, float(np.quantile(known, UPPER) - centre) / max(usual, 1e-9))
    standard: Vector = np.median(null) + (z - centre) / spread
    return standard

"""A unit whose answers are distributed almost as those of another, or as its own before.

Two samples of people differ by chance. Where a whole set of results was used again, for
another unit or another round, item by item and value by value, they differ by less. The
distance of two histograms ``p`` and ``q`` (item x value) is

    D = n m / (n + m) * sum (p - q)^2 / P,

``P`` the shares in the stratum. If both units drew from one distribution, D is a weighted
sum of chi-squares: its mean is that of the own variance of the two units, its degrees of
freedom are those of the answers' covariance (Satterthwaite), and only its lower tail is of
interest, for which this is conservative: the true sum of many small weights hardly comes
near 0. Units that differ, as honest ones do, lie farther apart. The smallest p-value of a
unit counts times its partners.

Pairs are compared by one matrix product a stratum; degrees of freedom come from a sample
of the stratum first, and from the records of the two units where that looks unusual.

Reference: Satterthwaite (1946); Rao & Scott (1981) for chi-squares of clustered answers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.multiplicity import q_values
from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from detectors.unit_result import FEWEST_RECORDS
from detectors.units._histograms import (
    FEWEST_OFF_MODE,
    Sheet,
    degrees_of_freedom,
    histograms,
    lower_tail,
    nearest,
    p_of_pair,
)
from detectors.units._report import FALSE_DISCOVERY_RATE
from detectors.units._rounds import before_of, mode_of

__all__ = ["CHECK"]

SAMPLE = 2_000
LOOK_CLOSER = 0.5
PREVIOUS = -1

Vector = NDArray[np.float64]

INFO = CheckInfo(
    id="answers.same_distribution",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="reused_results",
    title=Message("Phân bố trả lời trùng khít", "The same distribution of answers"),
    sees=(
        "Item by item and value by value, a unit's answers are distributed closer to those of "
        "another unit, or to its own of the previous period, than two samples of the very same "
        "people would be: results that were used again."
    ),
    null_model=(
        "Two samples from one distribution, the closest that honest units can be: a weighted "
        "sum of chi-squares by Satterthwaite, lower tail; times the number of partners."
    ),
    source="Satterthwaite (1946); Rao & Scott (1981), chi-squares of clustered answers",
    innocent=(
        Message(
            "Dữ liệu của một đơn vị được nộp hai lần dưới hai mã.",
            "The data of one unit were handed in twice under two names.",
        ),
        Message(
            "Bảng của kỳ trước được đưa nhầm vào kỳ này.",
            "The table of the previous period was loaded by mistake.",
        ),
    ),
    valid_for=frozenset({"20 records", "50 answers off the usual value"}),
    batch_dependent=True,
)


class _Best:
    """Smallest p-value so far of each unit, and with whom."""

    def __init__(self, units: int) -> None:
        self.p = np.full(units, np.nan)
        self.ratio = np.full(units, np.nan)
        self.partner = np.full(units, PREVIOUS, dtype=np.intp)
        self.tests = np.zeros(units, dtype=np.intp)

    def take(self, unit: int, p: float, ratio: float, partner: int) -> None:
        if not p >= self.p[unit]:
            self.p[unit], self.ratio[unit], self.partner[unit] = p, ratio, partner


class SameDistributionCheck:
    """Lower-tail test of distances between histograms."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; the seed draws the sample that degrees of freedom rest on."""
        count = len(subject)
        if count == 0:
            return Assessment(np.zeros(0), np.zeros(0))
        best = _Best(count)
        _between_units(subject.records, best, seed)
        _own_past(subject, best)
        p = np.minimum(best.p * np.maximum(best.tests, 1), 1.0)
        score = np.where(np.isfinite(p), -np.log10(np.maximum(best.ratio, 1e-12)), np.nan)
        why = (
            f"fewer than {FEWEST_RECORDS} records, fewer than {FEWEST_OFF_MODE:.0f} answers off "
            "the usual value, or nobody to compare with"
        )
        reasons = dict.fromkeys(np.flatnonzero(np.isnan(p)).tolist(), why)
        return Assessment(score, p, _findings(subject, best, p, score), reasons)


def _findings(table: UnitTable, best: _Best, p: Vector, score: Vector) -> tuple[Finding, ...]:
    found = []
    for unit in np.flatnonzero(np.nan_to_num(q_values(p), nan=1.0) <= FALSE_DISCOVERY_RATE):
        past = best.partner[unit] == PREVIOUS
        other = "" if past else table.unit_ids[best.partner[unit]]
        ratio = float(best.ratio[unit])
        whom_vi = "của chính đơn vị ở kỳ trước" if past else f"của đơn vị {other}"
        whom_en = "its own of the previous period" if past else f"those of unit {other}"
        found.append(
            Finding(
                detector=INFO.id,
                family=INFO.family,
                kind=INFO.kind,
                score=float(score[unit]),
                p_value=float(p[unit]),
                severity=Severity.YELLOW,
                message=Message(
                    f"Có dấu hiệu dùng lại kết quả: phân bố trả lời gần như trùng khít với phân bố "
                    f"{whom_vi}, chỉ lệch {ratio:.1%} so với mức lệch ngẫu nhiên "
                    f"(p = {p[unit]:.2g}).",
                    f"Signs of results used again: the answers are distributed almost as "
                    f"{whom_en}, at {ratio:.1%} of the distance that chance gives "
                    f"(p = {p[unit]:.2g}).",
                ),
                unit_id=table.unit_ids[unit],
                matches=None if past else (other,),
                evidence={
                    "distance_over_chance": ratio,
                    "previous_period": bool(past),
                    "n": int(table.sizes[unit]),
                },
            )
        )
    return tuple(found)


def _between_units(records: RecordTable, best: _Best, seed: int) -> None:
    used = records.in_unit & (records.answered > 0)
    items = np.arange(len(records.items))
    for stratum in range(len(records.stratum_names)):
        rows = np.flatnonzero(used & (records.stratum == stratum))
        if rows.size == 0:
            continue
        sheet = Sheet.of(records, rows, records.unit[rows], items)
        usual = (sheet.count.sum(axis=0) + 0.5) / (rows.size + 1.0)
        units = histograms(sheet, usual)
        if units.unit.size < 2:
            continue
        rng = np.random.default_rng([seed, stratum])
        freedom = degrees_of_freedom(sheet.cells(rng.permutation(rows.size)[:SAMPLE]), usual)
        near, ratio = nearest(units)
        partners = units.unit.size - 1
        p = lower_tail(ratio, freedom) * partners
        for k in np.flatnonzero(p < LOOK_CLOSER).tolist():
            p[k] = p_of_pair(float(ratio[k]), (units, k), (units, int(near[k])), usual) * partners
        for k, unit in enumerate(units.unit.tolist()):
            best.take(unit, min(float(p[k]), 1.0), float(ratio[k]), int(units.unit[near[k]]))
            best.tests[unit] += 1


def _own_past(table: UnitTable, best: _Best) -> None:
    """The same test between a unit and its own previous period, mode by mode."""
    before = before_of(table)
    if before is None or before.reason:
        return
    now, old = table.records, before.records
    old_mode = np.array([mode_of(name) for name in old.stratum_names])
    now_mode = np.array([mode_of(name) for name in now.stratum_names])
    for mode in sorted(set(now_mode.tolist())):
        here = np.flatnonzero(now.in_unit & (now.answered > 0) & (now_mode == mode)[now.stratum])
        there = np.flatnonzero(
            (before.unit >= 0) & (old.answered > 0) & (old_mode == mode)[old.stratum]
        )
        if min(here.size, there.size) == 0:
            continue
        sheet = Sheet.of(now, here, now.unit[here], before.now_items)
        usual = (sheet.count.sum(axis=0) + 0.5) / (here.size + 1.0)
        one = histograms(sheet, usual)
        two = histograms(Sheet.of(old, there, before.unit[there], before.old_items), usual)
        _, i, j = np.intersect1d(one.unit, two.unit, return_indices=True)
        gap = ((one.scaled[i] - two.scaled[j]) ** 2).sum(axis=1)
        ratio = gap / (one.own[i] / one.n[i] + two.own[j] / two.n[j])
        for a, b, r in zip(i.tolist(), j.tolist(), ratio.tolist(), strict=True):
            p = p_of_pair(r, (one, a), (two, b), usual) if r < 1.0 else 1.0
            best.take(int(one.unit[a]), p, r, PREVIOUS)
            best.tests[one.unit[a]] += 1


CHECK = SameDistributionCheck()

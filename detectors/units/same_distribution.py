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

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.multiplicity import q_values
from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from detectors.unit_result import FEWEST_RECORDS
from detectors.units._report import FALSE_DISCOVERY_RATE
from detectors.units._rounds import before_of, mode_of

__all__ = ["CHECK"]

SAMPLE = 2_000
BLOCK = 512
LOOK_CLOSER = 0.5
FEWEST_OFF_MODE = 50.0
SMALLEST_P = 1e-12
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


@dataclass(frozen=True, eq=False)
class _Histograms:
    """Shares by item and value of units, ``(units, cells)``, scaled by ``1 / sqrt(P)``."""

    sheet: _Sheet
    place: NDArray[np.intp]  # in the sheet
    unit: NDArray[np.intp]
    n: Vector
    scaled: NDArray[np.float64]
    own: Vector  # expected squared scaled distance of one record from its unit


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
        sheet = _Sheet.of(records, rows, records.unit[rows], items)
        usual = (sheet.count.sum(axis=0) + 0.5) / (rows.size + 1.0)
        units = _histograms(sheet, usual)
        if units.unit.size < 2:
            continue
        rng = np.random.default_rng([seed, stratum])
        freedom = _freedom(sheet.cells(rng.permutation(rows.size)[:SAMPLE]), usual)
        near, ratio = _nearest(units)
        partners = units.unit.size - 1
        p = _lower(ratio, freedom) * partners
        for k in np.flatnonzero(p < LOOK_CLOSER).tolist():
            p[k] = _p_of_pair(float(ratio[k]), (units, k), (units, int(near[k])), usual) * partners
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
        sheet = _Sheet.of(now, here, now.unit[here], before.now_items)
        usual = (sheet.count.sum(axis=0) + 0.5) / (here.size + 1.0)
        one = _histograms(sheet, usual)
        two = _histograms(_Sheet.of(old, there, before.unit[there], before.old_items), usual)
        _, i, j = np.intersect1d(one.unit, two.unit, return_indices=True)
        gap = ((one.scaled[i] - two.scaled[j]) ** 2).sum(axis=1)
        ratio = gap / (one.own[i] / one.n[i] + two.own[j] / two.n[j])
        for a, b, r in zip(i.tolist(), j.tolist(), ratio.tolist(), strict=True):
            p = _p_of_pair(r, (one, a), (two, b), usual) if r < 1.0 else 1.0
            best.take(int(one.unit[a]), p, r, PREVIOUS)
            best.tests[one.unit[a]] += 1


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Records of a stratum, grouped by unit, and how often each cell was answered.

    A cell is a value of an item; ``start`` is the first cell of each item.
    """

    records: RecordTable
    rows: NDArray[np.intp]
    items: NDArray[np.intp]
    start: NDArray[np.intp]
    unit: NDArray[np.intp]
    bound: NDArray[np.intp]
    count: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        records: RecordTable,
        rows: NDArray[np.intp],
        unit: NDArray[np.intp],
        items: NDArray[np.intp],
    ) -> _Sheet:
        order = np.argsort(unit, kind="stable")
        present, label, n = np.unique(unit[order], return_inverse=True, return_counts=True)
        rows = rows[order]
        levels = records.levels[items]
        start = np.concatenate([[0], np.cumsum(levels)]).astype(np.intp)
        count = np.zeros((present.size, int(start[-1])))
        for j, item in enumerate(items.tolist()):
            given = np.nan_to_num(records.answers[rows, item], nan=0.0).astype(np.intp)
            code = label * (levels[j] + 1) + given
            size = present.size * int(levels[j] + 1)
            of_item = np.bincount(code, minlength=size).reshape(present.size, -1)
            count[:, start[j] : start[j + 1]] = of_item[:, 1:]
        bound = np.concatenate([[0], np.cumsum(n)]).astype(np.intp)
        return cls(records, rows, items, start, present.astype(np.intp), bound, count)

    def cells(self, at: NDArray[np.intp] | slice) -> NDArray[np.float64]:
        """0 and 1 by record and cell, of some records."""
        given = self.records.answers[np.ix_(self.rows[at], self.items)]
        dense = np.zeros((len(given), int(self.start[-1])))
        row, item = np.nonzero(np.isfinite(given))
        dense[row, given[row, item].astype(np.intp) - 1 + self.start[item]] = 1.0
        return dense

    def of_unit(self, place: int) -> NDArray[np.float64]:
        """The same for all records of one unit."""
        return self.cells(slice(int(self.bound[place]), int(self.bound[place + 1])))


def _histograms(sheet: _Sheet, usual: Vector) -> _Histograms:
    """Histograms of units with enough records and enough that is not the usual answer."""
    n = np.diff(sheet.bound).astype(np.float64)
    share = sheet.count / n[:, None] if n.size else sheet.count
    own = ((share - share**2) / usual).sum(axis=1)
    modes = np.maximum.reduceat(sheet.count, sheet.start[:-1], axis=1).sum(axis=1)
    off_mode = sheet.count.sum(axis=1) - modes
    kept = np.flatnonzero((n >= FEWEST_RECORDS) & (off_mode >= FEWEST_OFF_MODE))
    scaled = share[kept] / np.sqrt(usual)
    return _Histograms(sheet, kept, sheet.unit[kept], n[kept], scaled, own[kept])


def _nearest(units: _Histograms) -> tuple[NDArray[np.intp], Vector]:
    """Partner with the smallest distance over that of chance, and that ratio."""
    square = (units.scaled**2).sum(axis=1)
    own = units.own / units.n
    near = np.zeros(square.size, dtype=np.intp)
    ratio = np.zeros(square.size)
    for start in range(0, square.size, BLOCK):
        part = slice(start, min(start + BLOCK, square.size))
        gap = square[part, None] + square - 2.0 * units.scaled[part] @ units.scaled.T
        closeness = np.maximum(gap, 0.0) / (own[part, None] + own)
        rows = np.arange(part.stop - part.start)
        closeness[rows, rows + start] = np.inf
        near[part] = closeness.argmin(axis=1)
        ratio[part] = closeness[rows, near[part]]
    return near, ratio


def _p_of_pair(
    ratio: float, one: tuple[_Histograms, int], two: tuple[_Histograms, int], usual: Vector
) -> float:
    """p-value of two units by their own records, not below the chance of equal counts.

    Counts are whole numbers. Two samples agree in one direction of the answers with a
    probability of about ``(1 + 4 pi v) ** -0.5``, ``v`` the variance of a count, and there
    are as many directions as degrees of freedom: few where people straight-line.
    """
    freedom, equal = np.inf, 0.0
    for units, k in (one, two):
        cells = units.sheet.of_unit(int(units.place[k]))
        own = _freedom(cells, usual)
        share = cells.mean(axis=0)
        variance = len(cells) * float((share * (1.0 - share))[share > 0].mean())
        freedom = min(freedom, own)
        equal = max(equal, float((1.0 + 4.0 * np.pi * variance) ** (-0.5 * own)))
    return max(float(_lower(np.array([ratio]), freedom)[0]), equal)


def _freedom(cells: NDArray[np.float64], usual: Vector) -> float:
    """Satterthwaite's degrees of freedom of the distance between samples of these records."""
    dense = (cells - cells.mean(axis=0)) / np.sqrt(usual)
    n = max(len(cells), 2)
    gram = dense.T @ dense if n > usual.size else dense @ dense.T
    trace, square = float(np.trace(gram)) / n, float((gram**2).sum()) / n**2
    # less what a sample of n adds to the trace of the squared covariance
    square = max((square - trace**2 / n) * n / (n - 1.0), 1e-300)
    return max(trace**2 / square, 1.0)


def _lower(ratio: Vector, freedom: float) -> Vector:
    """How often two samples of the same people come as close: chi-square, lower tail."""
    from scipy.stats import chi2

    p: Vector = np.maximum(chi2.cdf(ratio * freedom, freedom), SMALLEST_P)
    return p


CHECK = SameDistributionCheck()

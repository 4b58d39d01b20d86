"""A collector whose forms are unlike those of the other collectors of the unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.tail import HonestDistribution
from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from detectors.unit_result import UnitResult
from detectors.units._features import features_of
from detectors.units._report import assessment

__all__ = ["CHECK"]

FEWEST_FORMS = 10
FEWEST_COLLECTORS = 15
FEWEST_UNITS = 5
NULL_SCORES = 4000
FEWEST_DRAWS = 10
MOST_DRAWS = 400
LEVEL_BANDS = 10
UPPER = 0.8
ODD_SHARE = 0.05
MOST_LEFT_OUT = 2000
# mean square of the absolute value of a standard normal drawn in at that quantile
DRAWN_IN_SQUARE = 0.6779

INFO = CheckInfo(
    id="paper.collector",
    level=Level.UNIT,
    family=Family.UNIT,
    kind="collector",
    title=Message("Khác biệt giữa người thu phiếu", "Differences between collectors"),
    sees=(
        "A collector, or a batch where collectors are not named, whose forms differ from the "
        "others of the same unit in level, or in their spread given their level: forms that "
        "one of several collectors filled in."
    ),
    null_model=(
        "Collectors' names permuted inside the unit; deviations are divided by the spread "
        "between collectors of all units, up and down by themselves. And the "
        "other units, their highest twentieth left out, whichever is less surprised: honest "
        "collectors work in different places, too."
    ),
    source="NSDUH and PIAAC practice (answers by interviewer); permutation test: own work",
    innocent=(
        Message(
            "Mỗi người thu phiếu phụ trách một địa bàn hoặc một loại thủ tục.",
            "Each collector works in a place or for a procedure of their own.",
        ),
        Message(
            "Một người thu phiếu hỗ trợ người cao tuổi ghi phiếu.",
            "One collector helps elderly people to fill in the form.",
        ),
    ),
    valid_for=frozenset({"collector or batch", "two a unit with 10 forms, 15 in the round"}),
    batch_dependent=True,
)

Vector = NDArray[np.float64]
_STATISTICS = (
    Message("mức hài lòng", "level"),
    Message("độ phân tán trong phiếu", "spread within forms"),
)


class CollectorCheck:
    """Largest deviation of a collector from the rest of the unit."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        result, told = _tested(subject.records, seed)

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            name, n, statistic, seen, expected = told[unit]
            p, what = float(result.p_value[unit]), _STATISTICS[statistic]
            return (
                Message(
                    f"Có dấu hiệu bất thường theo người thu phiếu: {n} phiếu của {name} có "
                    f"{what.vi} {seen:.3f}, phần còn lại của đơn vị {expected:.3f} "
                    f"(p = {p:.2g}).",
                    f"Signs of an anomaly by collector: {what.en} {seen:.3f} on {n} forms of "
                    f"{name}, {expected:.3f} on the rest of the unit (p = {p:.2g}).",
                ),
                {"collector": name, "forms": n, "observed": seen, "expected": expected},
            )

        return assessment(subject, INFO, result, describe)


@dataclass(frozen=True, eq=False)
class _Forms:
    """Paper forms of units with several collectors: unit, collector, and two values a form."""

    unit: NDArray[np.intp]
    collector: NDArray[np.intp]
    names: list[str]
    of_unit: NDArray[np.intp]
    large: NDArray[np.bool_]
    values: NDArray[np.float64]

    def deviations(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(statistics, collectors)``: collector less the unit, in standard errors."""
        units = int(self.unit.max()) + 1
        n = np.bincount(self.collector).astype(np.float64)
        whole = np.bincount(self.unit, minlength=units).astype(np.float64)
        rows = []
        for value in values:
            total = np.bincount(self.unit, value, minlength=units)
            square = np.bincount(self.unit, value**2, minlength=units)
            mean = np.divide(total, whole, out=np.zeros(units), where=whole > 0)
            variance = np.maximum(square - whole * mean**2, 0.0) / np.maximum(whole - 1.0, 1.0)
            own = np.bincount(self.collector, value) / n
            share = np.maximum(1.0 - n / whole[self.of_unit], 1e-12)
            error = np.sqrt(variance[self.of_unit] / n * share)
            z = np.full(n.shape, np.nan)
            usable = self.large & (error > 1e-9)
            np.divide(own - mean[self.of_unit], error, out=z, where=usable)
            rows.append(z)
        return np.array(rows)


def _tested(
    table: RecordTable, seed: int
) -> tuple[UnitResult, dict[int, tuple[str, int, int, float, float]]]:
    units = len(table.unit_ids)
    result = UnitResult.untested(units)
    forms = _forms(table)
    if isinstance(forms, str):
        result.reason.update(dict.fromkeys(range(units), forms))
        return result, {}
    z = forms.deviations(forms.values)
    size = _in_scale(z)
    score = _largest(size, forms.of_unit, units)
    rng = np.random.default_rng([seed, 61])
    tested = np.flatnonzero(np.isfinite(score))
    draws = int(np.clip(NULL_SCORES // max(tested.size, 1), FEWEST_DRAWS, MOST_DRAWS))
    null = []
    for _ in range(draws):
        mixed = np.argsort(forms.unit + rng.random(forms.unit.size), kind="stable")
        own = forms.deviations(forms.values[:, mixed])
        null.append(_largest(np.abs(own), forms.of_unit, units))
    several = np.bincount(forms.of_unit[forms.large], minlength=units)
    drawn = np.array(null)
    told: dict[int, tuple[str, int, int, float, float]] = {}
    peers = _among_units(score)
    for count in np.unique(several[tested]):
        mine = tested[several[tested] == count]
        honest = HonestDistribution.fit(drawn[:, mine])
        result.p_value[mine] = np.maximum(honest.p_value(score[mine]), peers[mine])
    for unit in tested.tolist():
        told[unit] = _told(forms, size, unit)
    result.score[tested] = score[tested]
    result.tested[tested] = np.bincount(forms.unit, minlength=units)[tested]
    few = f"fewer than two collectors or batches with {FEWEST_FORMS} forms"
    result.reason.update(dict.fromkeys(np.flatnonzero(np.isnan(result.p_value)).tolist(), few))
    return result, told


def _forms(table: RecordTable) -> _Forms | str:
    """The forms that can be compared, or why there are too few."""
    if not table.has_units:
        return "no other units"
    who = np.where(table.column("collector") != "", table.column("collector"), "")
    who = np.where(who == "", table.column("batch"), who)
    spread = features_of(table).spread
    used = table.in_unit & (who != "") & np.isfinite(spread) & (table.column("channel") == "paper")
    rows = np.flatnonzero(used)
    names, code = np.unique(who[rows], return_inverse=True)
    key = table.unit[rows] * max(names.size, 1) + code
    present, collector, count = np.unique(key, return_inverse=True, return_counts=True)
    of_unit = (present // max(names.size, 1)).astype(np.intp)
    several = np.bincount(of_unit[count >= FEWEST_FORMS], minlength=len(table.unit_ids)) >= 2
    large = (count >= FEWEST_FORMS) & several[of_unit]
    if large.sum() < FEWEST_COLLECTORS or several.sum() < FEWEST_UNITS:
        return (
            f"fewer than {FEWEST_COLLECTORS} collectors or batches with {FEWEST_FORMS} forms "
            f"in {FEWEST_UNITS} units"
        )
    kept = several[table.unit[rows]]
    _, again = np.unique(collector[kept], return_inverse=True)
    left = np.unique(collector[kept])
    values = np.array([table.level[rows[kept]], _spread_given_level(table, spread)[rows[kept]]])
    return _Forms(
        unit=table.unit[rows[kept]],
        collector=again.astype(np.intp),
        names=[str(names[present[i] % names.size]) for i in left],
        of_unit=of_unit[left],
        large=large[left],
        values=values,
    )


def _spread_given_level(table: RecordTable, spread: Vector) -> Vector:
    """Spread within a record less that of records of its level."""
    answer = np.full(spread.shape, np.nan)
    known = np.flatnonzero(np.isfinite(spread))
    level = np.round(table.level[known], 9)
    edges = np.unique(np.quantile(level, np.linspace(0, 1, LEVEL_BANDS + 1)[1:-1]))
    band = np.searchsorted(edges, level, side="right")
    usual = np.bincount(band, spread[known]) / np.maximum(np.bincount(band), 1)
    answer[known] = spread[known] - usual[band]
    return answer


def _largest(z: NDArray[np.float64], of_unit: NDArray[np.intp], units: int) -> Vector:
    """Largest value of each unit's collectors over both statistics; NaN for none."""
    best = np.full(units, -np.inf)
    np.maximum.at(best, of_unit, np.nan_to_num(z, nan=-np.inf).max(axis=0))
    return np.where(np.isfinite(best), best, np.nan)


def _in_scale(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Size of deviations over the spread that collectors show, up and down by themselves."""
    size = np.full(z.shape, np.nan)
    for row, out in zip(z, size, strict=True):
        for mine in (row > 0, row <= 0):
            off = np.abs(row[mine])
            if off.size:
                out[mine] = off / max(1.0, _width(off))
    return size


def _width(off: Vector) -> float:
    """Standard deviation behind one-sided deviations, the larger of two robust estimates."""
    middle = 1.4826 * float(np.median(off))
    drawn_in = np.minimum(off, np.quantile(off, UPPER))
    return max(middle, float(np.sqrt(np.mean(drawn_in**2) / DRAWN_IN_SQUARE)))


def _among_units(score: Vector) -> Vector:
    """p-value of each unit among the others, the highest twentieth of these left out."""
    p_value = np.full(score.shape, np.nan)
    known = np.flatnonzero(np.isfinite(score))
    ranked = known[np.argsort(score[known], kind="stable")]
    left_out = int(np.ceil(ODD_SHARE * known.size))
    inside = HonestDistribution.fit(score[ranked[: known.size - left_out]])
    p_value[known] = inside.p_value(score[known])
    for unit in ranked[-2 * left_out :] if known.size <= MOST_LEFT_OUT else ():
        others = ranked[ranked != unit][: known.size - 1 - left_out]
        p_value[unit] = HonestDistribution.fit(score[others]).p_value(float(score[unit]))
    return p_value


def _told(
    forms: _Forms, size: NDArray[np.float64], unit: int
) -> tuple[str, int, int, float, float]:
    """Who stands out in a unit: name, forms, statistic, own value, value of the rest."""
    own = np.where(forms.of_unit == unit, np.nan_to_num(size, nan=-1.0), -1.0)
    statistic, collector = np.unravel_index(int(own.argmax()), own.shape)
    value = forms.values[statistic]
    mine = forms.collector == collector
    rest = (forms.unit == unit) & ~mine
    other = float(value[rest].mean()) if rest.any() else float("nan")
    name = forms.names[int(collector)]
    return name, int(mine.sum()), int(statistic), float(value[mine].mean()), other


CHECK = CollectorCheck()

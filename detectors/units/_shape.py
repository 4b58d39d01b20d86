"""Shape given level: does a unit answer as equally satisfied peers would?

A high level is no sign. So each unit is compared with its peers *tilted* to its level:
peer records get weights ``exp(lambda s)``, ``s`` the record's mean level, with lambda
such that a moment ``A / B`` (one that the fraud in question leaves alone) equals the
unit's. What is left of a statistic ``h`` after that is divided by its standard error
with the moment as control variate.

All that is needed of the peers are sums by level bin, so the cost does not grow with
peers times units. The z-score only ranks: its p-value comes from pseudo-units (labels
permuted inside the stratum, sizes kept), after division by the spread that units really
show (:class:`EmpiricalNull`), as honest units differ by more than chance.

Reference: exponential tilting as in Efron (1981) and empirical likelihood; pseudo-unit
calibration and the choice of moments: own work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.empirical import EmpiricalNull
from detectors.calibration.tail import HonestDistribution
from detectors.table import RecordTable
from detectors.unit_result import FEWEST_RECORDS, FEWEST_UNITS, UnitResult

__all__ = ["Moment", "Side", "shape_test"]

NULL_SCORES = 10_000
FEWEST_DRAWS = 10
MOST_DRAWS = 400
SIZE_CLASSES = 4
LEVEL_BINS = 240
TILTS = np.linspace(-40.0, 40.0, 321)

Vector = NDArray[np.float64]
Side = Callable[[Vector], Vector]


@dataclass(frozen=True, eq=False)
class Moment:
    """Row values ``a`` and ``b``, ``(n,)``; the unit's moment is ``sum a / sum b``."""

    a: Vector
    b: Vector


@dataclass(frozen=True, eq=False)
class _Peers:
    """Sums over a stratum by level bin, ``(bins, features)``, and the way from tilt to moment."""

    s: Vector
    sums: NDArray[np.float64]
    ratio: Vector

    @classmethod
    def of(cls, s: Vector, h: Vector, moment: Moment) -> _Peers:
        grid, bin_of = _bins(s)
        a, b = moment.a, moment.b
        rows = (np.ones_like(h), h, h * h, a, b, a * a, a * b, b * b, h * a, h * b)
        sums = np.column_stack([_sum_by(bin_of, row, grid.size) for row in rows])
        weight = np.exp(np.outer(TILTS, grid - grid.mean()))
        ratio = (weight @ sums[:, 3]) / np.maximum(weight @ sums[:, 4], 1e-300)
        return cls(grid, sums, np.maximum.accumulate(ratio))

    def z(self, n: Vector, h: Vector, a: Vector, b: Vector) -> tuple[Vector, Vector]:
        """z-score and expected mean for units of ``n`` records with sums ``h``, ``a``, ``b``."""
        theta = np.divide(a, b, out=np.zeros_like(a), where=b > 0)
        tilt = np.interp(theta, self.ratio, TILTS)
        weight = np.exp(np.outer(tilt, self.s - self.s.mean()))
        total = weight @ self.sums
        total = total / total[:, :1]
        _, eh, ehh, ea, eb, eaa, eab, ebb, eha, ehb = total.T
        weighted_s = weight * self.s
        es_rows = weighted_s @ self.sums[:, [0, 1, 3, 4]] / (weight @ self.sums[:, :1])
        es, esh, esa, esb = es_rows.T
        er = ea - theta * eb
        cov_hs = esh - es * eh
        cov_rs = esa - theta * esb - es * er
        slope = np.divide(cov_hs, cov_rs, out=np.zeros_like(er), where=np.abs(cov_rs) > 1e-12)
        var_h = ehh - eh**2
        var_r = eaa - 2 * theta * eab + theta**2 * ebb - er**2
        cov_hr = eha - theta * ehb - eh * er
        variance = var_h - 2 * slope * cov_hr + slope**2 * var_r
        residual = h / n - eh + slope * er
        usable = (variance > 1e-10) & (b > 0)
        z = np.full(n.shape, np.nan)
        np.divide(residual, np.sqrt(np.maximum(variance, 1e-300) / n), out=z, where=usable)
        return z, eh


def shape_test(
    table: RecordTable,
    statistic: Vector,
    moment: Moment,
    side: Side,
    *,
    seed: int,
) -> UnitResult:
    """Test ``statistic`` of every unit, stratum by stratum.

    A unit with records in several strata is tested in each and keeps its smallest
    p-value times their number.

    Args:
        table: The records.
        statistic: float64 ``(n,)``; rows with NaN take no part.
        moment: What ties a unit to the level of its peers.
        side: From z-scores to suspicion: ``np.abs``, ``np.negative`` or ``np.positive``.
        seed: Draws the pseudo-units.
    """
    units = len(table.unit_ids)
    result = UnitResult.untested(units)
    tests = np.zeros(units, dtype=np.intp)
    usable = table.in_unit & np.isfinite(statistic) & np.isfinite(moment.a) & np.isfinite(moment.b)
    for stratum in range(len(table.stratum_names)):
        rows = np.flatnonzero(usable & (table.stratum == stratum))
        _one_stratum(table, rows, statistic, moment, side, [seed, stratum], result, tests)
    np.minimum(result.p_value * np.maximum(tests, 1), 1.0, out=result.p_value)
    for unit in np.flatnonzero(np.isnan(result.p_value)).tolist():
        result.reason.setdefault(unit, "no records that the test can use")
    return result


def _one_stratum(
    table: RecordTable,
    rows: NDArray[np.intp],
    statistic: Vector,
    moment: Moment,
    side: Side,
    seed: list[int],
    result: UnitResult,
    tests: NDArray[np.intp],
) -> None:
    if rows.size == 0:
        return
    present, label, sizes = np.unique(table.unit[rows], return_inverse=True, return_counts=True)
    large = sizes >= FEWEST_RECORDS
    for unit, size in zip(present[~large].tolist(), sizes[~large].tolist(), strict=True):
        result.reason[unit] = f"fewer than {FEWEST_RECORDS} records (n = {size})"
    if large.sum() < FEWEST_UNITS:
        why = f"fewer than {FEWEST_UNITS} peer units of {FEWEST_RECORDS} records"
        result.reason.update(dict.fromkeys(present[large].tolist(), why))
        return
    h, a, b = statistic[rows], moment.a[rows], moment.b[rows]
    peers = _Peers.of(table.level[rows], h, Moment(a, b))
    n = sizes.astype(np.float64)

    def z_of(order: NDArray[np.intp] | None) -> tuple[Vector, Vector]:
        permuted = label if order is None else label[order]
        return peers.z(n, *(_sum_by(permuted, row, present.size) for row in (h, a, b)))

    z, expected = z_of(None)
    z[~large] = np.nan
    rng = np.random.default_rng(seed)
    draws = int(np.clip(-(-NULL_SCORES // int(large.sum())), FEWEST_DRAWS, MOST_DRAWS))
    null = np.array([z_of(rng.permutation(rows.size))[0] for _ in range(draws)])
    score = side(EmpiricalNull.fit(z).standardise(z))
    p_value = _p_by_size(score, side(null), sizes, large)
    better = large & ~(p_value >= result.p_value[present])
    at = present[better]
    result.score[at] = score[better]
    result.p_value[at] = p_value[better]
    result.observed[at] = np.bincount(label, h)[better] / n[better]
    result.expected[at] = expected[better]
    result.tested[at] = sizes[better]
    tests[present[large & np.isfinite(score)]] += 1
    for unit in present[large & ~np.isfinite(score)].tolist():
        result.reason[unit] = "the unit stands at the end of the scale, its shape is fixed"


def _p_by_size(
    score: Vector, null: NDArray[np.float64], sizes: NDArray[np.intp], large: NDArray[np.bool_]
) -> Vector:
    """p-values among pseudo-units of about the same size, as skewness fades with size."""
    p_value = np.full(score.shape, np.nan)
    ranked = np.argsort(sizes[large], kind="stable")
    places = np.flatnonzero(large)[ranked]
    for part in np.array_split(places, min(SIZE_CLASSES, max(1, places.size // 10))):
        honest = HonestDistribution.fit(null[:, part])
        p_value[part] = honest.p_value(score[part])
    return p_value


def _sum_by(label: NDArray[np.intp], row: Vector, count: int) -> Vector:
    total: Vector = np.bincount(label, row, minlength=count).astype(np.float64)
    return total


def _bins(s: Vector) -> tuple[Vector, NDArray[np.intp]]:
    """Level bins: the values themselves where few, else equal-count bins at their means."""
    values, bin_of = np.unique(np.round(s, 9), return_inverse=True)
    if values.size <= LEVEL_BINS:
        return values, bin_of
    edges = np.unique(np.quantile(s, np.linspace(0, 1, LEVEL_BINS + 1)[1:-1]))
    bin_of = np.searchsorted(edges, s, side="right")
    count = np.bincount(bin_of, minlength=edges.size + 1)
    total = np.bincount(bin_of, s, minlength=edges.size + 1)
    kept, bin_of = np.unique(bin_of, return_inverse=True)
    return total[kept] / count[kept], bin_of

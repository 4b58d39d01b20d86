"""Units with more near duplicates than pseudo-units of the same rows.

Used by the unit check, and by the record check: a record is judged against other units
alone only where its whole unit stands out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.empirical import EmpiricalNull
from detectors.calibration.multiplicity import q_values
from detectors.calibration.tail import HonestDistribution
from detectors.records._twins import PseudoUnits, pseudo_units, surprise, twins_of
from detectors.table import RecordTable
from detectors.unit_result import FEWEST_RECORDS, FEWEST_UNITS, UnitResult

__all__ = ["UsualSurprise", "selected_p_values", "twin_units_of"]

FALSE_DISCOVERY_RATE = 0.05
NULL_SCORES = 2000
FEWEST_DRAWS = 1
MOST_DRAWS = 100
SELECTED_SHARE = 0.8


def twin_units_of(table: RecordTable, seed: int) -> UnitResult:
    """Twin test of every unit; worked out once for a table and a seed."""
    return table.memo(("twin units", seed), lambda: _twin_units(table, seed))


def selected_p_values(table: RecordTable, seed: int) -> NDArray[np.float64]:
    """``(n,)`` p-values of records, units first.

    Where the unit test selects no unit at a false-discovery rate of .05, the p-value that
    allows for honest doubles in the own unit. Where it selects ``R`` of ``U``, most of the
    error rate goes to the records of these units: there the p-value against other units,
    times ``U / R`` and the share of records that stand there, so that Benjamini-Hochberg
    over the table works in the selected units at the level ``a R / U``. The rest is kept
    for single pairs elsewhere.

    Reference: Benjamini & Bogomolov (2014), selective inference on families, JRSS B 76;
    Genovese, Roeder & Wasserman (2006) for the split.
    """
    twins, units = twins_of(table, seed), twin_units_of(table, seed)
    tested = int(np.isfinite(units.p_value).sum())
    chosen = np.nan_to_num(q_values(units.p_value), nan=1.0) <= FALSE_DISCOVERY_RATE
    if not chosen.any():
        return twins.p_value
    inside = chosen[table.unit]
    share = inside.sum() / max(int(np.isfinite(twins.p_foreign).sum()), 1)
    factor = max(1.0, share * tested / int(chosen.sum())) / SELECTED_SHARE
    selected = np.minimum(twins.p_foreign * factor, 1.0)
    return np.where(inside, selected, np.minimum(twins.p_value / (1.0 - SELECTED_SHARE), 1.0))


def _twin_units(table: RecordTable, seed: int) -> UnitResult:
    twins = twins_of(table, seed)
    units = len(table.unit_ids)
    result = UnitResult.untested(units)
    known = np.isfinite(twins.p_foreign)
    sizes = np.bincount(table.unit[known], minlength=units)
    large = sizes >= FEWEST_RECORDS
    for unit in np.flatnonzero(~large).tolist():
        few = f"fewer than {FEWEST_RECORDS} records that can be compared (n = {sizes[unit]})"
        result.reason[unit] = few
    if large.sum() < FEWEST_UNITS:
        why = f"fewer than {FEWEST_UNITS} peer units of {FEWEST_RECORDS} records"
        result.reason.update(dict.fromkeys(np.flatnonzero(large).tolist(), why))
        return result
    draws = int(np.clip(-(-NULL_SCORES // int(large.sum())), FEWEST_DRAWS, MOST_DRAWS))
    copies = np.nan_to_num(q_values(twins.p_value), nan=1.0) <= FALSE_DISCOVERY_RATE
    pseudo = pseudo_units(table, seed, draws, copies)
    usual = UsualSurprise.fit(pseudo, large)
    surprises = np.nan_to_num(surprise(twins.p_foreign), nan=0.0)
    own = np.bincount(table.unit, surprises, minlength=units).astype(np.float64)
    z = np.where(large, usual.z(own, sizes.astype(np.float64)), np.nan)
    score = EmpiricalNull.fit(z).standardise(z)
    result.score[:] = score
    result.p_value[:] = HonestDistribution.fit(usual.null).p_value(score)
    result.observed[:] = own / np.maximum(sizes, 1)
    result.tested[:] = sizes
    return result


@dataclass(frozen=True, eq=False)
class UsualSurprise:
    """Surprise a record in pseudo-units: a line in the log of the size, and the spread."""

    line: NDArray[np.float64]
    spread: float
    null: NDArray[np.float64]

    @classmethod
    def fit(cls, pseudo: PseudoUnits, large: NDArray[np.bool_]) -> UsualSurprise:
        kept = np.broadcast_to(large, pseudo.sizes.shape) & (pseudo.sizes >= FEWEST_RECORDS / 2)
        n, total = pseudo.sizes[kept], pseudo.totals[kept]
        line = np.polyfit(np.log(n), total / n, 1) if np.ptp(n) > 0 else np.array([0.0, 0.0])
        if np.ptp(n) == 0:
            line[1] = (total / n).mean()
        off = (total / n - np.polyval(line, np.log(n))) * np.sqrt(n)
        spread = max(float(off.std()), 1e-9)
        return cls(line, spread, off / spread)

    def z(self, total: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standardised surprise of units of ``n`` records."""
        usual = n * np.polyval(self.line, np.log(np.maximum(n, 1.0)))
        answer: NDArray[np.float64] = (total - usual) / (self.spread * np.sqrt(np.maximum(n, 1.0)))
        return answer

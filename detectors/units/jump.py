"""A rise from the previous period that regression to the mean does not explain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from detectors.calibration.empirical import EmpiricalNull
from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult
from detectors.units._report import assessment

__all__ = ["CHECK"]

FEWEST_PAIRS = 15
FREEDOM = 4.0

INFO = CheckInfo(
    id="unit.jump",
    level=Level.UNIT,
    family=Family.UNIT,
    kind="jump",
    title=Message("Tăng đột biến so với kỳ trước", "Jump from the previous period"),
    sees=(
        "A mean level far above what the unit's previous level predicts among its peers, in the "
        "same mode of collection."
    ),
    null_model=(
        "Robust line through the peers' previous and present levels; errors by sampling and by "
        "the spread that units show; Student's t with 4 degrees of freedom for the tail."
    ),
    source="Jacob & Levitt (2003), unexpected gains; Theil (1950) and Sen (1968), line",
    innocent=(
        Message("Đơn vị đã thực sự cải thiện.", "The unit has really improved."),
        Message(
            "Đơn vị được tổ chức lại hoặc thay cách thu phiếu.",
            "The unit was reorganised or collects in another way.",
        ),
    ),
    valid_for=frozenset({"previous period", "15 units in both", "20 records in both"}),
    batch_dependent=True,
)


class JumpCheck:
    """Residual of the present level given the previous one, upwards."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance, ``seed`` is there for the contract."""
        count = len(subject)
        result = UnitResult.untested(count)
        if subject.previous is None or count == 0:
            result.reason.update(dict.fromkeys(range(count), "no previous period"))
        else:
            _tested(subject, subject.previous, result)

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            seen, expected = float(result.observed[unit]), float(result.expected[unit])
            p = float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu tăng đột biến: mức trung bình {seen:.3f} (thang 0–1), theo kỳ "
                    f"trước dự kiến {expected:.3f} (p = {p:.2g}).",
                    f"Signs of a jump: mean level {seen:.3f} (on 0 to 1), {expected:.3f} expected "
                    f"from the previous period (p = {p:.2g}).",
                ),
                {"observed": seen, "expected": expected},
            )

        return assessment(subject, INFO, result, describe)


def _tested(table: UnitTable, before: RecordTable, result: UnitResult) -> None:
    modes = sorted({_mode(name) for name in table.records.stratum_names})
    common = [item.id for item in table.records.items if item in before.items]
    if len(common) < len(table.records.items):
        result.reason.update(dict.fromkeys(range(len(table)), "other items were asked before"))
        return
    tests = np.zeros(len(table), dtype=np.intp)
    for mode in modes:
        now = _means(table.records, table.unit_ids, mode)
        old = _means(before, table.unit_ids, mode)
        both = (now.n >= FEWEST_RECORDS) & (old.n >= FEWEST_RECORDS)
        if both.sum() < FEWEST_PAIRS:
            continue
        slope, offset = _line(old.mean[both], now.mean[both])
        expected = offset + slope * old.mean
        error = np.sqrt(now.error**2 + (slope * old.error) ** 2)
        z = np.where(both, (now.mean - expected) / np.maximum(error, 1e-9), np.nan)
        score = EmpiricalNull.fit(z).standardise(z)
        p = np.asarray(t.sf(score, FREEDOM))
        better = both & ~(p >= result.p_value)
        result.score[better], result.p_value[better] = score[better], p[better]
        result.observed[better], result.expected[better] = now.mean[better], expected[better]
        result.tested[better] = now.n[better].astype(np.intp)
        tests += both
    np.minimum(result.p_value * np.maximum(tests, 1), 1.0, out=result.p_value)
    few = f"fewer than {FEWEST_RECORDS} records of one mode in both periods, or too few peers"
    result.reason.update(dict.fromkeys(np.flatnonzero(np.isnan(result.p_value)).tolist(), few))


class _Means:
    """Mean level by unit with its standard error."""

    def __init__(self, n: NDArray[np.float64], mean: NDArray[np.float64], square: float) -> None:
        self.n = n
        self.mean = mean
        self.error = np.sqrt(square / np.maximum(n, 1.0))


def _mode(stratum: str) -> str:
    return stratum.partition("|")[0]


def _means(records: RecordTable, unit_ids: tuple[str, ...], mode: str) -> _Means:
    of_stratum = np.array([_mode(name) == mode for name in records.stratum_names])
    place = {name: i for i, name in enumerate(unit_ids)}
    target = np.array([place.get(name, -1) for name in records.unit_ids], dtype=np.intp)
    unit = target[records.unit]
    used = of_stratum[records.stratum] & (records.answered > 0) & (unit >= 0)
    level = records.level[used]
    n = np.bincount(unit[used], minlength=len(unit_ids)).astype(np.float64)
    total = np.bincount(unit[used], level, minlength=len(unit_ids))
    mean = np.divide(total, n, out=np.full(len(unit_ids), np.nan), where=n > 0)
    spread = float(np.var(level - mean[unit[used]])) if level.size else 0.0
    return _Means(n, mean, spread)


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Theil-Sen slope, kept in [0, 1] (levels regress, they do not run away), and offset."""
    most = 400
    if x.size > most:
        step = x.size / most
        chosen = np.argsort(x, kind="stable")[(np.arange(most) * step).astype(np.intp)]
        slope_x, slope_y = x[chosen], y[chosen]
    else:
        slope_x, slope_y = x, y
    dx = slope_x[:, None] - slope_x[None, :]
    dy = slope_y[:, None] - slope_y[None, :]
    apart = dx > 1e-12
    slope = float(np.clip(np.median(dy[apart] / dx[apart]), 0.0, 1.0)) if apart.any() else 0.0
    return slope, float(np.median(y - slope * x))


CHECK = JumpCheck()

"""More near duplicates inside a unit than between units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.empirical import EmpiricalNull
from detectors.calibration.tail import HonestDistribution
from detectors.finding import Family, Message
from detectors.records._twins import Twins, twins_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._report import assessment
from detectors.units._shape import FEWEST_RECORDS, FEWEST_UNITS, ShapeResult

__all__ = ["CHECK"]

MOST_SURPRISE = 8.0
CLEAR_TWIN = 0.01

INFO = CheckInfo(
    id="answers.unit_twins",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="duplicate",
    title=Message("Nhiều phiếu gần trùng trong đơn vị", "Many near duplicates in the unit"),
    sees=(
        "The sum of twin surprises of the unit's records: a unit where a batch was copied has "
        "many records that agree too well, though no pair may stand out alone."
    ),
    null_model=(
        "The same sum over the draws of the twin test's null (partners from other units), "
        "allowing for pairs counting twice and for the spread between honest units."
    ),
    source="Own work on the twin test of records",
    innocent=(
        Message(
            "Sự việc riêng tại đơn vị làm nhiều người trả lời giống nhau.",
            "A local event made many people answer alike.",
        ),
        Message("Phiếu được nhập hai lần.", "Forms were entered twice."),
    ),
    valid_for=frozenset({"20 records, 5 peer units"}),
    batch_dependent=True,
)


class UnitTwinsCheck:
    """Sum of capped twin surprises against the null draws."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        twins = twins_of(subject.records, seed)
        result = _tested(subject, twins)
        clear = np.nan_to_num(twins.p_value, nan=1.0) <= CLEAR_TWIN
        count = np.bincount(subject.records.unit[clear], minlength=len(result.score))

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            n, found, p = int(result.tested[unit]), int(count[unit]), float(result.p_value[unit])
            expected = n * CLEAR_TWIN
            return (
                Message(
                    f"Có dấu hiệu chép phiếu: {found}/{n} phiếu trùng bất thường với phiếu khác "
                    f"trong đơn vị, mức tự nhiên khoảng {expected:.1f} (p = {p:.2g}).",
                    f"Signs of copied forms: {found} of {n} records agree unusually with another "
                    f"of the unit, about {expected:.1f} are natural (p = {p:.2g}).",
                ),
                {"observed": found, "expected": expected},
            )

        return assessment(subject, INFO, result, describe)


def _tested(table: UnitTable, twins: Twins) -> ShapeResult:
    units = len(table.records.unit_ids)
    result = ShapeResult.untested(units)
    known = np.isfinite(twins.p_value)
    sizes = np.bincount(table.records.unit[known], minlength=units)
    large = sizes >= FEWEST_RECORDS
    for unit in np.flatnonzero(~large).tolist():
        few = f"fewer than {FEWEST_RECORDS} records that can be compared (n = {sizes[unit]})"
        result.reason[unit] = few
    if large.sum() < FEWEST_UNITS:
        why = f"fewer than {FEWEST_UNITS} peer units of {FEWEST_RECORDS} records"
        result.reason.update(dict.fromkeys(np.flatnonzero(large).tolist(), why))
        return result
    surprise = _surprise(twins.null_p)
    centre, spread = float(surprise.mean()), max(float(surprise.std()), 1e-9)
    n = sizes.astype(np.float64)
    width = spread * np.sqrt(np.maximum(n, 1.0))
    own = np.bincount(table.records.unit[known], _surprise(twins.p_value[known]), minlength=units)
    # both sides of a pair count, which doubles the variance that independent draws have
    z = (own - n * centre) / (width * np.sqrt(2.0))
    z[~large] = np.nan
    draws = int(twins.null_draw.max()) + 1
    cells = np.bincount(
        twins.null_unit * draws + twins.null_draw, surprise, minlength=units * draws
    ).reshape(units, draws)
    null = ((cells - (n * centre)[:, None]) / width[:, None])[large]
    score = EmpiricalNull.fit(z).standardise(z)
    result.score[:] = score
    result.p_value[:] = HonestDistribution.fit(null).p_value(score)
    result.observed[:] = own / np.maximum(n, 1.0)
    result.expected[:] = centre
    result.tested[:] = sizes
    return result


def _surprise(p: NDArray[np.float64]) -> NDArray[np.float64]:
    surprise: NDArray[np.float64] = np.minimum(-np.log(p), MOST_SURPRISE)
    return surprise


CHECK = UnitTwinsCheck()

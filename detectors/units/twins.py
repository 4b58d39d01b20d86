"""More near duplicates inside a unit than between units."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.records._twin_units import twin_units_of
from detectors.records._twins import twins_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._report import assessment

__all__ = ["CHECK"]

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
        "The same sum over pseudo-units (labels permuted inside bands of level), and the spread "
        "between honest units measured in the round."
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
        result = twin_units_of(subject.records, seed)
        clear = np.nan_to_num(twins.p_foreign, nan=1.0) <= CLEAR_TWIN
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


CHECK = UnitTwinsCheck()

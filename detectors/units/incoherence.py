"""Records that hang together less than those of equally satisfied peers: invented rows."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.records._fit import misfit
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._report import assessment
from detectors.units._shape import Moment, shape_test

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.incoherence",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Trả lời thiếu nhất quán", "Incoherent answers"),
    sees=(
        "The mean person misfit of the unit's records against peers of the same mean level: "
        "invented answers have the right averages and the wrong company."
    ),
    null_model=(
        "Peers tilted to the unit's level; pseudo-units by permuted labels; spread between "
        "honest units measured in the round."
    ),
    source="Person fit (lz) aggregated by unit; tilting: own work",
    innocent=(
        Message(
            "Một sự việc riêng đã tác động đến vài câu hỏi ở đơn vị.",
            "A local event touched some questions at this unit.",
        ),
        Message(
            "Phiếu được dịch hoặc giải thích khác đi.",
            "The form was translated or explained differently.",
        ),
    ),
    valid_for=frozenset({"20 records, 5 peer units"}),
    batch_dependent=True,
)


class IncoherenceCheck:
    """Upper-tail test of mean person misfit."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        fit = misfit(subject.records)
        rated = np.isfinite(subject.records.level).astype(np.float64)
        moment = Moment(subject.records.level, rated)
        result = shape_test(subject.records, fit, moment, np.positive, seed=seed)

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            observed, expected = float(result.observed[unit]), float(result.expected[unit])
            n, p = int(result.tested[unit]), float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu câu trả lời thiếu nhất quán: độ lệch cá nhân trung bình "
                    f"{observed:.2f}, đơn vị cùng mức hài lòng {expected:.2f} "
                    f"(n = {n}, p = {p:.2g}).",
                    f"Signs of incoherent answers: mean person misfit {observed:.2f}, peers "
                    f"equally satisfied {expected:.2f} (n = {n}, p = {p:.2g}).",
                ),
                {"observed": observed, "expected": expected},
            )

        return assessment(subject, INFO, result, describe)


CHECK = IncoherenceCheck()

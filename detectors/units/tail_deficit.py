"""Too few low answers for the balance of best and second-best: low answers edited up."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._report import assessment
from detectors.units._shape import shape_of

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.tail_deficit",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="tail_deficit",
    title=Message("Thiếu mức thấp", "Missing low answers"),
    sees=(
        "Records with low answers that are missing, and records full of second-best answers that "
        "stand in their place, against peers as satisfied as the unit: low answers raised."
    ),
    null_model=(
        "Pseudo-units drawn from peers at the unit's level; all shape tests of a unit are "
        "calibrated together; the spread between honest units is measured in the round."
    ),
    source="Missing lower tail (Klimek et al. 2012); likelihood ratio of the edit: own work",
    innocent=(
        Message(
            "Đơn vị thực sự không có người không hài lòng.",
            "The unit really had nobody dissatisfied.",
        ),
        Message(
            "Người không hài lòng không gửi phiếu.", "Dissatisfied people did not send the form."
        ),
    ),
    valid_for=frozenset({"20 records, 5 peer units"}),
    batch_dependent=True,
    version="5",
)


class TailDeficitCheck:
    """Lower-tail test of the share of low answers."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        shape = shape_of(subject.records, seed)
        result = shape.tests[INFO.id]

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            observed, expected = float(result.observed[unit]), float(result.expected[unit])
            n, p = int(result.tested[unit]), float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu thiếu mức thấp: {observed:.1%} số phiếu có câu trả lời dưới "
                    f"hai mức cao nhất, đơn vị tương đương {expected:.1%} (n = {n}, p = {p:.2g}).",
                    f"Signs of missing low answers: {observed:.1%} of the records have an answer "
                    f"below the two best, {expected:.1%} at comparable units "
                    f"(n = {n}, p = {p:.2g}).",
                ),
                {"observed": observed, "expected": expected},
            )

        return assessment(subject, INFO, result, describe, shape.smallest.get(INFO.id))


CHECK = TailDeficitCheck()

"""More records that are best throughout than the other records of the unit explain."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._report import assessment
from detectors.units._shape import shape_of

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.all_best",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="stuffing",
    title=Message("Phiếu toàn mức cao nhất", "Records best throughout"),
    sees=(
        "The share of records with the best value everywhere, against peers that are as "
        "satisfied as the unit: forms added in bulk."
    ),
    null_model=(
        "Pseudo-units drawn from peers at the unit's level; all shape tests of a unit are "
        "calibrated together; the spread between honest units is measured in the round and "
        "has an exponential tail there, as habits of desks differ."
    ),
    source="Ballot stuffing in election forensics (Klimek et al. 2012); tilting: own work",
    innocent=(
        Message(
            "Nhiều người hài lòng đánh một cột cho nhanh.",
            "Many content people mark one column to be quick.",
        ),
        Message("Nhân viên hướng dẫn cách đánh.", "Staff showed how to mark."),
    ),
    valid_for=frozenset({"20 records, 5 peer units"}),
    batch_dependent=True,
    version="5",
)


class AllBestCheck:
    """Upper-tail test of the share of records that are best throughout."""

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
                    f"Có dấu hiệu thêm phiếu toàn mức cao nhất: {observed:.1%} số phiếu, đơn vị "
                    f"tương đương {expected:.1%} (n = {n}, p = {p:.2g}).",
                    f"Signs of added records that are best throughout: {observed:.1%} of the "
                    f"records, {expected:.1%} at comparable units (n = {n}, p = {p:.2g}).",
                ),
                {"observed": observed, "expected": expected},
            )

        return assessment(subject, INFO, result, describe, shape.smallest.get(INFO.id))


CHECK = AllBestCheck()

"""More copied comments in a unit than comments dealt out at random would give."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.records._comment_units import copied_units_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._report import assessment

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="comments.unit_copies",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="duplicate",
    title=Message("Nhiều ý kiến bị chép lại", "Many copied comments in the unit"),
    sees=(
        "The number of comments of the unit that repeat another one of it in words that other "
        "units do not use."
    ),
    null_model=(
        "All comments dealt out to the units at random, those left out that are copies by "
        "themselves; the same count in each hand."
    ),
    source="Broder (1997), shingles; permutation null: own work",
    innocent=(
        Message(
            "Nhiều người cùng phản ánh một việc tại đơn vị.",
            "Many people report one and the same local matter.",
        ),
        Message(
            "Cán bộ ghi hộ và tóm tắt ý kiến theo một mẫu câu.",
            "Staff wrote for people and summed up in one wording.",
        ),
    ),
    valid_for=frozenset({"comment", "5 comments, 5 units"}),
    batch_dependent=True,
)


class CommentsCheck:
    """Share of comments that have a like one in their unit."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        records = subject.records
        result = copied_units_of(records, seed)

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            n, p = int(result.tested[unit]), float(result.p_value[unit])
            found = round(float(result.observed[unit]) * n)
            return (
                Message(
                    f"Có dấu hiệu chép ý kiến: {found}/{n} ý kiến trùng hoặc gần trùng với ý kiến "
                    f"khác trong đơn vị, câu chữ không gặp ở đơn vị khác (p = {p:.2g}).",
                    f"Signs of copied comments: {found} of {n} comments are the same as another "
                    f"of the unit, or nearly, in a wording that other units do not use "
                    f"(p = {p:.2g}).",
                ),
                {"observed": found, "expected": float(result.expected[unit]) * n},
            )

        return assessment(subject, INFO, result, describe)


CHECK = CommentsCheck()

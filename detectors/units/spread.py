"""Records that are more alike inside, or less, than those of equally satisfied peers."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._report import assessment
from detectors.units._shape import shape_of

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.spread",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="uniformity",
    title=Message("Mức phân tán trong phiếu", "Spread within records"),
    sees=(
        "The mean spread within a record, up or down, against peers of the same mean level: "
        "one hand that fills many forms is more even, or more scattered, than many people are. "
        "Shown beside other signs; it flags no unit by itself, as desks that show people how to "
        "mark look like it."
    ),
    null_model=(
        "Pseudo-units drawn from peers at the unit's level; it has no part in the p-value of a "
        "unit's shape; the spread between honest units is measured in the round and "
        "has an exponential tail there, as habits of desks differ."
    ),
    source="Within-person spread (Dunn et al. 2018, IRV) aggregated by unit; tilting: own work",
    innocent=(
        Message(
            "Nhân viên đọc câu hỏi và ghi hộ.",
            "Staff read the questions out and wrote the answers.",
        ),
        Message("Đơn vị chỉ làm một loại thủ tục.", "The unit handles a single kind of procedure."),
    ),
    valid_for=frozenset({"20 records, 5 peer units"}),
    batch_dependent=True,
    version="6",
)


class SpreadCheck:
    """Two-sided test of the mean spread within records."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        result = shape_of(subject.records, seed).tests[INFO.id]

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            observed, expected = float(result.observed[unit]), float(result.expected[unit])
            n, p = int(result.tested[unit]), float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu phiếu {'đồng đều' if observed < expected else 'tản mạn'} khác "
                    f"thường: độ phân tán trong phiếu {observed:.3f}, đơn vị cùng mức hài lòng "
                    f"{expected:.3f} (n = {n}, p = {p:.2g}).",
                    f"Signs of unusually {'even' if observed < expected else 'scattered'} records: "
                    f"spread within a record {observed:.3f}, peers equally satisfied "
                    f"{expected:.3f} (n = {n}, p = {p:.2g}).",
                ),
                {"observed": observed, "expected": expected},
            )

        return assessment(subject, INFO, result, describe)


CHECK = SpreadCheck()

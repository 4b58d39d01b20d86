"""Records that hang together less than those of equally satisfied peers: invented rows."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._report import assessment
from detectors.units._shape import shape_of

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.incoherence",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="inconsistency",
    title=Message("Trả lời thiếu nhất quán", "Incoherent answers"),
    sees=(
        "The odds of answers drawn item by item, whose averages are right and whose company is "
        "wrong, over all pairs of items, along the closest ones and over all of them at once, "
        "against peers as satisfied as the unit: invented answers. Low answers to an item of which "
        "the unit has far more than its peers are taken for blank: an event, not a hand. One "
        "record moves its unit by little, however strange: a careless person is no sign of it."
    ),
    null_model=(
        "Pseudo-units drawn from peers at the unit's level; all shape tests of a unit are "
        "calibrated together; the spread between honest units is measured in the round."
    ),
    source="Pairwise composite likelihood (Lindsay 1988), tree (Chow & Liu 1968) and "
    "latent classes (Lazarsfeld & Henry 1968) against independence; own work",
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
    version="8",
)


class IncoherenceCheck:
    """Upper-tail test of mean person misfit."""

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
                    f"Có dấu hiệu câu trả lời thiếu nhất quán: {observed:.1%} số phiếu giống các "
                    f"câu trả lời rời rạc ghép lại hơn là ý kiến của một người, đơn vị cùng mức "
                    f"hài lòng {expected:.1%} (n = {n}, p = {p:.2g}).",
                    f"Signs of incoherent answers: {observed:.1%} of the records look rather put "
                    f"together item by item than given by one person, {expected:.1%} among peers "
                    f"equally satisfied (n = {n}, p = {p:.2g}).",
                ),
                {"observed": observed, "expected": expected},
            )

        return assessment(subject, INFO, result, describe, shape.smallest.get(INFO.id))


CHECK = IncoherenceCheck()

"""More near duplicates inside a unit than equally satisfied peers would have."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._report import assessment
from detectors.units._shape import shape_of

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="answers.unit_twins",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="duplicate",
    title=Message("Nhiều phiếu gần trùng trong đơn vị", "Many near duplicates in the unit"),
    sees=(
        "The sum over records of how much likelier they are as copies of another of the unit, a "
        "few answers changed, than as answers of their own: a unit where a batch was copied has "
        "many such pairs, though none may stand out alone. A record counts by how rare it is among "
        "all records of the round, so that common answers in common cost nothing. Low answers to "
        "an item of which the unit has far more than its peers are taken for blank: an event, not "
        "a hand."
    ),
    null_model=(
        "Pseudo-units drawn from peers at the unit's level; all shape tests of a unit are "
        "calibrated together; the spread between honest units is measured in the round."
    ),
    source="Answer similarity (van der Linden & Sotaridona 2006) summed over pairs; "
    "latent classes (Lazarsfeld & Henry 1968) for how rare a record is; own work",
    innocent=(
        Message(
            "Sự việc riêng tại đơn vị làm nhiều người trả lời giống nhau.",
            "A local event made many people answer alike.",
        ),
        Message("Phiếu được nhập hai lần.", "Forms were entered twice."),
    ),
    valid_for=frozenset({"20 records, 5 peer units"}),
    batch_dependent=True,
    version="7",
)


class UnitTwinsCheck:
    """Upper-tail test of the total of near duplicates."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        shape = shape_of(subject.records, seed)
        result = shape.tests[INFO.id]
        name = subject.records.record_id

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            pairs = [(name(a), name(b)) for a, b in shape.pairs.get(unit, ())]
            seen, expected = float(result.observed[unit]), float(result.expected[unit])
            n, p = int(result.tested[unit]), float(result.p_value[unit])
            vi = f", ví dụ {pairs[0][0]} và {pairs[0][1]}" if pairs else ""
            en = f", for example {pairs[0][0]} and {pairs[0][1]}" if pairs else ""
            return (
                Message(
                    f"Có dấu hiệu chép phiếu: mức gần trùng giữa các phiếu là {seen:.3f}, đơn vị "
                    f"cùng mức hài lòng {expected:.3f} (n = {n}, p = {p:.2g}){vi}.",
                    f"Signs of copied forms: records agree by {seen:.3f} more than chance, "
                    f"{expected:.3f} among peers equally satisfied (n = {n}, p = {p:.2g}){en}.",
                ),
                {
                    "observed": seen,
                    "expected": expected,
                    "pairs": [list(pair) for pair in pairs],
                },
            )

        return assessment(subject, INFO, result, describe, shape.smallest.get(INFO.id))


CHECK = UnitTwinsCheck()

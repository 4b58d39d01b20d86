"""Nearly everybody satisfied, and many complaints all the same.

Complaints per transaction served are compared with those of the peers on the logarithm,
where units differ by the chance of their counts and by a spread of their own. Only a unit
whose value is nearly 100 % and among the upper half is asked: elsewhere complaints
contradict nothing, and the unit is not tested.

Reference: random effects as in DerSimonian & Laird (1986); the contradiction as a sign:
own work.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult
from detectors.units._features import features_of
from detectors.units._peers import FEWEST_PEERS, Peers, upper_p
from detectors.units._register import number_of, numbers_by_unit, text_ids
from detectors.units._report import assessment

__all__ = ["CHECK"]

NEARLY_ALL = 0.98

INFO = CheckInfo(
    id="unit.complaints",
    level=Level.UNIT,
    family=Family.UNIT,
    kind="complaints",
    title=Message("Hài lòng gần 100% nhưng nhiều phản ánh", "Nearly 100 % and many complaints"),
    sees=(
        "Complaints per transaction served, far above those of the peers, at a unit whose "
        "satisfaction is at least 98 % and above the median of its peers."
    ),
    null_model=(
        "The peers' complaint rates on the logarithm: their centre, the chance of counts, and "
        "the spread between units; Student's t for the tail."
    ),
    source="DerSimonian & Laird (1986), random effects; own work",
    innocent=(
        Message(
            "Phản ánh về việc không thuộc nội dung khảo sát.",
            "The complaints are about something that the survey does not ask.",
        ),
        Message(
            "Đơn vị công khai, khuyến khích phản ánh tốt hơn nơi khác.",
            "The unit makes complaining easier than others do.",
        ),
        Message(
            "Người phản ánh không phải là người trả lời phiếu.",
            "Those who complain are not those who answered.",
        ),
    ),
    valid_for=frozenset({"complaints", "served", "15 units", "20 records"}),
    batch_dependent=True,
)


class ComplaintsCheck:
    """Upper-tail test of complaints where satisfaction is nearly 100 %."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance, ``seed`` is there for the contract."""
        count = len(subject)
        result = UnitResult.untested(count)
        complaints, served = _complaints(subject), number_of(subject, "served")
        if count:
            _tested(subject, complaints, served, result)

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            value, number = float(result.observed[unit]), int(complaints[unit])
            people, usual = int(served[unit]), float(result.expected[unit])
            p = float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu mâu thuẫn: {value:.2%} hài lòng nhưng có {number} phản ánh, kiến "
                    f"nghị trên {people} lượt phục vụ, các đơn vị khác khoảng {usual * people:.1f} "
                    f"(p = {p:.2g}).",
                    f"Signs of a contradiction: {value:.2%} satisfied, yet {number} complaints in "
                    f"{people} transactions, about {usual * people:.1f} at other units "
                    f"(p = {p:.2g}).",
                ),
                {"value": value, "complaints": number, "served": people},
            )

        return assessment(subject, INFO, result, describe)


def _complaints(table: UnitTable) -> NDArray[np.float64]:
    """Complaints by unit; NaN where not known. A unit that the register leaves out has none."""
    register = table.records.circumstances.complaints
    if register is None or not {"unit_id", "complaints"} <= set(register.columns):
        return np.full(len(table), np.nan)
    names = text_ids(register["unit_id"])
    counts = numbers_by_unit(table, names, register["complaints"])
    named = set(names)
    absent = np.array([name not in named for name in table.unit_ids], dtype=bool)
    counts[absent] = 0.0
    return counts


def _tested(
    table: UnitTable,
    complaints: NDArray[np.float64],
    served: NDArray[np.float64],
    result: UnitResult,
) -> None:
    count = len(table)
    if table.records.circumstances.complaints is None:
        result.reason.update(dict.fromkeys(range(count), "no register of complaints"))
        return
    records = table.records
    rated = records.answered > 0
    top = np.bincount(records.unit[rated], features_of(records).top_two[rated], minlength=count)
    asked = np.bincount(records.unit[rated], records.answered[rated], minlength=count)
    known = (complaints >= 0) & (served > 0)
    usable = known & (table.sizes >= FEWEST_RECORDS)
    for unit in np.flatnonzero(~usable).tolist():
        few = f"fewer than {FEWEST_RECORDS} records"
        result.reason[unit] = few if known[unit] else "complaints or transactions are not known"
    if usable.sum() < FEWEST_PEERS:
        lone = f"fewer than {FEWEST_PEERS} units whose complaints and transactions are known"
        result.reason.update(dict.fromkeys(np.flatnonzero(usable).tolist(), lone))
        return
    value = top[usable] / asked[usable]
    usual = float(complaints[usable].sum() / served[usable].sum())
    rate = np.log((complaints[usable] + 0.5) / (served[usable] + 1.0))
    error = 1.0 / np.sqrt(served[usable] * usual + 0.5)
    peers = Peers.of(rate, error)
    z = peers.z(rate, error, rate.size)
    content = (value >= NEARLY_ALL) & (value > np.median(value))
    result.score[usable] = np.where(content, z, np.nan)
    result.p_value[usable] = np.where(content, upper_p(z, peers), np.nan)
    other = f"satisfaction is below {NEARLY_ALL:.0%} or below the median of the units"
    result.reason.update(dict.fromkeys(np.flatnonzero(usable)[~content].tolist(), other))
    result.observed[usable] = value
    result.expected[usable] = np.exp(peers.centre)
    result.tested[usable] = table.sizes[usable]


CHECK = ComplaintsCheck()

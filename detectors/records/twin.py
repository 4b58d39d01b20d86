"""Near duplicates inside a unit: the same answers, copied with few changes or none."""

from __future__ import annotations

import numpy as np

from detectors.calibration.multiplicity import q_values
from detectors.finding import Family, Finding, Message, Severity
from detectors.records._twin_units import selected_p_values
from detectors.records._twins import Twins, twins_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

FALSE_DISCOVERY_RATE = 0.05
MOST_ITEMS_NAMED = 8

INFO = CheckInfo(
    id="answers.twin",
    level=Level.RECORD,
    family=Family.ANSWERS,
    kind="duplicate",
    title=Message("Hai phiếu gần như trùng nhau", "Two nearly identical records"),
    sees=(
        "A record that agrees with another one of its unit more than people of its kind "
        "agree by chance: copied forms, with few answers changed or none. Rare answers in "
        "common weigh, usual ones (all 5) cost nothing, missing answers never match."
    ),
    null_model=(
        "Exchangeability of records between units of one stratum at equal level: the best "
        "partner among as many records of other units, drawn level by level; conformal "
        "p-value, straight-liners among themselves. Units first: outside units that stand out "
        "as a whole, the chance that honest doubles share a unit is part of the null."
    ),
    source="van der Linden & Sotaridona (2006); conformal null from other units: own work",
    innocent=(
        Message(
            "Một trong hai bên là bản gốc trung thực; riêng câu trả lời không cho biết bên nào.",
            "One of the two is the honest original; answers alone do not tell which.",
        ),
        Message(
            "Hai người cùng gia đình hoặc cùng đi trả lời giống nhau.",
            "Two people of one family or party answered alike.",
        ),
        Message(
            "Một người gửi phiếu hai lần hoặc phiếu được nhập hai lần.",
            "One person sent the form twice, or it was entered twice.",
        ),
        Message(
            "Sự việc riêng tại đơn vị làm nhiều người trả lời giống nhau.",
            "A local event made many people answer alike.",
        ),
    ),
    valid_for=frozenset({"at least two units in the stratum"}),
    batch_dependent=True,
)


class TwinCheck:
    """Conformal twin test; see :mod:`detectors.records._twins`."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record of a table."""
        twins = twins_of(subject, seed)
        p_values = selected_p_values(subject, seed)
        q = q_values(p_values)
        flagged = np.flatnonzero(np.nan_to_num(q, nan=1.0) <= FALSE_DISCOVERY_RATE)
        return Assessment(
            scores=twins.score,
            p_values=p_values,
            findings=tuple(
                _finding(subject, twins, int(row), float(p_values[row]), float(q[row]))
                for row in flagged
            ),
            not_assessable=twins.reason,
            info={"null_scores": sum(null.n for null in twins.null.values())},
        )


def _finding(table: RecordTable, twins: Twins, row: int, p: float, q: float) -> Finding:
    other = int(twins.partner[row])
    mine, theirs = table.answers[row], table.answers[other]
    both = np.isfinite(mine) & np.isfinite(theirs)
    differing = [
        table.items[j].id for j in np.flatnonzero(both & (np.nan_to_num(mine - theirs) != 0.0))
    ]
    same, asked = int(both.sum()) - len(differing), int(both.sum())
    named = ", ".join(differing[:MOST_ITEMS_NAMED])
    more = " …" if len(differing) > MOST_ITEMS_NAMED else ""
    partner = str(table.record_ids[other])
    apart_vi = f"; khác ở {named}{more}" if differing else ""
    apart_en = f"; they differ in {named}{more}" if differing else ""
    return Finding(
        detector=INFO.id,
        family=INFO.family,
        kind=INFO.kind,
        score=float(twins.score[row]),
        p_value=p,
        severity=Severity.YELLOW,
        message=Message(
            vi=(
                f"Có dấu hiệu trùng phiếu: {same}/{asked} câu trả lời giống phiếu {partner} "
                f"trong cùng đơn vị{apart_vi} (p = {p:.2g}, q = {q:.2g})."
            ),
            en=(
                f"Signs of a duplicate: {same} of {asked} answers are those of record {partner} "
                f"of the same unit{apart_en} (p = {p:.2g}, q = {q:.2g})."
            ),
        ),
        record_id=str(table.record_ids[row]),
        unit_id=_unit(table, row),
        matches=(partner,),
        evidence={"same": same, "answered_by_both": asked, "differing_items": differing, "q": q},
    )


def _unit(table: RecordTable, row: int) -> str | None:
    return table.unit_ids[int(table.unit[row])] if table.has_units else None


CHECK = TwinCheck()

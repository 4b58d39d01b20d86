"""The sheet of the index of reform of one unit, as a view object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.reporting.outcome_words import LEVELS, word
from detectors.finding import Message
from reports.views.outcomes import IndexLine, IndexPart, IndexSheet

__all__ = ["index_sheet"]

Row = Mapping[str, Any]
_NOT_TESTABLE = {
    "the units have no peer group": "đơn vị chưa xếp vào khối",
    "fewer than 15 units in the group": "khối có dưới 15 đơn vị",
    "most units have the same points": "phần lớn đơn vị có cùng số điểm",
    "fewer than 6 different values in the group": "khối có dưới 6 mức điểm khác nhau",
    "more than a quarter of the units have all points": "hơn một phần tư đơn vị đạt điểm tối đa",
    "it is the only part": "chỉ có một phần",
}


def index_sheet(
    row: Row, rows: Mapping[str, Sequence[Row]], *, unit: str, group: str, tier: Message | None
) -> IndexSheet:
    """What was recomputed of a unit's sheet, and what stands out of its group.

    Args:
        row: The stored outcome of the sheet.
        rows: Stored outcomes by kind; those of kinds ``index_line`` and ``index_lines`` count.
        unit: The unit's name.
        group: Its group, empty where it has none.
        tier: Name of the tier that the sheet declares, where there is one of that name.
    """
    body = row["body"]
    year = body["year"]
    lines = [
        one
        for one in rows.get("index_line", ())
        if one["unit_id"] == row["unit_id"] and one["body"]["year"] == year
    ]
    about = f"{year} {group}"
    tested = next((r for r in rows.get("index_lines", ()) if r["about"] == about), None)
    return IndexSheet(
        unit=unit,
        year=year,
        total=_part(body["total"], ""),
        fields=tuple(_part(part, part["name"]) for part in body["fields"]),
        tier=tier,
        declared=body["declared_percent"],
        arithmetic=word("index", row["verdict"]),
        survey=word("survey", body["survey"]["verdict"]),
        above_maximum=tuple(body["above_maximum"]),
        lines=tuple(_line(one) for one in lines),
        not_testable=_untested(tested),
        holds={"holds": True, "differs": False}.get(row["verdict"]),
    )


def _part(part: Row, name: str) -> IndexPart:
    told = [v for v in (part["appraised_verdict"], part["self_verdict"]) if v]
    worst = next((v for v in told if v == "differs"), told[0] if told else None)
    return IndexPart(
        name=name,
        maximum=part["maximum"],
        own=part["self"],
        appraised=part["appraised"],
        share=part["share"],
        gap=part["gap"],
        missing=tuple(part["missing"]),
        verdict=None if worst is None else word("published", worst),
    )


def _line(row: Row) -> IndexLine:
    body = row["body"]
    what = LEVELS[body["level"]]
    if body["part"]:
        what = Message(f"{what.vi} {body['part']}", f"{what.en} {body['part']}")
    return IndexLine(
        what=what,
        share=body["share"],
        expected=body["expected"],
        q_value=body["q_value"],
        direction=word("index_line", row["verdict"]),
    )


def _untested(row: Row | None) -> Message | None:
    """Why a group, or some of its parts, could not be tested."""
    if row is None or not row["body"]["not_testable"]:
        return None
    reasons = row["body"]["not_testable"]
    shown = sorted(set(reasons.values()))
    vi = "; ".join(_NOT_TESTABLE.get(reason, reason) for reason in shown)
    en = "; ".join(shown)
    if row["verdict"] == "not_testable":
        return Message(f"Không kiểm định được: {vi}.", f"Not testable: {en}.")
    count = len(reasons)
    return Message(
        f"{count} phần không kiểm định được: {vi}.", f"{count} parts were not testable: {en}."
    )

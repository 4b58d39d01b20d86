"""Index workbooks with one row a fact, in four sheets.

``fields`` (Lĩnh vực), ``criteria`` (Tiêu chí), ``scores`` (Điểm) and, where something was declared,
``totals`` (Tổng hợp).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from audit.intake._cells import to_bool, to_text
from audit.intake._workbook import Sheet, to_percent, to_points
from audit.scoring.index import Criterion, Declared, FieldOfIndex, Marks
from audit.scoring.publication import Figure, parse_rank
from audit.scoring.rules import RuleSet

__all__ = ["SHEETS", "apart", "read_criteria", "read_fields", "read_scores", "read_totals"]

_UNIT = ("mã đơn vị", "đơn vị", "unit")
_YEAR = ("năm", "năm đánh giá", "kỳ")
_OWN = ("điểm tự đánh giá", "tự đánh giá", "điểm tự chấm", "self score", "self")
_APPRAISED = ("điểm thẩm định", "thẩm định", "appraised")
_MAXIMUM = ("điểm tối đa", "điểm chuẩn", "thang điểm", "max")
_FIELD = ("lĩnh vực", "mã lĩnh vực")
_CRITERION = ("tiêu chí", "mã tiêu chí", "tiêu chí thành phần", "tt", "stt")
SHEETS: Mapping[str, tuple[Sequence[str], Mapping[str, Sequence[str]], Sequence[str]]] = {
    "fields": (
        ("Lĩnh vực",),
        {"field": _FIELD, "name": ("tên lĩnh vực", "tên"), "maximum": _MAXIMUM},
        ("field",),
    ),
    "criteria": (
        ("Tiêu chí",),
        {
            "criterion": _CRITERION,
            "field": _FIELD,
            "name": ("tên tiêu chí", "nội dung", "tên"),
            "maximum": _MAXIMUM,
            "survey": ("điều tra xã hội học", "khảo sát", "xhh"),
        },
        ("criterion", "field", "maximum"),
    ),
    "scores": (
        ("Điểm", "Chấm điểm"),
        {
            "unit_id": _UNIT,
            "year": _YEAR,
            "criterion": _CRITERION,
            "self_score": _OWN,
            "appraised_score": _APPRAISED,
        },
        ("unit_id", "year", "criterion", "appraised_score"),
    ),
    "totals": (
        ("Tổng hợp", "Kết quả"),
        {
            "unit_id": _UNIT,
            "year": _YEAR,
            "field": _FIELD,
            "self_score": _OWN,
            "appraised_score": _APPRAISED,
            "percent": ("chỉ số", "chỉ số %", "tỷ lệ", "index"),
            "tier": ("xếp loại", "loại"),
            "rank": ("xếp hạng", "thứ hạng", "hạng"),
        },
        ("unit_id", "year"),
    ),
}


def _text(cell: Any) -> str | None:
    return to_text(cell.value)


def _id(cell: Any) -> str | None:
    """A number of a field or criterion: ``3.0`` and ``3`` are one, ``1.10`` is text only."""
    text = to_text(cell.value)
    return None if text is None else text.strip().rstrip(".")


def _year(cell: Any) -> int | None:
    if isinstance(cell.value, dt.date):
        return cell.value.year
    text = to_text(cell.value)
    if text is None:
        return None
    if not text.isdigit() or not 1990 <= int(text) <= 2200:
        raise ValueError(f"{text!r} is no year")
    return int(text)


def _flag(cell: Any) -> bool | None:
    return to_bool(cell.value)


def read_fields(sheet: Sheet) -> list[FieldOfIndex]:
    """The fields of the index."""
    fields: dict[str, FieldOfIndex] = {}
    for row in sheet.rows:
        name = sheet.needed(row, "field", _id, "write the number of the field")
        if name is None:
            continue
        if name in fields:
            sheet.note(row, "field", f"field {name} stands twice", "keep one", "duplicate_field")
            continue
        title = sheet.value(row, "name", _text, "write plain text") or name
        maximum = sheet.value(row, "maximum", to_points, "write points, e.g. 14.5")
        fields[name] = FieldOfIndex(name, title, maximum)
    return list(fields.values())


def read_criteria(
    sheet: Sheet, fields: Collection[str]
) -> tuple[list[Criterion], dict[str, Decimal]]:
    """Criteria without parts, and the stated maxima of those that have some."""
    found: dict[str, Criterion] = {}
    for row in sheet.rows:
        name = sheet.needed(row, "criterion", _id, "write the number of the criterion")
        field = sheet.needed(row, "field", _id, "write the number of its field")
        maximum = sheet.needed(row, "maximum", to_points, "write points, e.g. 1.5")
        survey = sheet.value(row, "survey", _flag, "write true or false")
        title = sheet.value(row, "name", _text, "write plain text")
        if name is None or field is None or maximum is None:
            continue
        if name in found:
            what = f"criterion {name} stands twice"
            sheet.note(row, "criterion", what, "keep one", "duplicate_criterion")
        elif field not in fields:
            what = f"field {field} is not in the sheet of fields"
            sheet.note(row, "field", what, "add it there, or correct it", "unknown_field")
        elif maximum == 0:
            sheet.note(row, "maximum", f"criterion {name} can bring no points", "remove it")
        else:
            found[name] = Criterion(name, field, title or name, maximum, bool(survey))
    return apart(found)


def apart(found: Mapping[str, Criterion]) -> tuple[list[Criterion], dict[str, Decimal]]:
    """A row with sub-criteria is their sum; its points are not counted a second time."""
    above = {name for name in found if any(other.startswith(f"{name}.") for other in found)}
    subtotals = {name: found[name].maximum for name in above}
    return [one for name, one in found.items() if name not in above], subtotals


def read_scores(
    sheet: Sheet, known: Collection[str], subtotals: Collection[str], units: Collection[str]
) -> dict[tuple[int, str, str], Marks]:
    """Points by year, unit and criterion."""
    found: dict[tuple[int, str, str], Marks] = {}
    for row in sheet.rows:
        about = _unit_and_year(sheet, row, units)
        name = sheet.needed(row, "criterion", _id, "write the number of the criterion")
        own = sheet.value(row, "self_score", to_points, "write points, e.g. 1.25")
        appraised = sheet.value(row, "appraised_score", to_points, "write points, e.g. 1.25")
        if about is None or name is None or name in subtotals:
            continue
        if name not in known:
            what = f"criterion {name} is not in the sheet of criteria"
            sheet.note(row, "criterion", what, "add it there, or correct it", "unknown_criterion")
            continue
        key = (*about, name)
        if key in found:
            what = f"criterion {name} of unit {about[1]} in {about[0]} stands twice"
            sheet.note(row, "unit_id", what, "keep one row", "duplicate_unit")
            continue
        found[key] = Marks(own, appraised)
    return found


def read_totals(
    sheet: Sheet,
    fields: Collection[str],
    units: Collection[str],
    rules: Callable[[int], RuleSet],
) -> dict[tuple[int, str, str], Declared]:
    """What is declared by year, unit and field."""
    found: dict[tuple[int, str, str], Declared] = {}
    for row in sheet.rows:
        about = _unit_and_year(sheet, row, units)
        field = sheet.value(row, "field", _id, "write the number of the field, or nothing") or ""
        if field and field not in fields:
            what = f"field {field} is not in the sheet of fields"
            sheet.note(row, "field", what, "add it there, or leave it blank", "unknown_field")
        own = sheet.value(row, "self_score", to_points, "write points, e.g. 92.5")
        appraised = sheet.value(row, "appraised_score", to_points, "write points, e.g. 92.5")
        percent = sheet.value(row, "percent", to_percent, "write it as 97.71 or 97,71%")
        rank = sheet.value(row, "rank", _rank, "write it as 26/63")
        tier = _tier(sheet, row, None if about is None else rules(about[0]))
        if about is None:
            continue
        key = (*about, field)
        if key in found:
            whole = f"field {field} of unit {about[1]}" if field else f"unit {about[1]}"
            what = f"{whole} stands twice in {about[0]}"
            sheet.note(row, "unit_id", what, "keep one row", "duplicate_unit")
            continue
        figure = None if percent is None else Figure(percent)
        found[key] = Declared(own, appraised, figure, tier, rank)
    return found


def _unit_and_year(sheet: Sheet, row: int, units: Collection[str]) -> tuple[int, str] | None:
    unit = sheet.needed(row, "unit_id", _text, "write the id of the unit")
    year = sheet.needed(row, "year", _year, "write the year, e.g. 2025")
    if unit is not None and unit not in units:
        what = f"unit {unit} is not in the list of units"
        sheet.note(row, "unit_id", what, "add it to the units, or correct it", "unknown_unit")
        return None
    return None if unit is None or year is None else (year, unit)


def _rank(cell: Any) -> tuple[int, int | None] | None:
    text = to_text(cell.value)
    return None if text is None else parse_rank(text)


def _tier(sheet: Sheet, row: int, rules: RuleSet | None) -> str | None:
    text = sheet.value(row, "tier", _text, "write the name of a tier")
    if text is None or rules is None:
        return None
    tier = rules.tier_called(text)
    if tier is None:
        known = ", ".join(tier.name.vi for tier in rules.tiers)
        what = f"the tier {text!r} is not known"
        remedy = f"known are {known}" if known else "put a rule set of the index into rules/"
        sheet.note(row, "tier", what, remedy, "unknown_tier")
        return None
    return tier.id

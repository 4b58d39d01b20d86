"""Workbooks of the PAR index: fields, criteria, scores and totals, by unit and year.

Four sheets, each with one row a fact: ``fields`` (Lĩnh vực), ``criteria`` (Tiêu chí),
``scores`` (Điểm) and, where something was declared, ``totals`` (Tổng hợp). A workbook with
anything wrong is refused as a whole, and everything that is wrong is told by sheet and cell:
half an index is none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from audit.intake._cells import to_bool, to_text
from audit.intake._workbook import AS_TEXT, Sheet, open_sheets, to_percent, to_points
from audit.intake.columns import TableProblem
from audit.scoring.index import Criterion, Declared, FieldOfIndex, IndexBook, Marks
from audit.scoring.publication import Figure, parse_rank
from audit.scoring.rules import RuleSet
from detectors.errors import InputError

__all__ = ["IndexPart", "join_books", "read_index_book"]

_UNIT = ("mã đơn vị", "đơn vị", "unit")
_YEAR = ("năm", "năm đánh giá", "kỳ")
_OWN = ("điểm tự đánh giá", "tự đánh giá", "điểm tự chấm", "self score", "self")
_APPRAISED = ("điểm thẩm định", "thẩm định", "appraised")
_MAXIMUM = ("điểm tối đa", "điểm chuẩn", "thang điểm", "max")
_FIELD = ("lĩnh vực", "mã lĩnh vực")
_CRITERION = ("tiêu chí", "mã tiêu chí", "tiêu chí thành phần", "tt", "stt")
_SHEETS: Mapping[str, tuple[Sequence[str], Mapping[str, Sequence[str]], Sequence[str]]] = {
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


@dataclass(frozen=True)
class IndexPart:
    """What one workbook gave.

    Attributes:
        name: The file.
        books: One a year.
        problems: What is wrong; where anything but a number stored as text is, ``books`` is
            empty.
    """

    name: str
    books: tuple[IndexBook, ...]
    problems: tuple[TableProblem, ...] = ()


def read_index_book(
    path: Path, name: str, units: Collection[str], rules: Callable[[int], RuleSet]
) -> IndexPart:
    """Read a workbook.

    Args:
        path: The file.
        name: What it is called in messages.
        units: Units that are known.
        rules: Year -> the rule set of the index that was valid at its end.

    Raises:
        AccessError: If the file cannot be read.
        InputError: If it is no workbook, or a sheet or a column is missing.
    """
    sheets = open_sheets(path, name, _SHEETS, optional=("totals",))
    fields = _fields(sheets["fields"])
    criteria, subtotals = _criteria(sheets["criteria"], {field.id for field in fields})
    known = {criterion.id for criterion in criteria} | set(subtotals)
    marks = _scores(sheets["scores"], known, set(subtotals), units)
    declared: dict[tuple[int, str, str], Declared] = {}
    if "totals" in sheets:
        declared = _totals(sheets["totals"], {field.id for field in fields}, units, rules)
    problems = [problem for sheet in sheets.values() for problem in sheet.problems]
    if not fields or not criteria or not marks:
        empty = "fields" if not fields else "criteria" if not criteria else "scores"
        if not any(problem.code != AS_TEXT for problem in problems):
            raise InputError(
                "the sheet has no rows under its header",
                where=sheets[empty].where,
                remedy="write one row a fact under the header",
            )
    if any(problem.code != AS_TEXT for problem in problems):
        return IndexPart(name, (), tuple(problems))
    years = sorted({year for year, _, _ in marks})
    books = tuple(
        IndexBook(
            year=year,
            fields=tuple(fields),
            criteria=tuple(criteria),
            marks={(u, c): mark for (y, u, c), mark in marks.items() if y == year},
            declared={(u, f): told for (y, u, f), told in declared.items() if y == year},
            subtotals=subtotals,
        )
        for year in years
    )
    return IndexPart(name, books, tuple(problems))


def join_books(parts: Sequence[IndexPart]) -> tuple[list[IndexBook], list[TableProblem]]:
    """One book a year from all workbooks; one that contradicts an earlier one is left out."""
    joined: dict[int, IndexBook] = {}
    problems: list[TableProblem] = []
    for part in parts:
        problems += part.problems
        against = next(
            (why for book in part.books if (why := _conflict(joined.get(book.year), book))), None
        )
        if against is not None:
            remedy = "keep each unit and year in one workbook, all with the same criteria"
            problems.append(TableProblem(part.name, against, remedy, code="index_conflict"))
            continue
        for book in part.books:
            earlier = joined.get(book.year)
            joined[book.year] = (
                book
                if earlier is None
                else IndexBook(
                    book.year,
                    earlier.fields,
                    earlier.criteria,
                    {**earlier.marks, **book.marks},
                    {**earlier.declared, **book.declared},
                    earlier.subtotals,
                )
            )
    return [joined[year] for year in sorted(joined)], problems


def _conflict(earlier: IndexBook | None, book: IndexBook) -> str | None:
    if earlier is None:
        return None
    if earlier.criteria != book.criteria or earlier.fields != book.fields:
        return f"the criteria of {book.year} are not those of another workbook"
    twice = sorted(set(earlier.units) & set(book.units))
    if twice:
        return f"unit {twice[0]} of {book.year} stands in another workbook already"
    return None


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


def _fields(sheet: Sheet) -> list[FieldOfIndex]:
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


def _criteria(sheet: Sheet, fields: Collection[str]) -> tuple[list[Criterion], dict[str, Decimal]]:
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
    # A row with sub-criteria is their sum; its points are not counted a second time.
    above = {name for name in found if any(other.startswith(f"{name}.") for other in found)}
    subtotals = {name: found[name].maximum for name in above}
    return [one for name, one in found.items() if name not in above], subtotals


def _scores(
    sheet: Sheet, known: Collection[str], subtotals: Collection[str], units: Collection[str]
) -> dict[tuple[int, str, str], Marks]:
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


def _totals(
    sheet: Sheet,
    fields: Collection[str],
    units: Collection[str],
    rules: Callable[[int], RuleSet],
) -> dict[tuple[int, str, str], Declared]:
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

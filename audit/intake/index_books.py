"""Workbooks of the PAR index: fields, criteria, scores and totals, by unit and year.

Four sheets with one row a fact (:mod:`audit.intake._index_facts`), or the layout of an
office (:mod:`audit.intake.index_offices`). A workbook with anything wrong is refused as a whole,
and everything that is wrong is told by sheet and cell: half an index is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from audit.intake._index_facts import (
    SHEETS,
    apart,
    read_criteria,
    read_fields,
    read_scores,
    read_totals,
)
from audit.intake._index_header import find_header, grid_of
from audit.intake._workbook import AS_TEXT, fold, open_sheets
from audit.intake._workbook_file import open_book
from audit.intake.columns import TableProblem
from audit.intake.index_offices import Office, read_office_sheet
from audit.scoring.index import Criterion, Declared, FieldOfIndex, IndexBook, Marks
from audit.scoring.rules import RuleSet
from detectors.errors import InputError

__all__ = ["IndexPart", "join_books", "read_index_book"]

_UNUSED = "sheet_not_used"


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
    path: Path, name: str, units: Mapping[str, str], rules: Callable[[int], RuleSet]
) -> IndexPart:
    """Read a workbook: of four sheets with a row a fact, or as offices keep them.

    Args:
        path: The file.
        name: What it is called in messages.
        units: Id -> name of the units that are known.
        rules: Year -> the rule set of the index that was valid at its end.

    Raises:
        AccessError: If the file cannot be read.
        InputError: If it is no workbook, or a sheet or a column is missing.
    """
    values, written = open_book(path, name)
    ours = {fold(n) for key in ("criteria", "scores") for n in (key, *SHEETS[key][0])}
    if not any(fold(sheet.title) in ours for sheet in values.worksheets):
        return _offices(values, written, name, units, rules)
    sheets = open_sheets(values, written, name, SHEETS, optional=("totals",))
    fields = read_fields(sheets["fields"])
    criteria, subtotals = read_criteria(sheets["criteria"], {field.id for field in fields})
    known = {criterion.id for criterion in criteria} | set(subtotals)
    marks = read_scores(sheets["scores"], known, set(subtotals), units)
    declared: dict[tuple[int, str, str], Declared] = {}
    if "totals" in sheets:
        declared = read_totals(sheets["totals"], {field.id for field in fields}, units, rules)
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
    return IndexPart(name, _books(fields, criteria, marks, declared, subtotals), tuple(problems))


def _books(
    fields: Sequence[FieldOfIndex],
    criteria: Sequence[Criterion],
    marks: Mapping[tuple[int, str, str], Marks],
    declared: Mapping[tuple[int, str, str], Declared],
    subtotals: Mapping[str, Decimal],
) -> tuple[IndexBook, ...]:
    """One book a year."""
    return tuple(
        IndexBook(
            year=year,
            fields=tuple(fields),
            criteria=tuple(criteria),
            marks={(u, c): mark for (y, u, c), mark in marks.items() if y == year},
            declared={(u, f): told for (y, u, f), told in declared.items() if y == year},
            subtotals=subtotals,
        )
        for year in sorted({year for year, _, _ in marks})
    )


def _offices(
    values: Any,
    written: Any,
    name: str,
    units: Mapping[str, str],
    rules: Callable[[int], RuleSet],
) -> IndexPart:
    """A workbook in an office's own layout, sheet by sheet."""
    named: dict[str, str] = {}
    for unit, title in units.items():
        named.setdefault(fold(title), unit)
    office = Office(named | {fold(unit): unit for unit in units}, rules, Path(name).stem)
    read = 0
    for sheet in values.worksheets:
        where = f"{name}, sheet {sheet.title}"
        grid = grid_of(where, sheet, written[sheet.title])
        header = find_header(grid)
        if header is not None:
            read += 1
            read_office_sheet(office, grid, header)
        elif grid.cells:
            what = "no header is found that names criteria or units and points: not used"
            remedy = 'head the columns, e.g. "Tiêu chí", "Điểm tối đa", "Điểm thẩm định"'
            office.note(where, what, remedy, _UNUSED)
    if not read:
        raise InputError(
            "no sheet has a header that is known",
            where=name,
            remedy='head the columns, e.g. "Tiêu chí", "Điểm tối đa", "Tự đánh giá", '
            f'"Điểm thẩm định"; the workbook has {", ".join(s.title for s in values.worksheets)}',
        )
    problems = office.problems
    if any(problem.code not in (AS_TEXT, _UNUSED) for problem in problems):
        return IndexPart(name, (), tuple(problems))
    if not office.marks:
        raise InputError(
            "no points of any unit are found under the header",
            where=name,
            remedy="write points in the columns of self-score or appraised score",
        )
    criteria, subtotals = apart(office.criteria)
    marks = {key: found for key, found in office.marks.items() if key[2] not in subtotals}
    fields = list(office.fields.values())
    books = _books(fields, criteria, marks, office.declared, subtotals)
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

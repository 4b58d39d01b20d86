"""A workbook of several named sheets, cell by cell, for small tables that people keep by hand.

What cannot be taken as it stands is told by sheet and cell. Merged cells are refused where
data stand: which row a merged value belongs to is a guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from audit.intake._cells import to_text
from audit.intake.columns import TableProblem
from detectors.errors import InputError

__all__ = ["AS_TEXT", "Sheet", "fold", "open_sheets", "to_percent", "to_points"]

AS_TEXT = "number_as_text"
_HEADER_ROWS = 12
_NUMBER = re.compile(r"([+-]?)(\d+)(?:([.,])(\d+))?")
V = TypeVar("V")


@dataclass
class Sheet:
    """One sheet under its header.

    Attributes:
        where: File and sheet, for messages.
        columns: Contract name of a column -> its letter.
        rows: Number of each row that holds anything -> contract name -> cell (openpyxl).
        problems: What is wrong; a sheet with one that is not :data:`AS_TEXT` is not used.
    """

    where: str
    columns: Mapping[str, str]
    rows: Mapping[int, Mapping[str, Any]]
    problems: list[TableProblem] = field(default_factory=list)

    def note(self, row: int, column: str, what: str, remedy: str, code: str = "bad_value") -> None:
        """Keep one problem with its cell."""
        letter = self.columns.get(column)
        place = f"cell {letter}{row}" if letter else f"row {row}"
        self.problems.append(TableProblem(f"{self.where}, {place}", what, remedy, code=code))

    def value(
        self, row: int, column: str, convert: Callable[[Any], V | None], remedy: str
    ) -> V | None:
        """A converted cell; ``None`` where it is blank, missing or wrong (which is noted)."""
        cell = self.rows[row].get(column)
        if cell is None or cell.value is None:
            return None
        try:
            found = convert(cell)
        except ValueError as error:
            self.note(row, column, str(error), remedy)
            return None
        if isinstance(cell.value, str) and isinstance(found, Decimal):
            what = f"the number {cell.value.strip()!r} is stored as text and was read as {found}"
            self.note(row, column, what, "store it as a number", AS_TEXT)
        return found

    def needed(
        self, row: int, column: str, convert: Callable[[Any], V | None], remedy: str
    ) -> V | None:
        """As :meth:`value`, but a blank cell is noted, too."""
        before = len(self.problems)
        found = self.value(row, column, convert, remedy)
        if found is None and len(self.problems) == before:
            self.note(row, column, "the cell is blank", remedy)
        return found


def fold(text: str) -> str:
    """A heading without case, accents and signs: ``Điểm tối đa`` is ``diem toi da``."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())


def open_sheets(
    values: Any,
    written: Any,
    name: str,
    wanted: Mapping[str, tuple[Sequence[str], Mapping[str, Sequence[str]], Sequence[str]]],
    optional: Sequence[str] = (),
) -> dict[str, Sheet]:
    """The sheets of a workbook that are wanted.

    Args:
        values: The workbook with stored results.
        written: The same with formulas.
        name: What it is called in messages.
        wanted: Sheet -> its other names; its columns with their other names; those of the
            columns that must be there.
        optional: Sheets that may be missing.

    Raises:
        InputError: If a sheet or column is missing; names it.
    """
    titles = {fold(sheet.title): sheet.title for sheet in values.worksheets}
    found: dict[str, Sheet] = {}
    for key, (others, columns, required) in wanted.items():
        title = next((titles[fold(n)] for n in (key, *others) if fold(n) in titles), None)
        if title is None:
            if key in optional:
                continue
            raise InputError(
                f"the sheet {key} is missing",
                where=name,
                remedy=f"add it (or call it {' or '.join(others)}); the workbook has "
                f"{', '.join(sheet.title for sheet in values.worksheets)}",
            )
        found[key] = _sheet(f"{name}, sheet {title}", values[title], written[title], columns)
        for column in required:
            if column not in found[key].columns:
                known = ", ".join((column, *columns[column]))
                raise InputError(
                    f"the column {column} is missing",
                    where=f"{name}, sheet {title}",
                    remedy=f"head a column with one of: {known}",
                )
    return found


def _sheet(where: str, values: Any, written: Any, columns: Mapping[str, Sequence[str]]) -> Sheet:
    """A sheet under the row that names most of its columns."""
    names = {fold(n): key for key, others in columns.items() for n in (key, *others)}
    top, header = 1, dict[str, str]()
    for row in values.iter_rows(min_row=1, max_row=_HEADER_ROWS):
        told: dict[str, str] = {}
        for cell in row:
            key = names.get(fold(cell.value)) if isinstance(cell.value, str) else None
            if key is not None and key not in told:
                told[key] = cell.column_letter
        if len(told) > len(header):
            top, header = row[0].row, told
    letters = {letter: key for key, letter in header.items()}
    rows: dict[int, dict[str, Any]] = {}
    sheet = Sheet(where, header, rows)
    for row in values.iter_rows(min_row=top + 1):
        cells = {letters[c.column_letter]: c for c in _real(row) if c.column_letter in letters}
        asked = (written[cell.coordinate].value for cell in cells.values())
        lost = [
            cell
            for cell, formula in zip(cells.values(), asked, strict=True)
            if cell.value is None and isinstance(formula, str) and formula.startswith("=")
        ]
        if not lost and all(_blank(cell.value) for cell in cells.values()):
            continue
        rows[row[0].row] = cells
        for cell in lost:
            what = "a formula without a stored result"
            remedy = "open the workbook, let it calculate, save it again"
            sheet.note(cell.row, letters[cell.column_letter], what, remedy)
    for merged in values.merged_cells.ranges:
        if merged.max_row > top:
            place = f"{where}, cells {merged.coord}"
            remedy = "unmerge them and write the value into every row"
            sheet.problems.append(
                TableProblem(place, "cells are merged where data stand", remedy, code="merged")
            )
    return sheet


def _real(row: Sequence[Any]) -> Iterator[Any]:
    """Cells that stand by themselves; what a merge swallowed has no letter."""
    return (cell for cell in row if hasattr(cell, "column_letter"))


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def to_points(cell: Any) -> Decimal | None:
    """Points; ``8,25`` as text is 8.25.

    Raises:
        ValueError: If it is a percentage, no number, below zero, or could be read in two ways.
    """
    value = cell.value
    text = to_text(value)
    if text is None:
        return None
    if isinstance(value, str) and "%" in text:
        raise ValueError(f"{text!r} is a percentage where points are expected")
    if "%" in str(cell.number_format) and not isinstance(value, str):
        raise ValueError(f"{text} is shown as a percentage where points are expected")
    number = _number(value, text)
    if number < 0:
        raise ValueError(f"{text!r} is below zero")
    return number


def to_percent(cell: Any) -> Decimal | None:
    """Per cent; ``97,71%`` as text and 0.9771 shown as a percentage are 97.71.

    Raises:
        ValueError: If it is no percentage from 0 to 100.
    """
    value = cell.value
    text = to_text(value)
    if text is None:
        return None
    number = _number(value, text.removesuffix("%").strip())
    shown = "%" in str(cell.number_format)
    if not isinstance(value, str) and shown:
        number = (number * 100).normalize()
    elif number <= 1 and "%" not in text and number != 0:
        raise ValueError(f"{text} may be a share or per cent")
    if not 0 <= number <= 100:
        raise ValueError(f"{text!r} is no percentage from 0 to 100")
    return number


def _number(value: Any, text: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{text!r} is no number")
    if not isinstance(value, str):
        if value != value or abs(value) > 1e9:
            raise ValueError(f"{text!r} is no number")
        # A spreadsheet computes in binary: 8.3 + 0.1 is 8.4, not 8.400000000000000355.
        return Decimal(repr(round(float(value), 6))).normalize() + 0
    found = _NUMBER.fullmatch(text.replace("\u2212", "-").replace(" ", ""))
    if found is None:
        raise ValueError(f"{text!r} is no number")
    sign, whole, point, rest = found.groups()
    if point and len(rest) == 3 and len(whole) <= 3:
        raise ValueError(f"{text!r} may be {whole}{rest} or {whole},{rest}0")
    return Decimal(f"{sign}{whole}" + (f".{rest}" if rest else ""))

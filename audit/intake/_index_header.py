"""Finding the header of an office's index sheet, and what each of its columns means.

Offices keep their own layouts: a title of several lines, a header of one to three rows with merged
cells, the unit in the title, in a column, or over its own columns. A heading is read by what it
says, without accents and signs; what it does not say is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.intake._workbook import fold

__all__ = ["Column", "Grid", "Header", "find_header", "grid_of", "meaning"]

_HEADER_ROWS = 30
_DEEPEST = 3

# In this order: "tự đánh giá" holds no other, "điểm đánh giá" alone is above both.
_MEANINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("number", re.compile(r"(stt|tt|so tt|so thu tu|muc|ma|ma so|ma tieu chi|no)")),
    ("remark", re.compile(r".*(ghi chu|tai lieu|kiem chung|giai trinh|ly do|dien giai).*")),
    ("maximum", re.compile(r".*(toi da|diem chuan|thang diem|diem quy dinh|max).*")),
    ("own", re.compile(r".*(tu danh gia|tu cham|tu dg|tdg|self).*")),
    ("appraised", re.compile(r".*(tham dinh|dat duoc|duoc cham|hoi dong|appraised).*")),
    ("survey", re.compile(r".*(xhh|xa hoi hoc|khao sat|survey).*")),
    ("tier", re.compile(r".*(xep loai).*|tier|loai")),
    ("rank", re.compile(r".*(xep hang|thu hang).*|hang|rank")),
    ("percent", re.compile(r".*(ty le|ti le).*|chi so|chi so cchc.*|chi so cai cach.*|.*index.*")),
    ("total", re.compile(r"(tong|cong).*")),
    ("unit", re.compile(r".*(don vi|co quan)( duoc danh gia)?|unit|unit id")),
    ("name", re.compile(r".*(tieu chi|linh vuc|noi dung|criteri|field).*")),
)


def meaning(text: str) -> str | None:
    """What a heading means; ``None`` where it is none that is known."""
    plain = fold(text)
    return next((key for key, pattern in _MEANINGS if pattern.fullmatch(plain)), None)


@dataclass(frozen=True)
class Column:
    """One column of the header.

    Attributes:
        index: From 1.
        letter: Of the column.
        heads: Headings from top to bottom, each once.
        key: What it means; ``None`` where no heading says it.
    """

    index: int
    letter: str
    heads: tuple[str, ...]
    key: str | None


@dataclass(frozen=True)
class Header:
    """The header of a sheet: its first and last row, and its columns that have a heading."""

    top: int
    bottom: int
    columns: tuple[Column, ...]

    def all_of(self, key: str) -> list[Column]:
        """Columns of one meaning, from left to right."""
        return [column for column in self.columns if column.key == key]

    def one(self, key: str) -> Column | None:
        """The first column of that meaning."""
        return next(iter(self.all_of(key)), None)


@dataclass
class Grid:
    """A sheet cell by cell; a merged cell gives its text to all its places in the header only.

    Attributes:
        where: File and sheet, for messages.
        title: Of the sheet.
        cells: ``(row, column)`` -> cell (openpyxl) that holds something.
        formulas: Places whose formula has no stored result.
        merged: Rows and columns of each merged range: first row, first column, last row, last
            column.
        rows: Highest row.
        width: Highest column.
    """

    where: str
    title: str
    cells: Mapping[tuple[int, int], Any]
    formulas: frozenset[tuple[int, int]]
    merged: tuple[tuple[int, int, int, int], ...]
    rows: int
    width: int
    spread: dict[tuple[int, int], Any] = field(default_factory=dict)

    def value(self, row: int, column: int) -> Any:
        """What stands in a cell."""
        cell = self.cells.get((row, column))
        return None if cell is None else cell.value

    def text(self, row: int, column: int) -> str:
        """The text of a cell, of the merged one that covers it, or nothing."""
        cell = self.cells.get((row, column)) or self.spread.get((row, column))
        return "" if cell is None else " ".join(str(cell.value).split())

    def place(self, row: int, column: int) -> str:
        """The name of a cell, as ``C7``."""
        from openpyxl.utils import get_column_letter

        return f"{get_column_letter(column)}{row}"

    def filled(self, row: int) -> Iterator[tuple[int, Any]]:
        """Columns of a row that hold something, with their cells."""
        for column in range(1, self.width + 1):
            if (row, column) in self.cells:
                yield column, self.cells[row, column]


def grid_of(where: str, values: Any, written: Any) -> Grid:
    """Read a sheet (openpyxl) once; the same sheet with formulas tells which have no result."""
    cells: dict[tuple[int, int], Any] = {}
    lost: set[tuple[int, int]] = set()
    for row in values.iter_rows():
        for cell in row:
            if not hasattr(cell, "column_letter"):
                continue
            value = cell.value
            if value is None:
                formula = written.cell(cell.row, cell.column).value
                if isinstance(formula, str) and formula.startswith("="):
                    lost.add((cell.row, cell.column))
            elif not isinstance(value, str) or value.strip():
                cells[cell.row, cell.column] = cell
    merged = tuple(
        (one.min_row, one.min_col, one.max_row, one.max_col) for one in values.merged_cells.ranges
    )
    places = [*cells, *lost]
    grid = Grid(
        where=where,
        title=values.title,
        cells=cells,
        formulas=frozenset(lost),
        merged=merged,
        rows=max((row for row, _ in places), default=0),
        width=max((column for _, column in places), default=0),
    )
    for first_row, first, last_row, last in merged:
        cell = cells.get((first_row, first))
        if cell is not None:
            for row in range(first_row, last_row + 1):
                for column in range(first, last + 1):
                    grid.spread[row, column] = cell
    return grid


def find_header(grid: Grid) -> Header | None:
    """The rows that tell most columns; ``None`` where no two columns are told.

    Points need a column that says whose they are, or units that stand in rows.
    """
    best: tuple[int, int, Header] | None = None
    for top in range(1, min(grid.rows, _HEADER_ROWS) + 1):
        for depth in range(1, _DEEPEST + 1):
            header = _header(grid, top, top + depth - 1)
            told = {column.key for column in header.columns if column.key}
            if not (told & {"own", "appraised", "total"} and told & {"name", "unit"}):
                continue
            score = sum(column.key is not None for column in header.columns)
            if best is None or (score, -depth) > best[:2]:
                best = (score, -depth, header)
    return None if best is None else best[2]


def _header(grid: Grid, top: int, bottom: int) -> Header:
    from openpyxl.utils import get_column_letter

    columns = []
    for column in range(1, grid.width + 1):
        heads: list[str] = []
        for row in range(top, bottom + 1):
            # Numbers in a header are maxima or the numbering of columns, no headings.
            cell = grid.cells.get((row, column)) or grid.spread.get((row, column))
            if (
                cell is None
                or not isinstance(cell.value, str)
                or re.fullmatch(r"[\d\s.,()=+\-/%]*", cell.value)
            ):
                continue
            text = " ".join(cell.value.split())
            if text not in heads:
                heads.append(text)
        if heads:
            # The lowest heading that says something is the nearest to the numbers.
            keys = [key for text in reversed(heads) if (key := meaning(text))]
            letter = get_column_letter(column)
            columns.append(Column(column, letter, tuple(heads), keys[0] if keys else None))
    return Header(top, bottom, tuple(columns))

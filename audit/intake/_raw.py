"""A table as raw cells that still know their place, column by column.

A column holds each distinct cell once and a code a row: what is done to cells is done
to distinct ones, and a table of millions of rows stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit.intake._cells import Cell, to_text
from detectors.errors import InputError

__all__ = ["MOST_COLUMNS", "Cells", "Places", "RawTable", "check_columns", "decode", "header_of"]

MOST_COLUMNS = 16_384
"""As many as a spreadsheet has."""
_LONGEST_NAME = 1_000


@dataclass(frozen=True, eq=False)
class Cells:
    """One column.

    Attributes:
        codes: int ``(rows,)``: place of each row's cell in ``distinct``.
        distinct: Cells that differ in kind or value.
    """

    codes: NDArray[np.intp]
    distinct: Sequence[Cell]

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> Cells:
        """Cells of any kinds; ``True``, ``1`` and ``1.0`` are three."""
        places: dict[tuple[type, Cell], int] = {}
        codes = [places.setdefault((cell.__class__, cell), len(places)) for cell in cells]
        return cls(np.array(codes, dtype=np.intp), [cell for _, cell in places])

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[Cell]:
        return (self.distinct[code] for code in self.codes.tolist())


@dataclass(frozen=True)
class Places:
    """Where the rows of a table stand in its file.

    Attributes:
        file: Its name, and the sheet in it.
        unit: What rows are counted in: ``line``, ``row``, ``object``.
        numbers: Of each row, in that unit.
        letters: Letter of each column, in a spreadsheet.
    """

    file: str
    unit: str
    numbers: Sequence[int]
    letters: Mapping[str, str] | None = None

    def __call__(self, row: int, column: str | None) -> str:
        """The place of a row from 0, or of a cell in it."""
        number = self.numbers[row]
        if column is not None and self.letters is not None:
            return f"{self.file}, cell {self.letters[column]}{number}"
        place = f"{self.file}, {self.unit} {number}"
        return place if column is None else f"{place}, column {column}"


@dataclass(frozen=True)
class RawTable:
    """Cells of one table, column by column.

    Attributes:
        path: The file.
        columns: Name -> cells, all of one length, in the order of the file.
        place: ``(row from 0, column)`` -> where that cell stands, for a message.
        odd_rows: Row -> what is wrong with the row as a whole.
    """

    path: Path
    columns: Mapping[str, Cells]
    place: Callable[[int, str | None], str]
    odd_rows: Mapping[int, str]

    def __len__(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), ()))


def decode(path: Path, data: bytes) -> str:
    """UTF-8 with or without BOM, or UTF-16 with BOM.

    Raises:
        InputError: If it is neither, or holds a zero byte; names the line.
    """
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            "the text is not UTF-8",
            where=f"{path}, line {line}",
            remedy='save it as "CSV UTF-8"',
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(
            "a zero byte in the text: the file is damaged or not a table",
            where=f"{path}, line {line}",
            remedy="export it again",
        )
    return text


def header_of(path: Path, names: Sequence[Cell], where: str) -> list[str]:
    """Column names as clean text.

    Raises:
        InputError: If there is none, there are too many, or two are alike.
    """
    if len(names) > MOST_COLUMNS:
        names = _without_blanks(names)
    check_columns(len(names), where)
    long = [len(name) for name in names if isinstance(name, str) and len(name) > _LONGEST_NAME]
    if long:
        raise InputError(
            f"the name of a column has {long[0]} characters", where=where, remedy="shorten it"
        )
    try:
        clean = [to_text(name) or "" for name in names]
    except ValueError as error:
        raise InputError(str(error), where=where, remedy="name the columns by words") from error
    while clean and not clean[-1]:
        clean.pop()
    if not clean:
        raise InputError("no header row", where=where, remedy="name the columns in the first row")
    _check_names(clean, where)
    return clean


def check_columns(count: int, where: str) -> None:
    """Refuse a table that is wider than any that is meant to be read.

    Raises:
        InputError: If it has more than :data:`MOST_COLUMNS` columns.
    """
    if count > MOST_COLUMNS:
        raise InputError(
            f"{count} columns, more than {MOST_COLUMNS}",
            where=where,
            remedy="export only the columns that are asked for",
        )


def _without_blanks(names: Sequence[Cell]) -> Sequence[Cell]:
    """Names up to the last that is none."""
    last = next((n for n in range(len(names), 0, -1) if names[n - 1] not in (None, "")), 0)
    return names[:last]


def _check_names(clean: list[str], where: str) -> None:
    """Number the columns without a name, in place; refuse two of one name."""
    seen: set[str] = set()
    for number, name in enumerate(clean, start=1):
        if name and name in seen:
            raise InputError(f"two columns are called {name!r}", where=where, remedy="rename one")
        if not name:
            clean[number - 1] = f"(column {number})"
        seen.add(name)

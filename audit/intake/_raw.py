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

__all__ = ["Cells", "RawTable", "decode", "header_of"]


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
        InputError: If there is none, or two are alike.
    """
    clean = [to_text(name) or "" for name in names]
    while clean and not clean[-1]:
        clean.pop()
    if not clean:
        raise InputError("no header row", where=where, remedy="name the columns in the first row")
    seen: set[str] = set()
    for number, name in enumerate(clean, start=1):
        if name and name in seen:
            raise InputError(f"two columns are called {name!r}", where=where, remedy="rename one")
        if not name:
            clean[number - 1] = f"(column {number})"
        seen.add(name)
    return clean

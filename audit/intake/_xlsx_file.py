"""XLSX workbooks: the first sheet that holds anything.

A workbook is a ZIP archive of XML. What the archive's directory says is checked before
anything is unpacked: sizes, ratio, number of parts, and that no two parts share bytes
(overlapping entries, which is how a few kilobytes become petabytes). Parts with a document
type are refused: entities come with one, and no program writes any. Nothing is written to
disk, no link is followed.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from audit.intake._cells import Cell
from audit.intake._raw import MOST_COLUMNS, Cells, Places, RawTable, header_of
from detectors.errors import InputError

__all__ = ["read_xlsx"]

_UNPACKED = 2 << 30
_RATIO = 400
_PARTS = 10_000
_ROWS = 1_048_576
_CELLS, _FEW_CELLS = 100_000_000, 2_000_000
_CHUNK = 1 << 20
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)
_FAULTS = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, OSError, EOFError),
    *(RuntimeError, NotImplementedError, ValueError),
)


def read_xlsx(path: Path, data: bytes) -> RawTable:
    """Read a workbook.

    Raises:
        InputError: If it is damaged, unpacks to too much, or holds no cell.
    """
    import openpyxl

    formulas, size = _checked(path, data)
    try:
        found = _first_sheet(
            path, openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True), size
        )
        written: dict[int, Sequence[Cell]] = {}
        if found is not None and formulas:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
            again = _first_sheet(path, book, size, found[0])
            written = {} if again is None else again[1]
    except (InputError, MemoryError):
        raise
    except Exception as error:
        # openpyxl lets whatever the damaged part provokes through: KeyError, ValueError, …
        raise _broken(path, error) from error
    if found is None:
        raise InputError("no sheet has any cell", where=str(path), remedy="export it again")
    sheet, rows = found
    top = next(iter(rows))
    where = f"{path}, sheet {sheet}, row {top}"
    header = header_of(path, rows[top], where)
    numbers = [n for n in rows if n != top]
    body = [(list(rows[n]) + [None] * len(header))[: len(header)] for n in numbers]
    odd: dict[int, str] = {}
    for index, number in enumerate(numbers):
        lost = _uncomputed(body[index], written.get(number, ()))
        if lost:
            names = ", ".join(header[i] for i in lost)
            odd[index] = f"a formula without a stored result in {names}"

    from openpyxl.utils import get_column_letter

    letters = {name: get_column_letter(i) for i, name in enumerate(header, start=1)}
    place = Places(f"{path}, sheet {sheet}", "row", numbers, letters)
    cells: Any = zip(*body, strict=True) if body else [()] * len(header)
    columns = {name: Cells.of(column) for name, column in zip(header, cells, strict=True)}
    return RawTable(path, columns, place, odd)


def _checked(path: Path, data: bytes) -> tuple[bool, int]:
    """Refuse a bomb; whether any sheet holds formulas, and bytes of all parts."""
    formulas, unpacked = False, 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_directory(path, parts, len(data))
            unpacked = sum(part.file_size for part in parts)
            for part in parts:
                if not part.filename.endswith((".xml", ".rels", ".vml")):
                    continue
                sheet = part.filename.startswith("xl/worksheets/")
                for piece in _pieces(archive, part):
                    if _DOCTYPE.search(piece):
                        raise InputError(
                            f"the part {part.filename} of the workbook declares a document type",
                            where=str(path),
                            remedy="open it in a spreadsheet program and save it again as .xlsx",
                        )
                    formulas = formulas or (sheet and _FORMULA.search(piece) is not None)
    except _FAULTS as error:
        raise _broken(path, error) from error
    return formulas, unpacked


def _check_directory(path: Path, parts: Sequence[zipfile.ZipInfo], size: int) -> None:
    total = sum(part.file_size for part in parts)
    names = {part.filename for part in parts}
    order = sorted(parts, key=lambda part: part.header_offset)
    ends = [part.header_offset + part.compress_size for part in order]
    starts = [part.header_offset for part in order[1:]] + [size]
    if len(parts) > _PARTS:
        what = f"the workbook has {len(parts)} parts"
    elif total > _UNPACKED or total > _RATIO * size:
        what = "the workbook unpacks to far more than it holds"
    elif len(names) < len(parts) or any(e > s for e, s in zip(ends, starts, strict=True)):
        what = "parts of the workbook overlap"
    else:
        return
    raise InputError(what, where=str(path), remedy="save the sheet as CSV")


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part piece by piece, each with the end of the one before; never all at once."""
    tail = b""
    with archive.open(part) as stream:
        while piece := stream.read(_CHUNK):
            yield tail + piece
            tail = piece[-64:]


def _broken(path: Path, error: Exception) -> InputError:
    return InputError(
        f"the workbook is damaged or no workbook ({type(error).__name__})",
        where=str(path),
        remedy="open it and save it again as .xlsx",
    )


def _first_sheet(
    path: Path, book: Any, size: int, wanted: str | None = None
) -> tuple[str, dict[int, Sequence[Cell]]] | None:
    """Rows that hold anything, by number, of the first sheet that has any."""
    try:
        for sheet in book.worksheets:
            if wanted is not None and sheet.title != wanted:
                continue
            sheet.reset_dimensions()
            rows: dict[int, Sequence[Cell]] = {}
            cells = 0
            for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                if number > _ROWS or len(row) > MOST_COLUMNS:
                    raise InputError(
                        "a cell stands outside of any sheet",
                        where=f"{path}, sheet {sheet.title}, row {number}",
                        remedy="open it in a spreadsheet program and save it again as .xlsx",
                    )
                if any(_filled(cell) for cell in row):
                    rows[number] = row
                    cells += len(row)
                # Far more cells than bytes: most are only the way to one that stands far out.
                if cells > min(_CELLS, max(_FEW_CELLS, size)):
                    raise InputError(
                        f"more than {cells / 1e6:.0f} million cells, most of them blank",
                        where=f"{path}, sheet {sheet.title}, row {number}",
                        remedy="save the sheet as CSV",
                    )
            if rows:
                return str(sheet.title), rows
    finally:
        book.close()
    return None


def _filled(cell: Cell) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def _uncomputed(values: Sequence[Cell], written: Sequence[Cell]) -> list[int]:
    pairs = zip(values, written, strict=False)
    return [
        i for i, (v, w) in enumerate(pairs) if v is None and isinstance(w, str) and w[:1] == "="
    ]

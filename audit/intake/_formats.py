"""A table file of any of the five kinds, as raw cells that still know their place.

CSV (UTF-8 with or without BOM, UTF-16 with BOM; comma, semicolon or tab), XLSX,
Parquet, JSON and JSON Lines. Nothing is converted here: see :mod:`audit.intake._cells`.
A file is untrusted: sizes are capped before anything is unpacked.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from audit.intake._cells import Cell
from audit.intake._csv_file import read_csv
from audit.intake._raw import Cells, RawTable, decode, header_of
from detectors.errors import AccessError, InputError

__all__ = ["RawTable", "read_raw"]

_BYTES = 2 << 30
_UNPACKED = 4 << 30
_RATIO = 400
_DEEPEST = 8


def read_raw(path: Path, name: Path | None = None) -> RawTable:
    """Read a table file by its ending, checked against its first bytes.

    Args:
        path: The file.
        name: What it is called: its ending counts, and messages name it. Default ``path``.

    Raises:
        AccessError: If it cannot be opened.
        InputError: If it is empty, damaged, of another kind, or has no header.
    """
    name = name or path
    try:
        if not path.is_file():
            raise AccessError("there is no such file", where=str(name), remedy="check the path")
        size = path.stat().st_size
        if size == 0:
            raise InputError("the file is empty", where=str(name), remedy="export it again")
        if size > _BYTES:
            raise InputError(
                "the file is larger than 2 GiB", where=str(name), remedy="split it by batch"
            )
        data = path.read_bytes()
    except OSError as error:
        raise AccessError(
            f"the file cannot be read ({error.strerror})",
            where=str(name),
            remedy="check its permissions",
        ) from error
    return _READERS[_kind(name, data)](name, data)


def _kind(path: Path, data: bytes) -> str:
    suffix = path.suffix.lower()
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            "an encrypted workbook or an old .xls file",
            where=str(path),
            remedy="save it as .xlsx without a password",
        )
    if data.startswith(b"PK\x03\x04"):
        return "xlsx"
    if data.startswith(b"PAR1"):
        return "parquet"
    if suffix in (".xlsx", ".xlsm", ".parquet", ".pq"):
        raise InputError(
            f"the content is not that of a {suffix} file",
            where=str(path),
            remedy="export it again, or give it the ending of what it is",
        )
    if suffix == ".json":
        return "json"
    if suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    if suffix in (".csv", ".tsv", ".txt", ""):
        return "csv"
    raise InputError(
        f"{suffix} is no kind of table that is read",
        where=str(path),
        remedy="give CSV, XLSX, Parquet, JSON or JSON Lines",
    )


def _guard_zip(path: Path, data: bytes) -> frozenset[str]:
    """Refuse a zip bomb; the sheets of the workbook that hold formulas."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            total = sum(part.file_size for part in parts)
            if total > _UNPACKED or total > _RATIO * len(data):
                raise InputError(
                    "the workbook unpacks to far more than it holds",
                    where=str(path),
                    remedy="save the sheet as CSV",
                )
            sheets = [p for p in parts if p.filename.startswith("xl/worksheets/")]
            return frozenset(
                p.filename for p in sheets if re.search(rb"<f[ >/]", archive.read(p.filename))
            )
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, EOFError, RuntimeError) as error:
        raise _broken_workbook(path, error) from error


def _broken_workbook(path: Path, error: Exception) -> InputError:
    return InputError(
        f"the workbook is damaged or no workbook ({type(error).__name__})",
        where=str(path),
        remedy="open it and save it again as .xlsx",
    )


def _read_xlsx(path: Path, data: bytes) -> RawTable:
    import openpyxl

    formulas = _guard_zip(path, data)
    try:
        values = _sheets(openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True))
        written = (
            _sheets(openpyxl.load_workbook(io.BytesIO(data), read_only=True)) if formulas else {}
        )
    except InputError:
        raise
    except Exception as error:
        # openpyxl lets whatever the damaged part provokes through: KeyError, ValueError, …
        raise _broken_workbook(path, error) from error
    named = [(name, rows) for name, rows in values.items() if rows]
    if not named:
        raise InputError("no sheet has any cell", where=str(path), remedy="export it again")
    sheet, rows = named[0]
    top = next(iter(rows))
    where = f"{path}, sheet {sheet}, row {top}"
    header = header_of(path, rows[top], where)
    numbers = [n for n in rows if n != top]
    body = [(list(rows[n]) + [None] * len(header))[: len(header)] for n in numbers]
    odd: dict[int, str] = {}
    for index, number in enumerate(numbers):
        lost = _uncomputed(body[index], written.get(sheet, {}).get(number, ()))
        if lost:
            names = ", ".join(header[i] for i in lost)
            odd[index] = f"a formula without a stored result in {names}"

    def place(row: int, column: str | None) -> str:
        from openpyxl.utils import get_column_letter

        if column is None:
            return f"{path}, sheet {sheet}, row {numbers[row]}"
        letter = get_column_letter(header.index(column) + 1)
        return f"{path}, sheet {sheet}, cell {letter}{numbers[row]}"

    cells: Any = zip(*body, strict=True) if body else [()] * len(header)
    columns = {name: Cells.of(column) for name, column in zip(header, cells, strict=True)}
    return RawTable(path, columns, place, odd)


def _sheets(book: Any) -> dict[str, dict[int, Sequence[Cell]]]:
    found: dict[str, dict[int, Sequence[Cell]]] = {}
    try:
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            rows = enumerate(sheet.iter_rows(values_only=True), start=1)
            found[sheet.title] = {n: r for n, r in rows if any(_filled(c) for c in r)}
    finally:
        book.close()
    return found


def _filled(cell: Cell) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def _uncomputed(values: Sequence[Cell], written: Sequence[Cell]) -> list[int]:
    pairs = zip(values, written, strict=False)
    return [
        i for i, (v, w) in enumerate(pairs) if v is None and isinstance(w, str) and w[:1] == "="
    ]


def _read_parquet(path: Path, data: bytes) -> RawTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        loaded = pq.read_table(io.BytesIO(data))
        columns = {
            header_of(path, [name], str(path))[0]: Cells.of(
                [_cell(v) for v in loaded[name].to_pylist()]
            )
            for name in loaded.column_names
        }
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the Parquet file is damaged ({type(error).__name__})",
            where=str(path),
            remedy="export it again",
        ) from error
    if not columns:
        raise InputError("no columns", where=str(path), remedy="export it again")
    return RawTable(path, columns, _numbered(path, "row"), {})


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | float | bool | dt.date):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _numbered(path: Path, unit: str) -> Callable[[int, str | None], str]:
    def place(row: int, column: str | None) -> str:
        return f"{path}, {unit} {row + 1}" + (f", column {column}" if column else "")

    return place


def _read_json(path: Path, data: bytes) -> RawTable:
    text = decode(path, data)
    try:
        loaded = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(
            f"not valid JSON ({error})", where=str(path), remedy="export it again"
        ) from error
    if isinstance(loaded, dict):
        # KoboToolbox and others wrap the rows: {"count": …, "results": [ … ]}.
        lists = [value for value in loaded.values() if isinstance(value, list)]
        loaded = lists[0] if len(lists) == 1 else loaded
    if not isinstance(loaded, list) or not all(isinstance(row, dict) for row in loaded):
        raise InputError(
            "expected a list of objects, one a record", where=str(path), remedy="export it again"
        )
    return _from_objects(path, loaded, _numbered(path, "object"))


def _read_jsonl(path: Path, data: bytes) -> RawTable:
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    for number, line in enumerate(decode(path, data).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(
                f"not valid JSON ({error})", where=where, remedy="export it again"
            ) from error
        if not isinstance(row, dict):
            raise InputError("expected one object a line", where=where, remedy="mend it")
        rows.append(row)
        lines.append(number)

    def place(row: int, column: str | None) -> str:
        return f"{path}, line {lines[row]}" + (f", column {column}" if column else "")

    return _from_objects(path, rows, place)


def _from_objects(
    path: Path, rows: Sequence[Mapping[str, Any]], place: Callable[[int, str | None], str]
) -> RawTable:
    names: dict[str, str] = {}
    rows = [_flat_row(row) for row in rows]
    for row in rows:
        for name in row:
            names.setdefault(name, unicodedata.normalize("NFC", name).strip())
    if not names:
        raise InputError("no records in the file", where=str(path), remedy="export it again")
    columns = {
        clean: Cells.of([_cell(row.get(name)) for row in rows]) for name, clean in names.items()
    }
    return RawTable(path, columns, place, {})


def _flat_row(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Objects inside a record as columns of their own: ``group/A1``, ``__system/deviceId``."""
    if not any(isinstance(value, dict) for value in row.values()):
        return row
    flat: dict[str, Any] = {}
    waiting = list(row.items())
    while waiting:
        name, value = waiting.pop(0)
        if isinstance(value, dict) and value and name.count("/") < _DEEPEST:
            waiting = [(f"{name}/{key}", inner) for key, inner in value.items()] + waiting
        else:
            flat[name] = value
    return flat


_READERS: Mapping[str, Callable[[Path, bytes], RawTable]] = {
    "csv": read_csv,
    "xlsx": _read_xlsx,
    "parquet": _read_parquet,
    "json": _read_json,
    "jsonl": _read_jsonl,
}

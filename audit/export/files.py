"""A table as a file that is safe to open in a spreadsheet.

A text that begins like a formula would run when the file is opened: in CSV it gets an
apostrophe before it, in XLSX it is stored as text. Numbers are never touched.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.defused import defused, json_words
from detectors.errors import AccessError

__all__ = ["csv_text", "json_text", "write_frame"]

_XLSX_ROWS = 1_048_575


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Nested cells as JSON text, numbers and times as they are."""
    flat = frame.copy()
    for column in flat.columns:
        if flat[column].dtype == object:
            flat[column] = [_flat_cell(cell) for cell in flat[column]]
    return flat


def _flat_cell(cell: Any) -> Any:
    if isinstance(cell, list | dict):
        return json_words(cell)
    return None if cell is None or cell is pd.NA or cell != cell else cell


def csv_text(frame: pd.DataFrame) -> str:
    """CSV in UTF-8, ``true`` and ``false`` for truth values, texts made harmless."""
    flat = _flat(frame)
    for position, column in enumerate(flat.columns):
        cells = [_safe(cell) for cell in flat[column].astype(object)]
        flat.isetitem(position, np.array([*cells, None], dtype=object)[:-1])
    flat.columns = pd.Index([_safe(str(name)) for name in flat.columns])
    return flat.to_csv(index=False, lineterminator="\n")


def _safe(cell: Any) -> Any:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return defused(cell)


def json_text(frame: pd.DataFrame) -> str:
    """A JSON list of objects; nested cells stay nested."""
    rows = [
        {str(name): _json_cell(cell) for name, cell in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]
    return json_words(rows, indent=1)


def _json_cell(cell: Any) -> Any:
    if isinstance(cell, list | dict | str | bool | int):
        return cell
    if cell is None or cell is pd.NaT or cell is pd.NA or cell != cell:
        return None
    return cell.item() if hasattr(cell, "item") else cell if isinstance(cell, float) else str(cell)


def write_frame(frame: pd.DataFrame, path: Path, kind: str) -> None:
    """Write a table in one step.

    Args:
        frame: The table.
        path: The file.
        kind: ``csv``, ``xlsx``, ``parquet`` or ``json``.

    Raises:
        AccessError: If the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        part = Path(name)
        try:
            _write(frame, part, kind)
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise AccessError(
            f"the file cannot be written ({error.strerror})",
            where=str(path),
            remedy="choose a place that you may write to",
        ) from error


def _write(frame: pd.DataFrame, path: Path, kind: str) -> None:
    if kind == "csv":
        path.write_text(csv_text(frame), "utf-8-sig", newline="")
    elif kind == "json":
        path.write_text(json_text(frame) + "\n", "utf-8")
    elif kind == "parquet":
        _flat(frame).convert_dtypes().to_parquet(path, index=False)
    else:
        _write_xlsx(_flat(frame), path)


def _write_xlsx(frame: pd.DataFrame, path: Path) -> None:
    import xlsxwriter

    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for number, start in enumerate(range(0, max(1, len(frame)), _XLSX_ROWS), start=1):
            sheet = book.add_worksheet(f"data {number}" if number > 1 else "data")
            for column, name in enumerate(frame.columns):
                sheet.write_string(0, column, str(name))
            part = frame.iloc[start : start + _XLSX_ROWS].astype(object)
            for row, cells in enumerate(part.itertuples(index=False), start=1):
                _write_row(sheet, row, cells, day)


def _write_row(sheet: Any, row: int, cells: Sequence[Any], day: Any) -> None:
    for column, cell in enumerate(cells):
        if cell is None or cell is pd.NA or cell is pd.NaT or cell != cell:
            continue
        if isinstance(cell, bool):
            sheet.write_boolean(row, column, cell)
        elif isinstance(cell, str):
            sheet.write_string(row, column, cell)
        elif hasattr(cell, "isoformat"):
            sheet.write_datetime(row, column, pd.Timestamp(cell).to_pydatetime(), day)
        else:
            sheet.write_number(row, column, float(cell))

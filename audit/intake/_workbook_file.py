"""Opening a workbook that somebody else made: size, parts and document types come first."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

from detectors.errors import AccessError, InputError

__all__ = ["open_book"]

_BYTES, _UNPACKED, _RATIO, _PARTS = 64 << 20, 256 << 20, 400, 2_000
_FAULTS = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, OSError, EOFError, RuntimeError)


def open_book(path: Path, name: str) -> tuple[Any, Any]:
    """A workbook twice (openpyxl): with stored results, and with formulas.

    Raises:
        AccessError: If the file cannot be read.
        InputError: If it is no workbook, damaged, or far too large.
    """
    import openpyxl

    data = _bytes(path, name)
    try:
        values = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
        return values, openpyxl.load_workbook(io.BytesIO(data))
    except (MemoryError, InputError):
        raise
    except Exception as error:
        # openpyxl lets whatever the damaged part provokes through: KeyError, ValueError, …
        raise _broken(name, error) from error


def _bytes(path: Path, name: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AccessError(
            f"the file cannot be read ({error.strerror})",
            where=name,
            remedy="check its permissions",
        ) from error
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            "an encrypted workbook or an old .xls file",
            where=name,
            remedy="save it as .xlsx without a password",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            total = sum(part.file_size for part in parts)
            if (
                len(data) > _BYTES
                or len(parts) > _PARTS
                or total > min(_UNPACKED, _RATIO * max(len(data), 1))
            ):
                raise InputError(
                    "the workbook is far larger than a table of an index",
                    where=name,
                    remedy="keep the sheets of the index only",
                )
            for part in parts:
                text = part.filename.endswith((".xml", ".rels"))
                if text and b"<!DOCTYPE" in archive.read(part).upper():
                    raise InputError(
                        f"the part {part.filename} of the workbook declares a document type",
                        where=name,
                        remedy="open it in a spreadsheet program and save it again as .xlsx",
                    )
    except _FAULTS as error:
        raise _broken(name, error) from error
    return data


def _broken(name: str, error: Exception) -> InputError:
    return InputError(
        f"the workbook is damaged or no workbook ({type(error).__name__})",
        where=name,
        remedy="open it and save it again as .xlsx",
    )

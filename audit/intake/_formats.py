"""A table file of any of the five kinds, as raw cells that still know their place.

CSV (UTF-8 with or without BOM, UTF-16 with BOM; comma, semicolon or tab; alone or in a ZIP
archive), XLSX, Parquet, JSON and JSON Lines. Nothing is converted here: see
:mod:`audit.intake._cells`.
A file is untrusted: sizes are capped before anything is unpacked, and what is compressed
or large is read in a process of its own (:mod:`audit.intake._apart`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from audit.intake._apart import read_apart
from audit.intake._archive_file import read_archive
from audit.intake._csv_file import read_csv
from audit.intake._json_file import read_json, read_jsonl
from audit.intake._parquet_file import read_parquet
from audit.intake._raw import RawTable
from audit.intake._xlsx_file import read_xlsx
from detectors.errors import AccessError, InputError

__all__ = ["RawTable", "read_here", "read_raw"]

_BYTES = 2 << 30
_APART_BYTES = 32 << 20
_HEAD = 8
_PACKED = frozenset({"xlsx", "parquet", "zip"})


def read_raw(path: Path, name: Path | None = None) -> RawTable:
    """Read a table file by its ending, checked against its first bytes.

    Args:
        path: The file.
        name: What it is called: its ending counts, and messages name it. Default ``path``.

    Raises:
        AccessError: If it cannot be opened.
        InputError: If it is empty, damaged, of another kind, has no header, or takes more
            memory or time to read than its size allows.
    """
    name = name or path
    size, kind = _look(path, name)
    if kind in _PACKED or size > _APART_BYTES:
        return read_apart(read_here, path, name, size)
    return read_here(path, name)


def read_here(path: Path, name: Path) -> RawTable:
    """The same in this process, whatever it takes."""
    _, kind = _look(path, name)
    # No name here for the bytes: a reader lets them go once it has made text of them.
    return _READERS[kind](name, _bytes(path, name))


def _bytes(path: Path, name: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(error, name) from error


def _look(path: Path, name: Path) -> tuple[int, str]:
    """Size and kind of a file."""
    try:
        if not path.is_file():
            raise AccessError("there is no such file", where=str(name), remedy="check the path")
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except (OSError, ValueError) as error:
        raise _unreadable(error, name) from error
    if size == 0:
        raise InputError("the file is empty", where=str(name), remedy="export it again")
    if size > _BYTES:
        raise InputError(
            "the file is larger than 2 GiB", where=str(name), remedy="split it by batch"
        )
    return size, _kind(name, head)


def _unreadable(error: Exception, name: Path) -> AccessError:
    return AccessError(
        f"the file cannot be read ({getattr(error, 'strerror', None) or error})",
        where=str(name),
        remedy="check its permissions",
    )


def _kind(path: Path, head: bytes) -> str:
    suffix = path.suffix.lower()
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            "an encrypted workbook or an old .xls file",
            where=str(path),
            remedy="save it as .xlsx without a password",
        )
    if head.startswith(b"PK\x03\x04"):
        return "zip" if suffix == ".zip" else "xlsx"
    if head.startswith(b"PAR1"):
        return "parquet"
    if suffix in (".xlsx", ".xlsm", ".parquet", ".pq", ".zip"):
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
        remedy="give CSV (also in a ZIP archive), XLSX, Parquet, JSON or JSON Lines",
    )


_READERS: Mapping[str, Callable[[Path, bytes], RawTable]] = {
    "csv": read_csv,
    "xlsx": read_xlsx,
    "parquet": read_parquet,
    "json": read_json,
    "jsonl": read_jsonl,
    "zip": read_archive,
}

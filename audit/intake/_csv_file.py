"""CSV files: a strict reader for any, and a fast one for plain ones.

Most exports hold no quotation mark. Such a file is cut into columns by Arrow; whatever
is odd about it (ragged rows, say) sends it to the strict reader, which knows the line of
every row. Both give the same table.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.intake._raw import Cells, Places, RawTable, decode, header_of
from detectors.errors import InputError

__all__ = ["read_csv"]

# A cell that is too long is a matter of its record, not of the file.
csv.field_size_limit(2**31 - 1)
_PIECE = 1 << 20
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def read_csv(path: Path, data: bytes) -> RawTable:
    """Read a CSV file; comma, semicolon or tab, told by its header.

    Raises:
        InputError: If it has no header or a quotation mark is not closed; names the line.
    """
    text = decode(path, data)
    del data  # of a large file, each copy counts
    if not text or text.isspace():
        raise _no_header(path)
    return _plain(path, text) or _strict(path, text)


def _separator(header: str) -> str:
    outside = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=outside.count)


def _plain(path: Path, text: str) -> RawTable | None:
    """A file without quotation marks whose rows all have the header's length; else ``None``."""
    head = re.match(r"[\r\n]*([^\r\n]+)(\r\n|\n)", text)
    if head is None or '"' in text or re.search(r"\r(?!\n)", text):
        return None
    separator = _separator(head[1])
    names = head[1].split(separator)
    if not any(name.strip() for name in names):
        return None
    header = header_of(path, names, f"{path}, line {text.count(chr(10), 0, head.start(1)) + 1}")
    if len(header) != len(names):
        return None
    columns = _split(text[head.end() :].encode(), header, separator)
    if columns is None:
        return None
    rows = len(next(iter(columns.values())))
    first = text.count("\n", 0, head.end()) + 1
    lines: Sequence[int] = range(first, first + rows)
    if text.count("\n", head.end()) + (not text.endswith("\n")) != rows:  # some are blank
        numbered = enumerate(text.split("\n"), start=1)
        lines = [n for n, line in numbered if line.replace(separator, "").strip()][1:]
    return RawTable(path, columns, Places(str(path), "line", lines), {})


def _split(body: bytes, header: list[str], separator: str) -> dict[str, Cells] | None:
    import pyarrow as pa
    import pyarrow.csv as pc

    if not body.strip():
        return {name: Cells.of(()) for name in header}
    names = [str(number) for number in range(len(header))]
    try:
        table = pc.read_csv(
            pa.BufferReader(body),
            read_options=pc.ReadOptions(column_names=names, use_threads=False),
            parse_options=pc.ParseOptions(delimiter=separator, quote_char=False),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    columns = {}
    for name, label in zip(names, header, strict=True):
        encoded = table[name].combine_chunks().dictionary_encode()
        codes = encoded.indices.to_numpy().astype(np.intp)
        columns[label] = Cells(codes, encoded.dictionary.to_pylist())
    kept = _not_blank(columns)
    if kept.all():
        return columns
    return {name: Cells(cells.codes[kept], cells.distinct) for name, cells in columns.items()}


def _not_blank(columns: dict[str, Cells]) -> NDArray[np.bool_]:
    """Rows in which any cell holds anything."""
    kept = np.zeros(len(next(iter(columns.values()))), dtype=bool)
    for cells in columns.values():
        if kept.all():
            break
        kept |= np.array([bool(str(c).strip()) for c in cells.distinct], dtype=bool)[cells.codes]
    return kept


def _strict(path: Path, text: str) -> RawTable:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = _separator(first)
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    odd: dict[int, str] = {}
    header: list[str] = []
    start = 1
    try:
        for row in reader:
            at, start = start, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if not header:
                header = header_of(path, row, f"{path}, line {at}")
                continue
            extra = [cell for cell in row[len(header) :] if cell.strip()]
            if extra or len(row) < len(header):
                odd[len(rows)] = f"{len(row)} fields where the header has {len(header)}"
            rows.append((row + [""] * len(header))[: len(header)])
            lines.append(at)
    except csv.Error as error:
        raise InputError(
            f"the row cannot be read ({error})",
            where=f"{path}, line {start}",
            remedy="look for a quotation mark that is not closed",
        ) from error
    if not header:
        raise _no_header(path)

    cells: Any = zip(*rows, strict=True) if rows else [()] * len(header)
    columns = {name: Cells.of(column) for name, column in zip(header, cells, strict=True)}
    return RawTable(path, columns, Places(str(path), "line", lines), odd)


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends, piece by piece: a ``StringIO`` holds four bytes a character."""
    at = 0
    while at < len(text):
        end = text.find("\n", at + _PIECE) + 1 or len(text)
        if end - at <= 2 * _PIECE:
            yield from io.StringIO(text[at:end], newline="")
        else:  # a line of millions of characters; slower than above, and no copy
            yield from (line[0] for line in _LINE.finditer(text, at, end))
        at = end


def _no_header(path: Path) -> InputError:
    return InputError("no header row", where=str(path), remedy="export it again")

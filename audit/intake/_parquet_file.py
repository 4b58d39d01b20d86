"""Parquet: what its footer promises is checked before a page is decoded."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audit.intake._json_file import plain_cell
from audit.intake._raw import Cells, Places, RawTable, check_columns, header_of
from detectors.errors import InputError

__all__ = ["read_parquet"]

_CELLS = 200_000_000
_UNPACKED = 2 << 30


def read_parquet(path: Path, data: bytes) -> RawTable:
    """Read a Parquet file.

    Raises:
        InputError: If it is damaged or unpacks to too much.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(io.BytesIO(data)) as file:
            texts = [f.name for f in file.schema_arrow if pa.types.is_string(f.type)]
        # Texts stay as they are stored, each once: spelled out they may be a thousand times it.
        with pq.ParquetFile(io.BytesIO(data), read_dictionary=texts) as file:
            promised = file.metadata
            check_columns(promised.num_columns, str(path))
            groups = range(promised.num_row_groups)
            unpacked = sum(max(0, promised.row_group(g).total_byte_size) for g in groups)
            if promised.num_rows * promised.num_columns > _CELLS or unpacked > _UNPACKED:
                raise InputError(
                    f"it unpacks to {promised.num_rows} rows of {promised.num_columns} columns "
                    f"({unpacked >> 20} MB)",
                    where=str(path),
                    remedy="split it by batch",
                )
            loaded = file.read(use_threads=False)
        names = header_of(path, [*map(str, loaded.column_names), "."], str(path))
        columns = {
            name: _cells(column) for name, column in zip(names, loaded.columns, strict=False)
        }
    except pa.ArrowMemoryError as error:
        raise MemoryError from error
    except (pa.ArrowException, OSError, ValueError, OverflowError, TypeError, KeyError) as error:
        raise InputError(
            f"the Parquet file is damaged ({type(error).__name__})",
            where=str(path),
            remedy="export it again",
        ) from error
    if not columns:
        raise InputError("no columns", where=str(path), remedy="export it again")
    return RawTable(path, columns, Places(str(path), "row", range(1, loaded.num_rows + 1)), {})


def _cells(column: Any) -> Cells:
    """One column, texts by their dictionary."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return Cells.of([plain_cell(value) for value in _values(column)])
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    words = [plain_cell(value) for value in _values(whole.dictionary)]
    blank = len(words)
    codes = whole.indices.fill_null(blank).to_numpy(zero_copy_only=False)
    if codes.size and not (codes.min() >= 0 and codes.max() <= blank):
        raise ValueError("a code outside of its dictionary")
    return Cells(codes.astype(np.intp), [*words, None])


def _values(column: Any) -> Sequence[Any]:
    try:
        values: Sequence[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        # A moment that no calendar has, or text that is none: one cell, not the table.
        values = [_value(scalar) for scalar in column]
    return values


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return f"(unreadable {scalar.type})"

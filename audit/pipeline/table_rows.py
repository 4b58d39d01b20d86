"""Rows of response tables as records. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from audit.pipeline.assembly import Assembly, TableFile, aligned
from detectors.instrument import Instrument

__all__ = ["from_tables", "rows_by_serial"]

# Of a table's problems these leave an answer, or the record itself, in doubt.
_HOLDING = frozenset({"off_scale", "duplicate_record_id", "no_record_id", "odd_row", "superseded"})


def from_tables(instrument: Instrument, tables: Sequence[TableFile]) -> Assembly:
    """Rows of all tables; an exact repetition of a row in a later file is the same record."""
    frames: list[pd.DataFrame] = []
    reasons_of: dict[tuple[int, str], list[str]] = {}
    for number, table in enumerate(tables):
        frame = table.responses.frame.copy()
        frame["_file"] = number
        frames.append(frame)
        for problem in table.responses.problems:
            if problem.record_id is not None and problem.code in _HOLDING:
                reasons_of.setdefault((number, problem.record_id), []).append(problem.code)
    frame = aligned(frames, instrument)
    about = [column for column in frame.columns if column != "_file"]
    frame = frame.drop_duplicates(subset=about, ignore_index=True)
    repeated = frame["record_id"].duplicated(keep=False).to_numpy()
    count = frame.groupby("record_id").cumcount().to_numpy()
    old = frame["record_id"].tolist()
    frame["record_id"] = pd.Series(
        [f"{r}@{n + 1}" if n else r for r, n in zip(old, count, strict=True)], dtype="str"
    )
    files = frame.pop("_file").astype("int64").tolist()
    reasons = []
    for row, (number, record) in enumerate(zip(files, old, strict=True)):
        found = list(dict.fromkeys(reasons_of.get((number, record), [])))
        if repeated[row] and "duplicate_record_id" not in found:
            found.append("duplicate_record_id")
        reasons.append(found)
    size = len(frame)
    assembly = Assembly(
        frame=frame,
        source=["table"] * size,
        file_id=[tables[number].file_id for number in files],
        reasons=reasons,
        pages=[[] for _ in range(size)],
        flagged=[False] * size,
        unread=np.zeros((size, len(instrument.items)), dtype=np.bool_),
    )
    _mark_off_scale(assembly, instrument, tables, files, old)
    return assembly


def _mark_off_scale(
    assembly: Assembly,
    instrument: Instrument,
    tables: Sequence[TableFile],
    files: Sequence[int],
    records: Sequence[str],
) -> None:
    """A value off the scale was an answer: it stands in both bounds, whatever it meant."""
    where = {key: row for row, key in enumerate(zip(files, records, strict=True))}
    columns = {item.id: number for number, item in enumerate(instrument.items)}
    for number, table in enumerate(tables):
        for problem in table.responses.problems:
            row = where.get((number, problem.record_id or ""))
            column = columns.get(problem.item or "")
            if row is not None and column is not None and problem.code == "off_scale":
                assembly.unread[row, column] = True


def rows_by_serial(assembly: Assembly) -> Mapping[str, list[int]]:
    """Serial -> the rows that name it."""
    found: dict[str, list[int]] = {}
    for row, serial in enumerate(assembly.frame["serial"].tolist()):
        if isinstance(serial, str):
            found.setdefault(serial, []).append(row)
    return found

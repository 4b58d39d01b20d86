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
_REFUSED = "not_accepted"


def from_tables(instrument: Instrument, tables: Sequence[TableFile]) -> Assembly:
    """Rows of all tables; an exact repetition of a row in a later file is the same record.

    Whether it was accepted on its platform is what the latest of those files says.
    """
    frames: list[pd.DataFrame] = []
    reasons_of: dict[tuple[int, str], list[str]] = {}
    refused: set[tuple[int, str]] = set()
    for number, table in enumerate(tables):
        frames.append(table.responses.frame.assign(_file=number))
        for problem in table.responses.problems:
            if problem.record_id is not None and problem.code in _HOLDING:
                reasons_of.setdefault((number, problem.record_id), []).append(problem.code)
            elif problem.record_id is not None and problem.code == _REFUSED:
                refused.add((number, problem.record_id))
    frame = aligned(frames, instrument)
    about = [column for column in frame.columns if column != "_file"]
    latest = frame.groupby("record_id")["_file"].max().to_dict() if refused else {}
    again = frame.duplicated(subset=about)
    if again.any():
        frame = frame[~again].reset_index(drop=True)
    repeated = frame["record_id"].duplicated(keep=False).to_numpy()
    count = frame.groupby("record_id").cumcount().to_numpy()
    old = frame["record_id"].tolist()
    if count.any():
        frame["record_id"] = pd.Series(
            [f"{r}@{n + 1}" if n else r for r, n in zip(old, count, strict=True)], dtype="str"
        )
    files = frame.pop("_file").astype("int64").tolist()
    reasons = []
    for row, (number, record) in enumerate(zip(files, old, strict=True)):
        found = list(dict.fromkeys(reasons_of.get((number, record), []))) if reasons_of else []
        if repeated[row] and "duplicate_record_id" not in found:
            found.append("duplicate_record_id")
        if latest and (latest[record], record) in refused:
            found.append(_REFUSED)
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
    columns = {item.id: number for number, item in enumerate(instrument.items)}
    doubted = [
        (number, problem.record_id or "", columns[problem.item])
        for number, table in enumerate(tables)
        for problem in table.responses.problems
        if problem.code == "off_scale" and problem.item in columns
    ]
    named = {(number, record) for number, record, _ in doubted}
    rows = enumerate(zip(files, records, strict=True)) if named else ()
    where = {key: row for row, key in rows if key in named}
    for number, record, column in doubted:
        row = where.get((number, record))
        if row is not None:
            assembly.unread[row, column] = True


def rows_by_serial(assembly: Assembly) -> Mapping[str, list[int]]:
    """Serial -> the rows that name it."""
    found: dict[str, list[int]] = {}
    for row, serial in enumerate(assembly.frame["serial"].tolist()):
        if isinstance(serial, str):
            found.setdefault(serial, []).append(row)
    return found

"""Pages and tables put together to records. Pure.

A sheet of paper is a record; a row of a table is a record; a row that names the serial of
a scanned sheet is the same record, and its answers are compared with the paper. Whatever
keeps a record from being counted as it stands is a reason, kept with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from audit.intake._items import is_numeric
from audit.pipeline import signs
from audit.pipeline.agreement import check_serials, note_forms, page_findings, place_units
from audit.pipeline.assembly import Assembly, TableFile, aligned, answer_text
from audit.pipeline.serials import SerialRanges
from audit.pipeline.sheets import PageRow, Sheet, sheets_of
from audit.pipeline.table_rows import from_tables, rows_by_serial
from detectors.instrument import Instrument

__all__ = ["assemble"]

_NOT_READ = {"unreadable": "page_unreadable", "not_checked": "page_not_checked"}


def assemble(
    instrument: Instrument,
    pages: Sequence[PageRow],
    tables: Sequence[TableFile],
    ranges: SerialRanges,
    units: frozenset[str],
) -> Assembly:
    """Put together what came in for one instrument.

    Args:
        instrument: The questionnaire.
        pages: In order of path and page.
        tables: In order of path.
        ranges: Custody's ranges of serials.
        units: Units of the round; a record of another is kept and not scored.
    """
    assembly = from_tables(instrument, tables)
    by_serial = rows_by_serial(assembly)
    sheets = sheets_of(pages, instrument)
    rows: list[dict[str, Any]] = []
    owners: list[Sheet] = []
    for sheet in sheets:
        row = by_serial.get(sheet.serial or "", [])
        if sheet.number == 1 and len(row) == 1:
            _attach(assembly, row[0], sheet, instrument)
        else:
            rows.append(_sheet_row(sheet, instrument))
            owners.append(sheet)
    start = len(assembly.frame)
    assembly = _append(assembly, instrument, rows)
    for offset, sheet in enumerate(owners):
        _fill(assembly, start + offset, sheet, instrument)
    names = {sheet.name: row for row, sheet in enumerate(owners, start=start)}
    check_serials(assembly, sheets, by_serial, names)
    place_units(assembly, ranges, units, sheets)
    page_findings(assembly, pages)
    note_forms(assembly, sheets, by_serial)
    return assembly


def _sheet_row(sheet: Sheet, instrument: Instrument) -> dict[str, Any]:
    row: dict[str, Any] = {"record_id": sheet.name, "channel": "paper", "serial": sheet.serial}
    row["unit_id"] = next((page.unit for page in sheet.pages if page.unit), None)
    for item in instrument.items:
        values = _values(sheet, item.id)
        if len(values) == 1:
            row[item.id] = values[0] if is_numeric(item) else str(values[0])
    return row


def _values(sheet: Sheet, item: str) -> tuple[Any, ...]:
    return tuple(v for page in sheet.pages for v in page.answers.get(item, ()))


def _append(
    assembly: Assembly, instrument: Instrument, rows: Sequence[Mapping[str, Any]]
) -> Assembly:
    if not rows:
        return assembly
    extra = aligned([pd.DataFrame(list(rows)).assign(_file=0)], instrument).drop(columns="_file")
    size = len(extra)
    blank = np.zeros((size, len(instrument.items)), dtype=np.bool_)
    taken = set(assembly.frame["record_id"])
    names = [f"{n}@scan" if n in taken else n for n in extra["record_id"].tolist()]
    extra["record_id"] = pd.Series(names, dtype="str")
    frame = extra if assembly.frame.empty else pd.concat([assembly.frame, extra])
    return dataclasses.replace(
        assembly,
        frame=frame.reset_index(drop=True),
        source=assembly.source + ["scan"] * size,
        file_id=[*assembly.file_id, *([None] * size)],
        reasons=[*assembly.reasons, *([] for _ in range(size))],
        pages=[*assembly.pages, *([] for _ in range(size))],
        flagged=assembly.flagged + [False] * size,
        unread=np.vstack([assembly.unread, blank]),
    )


def _fill(assembly: Assembly, row: int, sheet: Sheet, instrument: Instrument) -> None:
    """What only the paper knows: pages, unreadable places, several marks in one line."""
    assembly.pages[row] = [page.id for page in sheet.pages]
    assembly.flagged[row] = any(page.flagged for page in sheet.pages)
    assembly.file_id[row] = assembly.file_id[row] or sheet.pages[0].file_id
    reasons = [_NOT_READ.get(p.status, "page_not_judged") for p in sheet.pages if not p.judged]
    missing = set(sheet.missing(instrument))
    if missing and not reasons:
        reasons.append("page_missing")
    unclear = {item for page in sheet.pages for item in page.undetermined}
    for column, item in enumerate(instrument.items):
        several = _values(sheet, item.id)
        if len(several) > 1:
            assembly.multiple[row, item.id] = list(several)
        elif item.id in unclear or item.id in missing:
            assembly.unread[row, column] = True
    assembly.reasons[row] += [r for r in dict.fromkeys(reasons) if r not in assembly.reasons[row]]


def _attach(assembly: Assembly, row: int, sheet: Sheet, instrument: Instrument) -> None:
    """A table's row and the paper it was typed from: compare, and let the row stand."""
    assembly.source[row] = "both"
    assembly.pages[row] = [page.id for page in sheet.pages]
    assembly.flagged[row] = any(page.flagged for page in sheet.pages)
    record = str(assembly.frame["record_id"].iat[row])
    differing: list[tuple[str, str, str]] = []
    for item in instrument.items:
        paper: tuple[Any, ...] = _values(sheet, item.id)
        typed: Any = assembly.frame[item.id].iat[row]
        if len(paper) == 1 and not pd.isna(typed) and answer_text(typed) != answer_text(paper[0]):
            differing.append((item.id, answer_text(paper[0]), answer_text(typed)))
    reasons = [_NOT_READ.get(p.status, "page_not_judged") for p in sheet.pages if not p.judged]
    assembly.reasons[row] += [r for r in dict.fromkeys(reasons) if r not in assembly.reasons[row]]
    if differing:
        finding = signs.record_differs(record, sheet.serial or "", differing)
        assembly.findings.append((finding, sheet.pages[0].id))

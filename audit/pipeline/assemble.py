"""Pages and tables put together to records. Pure.

A sheet of paper is a record; a row of a table is a record; a row that names the serial of
a scanned sheet is the same record, and its answers are compared with the paper. Whatever
keeps a record from being counted as it stands is a reason, kept with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.intake._items import is_numeric
from audit.intake.tables import META_COLUMNS, TEXT_COLUMNS, TIME_COLUMNS, Responses
from audit.pipeline import signs
from audit.pipeline.serials import SerialRanges
from audit.pipeline.sheets import PageRow, Sheet, sheets_of
from detectors.finding import Finding
from detectors.instrument import Instrument

__all__ = ["Assembly", "TableFile", "answer_text", "assemble"]

# Of a table's problems these leave an answer, or the record itself, in doubt.
_HOLDING = frozenset({"off_scale", "duplicate_record_id", "no_record_id", "odd_row", "superseded"})
_NOT_READ = {"unreadable": "page_unreadable", "not_checked": "page_not_checked"}


@dataclass(frozen=True)
class TableFile:
    """One response table of the round.

    Attributes:
        file_id: Key of its file.
        path: Relative to the round.
        responses: What was read from it.
    """

    file_id: int
    path: str
    responses: Responses


@dataclass
class Assembly:
    """All records of one instrument, row by row.

    Attributes:
        frame: Contract columns and items; ``record_id`` unique, index 0 to n - 1.
        source: ``scan``, ``table`` or ``both``, a row.
        file_id: Key of the file that the row came from.
        reasons: Why a row cannot be counted as it stands; codes.
        pages: Page keys of each row.
        flagged: Whether a page of the row exceeds the accepted false-flag rate.
        unread: bool ``(n, items)``: given, or possibly given, but not readable.
        multiple: ``(row, item)`` -> the several values that are marked.
        findings: With the key of the page, if about one; ``record_id`` is set.
        forms: Sheets with a serial: ``serial, sheet, state, record_id, unit_id, batch``.
        stray: Pages with findings that belong to no record.
    """

    frame: pd.DataFrame
    source: list[str]
    file_id: list[int | None]
    reasons: list[list[str]]
    pages: list[list[int]]
    flagged: list[bool]
    unread: NDArray[np.bool_]
    multiple: dict[tuple[int, str], list[Any]] = field(default_factory=dict)
    findings: list[tuple[Finding, int | None]] = field(default_factory=list)
    forms: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def _cells(self) -> Mapping[str, list[Any]]:
        """Columns as lists, which are read cell by cell ten times as fast."""
        return {str(name): self.frame[name].tolist() for name in self.frame.columns}

    def answers(self, row: int, instrument: Instrument) -> Iterator[tuple[str, str, str | None]]:
        """``(item, state, value)`` of every item that is not simply blank."""
        for column, item in enumerate(instrument.items):
            several = self.multiple.get((row, item.id))
            value = self._cells[item.id][row]
            if several is not None:
                yield item.id, "multiple", ";".join(str(v) for v in several)
            elif value is not None and value == value:  # not NaN
                text = answer_text(value)
                missing = item.not_applicable is not None and text == answer_text(
                    item.not_applicable
                )
                yield item.id, "not_applicable" if missing else "answered", text
            elif self.unread[row, column]:
                yield item.id, "undetermined", None


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
    assembly = _from_tables(instrument, tables)
    by_serial = _rows_by_serial(assembly)
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
    _check_serials(assembly, sheets, by_serial, names)
    _place_units(assembly, ranges, units, sheets)
    _page_findings(assembly, pages)
    _note_forms(assembly, sheets, by_serial)
    return assembly


def _from_tables(instrument: Instrument, tables: Sequence[TableFile]) -> Assembly:
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
    frame = _aligned(frames, instrument)
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


def _aligned(frames: Sequence[pd.DataFrame], instrument: Instrument) -> pd.DataFrame:
    """One frame with every contract column and item, typed alike however many rows."""
    columns = [*META_COLUMNS, *(item.id for item in instrument.items)]
    files = any("_file" in frame for frame in frames)
    data: dict[str, Any] = {}
    types = _types(instrument)
    for name in [*columns, *(["_file"] if files or not frames else [])]:
        parts = [
            frame[name] if name in frame else pd.Series([None] * len(frame)) for frame in frames
        ]
        cells = [cell for part in parts for cell in part.tolist()]
        kind = types.get(name, "int64")
        if kind == "str":
            cells = [None if pd.isna(cell) else cell for cell in cells]
        data[name] = pd.Series(cells, dtype=kind)
    return pd.DataFrame(data)


def _types(instrument: Instrument) -> Mapping[str, str]:
    types = dict.fromkeys(TEXT_COLUMNS, "str") | dict.fromkeys(TIME_COLUMNS, "datetime64[us]")
    types["assisted"] = "boolean"
    for item in instrument.items:
        types[item.id] = "float64" if is_numeric(item) else "str"
    return types


def _rows_by_serial(assembly: Assembly) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, serial in enumerate(assembly.frame["serial"].tolist()):
        if isinstance(serial, str):
            found.setdefault(serial, []).append(row)
    return found


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
    extra = _aligned([pd.DataFrame(list(rows)).assign(_file=0)], instrument).drop(columns="_file")
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


def _check_serials(
    assembly: Assembly,
    sheets: Sequence[Sheet],
    by_serial: Mapping[str, list[int]],
    names: Mapping[str, int],
) -> None:
    """One serial on several sheets, or in several rows: a sign on each of them."""
    groups: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        if sheet.serial is not None:
            groups.setdefault(sheet.serial, []).append(sheet)
    for serial, members in sorted(groups.items()):
        same_files = len({tuple(sorted({p.sha256 for p in m.pages})) for m in members}) == 1
        if len(members) > 1 and not same_files:
            rows = [names.get(m.name, _first(by_serial.get(serial, ()))) for m in members]
            places = [f"{m.pages[0].path}#{m.pages[0].page}" for m in members]
            for row, place, member in zip(rows, places, members, strict=True):
                if row is not None:
                    record = str(assembly.frame["record_id"].iat[row])
                    others = tuple(p for p in places if p != place)
                    finding = signs.serial_reused(record, serial, others)
                    assembly.findings.append((finding, member.pages[0].id))
    for serial, rows_ in sorted(by_serial.items()):
        if len(rows_) > 1:
            ids = [str(assembly.frame["record_id"].iat[row]) for row in rows_]
            for record in ids:
                others = tuple(other for other in ids if other != record)
                assembly.findings.append((signs.serial_reused(record, serial, others), None))


def _place_units(
    assembly: Assembly, ranges: SerialRanges, units: frozenset[str], sheets: Sequence[Sheet]
) -> None:
    """Unit and batch by custody, else as the folder or the table says; compare the two."""
    frame = assembly.frame
    serials, said = frame["serial"].tolist(), frame["unit_id"].tolist()
    batches = frame["batch"].tolist()
    folder = {s.serial: p.unit for s in sheets if s.serial for p in s.pages if p.unit}
    for row, serial in enumerate(serials):
        unit = said[row] if isinstance(said[row], str) else None
        if isinstance(serial, str) and ranges:
            issued = ranges.find(serial)
            record, page = str(frame["record_id"].iat[row]), _first(assembly.pages[row])
            if issued is None:
                assembly.findings.append((signs.not_issued(record, serial), page))
            else:
                claimed = unit or folder.get(serial)
                if claimed and issued.unit_id and claimed != issued.unit_id:
                    finding = signs.unit_differs(record, serial, issued.unit_id, claimed)
                    assembly.findings.append((finding, page))
                said[row] = unit = issued.unit_id or unit
                batches[row] = batches[row] if isinstance(batches[row], str) else issued.batch
        if unit is None or unit not in units:
            assembly.reasons[row].append("unknown_unit")
    blank = [None if not isinstance(v, str) else v for v in said]
    frame["unit_id"] = pd.Series(blank, dtype="str")
    frame["batch"] = pd.Series([b if isinstance(b, str) else None for b in batches], dtype="str")


def _page_findings(assembly: Assembly, pages: Sequence[PageRow]) -> None:
    owner = {page: row for row, numbers in enumerate(assembly.pages) for page in numbers}
    ids, units = assembly.frame["record_id"].tolist(), assembly.frame["unit_id"].tolist()
    for page in pages:
        row = owner.get(page.id)
        for finding in page.findings:
            if row is not None:
                unit = units[row] if isinstance(units[row], str) else None
                finding = dataclasses.replace(finding, record_id=ids[row], unit_id=unit)
            assembly.findings.append((finding, page.id))


def _note_forms(
    assembly: Assembly, sheets: Sequence[Sheet], by_serial: Mapping[str, list[int]]
) -> None:
    owner = {page: row for row, numbers in enumerate(assembly.pages) for page in numbers}
    counts: dict[str, int] = {}
    for sheet in sheets:
        if sheet.serial is not None:
            counts[sheet.serial] = counts.get(sheet.serial, 0) + 1
    for sheet in sheets:
        if sheet.serial is None:
            continue
        row = owner[sheet.pages[0].id]
        read = sum(page.status == "read" for page in sheet.pages)
        state = "read" if read == len(sheet.pages) else "partly_read" if read else "not_read"
        if counts[sheet.serial] > 1 or len(by_serial.get(sheet.serial, ())) > 1:
            state = "conflict"
        frame = assembly.frame
        assembly.forms.append(
            {
                "serial": sheet.serial,
                "sheet": sheet.number,
                "state": state,
                "record_id": frame["record_id"].iat[row],
                "unit_id": frame["unit_id"].iat[row],
                "batch": frame["batch"].iat[row],
            }
        )


def _first(numbers: Sequence[int]) -> int | None:
    return numbers[0] if numbers else None


def answer_text(value: Any) -> str:
    """An answer as it is stored: a whole number without a decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)

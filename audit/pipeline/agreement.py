"""Where records, sheets and custody do not agree: signs on each of them, and their unit. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import pandas as pd

from audit.pipeline import signs
from audit.pipeline.assembly import Assembly
from audit.pipeline.serials import SerialRanges
from audit.pipeline.sheets import PageRow, Sheet

__all__ = ["check_serials", "note_forms", "page_findings", "place_units"]


def check_serials(
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


def place_units(
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


def page_findings(assembly: Assembly, pages: Sequence[PageRow]) -> None:
    """Put what was found on pages under the record that each page belongs to."""
    if not pages:
        return
    owner = {page: row for row, numbers in enumerate(assembly.pages) for page in numbers}
    ids, units = assembly.frame["record_id"].tolist(), assembly.frame["unit_id"].tolist()
    for page in pages:
        row = owner.get(page.id)
        for finding in page.findings:
            if row is not None:
                unit = units[row] if isinstance(units[row], str) else None
                finding = dataclasses.replace(finding, record_id=ids[row], unit_id=unit)
            assembly.findings.append((finding, page.id))


def note_forms(
    assembly: Assembly, sheets: Sequence[Sheet], by_serial: Mapping[str, list[int]]
) -> None:
    """Note every sheet with a serial, for the balance of custody."""
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

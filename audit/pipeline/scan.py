"""From scans to stored pages: each file judged alone and stored, then all compared.

A file is one transaction: what a crash leaves is whole files, and the next run goes on
with the others. New pages are compared with all stored ones by their fingerprints, and
it makes no difference in how many nights they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.pipeline.alike import findings_among, measure_new
from audit.pipeline.plan import FileWork
from audit.pipeline.tools import Tools
from audit.settings import Settings
from audit.store import Store
from audit.store.pages import Files, Pages
from audit.store.rows import plain
from audit.store.schema import key_of
from audit.trail.acts import Action
from detectors.finding import Finding
from detectors.instrument import Instrument
from scans.unjudged import of_the_page_alone

if TYPE_CHECKING:
    import sqlalchemy as sa

    from scans.page import PageOutcome

__all__ = ["PaperForm", "compare", "judge"]

_ONLY_READ = (
    *("form_page", "serial", "suspicion_alone", "suspicion", "flagged", "severity"),
    *("scan_class", "residual_mm"),
)


@dataclass(frozen=True)
class PaperForm:
    """An instrument with paper pages, and the reference for its scans."""

    instrument: Instrument
    reference: Path | None


def judge(
    store: Store,
    settings: Settings,
    forms: Sequence[PaperForm],
    work: Sequence[FileWork],
    where: Mapping[int, Path],
    tools: Tools,
    *,
    fetch: str | None = None,
) -> int:
    """Judge the files of ``work`` and store them one by one.

    Args:
        store: Of the round.
        settings: Of the round.
        forms: Tried in turn; a page belongs to the first that reads it.
        work: What is to be done.
        where: File key -> a path on this machine with that content, or its name in ``fetch``.
        tools: The checks.
        fetch: The bucket that workers fetch files from, by their hashes.

    Returns:
        The number of pages stored.
    """
    by_path = {str(where[item.file_id]): item for item in work}
    waiting = list(work)
    earlier: dict[int, dict[int, tuple[Instrument, PageOutcome]]] = {}
    stored = 0
    for number, form in enumerate(forms):
        last = number == len(forms) - 1
        outcomes = tools.judge_pages(
            [where[item.file_id] for item in waiting],
            form.instrument,
            reference=form.reference,
            jobs=1 if settings.engine.kind == "serial" else settings.jobs or _cores(),
            false_flag_rate=settings.false_flag_rate,
            cluster=settings.engine.address,
            fetch=fetch,
        )
        seen: set[int] = set()
        files = _by_file(outcomes, by_path)
        label = f"pages · {form.instrument.id}"
        for item, pages in tools.progress(files, label, len(waiting)):
            seen.add(item.file_id)
            known = earlier.pop(item.file_id, {})
            for outcome in pages:
                page = outcome.result.origin.page
                if page not in known or outcome.result.status.value == "read":
                    known[page] = (form.instrument, outcome)
            whole = all(outcome.result.status.value == "read" for _, outcome in known.values())
            if whole or last:
                stored += _store(store, settings.round.id, item, known, tools)
            else:
                earlier[item.file_id] = known
        for item in waiting:
            if item.file_id not in seen and last:
                stored += _store(store, settings.round.id, item, {}, tools)
        waiting = [item for item in waiting if item.file_id in earlier or item.file_id not in seen]
    return stored


def _cores() -> int:
    import os

    return max(1, len(os.sched_getaffinity(0)))


def _by_file(
    outcomes: Iterable[PageOutcome], by_path: Mapping[str, FileWork]
) -> Iterator[tuple[FileWork, list[PageOutcome]]]:
    for path, pages in groupby(outcomes, key=lambda outcome: outcome.result.origin.path):
        item = by_path.get(path)
        if item is not None:
            yield item, list(pages)


def _store(
    store: Store,
    round_id: str,
    item: FileWork,
    pages: Mapping[int, tuple[Instrument, PageOutcome]],
    tools: Tools,
) -> int:
    rows, marks, prints = [], [], []
    for _, (instrument, outcome) in sorted(pages.items()):
        row = _page_row(item, instrument, outcome, round_id)
        rows.append(row)
        if row["status"] != "read":
            continue
        marks += _mark_rows(row["id"], outcome)
        if outcome.fingerprint is not None:
            from audit.pipeline.prints import pack

            prints.append({"page_id": row["id"], "data": pack(outcome.fingerprint)})
    if not rows:
        rows.append(_no_page(item, round_id))
    with store.writing(tools.act(Action.PAGES, item.path)) as connection:
        Pages(connection, round_id).replace(item.file_id, rows, marks, prints)
        reasons = [row["reason"] for row in rows if row["status"] == "not_checked"]
        Files(connection, round_id).set_reason(item.file_id, reasons[0] if reasons else None)
    not_read = sum(row["status"] != "read" for row in rows)
    tools.log("file.judged", sha256=item.sha256, pages=len(rows), not_read=not_read)
    return len(rows)


def _page_row(
    item: FileWork, instrument: Instrument, outcome: PageOutcome, round_id: str
) -> dict[str, Any]:
    result = outcome.result
    row = {
        "id": key_of("page", round_id, item.path, item.sha256, result.origin.page),
        "file_id": item.file_id,
        "instrument_id": instrument.id,
        "page": result.origin.page,
        "form_page": result.form_page,
        "status": result.status.value,
        "reason": result.reason,
        "serial": result.serial,
        "suspicion_alone": result.suspicion,
        "suspicion": result.suspicion,
        "flagged": result.flagged,
        "severity": None if result.severity is None else result.severity.value,
        "scan_class": None if result.scan_class is None else result.scan_class.value,
        "residual_mm": result.residual_mm,
        "not_assessable": dict(result.not_assessable),
        "quality": dict(result.quality),
        "findings": [finding.to_json() for finding in result.findings],
        "matches": [],
        "work_key": item.work_key,
    }
    if result.status.value != "read" and result.reason is not None:
        # A reason names the file as the run saw it; the round names it the same everywhere.
        row["reason"] = result.reason.replace(result.origin.path, item.path)
    if result.origin.sha256 not in (item.sha256, "0" * 64):
        row |= {"status": "not_checked", "reason": f"{item.path}: changed while it was read"}
        row |= {"suspicion": None, "suspicion_alone": None, "flagged": None, "severity": None}
        row |= {"findings": [], "work_key": "changed"}
    return {name: plain(value) for name, value in row.items()}


def _no_page(item: FileWork, round_id: str) -> dict[str, Any]:
    blank: dict[str, Any] = dict.fromkeys(_ONLY_READ)
    return blank | {
        "id": key_of("page", round_id, item.path, item.sha256, 1),
        "file_id": item.file_id,
        "instrument_id": "",
        "page": 1,
        "status": "not_checked",
        "reason": f"{item.path}: no page could be taken from the file",
        "not_assessable": {},
        "quality": {},
        "findings": [],
        "matches": [],
        "work_key": item.work_key,
    }


def _mark_rows(page_id: int, outcome: PageOutcome) -> list[dict[str, Any]]:
    return [
        {
            "page_id": page_id,
            "item": reading.item,
            "value": str(reading.value),
            "state": reading.state.value,
            "ink": float(reading.ink),
            "confidence": float(reading.confidence),
        }
        for reading in outcome.result.readings
    ]


def compare(store: Store, round_id: str, instrument: Instrument, rate: float, tools: Tools) -> int:
    """Compare new pages of an instrument with all earlier ones and store what was found.

    Returns:
        The number of pages that are like another.
    """
    measure_new(store, instrument.id, tools)
    found, missing = findings_among(store, round_id, instrument.id)
    with store.reading() as connection:
        rows = {row["id"]: row for row in Pages(connection, round_id).all(instrument.id)}
    missing = _with_other_print(rows, missing)
    updates = []
    for key, row in rows.items():
        if row["status"] != "read":
            continue
        signs, reasons = found.get(key, ()), missing.get(key, {})
        own = of_the_page_alone(row["not_assessable"])
        if not signs and not row["matches"] and own | reasons == row["not_assessable"]:
            continue
        fused = _fused(row, own, signs, reasons, rate)
        if any(row[name] != plain(value) for name, value in fused.items()):
            updates.append({"id": key, **fused})
    if updates:
        with store.writing(tools.act(Action.COMPARISON, instrument.id)) as connection:
            Pages(connection, round_id).save_fused(updates)
    return sum(key in rows for key in found)


def _with_other_print(
    rows: Mapping[int, sa.RowMapping], missing: Mapping[int, Mapping[str, str]]
) -> dict[int, dict[str, str]]:
    """What cannot be judged, with the sheets that were printed otherwise than their blank."""
    from scans.reprint import CHECK, OTHER_PRINT, Sheet, otherwise_printed

    found = {key: dict(reasons) for key, reasons in missing.items()}
    read = [row for row in rows.values() if row["status"] == "read"]
    sheets = [
        Sheet(row["path"], row["form_page"], [Finding.from_json(f) for f in row["findings"]])
        for row in read
    ]
    for i in otherwise_printed(sheets):
        found.setdefault(read[i]["id"], {})[CHECK] = OTHER_PRINT
    return found


def _fused(
    row: sa.RowMapping,
    own: Mapping[str, str],
    signs: Sequence[Finding],
    missing: Mapping[str, str],
    rate: float,
) -> dict[str, Any]:
    """What a page is among the others: flag and severity from all that was found on it."""
    from scans.judgement import among, fuse
    from scans.types import Origin, PageResult, Status

    origin = Origin(row["path"], row["sha256"], row["page"], "")
    suspicion = row["suspicion_alone"]
    alone = fuse(
        PageResult(origin, Status.READ, None, form_page=row["form_page"], not_assessable=own),
        [Finding.from_json(data) for data in row["findings"]],
        None if suspicion is None else 1.0 - suspicion,
        rate,
    )
    fused = among(alone, signs, missing, rate)
    return {
        "not_assessable": dict(fused.not_assessable),
        "matches": [finding.to_json() for finding in signs],
        "suspicion": fused.suspicion,
        "flagged": fused.flagged,
        "severity": None if fused.severity is None else fused.severity.value,
    }

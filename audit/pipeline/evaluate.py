"""From stored pages and tables to records, findings, cases and scores, instrument by instrument.

Everything here is worked out anew from what is stored and then laid over what was stored
before: rows that are equal are not touched, so that a second time adds nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa

from audit.intake.registers import units_at
from audit.judge.case import Case, by_subject, record_case, unit_case
from audit.pipeline.assemble import assemble
from audit.pipeline.assembly import Assembly, TableFile
from audit.pipeline.changes import changed_marks, table_of_changes
from audit.pipeline.corrected import corrected_frame
from audit.pipeline.serials import SerialRanges
from audit.pipeline.sheets import PageRow, read_answers
from audit.pipeline.tools import Screened, Tools
from audit.pseudonyms import SOURCES, Pseudonyms, load_keys
from audit.settings import Settings
from audit.store import Store
from audit.store.cases import Cases
from audit.store.evidence import Findings
from audit.store.pages import Pages
from audit.store.records import Records
from audit.store.remarks import Corrections
from audit.store.rows import Changes, plain
from audit.store.schema import key_of
from audit.trail.acts import Action
from audit.trail.canonical import answers_hash
from audit.trail.chain import describe
from detectors.circumstances import Circumstances
from detectors.finding import Finding
from detectors.instrument import Instrument

__all__ = ["Evaluated", "evaluate"]

_META = ("unit_id", "channel", "serial", "batch", "collector", "started_at", "submitted_at")
_TAIL = ("p_value", "q_value", "severity", "flagged", "not_testable")


@dataclass(frozen=True)
class Evaluated:
    """What came of one instrument.

    Attributes:
        records: Number of records.
        findings: Number of standing findings.
        cases: Number of cases.
        changes: Rows that changed.
    """

    records: int
    findings: int
    cases: int
    changes: Changes


def evaluate(
    store: Store,
    settings: Settings,
    instrument: Instrument,
    tables: Sequence[TableFile],
    units: pd.DataFrame,
    custody: pd.DataFrame | None,
    previous: pd.DataFrame | None,
    circumstances: Circumstances,
    run_id: str,
    tools: Tools,
) -> Evaluated:
    """Work out records, findings and cases of one instrument and store them at once.

    Args:
        store: Of the round.
        settings: Of the round.
        instrument: The questionnaire.
        tables: Its response tables, in order of path.
        units: All versions of the units.
        custody: The custody table, if there is one.
        previous: Responses of the round before, if there are any.
        circumstances: What is known of the collection beside the answers.
        run_id: The run.
        tools: The checks.
    """
    valid = units_at(units, settings.round.date_to)
    known = frozenset(valid["unit_id"])
    ranges = SerialRanges([] if custody is None else custody.to_dict("records"))
    pages = load_pages(store, settings, instrument, known)
    assembly = assemble(instrument, pages, tables, ranges, known)
    circumstances = dataclasses.replace(circumstances, changes=table_of_changes(assembly, pages))
    pseudonyms = _pseudonyms(assembly, settings, tools)
    if pseudonyms is not None:
        shared = pseudonyms.cover_names(circumstances.shared)
        circumstances = dataclasses.replace(circumstances, shared=shared)
    with store.reading() as connection:
        agreed = Corrections(connection, settings.round.id).agreed(instrument.id)
    screened = _screen(
        corrected_frame(assembly, instrument, agreed),
        instrument,
        valid,
        custody,
        previous,
        circumstances,
        settings,
        tools,
        pseudonyms,
    )
    findings = assembly.findings + _with_units(screened, assembly)
    cases = _cases(assembly, findings, screened, pages)
    with store.writing(tools.act(Action.EVIDENCE, instrument.id)) as connection:
        changes = _save_records(connection, settings.round.id, instrument, assembly)
        found = _save_evidence(
            connection, settings.round.id, instrument, screened, findings, run_id, tools
        )
        opened = Cases(connection, settings.round.id).save(instrument.id, cases, run_id)
        changes += found + opened
        describe(
            connection,
            after={
                "run": run_id,
                "findings": {"new": found.added, "withdrawn": found.removed},
                "cases": {"new": opened.added, "withdrawn": opened.removed},
            }
            | ({} if pseudonyms is None else {"identity_key": pseudonyms.key_id}),
        )
    return Evaluated(len(assembly.frame), len(findings), len(cases), changes)


def load_pages(
    store: Store, settings: Settings, instrument: Instrument, units: frozenset[str]
) -> list[PageRow]:
    """The stored pages of an instrument, in order of path and page."""
    with store.reading() as connection:
        repository = Pages(connection, settings.round.id)
        rows = repository.all(instrument.id)
        marks = repository.marks(instrument.id)
    inbox = settings.scans.as_posix().rstrip("/") + "/"
    pages = []
    for row in rows:
        answers, unclear = read_answers(marks.get(row["id"], []), instrument)
        folder = row["path"].removeprefix(inbox).split("/")
        signs = [Finding.from_json(data) for data in (*row["findings"], *row["matches"])]
        pages.append(
            PageRow(
                id=row["id"],
                file_id=row["file_id"],
                path=row["path"],
                sha256=row["sha256"],
                page=row["page"],
                form_page=row["form_page"],
                status=row["status"],
                reason=row["reason"],
                serial=row["serial"],
                flagged=bool(row["flagged"]),
                judged=row["flagged"] is not None,
                answers=answers,
                undetermined=unclear,
                findings=tuple(signs),
                unit=next((part for part in folder[:-1] if part in units), None),
                changes=changed_marks(marks.get(row["id"], []), instrument, signs),
            )
        )
    return pages


def _pseudonyms(assembly: Assembly, settings: Settings, tools: Tools) -> Pseudonyms | None:
    """The round's key, where any record names an account, a device or an address."""
    there = [c for c in SOURCES if c in assembly.frame and assembly.frame[c].notna().any()]
    if not there:
        return None
    ring = load_keys(settings.path(settings.identity_keys), tools.now())
    return None if ring is None else ring.of_round(settings.round.id)


def _screen(
    frame: pd.DataFrame,
    instrument: Instrument,
    units: pd.DataFrame,
    custody: pd.DataFrame | None,
    previous: pd.DataFrame | None,
    circumstances: Circumstances,
    settings: Settings,
    tools: Tools,
    pseudonyms: Pseudonyms | None,
) -> Screened | None:
    """The statistical checks on all records of known units that answered anything."""
    ratings = [item.id for item in instrument.ratings]
    answered = frame[ratings].notna().any(axis=1) if ratings else pd.Series(dtype=bool)
    chosen = frame[answered & frame["unit_id"].isin(units["unit_id"])] if ratings else frame[:0]
    if chosen.empty:
        return None
    period = (settings.round.date_from.isoformat(), settings.round.date_to.isoformat())
    # A column that nobody filled is a column that the round does not have.
    bare = [c for c in chosen.columns if c not in ratings and chosen[c].isna().all()]
    # No check sees whom an account or a device belongs to.
    chosen = chosen if pseudonyms is None else pseudonyms.cover(chosen)
    return tools.screen(
        chosen.drop(columns=bare).reset_index(drop=True),
        instrument,
        units=units,
        previous=previous,
        custody=custody,
        period=period,
        circumstances=circumstances,
        seed=settings.seed,
    )


def _with_units(screened: Screened | None, assembly: Assembly) -> list[tuple[Finding, int | None]]:
    """Findings of the table checks; each about a record knows its unit."""
    if screened is None:
        return []
    frame = assembly.frame
    units = dict(zip(frame["record_id"].tolist(), frame["unit_id"].tolist(), strict=True))
    found: list[tuple[Finding, int | None]] = []
    for finding in screened.findings:
        unit = units.get(finding.record_id) if finding.record_id else None
        if finding.unit_id is None and isinstance(unit, str):
            finding = dataclasses.replace(finding, unit_id=unit)
        found.append((finding, None))
    return found


def _cases(
    assembly: Assembly,
    findings: Sequence[tuple[Finding, int | None]],
    screened: Screened | None,
    pages: Sequence[PageRow],
) -> list[Case]:
    every = [finding for finding, _ in findings]
    of_record = by_subject(every, "record_id")
    of_unit = by_subject([f for f in every if f.record_id is None], "unit_id")
    tested = _tests(screened)
    cases: list[Case | None] = []
    for row, record in enumerate(assembly.frame["record_id"].tolist()):
        unit = assembly.frame["unit_id"].iat[row]
        reasons = [r for r in assembly.reasons[row] if r != "unknown_unit"]
        flagged = assembly.flagged[row] or bool(tested.get(record, {}).get("flagged"))
        signs = of_record.get(record, [])
        if signs or reasons or flagged:
            name = unit if isinstance(unit, str) else None
            cases.append(record_case(record, name, signs, reasons, flagged=flagged))
    cases += [unit_case(unit, signs) for unit, signs in sorted(of_unit.items())]
    owned = {page for numbers in assembly.pages for page in numbers}
    for page in pages:
        if page.id not in owned and page.findings:
            name = f"{page.path}#{page.page}"
            cases.append(
                record_case(name, page.unit, page.findings, (), flagged=False, subject="page")
            )
    return [case for case in cases if case is not None]


def _tests(screened: Screened | None) -> dict[str, dict[str, Any]]:
    if screened is None:
        return {}
    return {row["record_id"]: row for row in _test_rows(screened.records, ("record_id", "unit_id"))}


def _test_rows(frame: pd.DataFrame, head: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of a screen's table: the head, the tail, and one score a detector."""
    detectors = [c for c in frame.columns if c not in (*head, *_TAIL, "n", "value")]
    rows = []
    for record in frame.to_dict("records"):
        row: dict[str, Any] = {name: plain(record[name]) for name in (*head, *_TAIL)}
        row["severity"] = row["severity"] or None
        row["not_testable"] = row["not_testable"] or None
        row["detectors"] = {str(name): plain(record[name]) for name in detectors}
        for name in ("n", "value"):
            if name in record:
                row[name] = plain(record[name])
        rows.append(row)
    return rows


def _save_records(
    connection: sa.Connection, round_id: str, instrument: Instrument, assembly: Assembly
) -> Changes:
    repository = Records(connection, round_id, instrument.id)
    frame = assembly.frame
    meta = {name: frame[name].tolist() for name in (*_META, "assisted", "record_id")}
    rows: list[dict[str, Any]] = []
    position: dict[int, int] = {}
    for row in range(len(frame)):
        record = meta["record_id"][row]
        key = repository.key(record)
        position[key] = row
        stored = {name: plain(meta[name][row]) for name in (*_META, "assisted")}
        stored |= {
            "id": key,
            "round_id": round_id,
            "instrument_id": instrument.id,
            "record_id": record,
            "source": assembly.source[row],
            "file_id": assembly.file_id[row],
            "reasons": sorted(set(assembly.reasons[row])),
        }
        content = answers_hash(assembly.answers(row, instrument))
        fresh: dict[str, Any] = {"detectors": {}, "state": "held", **dict.fromkeys(_TAIL)}
        rows.append(stored | fresh | {"content": content})
    answers_of = _LazyAnswers(assembly, instrument, position)
    pages = {key: assembly.pages[row] for key, row in position.items() if assembly.pages[row]}
    changes = repository.save(rows, answers_of, pages)
    forms = [
        {
            **{name: plain(value) for name, value in form.items()},
            "id": key_of("form", round_id, instrument.id, form["serial"], form["sheet"]),
            "round_id": round_id,
            "instrument_id": instrument.id,
        }
        for form in assembly.forms
    ]
    return changes + repository.save_forms(forms)


class _LazyAnswers(Mapping[int, Sequence[Mapping[str, Any]]]):
    """Answers of a record when they are asked for: millions of them are never all in memory."""

    def __init__(
        self, assembly: Assembly, instrument: Instrument, position: Mapping[int, int]
    ) -> None:
        self._assembly, self._instrument, self._position = assembly, instrument, position

    def __getitem__(self, key: int) -> Sequence[Mapping[str, Any]]:
        found = self._assembly.answers(self._position[key], self._instrument)
        return [{"record": key, "item": i, "state": s, "value": v} for i, s, v in found]

    def __iter__(self) -> Any:
        return iter(self._position)

    def __len__(self) -> int:
        return len(self._position)


def _save_evidence(
    connection: sa.Connection,
    round_id: str,
    instrument: Instrument,
    screened: Screened | None,
    findings: Sequence[tuple[Finding, int | None]],
    run_id: str,
    tools: Tools,
) -> Changes:
    tests = _tests(screened)
    for row in tests.values():
        row.pop("unit_id")
        row.pop("record_id")
    Records(connection, round_id, instrument.id).save_tests(tests)
    repository = Findings(connection, round_id)
    units = [] if screened is None else _test_rows(screened.units, ("unit_id",))
    for unit in units:
        if unit["severity"] is None and unit["flagged"] is None:
            unit["flagged"] = False
    repository.save_unit_results(instrument.id, units)
    return repository.save(instrument.id, findings, run_id, tools.checks)

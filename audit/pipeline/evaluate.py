"""From stored pages and tables to records, findings, cases and scores, instrument by instrument.

Everything here is worked out anew from what is stored and then laid over what was stored
before: rows that are equal are not touched, so that a second time adds nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from audit.intake.registers import units_at
from audit.judge.case import Case, by_subject, record_case, unit_case
from audit.pipeline.assemble import assemble
from audit.pipeline.assembly import Assembly, TableFile
from audit.pipeline.changes import table_of_changes
from audit.pipeline.corrected import corrected_frame
from audit.pipeline.keep import save_evidence, save_records
from audit.pipeline.serials import SerialRanges
from audit.pipeline.sheets import PageRow
from audit.pipeline.stored_pages import load_pages
from audit.pipeline.tools import Screened, Tools
from audit.pseudonyms import SOURCES, Pseudonyms, load_keys
from audit.settings import Settings
from audit.store import Store
from audit.store.cases import Cases
from audit.store.remarks import Corrections
from audit.store.rows import Changes
from audit.trail.acts import Action
from audit.trail.chain import describe
from detectors.circumstances import Circumstances
from detectors.finding import Finding
from detectors.instrument import Instrument

__all__ = ["STEPS", "Evaluated", "evaluate"]

STEPS = 3
"""Of the work on one form: its records stand, are checked, are stored."""


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
    step: Callable[[], object] = lambda: None,
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
        step: Called after each of :data:`STEPS`.
    """
    valid = units_at(units, settings.round.date_to)
    known = frozenset(valid["unit_id"])
    ranges = SerialRanges([] if custody is None else custody.to_dict("records"))
    pages = load_pages(store, settings, instrument, known)
    assembly = assemble(instrument, pages, tables, ranges, known)
    circumstances = dataclasses.replace(circumstances, changes=table_of_changes(assembly, pages))
    pseudonyms = _pseudonyms(assembly, settings, tools)
    step()
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
    step()
    with store.writing(tools.act(Action.EVIDENCE, instrument.id)) as connection:
        round_id = settings.round.id
        changes = save_records(connection, round_id, instrument, assembly, screened)
        found = save_evidence(
            connection, round_id, instrument, screened, findings, run_id, tools.checks
        )
        opened = Cases(connection, round_id).save(instrument.id, cases, run_id)
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
    step()
    return Evaluated(len(assembly.frame), len(findings), len(cases), changes)


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
    if not ratings:
        return None
    answered = frame[ratings].notna().any(axis=1)
    tested = answered & frame["unit_id"].isin(units["unit_id"])
    # Where all are tested the frame stands as it is: nothing is copied.
    chosen = frame if tested.all() else frame[tested]
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
    about = {finding.record_id for finding in screened.findings if finding.record_id}
    ours = assembly.frame[assembly.frame["record_id"].isin(about)]
    units = dict(zip(ours["record_id"].tolist(), ours["unit_id"].tolist(), strict=True))
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
    told: set[str] = set()
    if screened is not None and len(screened.records):
        told = set(screened.records["record_id"][screened.records["flagged"].astype(bool)])
    cases: list[Case | None] = []
    names, units = assembly.frame["record_id"].tolist(), assembly.frame["unit_id"].tolist()
    for row, (record, unit) in enumerate(zip(names, units, strict=True)):
        reasons = [r for r in assembly.reasons[row] if r != "unknown_unit"]
        flagged = assembly.flagged[row] or record in told
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

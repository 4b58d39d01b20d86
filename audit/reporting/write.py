"""From the store to files: what ``report`` and the end of ``run`` write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.backchecking.results import report_of
from audit.desk.reasons import reason_text
from audit.pipeline.sources import RoundForm, load_forms
from audit.reporting.before import values_before
from audit.reporting.crops import crop_requests
from audit.reporting.data import RoundData, last_run, load
from audit.reporting.evidence import shown_findings
from audit.reporting.jobs import UnitJob, Written, given_up, write_job
from audit.reporting.journal import Journal
from audit.reporting.papers import (
    backcheck_of,
    comparison_of,
    explanation_of,
    held_of,
    minutes_of,
)
from audit.reporting.round import round_report
from audit.reporting.runs import runs_files, write_runs_page
from audit.reporting.unit import unit_report
from audit.scoring.rules import rules_at
from audit.settings import Settings
from audit.store import Store, open_store
from audit.trail.checkpoint import KEY_FILE, write_public
from audit.trail.keys import read_public
from detectors.errors import AccessError, AuditError, UsageError
from reports.documents import Paper
from reports.views import UnitReport
from reports.views.papers import Explanation, Minutes
from reports.write import write_paper, write_round

__all__ = ["DOCUMENTS", "write_round_reports"]

# Fewer units than this are not worth starting processes for.
_ALONE = 4

UNIT_DOCUMENTS = ("unit", "minutes", "explanation")
ROUND_DOCUMENTS = ("round", "held", "backcheck", "comparison")
DOCUMENTS = (*UNIT_DOCUMENTS, *ROUND_DOCUMENTS)
"""Kinds of documents: one a unit, and one a round."""

UNIT_DOCUMENTS_IN = frozenset({"units", "minutes", "explanation"})
"""Folders of documents that are about one unit."""

Progress = Callable[[Iterable[Any], str, int | None], Iterable[Any]]


def _silent(items: Iterable[Any], _label: str, _total: int | None) -> Iterable[Any]:
    return items


def write_round_reports(
    settings: Settings,
    *,
    units: Sequence[str] = (),
    languages: Sequence[str] = (),
    formats: Sequence[str] = ("html",),
    documents: Sequence[str] = ("unit", "round"),
    folder: Path | None = None,
    only_missing: bool = False,
    progress: Progress = _silent,
) -> list[Path]:
    """Write the report of the round and one a unit.

    Units are written by as many processes as the settings allow. What an interrupted call
    has finished is not written again by the next one on the same state of the store.

    Args:
        settings: Of the round.
        units: These units only; all of them if empty.
        languages: ``vi``, ``en``; the round's language first, then the other, if empty.
        formats: Of :data:`reports.files.FORMATS`.
        documents: Of :data:`DOCUMENTS`.
        folder: Where to; the round's folder of reports by default. With several
            instruments each has a folder of its own inside.
        only_missing: Do nothing where the index is there already.
        progress: Shows how far it is.

    Returns:
        What there is now, documents of the round first.

    Raises:
        UsageError: If a unit is not known, or the round has not run yet. Also where there is
            nothing yet that a document could tell, once all others are written.
        AccessError: If the folder cannot be written.
        WorkerDied: If a unit's report could not be made; the others are written.
    """
    chosen = tuple(languages) or (settings.language, "en" if settings.language == "vi" else "vi")
    target = folder or settings.path(settings.reports)
    if only_missing and any(target.rglob("index.html")):
        return []
    forms = load_forms(settings)
    written: list[Path] = []
    empty: list[UsageError] = []
    with open_store(settings.store_url, create=False) as store:
        for form in forms:
            data = _load(store, settings, form)
            _check_units(data, units)
            place = target / form.instrument.id if len(forms) > 1 else target
            # The page about the runs stands above the folders of several instruments.
            above = "../" if len(forms) > 1 else ""
            order = _Order(place, chosen, tuple(formats), tuple(documents), above)
            written += _write(store, data, order, units, progress, empty)
    if "round" in documents and "html" in formats:
        write_runs_page(settings, folder=target)
    _publish_key(settings, target)
    if empty:
        raise empty[0]
    return sorted(written, key=lambda path: path.parent.name in UNIT_DOCUMENTS_IN)


def _load(store: Store, settings: Settings, form: RoundForm) -> RoundData:
    programme = form.settings.programme
    rules = rules_at(settings.path(settings.rules), settings.round.date_to, programme)
    before = values_before(store, settings, form)
    with store.reading() as connection:
        run = last_run(connection, settings.round.id)
        if run is None:
            raise UsageError("this round has not been audited yet", remedy="use `survey-audit run`")
        return load(connection, settings, form, rules, run, before)


@dataclass(frozen=True, slots=True)
class _Order:
    """What is wanted, and where."""

    folder: Path
    languages: tuple[str, ...]
    formats: tuple[str, ...]
    documents: tuple[str, ...]
    above: str = ""


def _write(
    store: Store,
    data: RoundData,
    order: _Order,
    units: Sequence[str],
    progress: Progress,
    empty: list[UsageError],
) -> list[Path]:
    """One instrument's reports; documents without anything to tell are left out and told."""
    written = _write_units(data, order, units, progress)
    chosen = _chosen(data, units)
    for kind in order.documents:
        if kind == "round":
            written += write_round(
                order.folder,
                round_report(data),
                chosen,
                order.languages,
                order.formats,
                {code: order.above + name for code, name in runs_files(data.settings).items()},
            )
        elif kind in ROUND_DOCUMENTS:
            try:
                view = _paper(store, data, kind)
            except UsageError as error:
                empty.append(error)
                continue
            written += write_paper(order.folder, view, order.languages, order.formats)
    return written


def _chosen(data: RoundData, units: Sequence[str]) -> list[str]:
    """Units with a report: those that are asked for, or all that have records."""
    return [u for u in data.units if (u in units if units else data.records.get(u))]


def _write_units(
    data: RoundData, order: _Order, units: Sequence[str], progress: Progress
) -> list[Path]:
    kinds = tuple(kind for kind in order.documents if kind in UNIT_DOCUMENTS)
    chosen = _chosen(data, units) if kinds else []
    state = (data.run["id"], data.run["trail_head"], order.languages, order.formats, kinds)
    written: list[Path] = []
    failed: list[AuditError] = []
    with Journal(order.folder, state) as journal:
        done = journal.done()
        left = [unit for unit in chosen if unit not in done]
        jobs = (_job(data, unit, order, kinds) for unit in left)
        results = _run(jobs, data.settings, len(left))
        for result in progress(results, "writing reports", len(left)):
            if result.error is not None:
                failed.append(result.error)
                if isinstance(result.error, AccessError):
                    break
                continue
            journal.note(result.unit_id, result.paths)
            written += result.paths
        if failed:
            raise failed[0]
        journal.close()
    return [*(path for unit in chosen for path in done.get(unit, ())), *written]


def _paper(store: Store, data: RoundData, kind: str) -> Paper:
    """A document of the round that people act on."""
    if kind == "held":
        return held_of(data)
    if kind == "comparison":
        return comparison_of(data)
    with store.reading() as connection:
        return backcheck_of(data, report_of(connection, data.settings.round.id))


def _run(jobs: Iterator[UnitJob], settings: Settings, count: int) -> Iterator[Written]:
    from scans.workers import in_workers

    workers = min(settings.jobs or os.cpu_count() or 1, count)
    if workers < 2 or count < _ALONE:
        for job in jobs:
            yield from write_job(job)
    else:
        yield from in_workers(jobs, write_job, given_up, workers=workers)


def _job(data: RoundData, unit_id: str, order: _Order, kinds: Sequence[str]) -> UnitJob:
    views: list[UnitReport | Minutes | Explanation] = []
    for kind in kinds:
        if kind == "unit":
            views.append(unit_report(data, unit_id))
        elif kind == "minutes":
            views.append(minutes_of(data, unit_id, reason_text))
        else:
            views.append(explanation_of(data, unit_id))
    with_pictures = "unit" in kinds or "minutes" in kinds
    findings = shown_findings(data, data.records.get(unit_id, ())) if with_pictures else []
    return UnitJob(
        folder=order.folder,
        unit_id=unit_id,
        views=tuple(views),
        languages=order.languages,
        formats=order.formats,
        requests=crop_requests(data, findings),
        instrument=data.instrument,
    )


def _publish_key(settings: Settings, folder: Path) -> None:
    """Put the key that signs checkpoints beside the reports that their heads are printed on."""
    key = settings.path(settings.checkpoints) / KEY_FILE
    if key.is_file():
        write_public(folder / "trail-key.pem", read_public(key))


def _check_units(data: RoundData, units: Sequence[str]) -> None:
    for unit in units:
        if unit not in data.units:
            raise UsageError(
                f"there is no unit {unit} in the round", remedy="see `survey-audit export units`"
            )

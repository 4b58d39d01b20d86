"""From the store to files: what ``report`` and the end of ``run`` write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from audit.pipeline.sources import RoundForm, load_forms
from audit.reporting.before import values_before
from audit.reporting.crops import crop_requests
from audit.reporting.data import RoundData, last_run, load
from audit.reporting.evidence import shown_findings
from audit.reporting.jobs import UnitJob, Written, given_up, write_job
from audit.reporting.journal import Journal
from audit.reporting.round import round_report
from audit.reporting.unit import unit_report
from audit.scoring.rules import rules_at
from audit.settings import Settings
from audit.store import Store, open_store
from audit.trail.checkpoint import KEY_FILE, write_public
from audit.trail.keys import read_public
from detectors.errors import UsageError

__all__ = ["write_round_reports"]

# Fewer units than this are not worth starting processes for.
_ALONE = 4

Progress = Callable[[Iterable[Any], str, int | None], Iterable[Any]]


def _silent(items: Iterable[Any], _label: str, _total: int | None) -> Iterable[Any]:
    return items


def write_round_reports(
    settings: Settings,
    *,
    units: Sequence[str] = (),
    languages: Sequence[str] = (),
    formats: Sequence[str] = ("html",),
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
        folder: Where to; the round's folder of reports by default. With several
            instruments each has a folder of its own inside.
        only_missing: Do nothing where the index is there already.
        progress: Shows how far it is.

    Returns:
        What there is now, documents of the round first.

    Raises:
        UsageError: If a unit is not known, or the round has not run yet.
        AccessError: If the folder cannot be written.
        WorkerDied: If a unit's report could not be made; the others are written.
    """
    chosen = tuple(languages) or (settings.language, "en" if settings.language == "vi" else "vi")
    target = folder or settings.path(settings.reports)
    if only_missing and any(target.rglob("index.html")):
        return []
    forms = load_forms(settings)
    written: list[Path] = []
    with open_store(settings.store_url, create=False) as store:
        for form in forms:
            data = _load(store, settings, form)
            _check_units(data, units)
            place = target / form.instrument.id if len(forms) > 1 else target
            written += _write(data, place, units, chosen, tuple(formats), progress)
    _publish_key(settings, target)
    return sorted(written, key=lambda path: path.parent.name == "units")


def _load(store: Store, settings: Settings, form: RoundForm) -> RoundData:
    programme = form.settings.programme
    rules = rules_at(settings.path(settings.rules), settings.round.date_to, programme)
    before = values_before(store, settings, form)
    with store.reading() as connection:
        run = last_run(connection, settings.round.id)
        if run is None:
            raise UsageError("this round has not been audited yet", remedy="use `survey-audit run`")
        return load(connection, settings, form.instrument, rules, run, before)


def _write(
    data: RoundData,
    folder: Path,
    units: Sequence[str],
    languages: tuple[str, ...],
    formats: tuple[str, ...],
    progress: Progress,
) -> list[Path]:
    from reports.write import write_round

    chosen = [u for u in data.units if (u in units if units else data.records.get(u))]
    written: list[Path] = []
    failed: list[Written] = []
    with Journal(folder, (data.run["id"], data.run["trail_head"], languages, formats)) as journal:
        done = journal.done()
        jobs = (_job(data, unit, folder, languages, formats) for unit in chosen if unit not in done)
        ready = [path for unit in chosen for path in done.get(unit, ())]
        left = sum(unit not in done for unit in chosen)
        for result in progress(_run(jobs, data.settings, left), "writing reports", left):
            if result.error is not None:
                failed.append(result)
                continue
            journal.note(result.unit_id, result.paths)
            written += result.paths
        if failed and failed[0].error is not None:
            raise failed[0].error
        written += ready
        written += write_round(folder, round_report(data), chosen, languages, formats)
        journal.close()
    return written


def _run(jobs: Iterator[UnitJob], settings: Settings, count: int) -> Iterator[Written]:
    from scans.workers import in_workers

    workers = min(settings.jobs or os.cpu_count() or 1, count)
    if workers < 2 or count < _ALONE:
        for job in jobs:
            yield from write_job(job)
    else:
        yield from in_workers(jobs, write_job, given_up, workers=workers)


def _job(
    data: RoundData,
    unit_id: str,
    folder: Path,
    languages: tuple[str, ...],
    formats: tuple[str, ...],
) -> UnitJob:
    findings = shown_findings(data, data.records.get(unit_id, ()))
    return UnitJob(
        folder=folder,
        report=unit_report(data, unit_id),
        languages=languages,
        formats=formats,
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

"""Many files: decoded and judged in workers, compared with each other, told in order.

Results wait in a spool file until every page was compared with every other, so memory
holds fingerprints only. What a worker may use, and what becomes of a file that kills it:
:mod:`scans.workers`.
"""

from __future__ import annotations

import dataclasses
import pickle
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from detectors.errors import AuditError, InputError
from detectors.finding import Finding
from detectors.instrument import Instrument
from detectors.registry import Level, discover
from scans.fingerprint import Fingerprint
from scans.judgement import among
from scans.page import PageOutcome, check_page, failed_page
from scans.reference import Reference, load_reference
from scans.reprint import CHECK, OTHER_PRINT, Sheet, otherwise_printed
from scans.source import PageError, expand, read_pages, sha256_of
from scans.types import Origin, PageResult, Status
from scans.workers import WORKER_LIMITS, WorkerLimits, in_workers

__all__ = ["check_files", "given_up", "one_page", "page_files", "page_outcomes"]

_UNKNOWN_HASH = "0" * 64


def page_files(paths: Sequence[Path]) -> Iterator[Path | PageResult]:
    """Files to check, folders walked; what cannot be used comes as a page not checked."""
    seen: set[Path] = set()
    for path in paths:
        refused: list[AuditError] = []
        try:
            for file in expand([path], refuse=refused.append):
                if file.resolve() not in seen:
                    seen.add(file.resolve())
                    yield file
        except AuditError as error:
            yield _not_checked(path, error)
        for refusal in refused:
            yield _not_checked(Path(refusal.where or path), refusal)


def check_files(
    paths: Sequence[Path],
    instrument: Instrument,
    *,
    reference: Reference | Path | None = None,
    jobs: int = 0,
    false_flag_rate: float = 0.01,
    progress: Callable[[Iterator[PageOutcome]], Iterator[PageOutcome]] = lambda pages: pages,
) -> Iterator[PageResult]:
    """Check files and folders; results come in the order given, after all were compared.

    Args:
        paths: Files or folders.
        instrument: The form.
        reference: Honest distributions or a file of them; the built-in ones for ``None``.
        jobs: Worker processes; 0 works in this process, where a hostile file can do harm.
        false_flag_rate: Share of honest pages that may be flagged, in (0, 1).
        progress: Wraps the stream of pages, to show how far it is.

    Raises:
        InputError: If the reference or a blank page cannot be used.
    """
    honest = reference if isinstance(reference, Reference) else load_reference(reference)
    fingerprints: list[Fingerprint] = []
    rows: list[int] = []
    sheets: list[Sheet] = []
    with tempfile.TemporaryFile() as spool:
        count = 0
        outcomes = page_outcomes(
            paths, instrument, reference=honest, jobs=jobs, false_flag_rate=false_flag_rate
        )
        for outcome in progress(outcomes):
            if outcome.fingerprint is not None:
                fingerprints.append(outcome.fingerprint)
                rows.append(count)
                result = outcome.result
                sheets.append(Sheet(result.origin.path, result.form_page, result.findings))
            # Our own temporary file: what is read back below was written here.
            pickle.dump(outcome.result, spool)
            count += 1
        found, missing = _compared(fingerprints, rows)
        for i in otherwise_printed(sheets):
            missing[rows[i]][CHECK] = OTHER_PRINT
        spool.seek(0)
        for row in range(count):
            alone: PageResult = pickle.load(spool)
            yield among(alone, found[row], missing[row], false_flag_rate)


def one_page(outcome: PageOutcome, false_flag_rate: float) -> PageResult:
    """A page that nothing came with, as :func:`check_files` gives it."""
    if outcome.fingerprint is None:
        return outcome.result
    found, missing = _compared([outcome.fingerprint], [0])
    return among(outcome.result, found[0], missing[0], false_flag_rate)


def page_outcomes(
    paths: Sequence[Path],
    instrument: Instrument,
    *,
    reference: Reference | None,
    jobs: int = 0,
    false_flag_rate: float = 0.01,
    limits: WorkerLimits = WORKER_LIMITS,
) -> Iterator[PageOutcome]:
    """Every page judged alone, streaming, in the order of the files.

    Args:
        paths: Files or folders.
        instrument: The form.
        reference: Honest distributions; ``None`` to learn them.
        jobs: Worker processes; 0 works in this process, where a hostile file can do harm.
        false_flag_rate: Share of honest pages that may be flagged, in (0, 1).
        limits: What a worker may use.
    """
    files = page_files(paths)
    read = partial(_file_outcomes, instrument=instrument, reference=reference, rate=false_flag_rate)
    if jobs <= 0:
        for file in files:
            yield from read(file)
        return
    yield from in_workers(files, read, given_up, workers=jobs, limits=limits)


def _file_outcomes(
    file: Path | PageResult, instrument: Instrument, reference: Reference | None, rate: float
) -> Iterator[PageOutcome]:
    if isinstance(file, PageResult):
        yield PageOutcome(file)
        return
    try:
        for page in read_pages(file):
            if isinstance(page, PageError):
                yield failed_page(page)
            else:
                yield check_page(page, instrument, reference=reference, false_flag_rate=rate)
    except AuditError as error:
        yield PageOutcome(_not_checked(file, error))


def given_up(file: Path | PageResult, page: int, reason: str) -> PageOutcome:
    """What stands for a page, and all after it, of a file that could not be read."""
    error = InputError(
        reason,
        where=f"{file}, page {page}",
        remedy="scan the page again, or open and save it with another program",
    )
    result = _not_checked(Path(str(file)), error)
    origin = dataclasses.replace(result.origin, page=page)
    return PageOutcome(dataclasses.replace(result, origin=origin))


def _not_checked(path: Path, error: AuditError) -> PageResult:
    try:
        digest = sha256_of(path) if path.is_file() else _UNKNOWN_HASH
    except AuditError:
        digest = _UNKNOWN_HASH
    origin = Origin(str(path), digest, 1, "application/octet-stream")
    return PageResult(origin, Status.NOT_CHECKED, str(error))


def _compared(
    fingerprints: list[Fingerprint], rows: list[int]
) -> tuple[dict[int, list[Finding]], dict[int, dict[str, str]]]:
    """What the checks over pages given together find, and cannot judge, by row of the result."""
    found: dict[int, list[Finding]] = defaultdict(list)
    missing: dict[int, dict[str, str]] = defaultdict(dict)
    for check_id, check in discover(Level.PAGES).items():
        answer = check.assess(fingerprints)
        for finding in answer.findings:
            evidence = dict(finding.evidence)
            row = rows[evidence.pop("subject")]
            found[row].append(dataclasses.replace(finding, evidence=evidence))
        for place, reason in answer.not_assessable.items():
            missing[rows[place]][check_id] = reason
    return found, missing

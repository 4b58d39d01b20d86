"""The image checks as functions, for notebooks and other programs.

What the commands ``check`` and ``calibrate`` do, without their talk. An example with a
simulated sheet, so that it runs anywhere:

>>> import tempfile
>>> from pathlib import Path
>>> from scans.simulate.form import write_instrument
>>> from scans.simulate.page import simulate_page
>>> from scans.simulate.respondents import random_spec
>>> folder = tempfile.TemporaryDirectory()
>>> form = write_instrument("HL-01", Path(folder.name))
>>> sheet = simulate_page(random_spec("HL-01", 2, 3, profile="flatbed"), 3)
>>> scan = Path(folder.name) / f"scan{sheet.suffix}"
>>> _ = scan.write_bytes(sheet.data)

>>> from scans import check_page, page_object
>>> page = check_page(scan, form)
>>> page.status.value, page.form_page, page.flagged
('read', 2, False)
>>> sorted(page_object(page)["answers"])[:3]
['C1', 'C2', 'C3']
>>> folder.cleanup()
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from detectors.errors import InputError, UsageError
from detectors.instrument import Instrument, load_instrument
from scans.batch import check_files, one_page, page_outcomes
from scans.lines import page_object
from scans.page import PageOutcome, failed_page
from scans.page import check_page as _check_raw
from scans.reference import Reference, builtin_reference, load_reference
from scans.source import PageError, read_pages
from scans.types import PageResult, Status

__all__ = ["calibrate", "check_page", "check_pages", "page_object"]

AnyPath = str | Path


def check_page(
    path: AnyPath,
    instrument: Instrument | AnyPath,
    *,
    page: int = 1,
    reference: Reference | AnyPath | None = None,
    false_flag_rate: float = 0.01,
) -> PageResult:
    """Read and judge one page of a file, alone and in this process.

    For a page from somebody you do not trust use :func:`check_pages` with ``jobs``: its
    workers have limits of memory and time.

    Args:
        path: JPEG, PNG, TIFF or PDF.
        instrument: The form, or its TOML file.
        page: Which page of the file, from 1.
        reference: Honest distributions, or the file that ``calibrate`` wrote; the built-in
            ones for ``None``. What the file learned with other versions of the checks is left
            out, with a warning.
        false_flag_rate: Share of honest pages that may be flagged, in (0, 1).

    Returns:
        The page, judged or told why not; :func:`page_object` gives it as the contract's JSON.

    Raises:
        InputError: If the file, the instrument or the reference cannot be read, or the file
            has no such page.
        UsageError: If ``false_flag_rate`` or ``page`` is out of range.
    """
    if page < 1:
        raise UsageError("pages count from 1", remedy="give the page of the file, 1 for the first")
    _in_range(false_flag_rate)
    form, honest = _form(instrument), _honest(reference)
    for number, raw in enumerate(read_pages(Path(path)), start=1):
        if number == page:
            if isinstance(raw, PageError):
                return failed_page(raw).result
            rate = false_flag_rate
            outcome = _check_raw(raw, form, reference=honest, false_flag_rate=rate)
            return one_page(outcome, rate)
    raise InputError(f"it has no page {page}", where=str(path), remedy="pages count from 1")


def check_pages(
    paths: Iterable[AnyPath],
    instrument: Instrument | AnyPath,
    *,
    reference: Reference | AnyPath | None = None,
    jobs: int = 0,
    false_flag_rate: float = 0.01,
) -> Iterator[PageResult]:
    """Read and judge files and folders, and compare their pages with each other.

    Args:
        paths: Files or folders; what cannot be read comes as a page that was not checked.
        instrument: The form, or its TOML file.
        reference: As for :func:`check_page`.
        jobs: Worker processes with limits of memory and time; 0 works in this process.
        false_flag_rate: Share of honest pages that may be flagged, in (0, 1).

    Yields:
        Pages in the order given, once all have been compared; memory does not grow with
        their number.

    Raises:
        InputError: If the instrument or the reference cannot be read.
        UsageError: If ``false_flag_rate`` is out of range.
    """
    _in_range(false_flag_rate)
    return check_files(
        [Path(path) for path in paths],
        _form(instrument),
        reference=_honest(reference),
        jobs=jobs,
        false_flag_rate=false_flag_rate,
    )


def calibrate(
    paths: Iterable[AnyPath],
    instrument: Instrument | AnyPath,
    *,
    jobs: int = 0,
    source: Mapping[str, Any] | None = None,
    left_out: Callable[[PageResult], None] = lambda page: None,
    progress: Callable[[Iterator[PageOutcome]], Iterator[PageOutcome]] = lambda pages: pages,
) -> Reference:
    """Learn from pages believed honest how honest pages of this form and scanner score.

    Args:
        paths: Files or folders; pages that cannot be read as the form are left out.
        instrument: The form, or its TOML file.
        jobs: As for :func:`check_pages`.
        source: Kept with the reference: where the pages come from.
        left_out: Told of every page that could not be learnt from.
        progress: Wraps the stream of pages, to show how far it is.

    Returns:
        A reference for :func:`check_page`; ``to_json`` writes what ``calibrate`` writes. Its
        ``pages`` say how many pages of each scan class were learnt from.

    Raises:
        InputError: If no page can be read as this form.
    """
    form, learnt = _form(instrument), []
    files = [Path(path) for path in paths]
    for outcome in progress(page_outcomes(files, form, reference=None, jobs=jobs)):
        result = outcome.result
        if result.status is Status.READ and outcome.scores and result.scan_class is not None:
            learnt.append((result.scan_class, outcome.scores))
        else:
            left_out(result)
    if not learnt:
        raise InputError(
            "none of the pages could be read as this form",
            where=form.id,
            remedy="give honest pages of this very form",
        )
    return Reference.learn(learnt, fallback=builtin_reference(), source=source)


def _form(instrument: Instrument | AnyPath) -> Instrument:
    return instrument if isinstance(instrument, Instrument) else load_instrument(instrument)


def _honest(reference: Reference | AnyPath | None) -> Reference:
    if reference is None or isinstance(reference, Reference):
        return reference or builtin_reference()
    honest = load_reference(reference)
    if (old := honest.outdated_line(reference)) is not None:
        warnings.warn(old, stacklevel=3)
    return honest


def _in_range(rate: float) -> None:
    if not 0.0 < rate < 1.0:
        raise UsageError("false_flag_rate must lie between 0 and 1", remedy="e.g. 0.01")

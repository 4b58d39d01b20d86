"""``survey-audit check``: image checks on files, without any set-up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli._console import progress, table, talk
from audit.cli._output import output_text
from audit.defused import json_words
from detectors.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from detectors.instrument import Instrument
    from scans.page import PageOutcome
    from scans.types import PageResult

_FORMATS = ("json", "csv", "table")
_COLUMNS = (
    *("file", "page", "form_page", "status", "serial", "suspicion", "flagged", "severity"),
    *("findings", "not_assessable", "reason"),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    pages: Annotated[
        list[Path], typer.Argument(metavar="PAGE…", help="JPEG, PNG, TIFF, PDF or folders.")
    ],
    instrument: Annotated[Path, typer.Option("--instrument", "-i", help="The form (TOML).")],
    reference: Annotated[
        Path | None, typer.Option("--reference", help="Honest pages, from `calibrate`.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Worker processes.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here instead of the terminal.")
    ] = None,
    fmt: Annotated[str, typer.Option("--format", help="json, csv or table.")] = "json",
    false_flag_rate: Annotated[
        float,
        typer.Option("--false-flag-rate", help="Share of honest pages that may be flagged."),
    ] = 0.01,
    overlay: Annotated[
        Path | None,
        typer.Option(
            "--overlay", metavar="DIR", help="Draw the signs of each page into this folder."
        ),
    ] = None,
) -> ExitCode:
    """Look for signs of tampering on scanned pages; one JSON object a page, one a line."""
    if fmt not in _FORMATS:
        raise UsageError(f"--format {fmt} is not known", remedy="use json, csv or table")
    if not 0.0 < false_flag_rate < 1.0:
        raise UsageError("--false-flag-rate must lie between 0 and 1", remedy="e.g. 0.01")
    from detectors.instrument import load_instrument
    from scans.batch import check_files
    from scans.reference import load_reference
    from scans.worker import limit_worker

    limit_worker()
    form = load_instrument(instrument)
    honest = load_reference(reference)
    if reference is not None and (old := honest.outdated_line(reference)) is not None:
        talk(f"warning: {old}")

    def shown(outcomes: Iterator[PageOutcome]) -> Iterator[PageOutcome]:
        return progress(outcomes, "checking pages")

    results = check_files(
        pages,
        form,
        reference=honest,
        jobs=jobs,
        false_flag_rate=false_flag_rate,
        progress=shown,
    )
    if overlay is not None:
        results = _drawn(results, form, overlay)
    tally = _Tally()
    with output_text(output) as write:
        for line in _lines(tally.count(results), fmt):
            write(line)
    return tally.end()


def _drawn(results: Iterator[PageResult], form: Instrument, folder: Path) -> Iterator[PageResult]:
    """The same pages, with the signs of each drawn into ``folder`` as it passes."""
    from scans.overlay import write_overlay

    drawn = 0
    for result in results:
        place = write_overlay(result, form, folder)
        drawn += place is not None
        if place is None and result.findings:
            talk(f"{result.origin.path}, page {result.origin.page}: its signs could not be drawn")
        yield result
    talk(f"{drawn} pages with signs drawn -> {folder}")


def _lines(results: Iterator[PageResult], fmt: str) -> Iterator[str]:
    from scans.lines import page_object

    if fmt == "json":
        for result in results:
            yield json_words(page_object(result), allow_nan=False) + "\n"
        return
    rows = (_row(result) for result in results)
    if fmt == "table":
        yield table(_COLUMNS, rows) + "\n"
        return
    from audit.cli._csv import csv_line

    yield csv_line(_COLUMNS)
    for row in rows:
        yield csv_line(row)


def _row(result: PageResult) -> list[object]:
    from scans.lines import page_object

    page = page_object(result)
    findings = page["findings"]
    missing = page["not_assessable"]
    assert isinstance(findings, list)
    assert isinstance(missing, list)
    flat = dict(page)
    flat["findings"] = " ".join(sorted({f["detector"] for f in findings}))
    flat["not_assessable"] = " ".join(missing)
    # Where nothing was judged, "false" would read as clean.
    flat["flagged"] = "" if result.flagged is None else str(page["flagged"]).lower()
    return [flat[column] if flat[column] is not None else "" for column in _COLUMNS]


class _Tally:
    """Counts what a person wants to know at the end."""

    def __init__(self) -> None:
        self.read = self.flagged = self.unjudged = 0

    def count(self, results: Iterator[PageResult]) -> Iterator[PageResult]:
        from scans.lines import why_not_judged
        from scans.types import Status

        for result in results:
            if result.status is Status.READ and result.flagged is not None:
                self.read += 1
                self.flagged += result.flagged
            elif result.status is Status.READ:
                self.unjudged += 1
                place = f"{result.origin.path}, page {result.origin.page}"
                talk(f"{place}: read, but {why_not_judged(result)}")
            else:
                self.unjudged += 1
                place = f"{result.origin.path}, page {result.origin.page}"
                talk(f"{place}: {result.status.value} — {result.reason}")
            yield result

    def end(self) -> ExitCode:
        talk(
            f"{self.read + self.unjudged} pages: {self.read} read, {self.flagged} with signs to "
            f"look at, {self.unjudged} could not be judged"
        )
        return ExitCode.PARTLY_JUDGED if self.unjudged else ExitCode.DONE

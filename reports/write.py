"""Put the reports of a round into a folder: units one at a time, then the round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from detectors.errors import UsageError
from reports.documents import Paper, paper_document, round_document, unit_document
from reports.files import index_file, render, unit_file, write_file
from reports.views import RoundReport, UnitReport

__all__ = ["write_paper", "write_reports", "write_round", "write_unit"]


def write_reports(
    folder: Path,
    round_report: RoundReport,
    unit_reports: Iterable[UnitReport],
    languages: Sequence[str] = ("vi", "en"),
    formats: Sequence[str] = ("html",),
    *,
    progress: Callable[[int], None] | None = None,
) -> list[Path]:
    """Write one file a unit, language and format, then those of the round.

    Units are taken one at a time, so that memory does not grow with their number. The
    round is written last: while it is there, what it links to is there. The same views
    give the same bytes. The first language has ``index.html``.

    Args:
        folder: Made if it does not exist.
        round_report: The round.
        unit_reports: Its units; units without a report stay in the index without a link.
        languages: At least one of ``vi`` and ``en``.
        formats: Of :data:`reports.files.FORMATS`.
        progress: Called with the number of units written so far.

    Returns:
        The files written, in order.

    Raises:
        UsageError: If no language is given or one is not known.
        AccessError: If the folder or a file cannot be written.
    """
    if not languages:
        raise UsageError("no report language is given", remedy="choose vi, en or both")
    written: list[Path] = []
    units: list[str] = []
    for report in unit_reports:
        written += write_unit(folder, report, languages, formats)
        units.append(report.unit.id)
        if progress is not None:
            progress(len(units))
    return written + write_round(folder, round_report, units, languages, formats)


def write_unit(
    folder: Path, report: UnitReport, languages: Sequence[str], formats: Sequence[str]
) -> list[Path]:
    """The report of one unit."""
    written = []
    for language in languages:
        index = index_file(language, first=language == languages[0])
        document = unit_document(report, language, index_href=f"../{index}")
        for fmt in formats:
            path = folder / unit_file(report.unit.id, language, fmt)
            written.append(write_file(path, render(document, fmt)))
    return written


def write_paper(
    folder: Path,
    view: Paper,
    languages: Sequence[str],
    formats: Sequence[str],
    unit_id: str | None = None,
) -> list[Path]:
    """An official paper, of one unit or of the round."""
    written = []
    for language in languages:
        document = paper_document(view, language)
        for fmt in formats:
            kind = document.kind
            name = index_file(language, fmt, kind=kind)
            if unit_id is not None:
                name = unit_file(unit_id, language, fmt, kind)
            written.append(write_file(folder / name, render(document, fmt)))
    return written


def write_round(
    folder: Path,
    report: RoundReport,
    units: Sequence[str],
    languages: Sequence[str],
    formats: Sequence[str],
    runs: Mapping[str, str] | None = None,
) -> list[Path]:
    """The files of the round, with links to ``units`` where there are pages of them.

    ``runs`` are addresses of the page about the runs by language, where it is written, too.
    """
    written = []
    for fmt in formats:
        indexes = [
            (language, index_file(language, fmt, first=language == languages[0]))
            for language in languages
        ]
        for language, index in indexes:
            links = {unit: unit_file(unit, language) for unit in units} if fmt == "html" else {}
            about = (runs or {}).get(language) if fmt == "html" else None
            document = round_document(
                report, language, links=links, languages=indexes, runs_href=about
            )
            written.append(write_file(folder / index, render(document, fmt)))
    return written

"""Put the pages of a round into a folder, each whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from detectors.errors import AccessError, UsageError
from reports.html.round import render_round
from reports.html.unit import render_unit
from reports.views import RoundReport, UnitReport

__all__ = ["unit_file", "write_reports"]


def unit_file(unit_id: str, language: str) -> str:
    """Address of a unit's page, relative to the folder of the round.

    A readable part of the id and eight hex digits of its SHA-256, so that ids that differ
    only in case, accents or characters a file system refuses never share a file, and no id
    can name a place outside the folder.
    """
    plain = unicodedata.normalize("NFD", unit_id.replace("đ", "d").replace("Đ", "D"))
    readable = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode().lower())
    digest = hashlib.sha256(unit_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    stem = f"{readable.strip('-')[:40]}-{digest}".lstrip("-")
    return f"units/{stem}.{language}.html"


def write_reports(
    folder: Path,
    round_report: RoundReport,
    unit_reports: Iterable[UnitReport],
    languages: Sequence[str] = ("vi", "en"),
    *,
    progress: Callable[[int], None] | None = None,
) -> list[Path]:
    """Write one page a unit and language, then the index of the round.

    Units are taken one at a time, so that memory does not grow with their number. The
    index is written last: while it is there, what it links to is there. The same views
    give the same bytes. The first language has ``index.html``.

    Args:
        folder: Made if it does not exist.
        round_report: The round.
        unit_reports: Its units; units without a report stay in the index without a link.
        languages: At least one of ``vi`` and ``en``.
        progress: Called with the number of units written so far.

    Returns:
        The files written, in order.

    Raises:
        UsageError: If no language is given or one is not known.
        AccessError: If the folder or a file cannot be written.
    """
    if not languages:
        raise UsageError("no report language is given", remedy="choose vi, en or both")
    indexes = [
        (language, "index.html" if language == languages[0] else f"index.{language}.html")
        for language in languages
    ]
    written: list[Path] = []
    units: list[str] = []
    for report in unit_reports:
        for language, index in indexes:
            page = render_unit(report, language, index_href=f"../{index}")
            written.append(_write(folder / unit_file(report.unit.id, language), page))
        units.append(report.unit.id)
        if progress is not None:
            progress(len(units))
    for language, index in indexes:
        links = {unit: unit_file(unit, language) for unit in units}
        page = render_round(round_report, language, links=links, languages=indexes)
        written.append(_write(folder / index, page))
    return written


def _write(path: Path, page: str) -> Path:
    """Write beside the place, flush to the disk, and rename."""
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(page.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise AccessError(
            f"the report cannot be written ({error.strerror})",
            where=str(path),
            remedy="check the folder, its rights and the free space",
        ) from error
    return path

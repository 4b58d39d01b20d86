"""The page of runs, from the store and the manifests."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from audit.pipeline.verdict import not_judged
from audit.settings import Settings
from audit.store import open_store
from audit.store.results import Runs
from audit.trail.chain import covering_head
from audit.version import software_version

__all__ = ["runs_files", "write_runs_page"]

_RUNS = 60
_LINES = 200
_TOLD = ("phase", "seconds", "status", "instrument")


def runs_files(settings: Settings) -> dict[str, str]:
    """Name of the page in each language, that of the round first."""
    first, second = settings.language, "en" if settings.language == "vi" else "vi"
    return {first: "runs.html", second: f"runs.{second}.html"}


def write_runs_page(
    settings: Settings, *, folder: Path | None = None, only_missing: bool = False
) -> list[Path]:
    """Write ``runs.html`` in both languages beside the round's report.

    Args:
        settings: Of the round.
        folder: Where to; the round's folder of reports by default.
        only_missing: Do nothing where it is there already.

    Raises:
        AccessError: If the store cannot be reached, or the folder cannot be written.
    """
    from reports.documents.runs import runs_document
    from reports.files import render, write_file
    from reports.locale import load_text
    from reports.views.runs import RunsPage

    folder = folder or settings.path(settings.reports)
    if only_missing and (folder / "runs.html").is_file():
        return []
    with (
        open_store(settings.store_url, create=False) as store,
        store.reading() as connection,
    ):
        rows = [dict(row) for row in Runs(connection, settings.round.id).all()]
        lines = not_judged(connection, settings.round.id)
        head = covering_head(connection).hash.hex()
    zone = ZoneInfo(settings.timezone)
    titles: dict[str, str] = dict(settings.round.title.items())
    runs = tuple(_view(settings, row, zone) for row in reversed(rows[-_RUNS:]))
    names = runs_files(settings)
    first, second = names
    index = {first: "index.html", second: f"index.{second}.html"}
    written = []
    for language, other in ((first, second), (second, first)):
        words = load_text(language)
        page = RunsPage(
            round_id=settings.round.id,
            title=titles.get(language) or settings.round.id,
            software=software_version(),
            runs=runs,
            not_judged=tuple(lines[:_LINES]),
            more_not_judged=max(0, len(lines) - _LINES),
            trail_head=head,
        )
        crumbs = (
            (words("link.index"), index[language], None),
            (load_text(other)(f"language.{other}"), names[other], other),
        )
        content = render(runs_document(page, words, crumbs), "html")
        written.append(write_file(folder / names[language], content))
    return written


def _view(settings: Settings, row: dict[str, Any], zone: ZoneInfo) -> Any:
    from reports.views.runs import PhaseView, RunView

    manifest = _manifest(settings, row)
    phases = tuple(
        PhaseView(
            name=str(part["phase"]),
            seconds=float(part["seconds"]),
            done=part["status"] == "done",
            counts=tuple((k, v) for k, v in part.items() if k not in _TOLD and v),
        )
        for part in manifest.get("phases", ())
    )
    failures = Counter(str(entry["code"]) for entry in manifest.get("failures", ()))
    return RunView(
        run_id=row["id"],
        status=row["status"],
        exit_code=row["exit_code"],
        started=_moment(row["started_at"], zone),
        finished=None if row["finished_at"] is None else _moment(row["finished_at"], zone),
        phases=phases,
        counts=tuple(sorted((row["counts"] or {}).items())),
        failures=tuple(failures.most_common()),
        config=row["config_sha256"] or "",
        manifest=row["manifest_sha256"] or "",
    )


def _moment(text: str, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(zone)


def _manifest(settings: Settings, row: dict[str, Any]) -> dict[str, Any]:
    """What the manifest of a run says; nothing where it is missing or no manifest."""
    if not row["manifest"]:
        return {}
    try:
        text = (settings.path(settings.runs) / Path(row["manifest"]).name).read_text("utf-8")
        found = json.loads(text)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

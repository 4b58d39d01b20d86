"""``survey-audit report``: documents of the round and of its units."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli._console import say, talk
from audit.cli._round import HERE, Config, show
from detectors.errors import ExitCode, UsageError

_FORMATS = ("html", "pdf", "xlsx", "docx")
_DOCUMENTS = ("unit", "round", "minutes", "held", "explanation", "backcheck", "comparison")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report)


def report(
    units: Annotated[
        list[str] | None, typer.Argument(metavar="[UNIT]…", help="These units only.")
    ] = None,
    config: Config = HERE,
    language: Annotated[
        str | None, typer.Option("--language", help="vi or en; both if not given.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; the round's reports by default.")
    ] = None,
    fmt: Annotated[
        str, typer.Option("--format", help="html, pdf, xlsx, docx; several with commas.")
    ] = "html",
    document: Annotated[
        str,
        typer.Option(
            "--document",
            help="unit, round, minutes, held, explanation, backcheck, comparison; several "
            "with commas.",
        ),
    ] = "unit,round",
    jobs: Annotated[
        int | None, typer.Option("--jobs", help="Worker processes, 0 for one a core.", min=0)
    ] = None,
) -> ExitCode:
    """Write the anomaly report of each unit and the report of the round."""
    formats = _parts("--format", fmt, _FORMATS)
    documents = _parts("--document", document, _DOCUMENTS)
    if language not in (None, "vi", "en"):
        raise UsageError(f"--language {language} is not known", remedy="use vi or en")
    from audit.reporting import write_round_reports
    from audit.settings import load_settings

    settings = load_settings(config)
    if jobs is not None:
        settings = settings.model_copy(update={"jobs": jobs})
    languages = () if language is None else (language,)
    written = write_round_reports(
        settings,
        units=units or (),
        languages=languages,
        formats=formats,
        documents=documents,
        folder=output,
        progress=show,
    )
    for path in written:
        say(str(path))
    talk(f"{len(written)} files written")
    return ExitCode.DONE


def _parts(option: str, text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The parts of a list with commas, each of them known."""
    parts = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for part in parts:
        if part not in known:
            raise UsageError(f"{option} {part} is not known", remedy=f"use {', '.join(known)}")
    return parts

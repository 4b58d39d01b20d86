"""``survey-audit report``: pages of the round and of its units."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli._console import say
from audit.cli._round import HERE, Config
from detectors.errors import ExitCode, UsageError


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
    fmt: Annotated[str, typer.Option("--format", help="html.")] = "html",
) -> ExitCode:
    """Write the anomaly report of each unit and the index of the round."""
    if fmt != "html":
        raise UsageError(f"--format {fmt} is not known", remedy="use html")
    if language not in (None, "vi", "en"):
        raise UsageError(f"--language {language} is not known", remedy="use vi or en")
    from audit.reporting import write_round_reports
    from audit.settings import load_settings

    settings = load_settings(config)
    languages = () if language is None else (language,)
    for path in write_round_reports(
        settings, units=units or (), languages=languages, folder=output
    ):
        say(str(path))
    return ExitCode.DONE

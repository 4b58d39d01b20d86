"""``survey-audit export``: what is stored, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli._console import say, talk
from audit.cli._round import HERE, Config, now, open_round, person
from detectors.errors import ExitCode, UsageError

_WHAT = (
    *("records", "findings", "units", "scores", "decisions", "held", "custody", "runs"),
    *("backchecks", "breakdowns", "changes", "groups", "index", "published", "awards", "targets"),
    *("actions", "complaints"),
)
_FORMATS = ("csv", "xlsx", "parquet", "json")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    what: Annotated[str, typer.Argument(metavar="WHAT", help=", ".join(_WHAT))],
    config: Config = HERE,
    fmt: Annotated[str | None, typer.Option("--format", help="csv, xlsx, parquet or json.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File; CSV and JSON may go to the terminal."),
    ] = None,
) -> ExitCode:
    """Write a table of the round as CSV, XLSX, Parquet or JSON."""
    if what not in _WHAT:
        raise UsageError(f"there is nothing called {what}", remedy="use " + ", ".join(_WHAT))
    if fmt is None:
        ending = "" if output is None else output.suffix.lstrip(".").lower()
        fmt = ending if ending in _FORMATS else "csv"
    if fmt not in _FORMATS:
        raise UsageError(f"--format {fmt} is not known", remedy="use " + ", ".join(_FORMATS))
    if output is None and fmt in ("xlsx", "parquet"):
        raise UsageError(f"{fmt} cannot go to the terminal", remedy="name a file with --output")
    from audit.export import csv_text, json_text, shared_frame, write_frame
    from audit.export.record import Exported, record_export

    settings, store = open_round(config)
    with store:
        frame = shared_frame(store, settings, what)
        told = Exported(what, fmt, len(frame), "" if output is None else output.name)
        if output is None:
            text = (csv_text(frame) if fmt == "csv" else json_text(frame)).rstrip("\n")
            record_export(store, settings, told.of_text(text + "\n"), at=now(), actor=person())
            say(text)
            return ExitCode.DONE
        part = output.with_name(f".{output.name}.part")
        try:
            write_frame(frame, part, fmt)
            record_export(store, settings, told.of_file(part), at=now(), actor=person())
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)
    talk(f"{output}: {len(frame)} rows")
    return ExitCode.DONE

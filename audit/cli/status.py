"""``survey-audit status``: where a round stands."""

from __future__ import annotations

from typing import Annotated

import typer

from audit.cli._console import say, table, write_data
from audit.cli._round import HERE, Config, open_round
from audit.defused import json_words
from detectors.errors import ExitCode, UsageError, one_line


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(
    config: Config = HERE,
    fmt: Annotated[str, typer.Option("--format", help="table, json or prometheus.")] = "table",
) -> ExitCode:
    """Show the last run, what is held, and what could not be judged."""
    if fmt not in ("table", "json", "prometheus"):
        raise UsageError(f"--format {fmt} is not known", remedy="use table, json or prometheus")
    from audit.summary import summarise

    settings, store = open_round(config)
    with store:
        found = summarise(store, settings)
    if fmt == "json":
        say(json_words(found, indent=1))
        return ExitCode.DONE
    if fmt == "prometheus":
        from audit.metrics import prometheus_text

        write_data(prometheus_text(found))
        return ExitCode.DONE
    rows = [(name, value) for name, value in found.items() if not isinstance(value, list)]
    say(table(("", ""), rows))
    for line in found["not_judged"]:
        say(f"not judged: {one_line(line, 2_000)}")
    return ExitCode.DONE

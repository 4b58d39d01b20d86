"""``survey-audit pull``: new answers from survey platforms into the inbox."""

from __future__ import annotations

from typing import Annotated

import typer

from audit.cli._console import say, talk
from audit.cli._round import HERE, Config, now
from detectors.errors import ExitCode


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("pull")(pull)


def pull(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="These sources only.")
    ] = None,
    again: Annotated[  # noqa: FBT002 - a flag of the command line
        bool,
        typer.Option("--again", help="Everything, with what was edited or reviewed since."),
    ] = False,
    config: Config = HERE,
) -> ExitCode:
    """Fetch what is new on survey platforms into the inbox, where `run` takes it in."""
    from audit.pulling.pull import pull_sources
    from audit.settings import load_settings

    settings = load_settings(config)
    code = ExitCode.DONE
    for brought in pull_sources(settings, names or (), again=again, now=now):
        if brought.error is not None:
            talk(f"{brought.name}: {brought.error}")
            code = brought.error.exit_code
        elif brought.file is None:
            talk(f"{brought.name}: nothing new")
        else:
            talk(f"{brought.name}: {brought.rows} {'answers' if again else 'new answers'}")
            say(str(brought.file))
    return code

"""``survey-audit init``: a new round."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli._console import say, talk
from audit.cli._round import now
from detectors.errors import ExitCode


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the round will be kept.")],
) -> ExitCode:
    """Write a commented audit.toml, the rule set and the folders of a round."""
    from audit.template import make_round

    for path in make_round(folder, now().date()):
        say(str(path))
    talk(
        f"now put the units table in {folder / 'units.csv'}, the form in "
        f"{folder / 'instruments'}, and start with `survey-audit run --config "
        f"{folder / 'audit.toml'}`"
    )
    return ExitCode.DONE

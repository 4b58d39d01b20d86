"""``survey-audit backup``: store and originals together, into one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli._console import progress, say, talk
from audit.cli._round import HERE, Config, now, person
from detectors.errors import ExitCode


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backup")(backup)


def backup(
    config: Config = HERE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A .tar file, or a folder; backups/ by default."),
    ] = None,
) -> ExitCode:
    """Copy store, originals, manifests and settings into one archive; a run may be going on."""
    from audit.keeping.backup import back_up
    from audit.settings import load_settings

    settings = load_settings(config)
    target = settings.base / "backups" if output is None else output
    made = back_up(settings, target, now=now, actor=person(), progress=progress)
    for sha256 in made.left_out:
        talk(f"not in the backup, because it is missing or changed: original {sha256}")
    say(f"{made.path}: {made.files} files, {made.size} bytes")
    return ExitCode.TRAIL if made.left_out else ExitCode.DONE

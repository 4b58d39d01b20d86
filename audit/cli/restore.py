"""``survey-audit restore``: a backup in the place of a round."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli._console import progress, say, talk
from audit.cli._round import HERE, Config, now, person
from detectors.errors import ExitCode


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("restore")(restore)


def restore(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="What `backup` wrote.")],
    config: Config = HERE,
    force: Annotated[  # noqa: FBT002 - a flag of the command line
        bool,
        typer.Option("--force", help="Replace the store that is there; restore what has faults."),
    ] = False,
) -> ExitCode:
    """Check a backup, put it in its place, and tell the audit trail."""
    from audit.keeping.restore import restore as put_back

    done = put_back(archive, config, force=force, now=now, actor=person(), progress=progress)
    for line in done.faults:
        talk(f"does not verify: {line}")
    if done.set_aside is not None:
        talk(f"the store that was there is kept as {done.set_aside}")
    from audit.settings import load_settings

    settings = load_settings(config)
    gone = [str(p) for p in (settings.scans, settings.responses) if not settings.path(p).is_dir()]
    if gone:
        talk(f"mount or make {' and '.join(gone)} before the next run: backups hold no inbox")
    say(f"restored: the trail ends at {done.size} with {done.head}")
    return ExitCode.TRAIL if done.faults else ExitCode.DONE

"""``survey-audit purge``: originals whose time is over."""

from __future__ import annotations

from typing import Annotated

import typer

from audit.cli._console import say, talk
from audit.cli._round import HERE, Config, now, open_round, person
from detectors.errors import ConfigError, ExitCode

_LISTED = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("purge")(purge)


def purge(
    config: Config = HERE,
    apply: Annotated[  # noqa: FBT002 - a flag of the command line
        bool,
        typer.Option("--apply/--dry-run", help="Delete, or only say what would be deleted."),
    ] = False,
) -> ExitCode:
    """Delete originals that the rule of retention gives no more time; only told by default."""
    from audit.keeping.purge import purge as take_away

    settings, store = open_round(config)
    if settings.retention.scans is None and settings.retention.responses is None:
        store.close()
        raise ConfigError(
            "there is no rule of retention",
            where=f"{config}, table retention",
            remedy="set scans or responses to a number of days after the round's last day",
        )
    with store:
        found = take_away(store, settings, apply=apply, now=now, actor=person())
    for path, _ in found.files[:_LISTED]:
        talk(path)
    if len(found.files) > _LISTED:
        talk(f"… and {len(found.files) - _LISTED} more")
    for copy in found.inbox[:_LISTED]:
        talk(f"still in the inbox, delete it there: {copy}")
    what = "deleted" if found.done else "would be deleted (use --apply)"
    say(f"{len(found.files)} originals, {found.size} bytes: {what}")
    return ExitCode.DONE

"""``survey-audit verify``: whether the originals are what they were."""

from __future__ import annotations

import typer

from audit.cli._console import progress, say, talk
from audit.cli._round import HERE, Config, open_round
from detectors.errors import ExitCode, TrailError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(config: Config = HERE) -> ExitCode:
    """Hash every original again and compare; ends in 12 if one has changed or is gone."""
    from audit.verification import verify_round

    settings, store = open_round(config)
    with store:
        report = verify_round(store, settings, progress=progress)
    for line in report.orphans:
        talk(f"not in the store (left by an interrupted run): {line}")
    for line in report.faults:
        say(line)
    if report.faults:
        raise TrailError(
            f"{len(report.faults)} of {report.checked} do not verify",
            where=str(settings.path(settings.originals)),
            remedy="restore them from a backup, and find out who changed them",
        )
    say(f"{report.checked} originals and manifests verify")
    return ExitCode.DONE

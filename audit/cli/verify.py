"""``survey-audit verify``: whether what is kept still is what it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli._console import progress, say, talk
from audit.cli._round import HERE, Config
from detectors.errors import ExitCode, TrailError, UsageError

if TYPE_CHECKING:
    from audit.trail.verify import Verification


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(
    config: Config = HERE,
    trail: Annotated[
        Path | None,
        typer.Option("--trail", help="Check this exported trail; no store is needed."),
    ] = None,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write the trail of the store to this file.")
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option("--report", help="An HTML report, or a head from paper, that must fit."),
    ] = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option("--checkpoints", help="Folder of checkpoints; the round's by default."),
    ] = None,
    public_key: Annotated[
        list[Path] | None,
        typer.Option(
            "--public-key",
            help="The key you kept (PEM): all must be signed by it; again for each later one.",
        ),
    ] = None,
) -> ExitCode:
    """Check the trail, the store row by row, checkpoints, originals and manifests.

    Ends in 12 if anything was changed, and names the place.
    """
    if trail is not None and export is not None:
        raise UsageError("--trail and --export do not go together", remedy="give one of them")
    import dataclasses

    from audit.settings import load_settings
    from audit.trail.keys import read_public
    from audit.trail.verify import verify_file, verify_store
    from audit.verification import place_of

    key = tuple(read_public(path) for path in public_key) if public_key else None
    if trail is not None:
        if checkpoints is None and config.exists():
            settings = load_settings(config)
            checkpoints = settings.path(settings.checkpoints)
        found = verify_file(trail, folder=checkpoints, public_key=key, reports=report or ())
        return _told(found, str(trail))
    settings = load_settings(config)
    place = place_of(settings, public_key=key)
    if checkpoints is not None:
        place = dataclasses.replace(place, checkpoints=checkpoints)
    found = verify_store(place, reports=report or (), progress=progress)
    if export is not None:
        _export(place.url, export)
    return _told(found, str(settings.base))


def _export(url: str, path: Path) -> None:
    from audit.cli._output import output_text
    from audit.trail.cursor import reading
    from audit.trail.transcript import write_transcript

    with reading(url) as cursor, output_text(path) as write:
        size = write_transcript(cursor, write)
    talk(f"{path}: {size} entries")


def _told(found: Verification, where: str) -> ExitCode:
    for line in found.notes:
        talk(line)
    for line in found.faults:
        say(line)
    if found.faults:
        more = len(found.faults) - 1
        raise TrailError(
            found.faults[0] + (f" (and {more} more)" if more else ""),
            where=where,
            remedy="find out who changed it; a backup and docs/security.md help",
        )
    counts = ", ".join(f"{number} {name}" for name, number in found.checked.items())
    say(f"verified: {counts}; the trail ends at {found.size} with {found.head}")
    return ExitCode.DONE

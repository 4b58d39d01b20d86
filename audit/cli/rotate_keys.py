"""``survey-audit rotate-keys``: a new key for hashes of accounts and devices."""

from __future__ import annotations

import typer

from audit.cli._console import say
from audit.cli._round import HERE, Config, now, open_round, person
from detectors.errors import ExitCode


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rotate-keys")(rotate_keys)


def rotate_keys(config: Config = HERE) -> ExitCode:
    """Make a new key for hashes of accounts and devices; rounds that began keep theirs."""
    from audit.pseudonyms import load_keys
    from audit.trail.acts import Act, Action

    settings, store = open_round(config)
    with store:
        at = now()
        ring = load_keys(settings.path(settings.identity_keys), at)
        assert ring is not None
        before = ring.current
        act = Act(
            Action.IDENTITY_KEY,
            at,
            person(),
            settings.round.id,
            before={"key_id": before},
            always=True,
        )
        # A round that runs for the first time after this still gets the new key.
        with store.writing(act) as connection:
            from audit.trail.chain import describe

            new = ring.rotate(at)
            describe(connection, after={"key_id": new})
    say(f"key {new} for rounds to come; {len(ring.rounds)} rounds keep theirs")
    return ExitCode.DONE

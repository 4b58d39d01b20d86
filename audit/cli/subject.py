"""``survey-audit subject``: what a person may ask about their own record."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from audit.cli._console import say, talk
from audit.cli._round import HERE, Config, now, open_round, person
from audit.defused import json_words
from detectors.errors import ExitCode


class Act(StrEnum):
    """What is done."""

    FIND = "find"
    EXPORT = "export"
    ERASE = "erase"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("subject")(subject)


def subject(
    act: Annotated[Act, typer.Argument(help="find, export or erase.")],
    record: Annotated[str, typer.Argument(metavar="RECORD", help="Its id, or its serial.")],
    config: Config = HERE,
    apply: Annotated[  # noqa: FBT002 - a flag of the command line
        bool,
        typer.Option("--apply/--dry-run", help="Erase, or only say what would be erased."),
    ] = False,
) -> ExitCode:
    """Answer a person who asks about their record: list, hand out or erase what is held."""
    from audit.keeping.subject import erasable, erase, held_about, told

    settings, store = open_round(config)
    with store:
        found = held_about(store, settings, record)
        if act is Act.FIND:
            told(store, settings, record, "find", at=now(), actor=person())
            for one in found:
                say(
                    f"{one['record_id']}: form {one['instrument_id']}, unit {one['unit_id']}, "
                    f"{len(one['answers'])} answers, {len(one['signs'])} signs, "
                    f"{one['cases']} cases, {one['state']}"
                )
                for file in one["files"]:
                    deleted = f", deleted {file['deleted_at'][:10]}" if file["deleted_at"] else ""
                    say(f"  {file['kind']} {file['path']}{deleted}")
        elif act is Act.EXPORT:
            told(store, settings, record, "export", at=now(), actor=person())
            say(json_words(found, indent=1))
        else:
            gone = (
                erase(store, settings, record, at=now(), actor=person())
                if apply
                else erasable(store, settings, record)
            )
            for row in gone:
                talk(str(row["path"]))
            shared = sum(len(one["files"]) for one in found) - len(gone)
            what = "erased" if apply else "would be erased (use --apply)"
            say(f"{len(gone)} scans {what}; {shared} files hold others too and stay by [retention]")
    return ExitCode.DONE

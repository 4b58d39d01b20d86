"""``survey-audit known``: forms whose truth is known, among the cases to measure reviewers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli._console import say, talk
from audit.cli._round import HERE, Config, now, open_round, person, show
from detectors.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.known.adding import Added
    from audit.settings import Settings
    from audit.store import Store

# A tampered form that no check sees is of no use: drawn anew so often before it is given up.
_TRIES = 5


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("known")(known)


def known(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Scans whose truth known.csv in it tells."),
    ] = None,
    config: Config = HERE,
    clean: Annotated[
        int, typer.Option("--clean", min=0, max=1000, help="Draw so many clean forms.")
    ] = 0,
    tampered: Annotated[
        int, typer.Option("--tampered", min=0, max=1000, help="Draw so many tampered forms.")
    ] = 0,
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="Id of the form, if the round has several.")
    ] = None,
) -> ExitCode:
    """Put forms whose truth is known among the cases, to measure those who judge them."""
    if folder is None and not clean + tampered:
        raise UsageError(
            "there is nothing to add", remedy="name a FOLDER, or say --clean 10 --tampered 10"
        )
    if folder is not None and clean + tampered:
        raise UsageError("both a folder and drawn forms", remedy="add them one after the other")
    settings, store = open_round(config)
    from audit.pipeline.lock import round_lock, store_lock
    from audit.pipeline.run import LOCK

    with (
        store,
        round_lock(settings.base / LOCK, "known"),
        store_lock(store, settings.round.id),
    ):
        told = _add(settings, store, folder, {"clean": clean, "tampered": tampered}, instrument)
    for line in told.refused:
        talk(f"not added: {line}")
    say(f"{told.clean} clean and {told.tampered} tampered forms are among the cases")
    lacking = folder is None and (told.clean < clean or told.tampered < tampered)
    return ExitCode.PARTLY_JUDGED if lacking or (folder and told.refused) else ExitCode.DONE


def _add(
    settings: Settings,
    store: Store,
    folder: Path | None,
    wanted: Mapping[str, int],
    instrument: str | None,
) -> Added:
    import secrets
    import tempfile

    import numpy as np

    from audit.known.adding import Added, add_known
    from audit.known.drawing import draw
    from audit.known.forms import read_folder
    from audit.known.surroundings import surroundings
    from audit.pipeline.sources import one_form
    from audit.pipeline.tools import real_tools

    form = one_form(settings, instrument)
    tools = real_tools(now=now, progress=show, actor=person())
    # Nobody who knows the seed may be able to tell which forms are known.
    rng = np.random.default_rng(secrets.randbits(128))
    if folder is not None:
        found = read_folder(folder, form.instrument)
        around = surroundings(store, settings, form)
        return add_known(store, settings, form, found, around, tools, rng, source="folder")
    told = Added()
    for page in form.instrument.pages:
        if page.code is not None and page.code.role == "serial" and page.serial_at_mm is None:
            talk(
                f"page {page.number}: {form.instrument.id} does not say where its serial is "
                "printed in words; drawn forms have it in their code only, and reviewers may tell "
                "them by that — add serial_at_mm = [x, y] to the [[page]] in "
                f"{form.instrument.path.name}"
            )
    for _ in range(_TRIES):
        left = {
            "clean": wanted["clean"] - told.clean,
            "tampered": wanted["tampered"] - told.tampered,
        }
        truths = [truth for truth, count in left.items() for _ in range(count)]
        if not truths:
            break
        with tempfile.TemporaryDirectory() as name:
            around = surroundings(store, settings, form)
            found = draw(form.instrument, truths, around, Path(name), rng)
            more = add_known(store, settings, form, found, around, tools, rng, source="drawn")
        told.clean, told.tampered = told.clean + more.clean, told.tampered + more.tampered
    return told

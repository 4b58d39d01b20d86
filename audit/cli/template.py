"""``survey-audit template``: an instrument from a blank form, and forms from an instrument."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli._console import say, talk
from detectors.errors import ExitCode, UsageError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Draft an instrument, or print its forms.")
    group.command("draft")(draft)
    app.add_typer(group, name="template")


def draft(
    blank: Annotated[Path, typer.Argument(metavar="BLANK", help="Empty form: PDF or picture.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The instrument file to write (TOML).")
    ],
    overlay: Annotated[
        Path | None, typer.Option("--overlay", metavar="PNG", help="Draw what was found here.")
    ] = None,
    instrument_id: Annotated[
        str | None, typer.Option("--id", help="Of the instrument; default: the file's name.")
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="Of the words on the form: vi or en.")
    ] = "vi",
    page_size: Annotated[
        str | None,
        typer.Option(
            "--page-size", help="A4, A5, Letter or 210x297 (mm), where a picture is mute."
        ),
    ] = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Write over an instrument that is there.")
    ] = False,
) -> ExitCode:
    """Find boxes, grids, codes, fiducials and fields of a blank form; write an instrument."""
    if language not in ("vi", "en"):
        raise UsageError(f"--language {language} is not known", remedy="use vi or en")
    if output.exists() and not force:
        raise UsageError(
            "there is an instrument here already",
            where=str(output),
            remedy="name another file, or add --force",
        )
    import cv2

    from audit.whole_file import write_whole
    from scans.draft.draft import draft_instrument, encoded
    from scans.draft.overlay import draft_overlay

    size = None if page_size is None else _size(page_size)
    found = draft_instrument(
        blank, output, instrument_id=instrument_id, language=language, size_mm=size
    )
    pages = found.instrument.pages
    for page in pages:
        write_whole(page.blank, encoded(found.blanks[page.number]), "the blank page")
    write_whole(output, found.text.encode(), "the instrument")
    if overlay is not None:
        picture = draft_overlay([(page, found.blanks[page.number]) for page in pages])
        write_whole(overlay, bytes(cv2.imencode(".png", picture)[1]), "the overlay picture")
    for doubt in found.doubts:
        talk(doubt)
    boxes = sum(len(page.boxes) for page in pages)
    fields = sum(len(page.fields) for page in pages)
    talk(
        f"{len(pages)} pages, {len(found.instrument.items)} items, {boxes} boxes, "
        f"{fields} fields; {len(found.doubts)} places to look at"
    )
    say(str(output))
    return ExitCode.DONE


def _size(text: str) -> tuple[float, float]:
    """``A5`` or ``148x210`` in mm.

    Raises:
        UsageError: For anything else.
    """
    from scans.draft.sheets import PAPERS

    for name, size in PAPERS.items():
        if name.casefold() == text.casefold():
            return size
    parts = text.casefold().replace("mm", "").split("x")
    try:
        width, height = (float(part) for part in parts)
    except ValueError:
        width = height = 0.0
    if not (20 <= width <= 2000 and 20 <= height <= 2000):
        raise UsageError(
            f"--page-size {text} is no size of paper",
            remedy=f"use {', '.join(PAPERS)} or e.g. 210x297",
        )
    return width, height

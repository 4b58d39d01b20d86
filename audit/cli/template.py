"""``survey-audit template``: an instrument from a blank form, and forms from an instrument."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli._console import say, talk
from audit.cli._template import checked_day, run_of, shares, usual_fields
from audit.cli._template import size as size_of
from detectors.errors import ExitCode, UsageError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Draft an instrument, or print its forms.")
    group.command("draft")(draft)
    group.command("print")(print_)
    group.command("handover")(handover)
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

    size = None if page_size is None else size_of(page_size)
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


def print_(
    instrument: Annotated[
        str, typer.Argument(metavar="INSTRUMENT", help="File (TOML), or a shipped form: yk-b.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The PDF to write.")],
    serials: Annotated[
        str | None,
        typer.Option(
            "--serials", metavar="A[..B]", help="First and last serial, e.g. PB-26-000001..000350."
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="Sheets, where only A is given.")
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option("--unit", metavar="ID[=N]", help="Who gets the sheets, and how many of them."),
    ] = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Sheets in a batch at most.")
    ] = 50,
    custody: Annotated[
        Path | None, typer.Option("--custody", help="Custody table (CSV) to add the batches to.")
    ] = None,
    issued_at: Annotated[
        str | None, typer.Option("--issued-at", help="Day of handing out, e.g. 2026-07-01.")
    ] = None,
    handover_to: Annotated[
        Path | None, typer.Option("--handover", help="Also write the handover record (PDF).")
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option("--template", help="Finished instrument; default: beside the PDF."),
    ] = None,
    blank: Annotated[
        Path | None,
        typer.Option("--blank", help="The form's own PDF, in place of its picture."),
    ] = None,
    agency: Annotated[str, typer.Option("--agency", help="Whose form it is (head, left).")] = "",
    levels: Annotated[
        str,
        typer.Option(
            "--levels",
            help="Words for the values, worst to best, by commas; default: labels of the form.",
        ),
    ] = "",
    fields: Annotated[
        str | None,
        typer.Option("--fields", help="Of agency, comment, date, signature, seal; by commas."),
    ] = None,
    pattern: Annotated[
        str,
        typer.Option("--pattern", help="Under the answers: guilloche, microtext or none."),
    ] = "guilloche",
    *,
    lay_out: Annotated[
        bool, typer.Option("--lay-out", help="Lay out anew, whatever geometry there is.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write over files that are there.")
    ] = False,
) -> ExitCode:
    """Print a form with serials and codes: sheets, finished instrument, custody table."""
    from audit.intake.custody_writer import add_batches
    from audit.whole_file import write_whole
    from scans.press.forms import print_form, shipped
    from scans.press.layout import FIELD_KINDS, Look
    from scans.press.pattern import KINDS
    from scans.press.serials import batches_of

    source = shipped(instrument)
    wanted = tuple(p.strip() for p in (fields or usual_fields(source)).split(",") if p.strip())
    unknown = set(wanted) - set(FIELD_KINDS)
    if unknown:
        raise UsageError(
            f"--fields {', '.join(sorted(unknown))} is not known",
            remedy=f"use {', '.join(FIELD_KINDS)}",
        )
    if pattern not in KINDS:
        raise UsageError(f"--pattern {pattern} is not known", remedy=f"use {', '.join(KINDS)}")
    named = tuple(w.strip() for w in levels.split(",") if w.strip())
    look = Look(agency, named, wanted, pattern)
    run = run_of(serials, count)
    batches = list(batches_of(run, shares(unit, len(run)), batch_size)) if run else []
    if (custody or handover_to) and not (batches and unit):
        raise UsageError(
            "a custody table names units and serials", remedy="add --serials and --unit"
        )
    place = template or output.with_suffix(".toml")
    made = print_form(source, place, run, look, anew=lay_out, blank=blank)
    targets = [output, *([place] if made.template is not None else [])]
    for target in targets:
        if target.exists() and not force:
            raise UsageError(
                "there is a file here already",
                where=str(target),
                remedy="name another file, or add --force",
            )
    if custody is not None:
        add_batches(custody, batches, checked_day(issued_at))
    for name, picture in made.blanks.items():
        write_whole(place.parent / name, picture, "the blank page")
    if made.template is not None:
        write_whole(place, made.template.encode(), "the instrument")
        talk(f"the instrument for reading these sheets -> {place}")
    write_whole(output, made.pdf, "the forms")
    if handover_to is not None:
        from reports.handover import HandedBatch, Handover, handover_pdf

        by_unit: dict[str, list[HandedBatch]] = {}
        for b in batches:
            row = HandedBatch(b.name, b.serials[0], b.serials[-1], len(b.serials))
            by_unit.setdefault(b.unit, []).append(row)
        records = [Handover(u, "", source.stem, tuple(rows)) for u, rows in by_unit.items()]
        write_whole(handover_to, handover_pdf(records), "the handover record")
    sheets = f"{len(run)} sheets of {made.sheet_pages} pages" if run else "one sheet without serial"
    talk(f"{sheets}, {len(batches)} batches")
    say(str(output))
    return ExitCode.DONE


def handover(
    custody: Annotated[Path, typer.Argument(metavar="CUSTODY", help="Custody table.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The PDF to write.")],
    unit: Annotated[
        list[str] | None, typer.Option("--unit", help="Only these units; default: all.")
    ] = None,
    survey: Annotated[str, typer.Option("--survey", help="Title of the survey, as printed.")] = "",
) -> ExitCode:
    """Print the record of handing over forms (biên bản bàn giao), a sheet a unit, to be signed."""
    from audit.intake.custody_book import read_custody
    from audit.reporting.handover import handovers_of
    from audit.whole_file import write_whole
    from reports.handover import handover_pdf

    table = read_custody(custody)
    for problem in table.problems:
        talk(f"{custody}: {problem.what} — {problem.remedy}")
    records = handovers_of(table.frame, survey, unit)
    missing = sorted(set(unit or ()) - {record.unit for record in records})
    if missing:
        raise UsageError(
            f"unit {missing[0]} has no batch", where=str(custody), remedy="mend --unit"
        )
    if not records:
        raise UsageError("no batch is in the table", where=str(custody), remedy="add rows to it")
    write_whole(output, handover_pdf(records), "the handover record")
    talk(f"{len(records)} units")
    say(str(output))
    return ExitCode.DONE

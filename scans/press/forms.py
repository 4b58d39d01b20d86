"""Printing a form: from an instrument to the sheets of a run, and what has to lie beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from detectors.errors import UsageError
from detectors.instrument import Instrument, load_instrument
from detectors.instrument_toml import instrument_toml
from scans.press.drawing import rendered, set_pdf
from scans.press.layout import SERIAL_AT, Look, lay_out
from scans.press.sheets import blank_base, own_base, sheets_pdf

__all__ = ["FormFiles", "print_form", "shipped", "shipped_forms"]

_DPI = 300  # of the blank pictures


@dataclass(frozen=True)
class FormFiles:
    """What printing made.

    Attributes:
        pdf: All sheets.
        sheet_pages: Pages of one sheet.
        template: Text of the finished instrument, where the form was laid out here.
        blanks: Its blank pictures by file name, PNG.
    """

    pdf: bytes
    sheet_pages: int
    template: str | None
    blanks: dict[str, bytes]


def shipped_forms() -> dict[str, Path]:
    """Instruments that come with the program, by name."""
    folder = Path(__file__).parent / "shipped"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def shipped(name: str | Path) -> Path:
    """An instrument file, or the shipped one of that name."""
    path = Path(name)
    return path if path.suffix or path.exists() else shipped_forms().get(str(name), path)


def print_form(
    source: Path,
    template: Path,
    serials: Sequence[str],
    look: Look,
    *,
    anew: bool = False,
    blank: Path | None = None,
) -> FormFiles:
    """Print the sheets of a run.

    Args:
        source: The instrument. With geometry its own blank is printed, and serial and code
            are added; without, the form is laid out.
        template: Where the finished instrument will stand, if it is laid out.
        serials: One a sheet; empty prints one sheet without serial, to look at.
        look: What a form that is laid out shows besides its questions.
        anew: Lay out anew, whatever geometry there is.
        blank: The form's own PDF, sharper than the picture of its blank.

    Raises:
        InputError: If the instrument or a blank cannot be read.
        UsageError: If serials are to be printed and the form has no place for a code.
    """
    form = load_instrument(source)
    if form.pages and not anew:
        base = blank_base(form) if blank is None else own_base(blank)
        if serials and not any(p.code is not None and p.code.role == "serial" for p in form.pages):
            raise UsageError(
                "no page has a place for a serial",
                where=str(source),
                remedy='add code = { kind = "qr", box_mm = [...], role = "serial" }, '
                "or print with --lay-out",
            )
        pdf = sheets_pdf(base, form, serials, None) if serials else base
        return FormFiles(pdf, len(form.pages), None, {})
    printed = lay_out(form, look, template)
    finished: Instrument = printed.instrument
    base = set_pdf(list(printed.drawings), finished.pages[0].size_mm, form.id)
    blanks = {
        page.blank.name: bytes(cv2.imencode(".png", rendered(base, number, _DPI))[1])
        for number, page in enumerate(finished.pages)
    }
    pdf = sheets_pdf(base, finished, serials, SERIAL_AT) if serials else base
    return FormFiles(pdf, len(finished.pages), instrument_toml(finished), blanks)

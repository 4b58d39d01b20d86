"""Sheets with their serials: one printed page under, serial and code over it.

What is the same on all sheets is stored once in the file; a sheet adds its number and its
code. The base is a form laid out here, the form's own PDF, or the picture of its blank.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pikepdf
import segno

from detectors.errors import InputError
from detectors.instrument import Instrument, Page
from scans.press.drawing import Drawing, set_pdf

__all__ = ["blank_base", "own_base", "sheets_pdf"]

_POINTS = 72.0 / 25.4


def sheets_pdf(
    base: bytes,
    instrument: Instrument,
    serials: Sequence[str],
    serial_at: tuple[float, float] | None,
) -> bytes:
    """All sheets of a run in one PDF; equal input gives equal bytes.

    Args:
        base: A PDF with the form's pages, in order.
        instrument: Says where the code of a page stands; a code with ``role = "form"`` or
            none is left alone.
        serials: One a sheet.
        serial_at: Where the serial's text begins, mm (left, middle); ``None`` prints it above
            the code.

    Raises:
        InputError: If the base has another number of pages than the instrument.
    """
    with pikepdf.open(io.BytesIO(base)) as under:
        if len(under.pages) != len(instrument.pages):
            raise InputError(
                f"{len(under.pages)} pages for a form of {len(instrument.pages)}",
                remedy="give the blank form with all its pages",
            )
        sheets = [
            _overlay(page, serial, serial_at) for serial in serials for page in instrument.pages
        ]
        size = instrument.pages[0].size_mm
        over = set_pdf(sheets, size, instrument.id, transparent=True)
        with pikepdf.open(io.BytesIO(over)) as out:
            forms = [out.copy_foreign(page.as_form_xobject()) for page in under.pages]
            for number, page in enumerate(out.pages):
                form = forms[number % len(forms)]
                # A name of our own: one that is drawn would differ from run to run.
                name = page.add_resource(form, pikepdf.Name.XObject, pikepdf.Name.Form)
                placed = f"q {_placing(form, page)} {name} Do Q\n".encode()
                page.contents_add(placed, prepend=True)
            done = io.BytesIO()
            out.save(done, deterministic_id=True, compress_streams=True)
            return done.getvalue()


def _placing(form: pikepdf.Object, page: pikepdf.Page) -> str:
    """The matrix that lays a base over the whole page."""
    left, bottom, right, top = (float(v) for v in form.BBox)
    x0, y0, x1, y1 = (float(v) for v in page.mediabox)
    sx, sy = (x1 - x0) / (right - left), (y1 - y0) / (top - bottom)
    return f"{sx:.6f} 0 0 {sy:.6f} {x0 - left * sx:.4f} {y0 - bottom * sy:.4f} cm"


def _overlay(page: Page, serial: str, serial_at: tuple[float, float] | None) -> Drawing:
    draw = Drawing()
    code = page.code
    if code is not None and code.role == "serial":
        draw.svg(code.box_mm, _modules(code.kind, serial))
    at = serial_at
    if at is None and code is not None and code.role == "serial":
        x, y, width, height = code.box_mm
        draw.text((x + width / 2, y + height + 2.2), serial, 6.5, style="-Bold", anchor="center")
    elif at is not None:
        draw.text(at, serial, 9.0, style="-Bold")
    return draw


def _modules(kind: str, text: str) -> str:
    """A code as SVG without a quiet zone: one path, one unit a module."""
    if kind == "qr":
        rows = [list(row) for row in segno.make_qr(text, error="m").matrix]
    else:
        import zxingcpp

        formats = {
            "datamatrix": zxingcpp.BarcodeFormat.DataMatrix,
            "code128": zxingcpp.BarcodeFormat.Code128,
            "itf": zxingcpp.BarcodeFormat.ITF,
        }
        barcode = zxingcpp.create_barcode(text, formats[kind])
        picture = zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False)
        rows = [[int(v) < 128 for v in row] for row in np.asarray(picture)]
    path = []
    for y, row in enumerate(rows):
        start = None
        for x, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                path.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
                start = None
    width, height = len(rows[0]), len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'preserveAspectRatio="none"><path fill="#101010" d="{"".join(path)}"/></svg>'
    )


def blank_base(instrument: Instrument) -> bytes:
    """A PDF of the instrument's blank pictures, each edge to edge on its page.

    Raises:
        InputError: If a blank is no picture that can be read.
    """
    from PIL import Image, UnidentifiedImageError

    with pikepdf.new() as out:
        for page in instrument.pages:
            width, height = (v * _POINTS for v in page.size_mm)
            try:
                with Image.open(page.blank) as picture:
                    grey = picture.convert("L")
            except (OSError, UnidentifiedImageError) as error:
                raise InputError("no picture that can be read", where=str(page.blank)) from error
            image = pikepdf.Stream(out, grey.tobytes())
            for key, value in (
                ("/Type", pikepdf.Name.XObject),
                ("/Subtype", pikepdf.Name.Image),
                ("/Width", grey.width),
                ("/Height", grey.height),
                ("/ColorSpace", pikepdf.Name.DeviceGray),
                ("/BitsPerComponent", 8),
            ):
                image[key] = value
            sheet = out.add_blank_page(page_size=(width, height))
            name = sheet.add_resource(image, pikepdf.Name.XObject, pikepdf.Name.Blank)
            placed = f"q {width:.4f} 0 0 {height:.4f} 0 0 cm {name} Do Q".encode()
            sheet.contents_add(placed)
        done = io.BytesIO()
        out.save(done, deterministic_id=True)
        return done.getvalue()


def own_base(path: Path) -> bytes:
    """The form's own PDF.

    Raises:
        InputError: If it cannot be opened.
    """
    try:
        with pikepdf.open(path) as document:
            done = io.BytesIO()
            document.save(done, deterministic_id=True)
            return done.getvalue()
    except (OSError, pikepdf.PdfError) as error:
        raise InputError("no PDF that can be opened", where=str(path)) from error

"""A person sits down with a sheet: marks, corrections, date, words, signature, seal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from detectors.instrument import Box, Value
from scans.simulate.canvas import font
from scans.simulate.ink import Pen, density, some_pen, transmittance
from scans.simulate.layout import Form, PrintedPage
from scans.simulate.marks import MARK_KINDS, cancel, mark
from scans.simulate.seal import stamp
from scans.simulate.serial import code_at
from scans.simulate.sheet import Patch, Sheet, new_paper
from scans.simulate.spec import BoxTruth, Filled, PageSpec
from scans.simulate.strokes import Stroke
from scans.simulate.writer import Writer, handwriting, numerals, signature
from scans.types import MarkState

__all__ = [
    "draw",
    "fill",
    "print_serial",
    "printed_sheet",
    "put_mark",
    "stroke_patch",
    "take_back",
]

_FORM_CODES = {"YK-01": "YK-01/KS 2023"}


def stroke_patch(sheet: Sheet, strokes: Sequence[Stroke], margin: float = 0.8) -> Patch:
    """The part of the sheet that strokes touch."""
    points = np.vstack(strokes)[:, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    return sheet.patch(box, margin)


def draw(sheet: Sheet, strokes: Sequence[Stroke], pen: Pen, rng: np.random.Generator) -> Patch:
    """Put strokes of a pen on the sheet; returns the part touched."""
    patch = stroke_patch(sheet, strokes)
    sheet.multiply(patch, transmittance(density(strokes, patch, pen, rng), pen))
    return patch


def printed_sheet(
    form: Form,
    page: PrintedPage,
    spec: PageSpec,
    rng: np.random.Generator,
    print_: NDArray[np.uint8] | None = None,
) -> Sheet:
    """Fresh paper with the form, the sheet's serial and its code on it.

    Args:
        form: The form.
        page: Its page.
        spec: Serial and content of the code.
        rng: Chance: every sheet of paper has fibres of its own.
        print_: Print to use instead of the form's own, e.g. a photocopy of it.
    """
    warmth = float(rng.normal(0, 1.2))
    level = float(rng.normal(246.5, 1.5))
    tint = (level - 0.5 - max(0.0, warmth), level + 0.2, level)
    texture = float(np.clip(rng.normal(1.0, 0.15), 0.6, 1.5))
    source = page.print if print_ is None else print_
    sheet = Sheet(new_paper(source, rng, tint=tint, texture=texture), page.size_mm)
    print_serial(sheet, form, page, spec)
    return sheet


def print_serial(sheet: Sheet, form: Form, page: PrintedPage, spec: PageSpec) -> None:
    """Print the serial's text and the code."""
    if page.code is not None:
        patch = sheet.patch(page.code.box_mm)
        own = page.code.role == "serial"
        content = (spec.code_text or spec.serial) if own else _FORM_CODES[form.id]
        modules = code_at(page.code.kind, content, patch.shape).astype(np.float32)
        light = (30 + modules * (225 / 255)) / 255
        sheet.multiply(patch, np.asarray(light[:, :, None], dtype=np.float32))
    if page.serial_at_mm is not None:
        _print_text(sheet, page.serial_at_mm, spec.serial, 9.0)


def _print_text(sheet: Sheet, at: tuple[float, float], text: str, points: float) -> None:
    size = round(points * 25.4 / 72 * sheet.scale[1])
    face = font("SansMono-Bold", size)
    width = face.getlength(text) / sheet.scale[0]
    patch = sheet.patch((at[0], at[1] - points * 0.25, width + 1, points * 0.5))
    picture = Image.new("L", (patch.shape[1], patch.shape[0]), 255)
    ImageDraw.Draw(picture).text((2, patch.shape[0] / 2), text, font=face, anchor="lm", fill=30)
    light = np.asarray(picture)[:, :, None] / 255
    sheet.multiply(patch, light.astype(np.float32))


def fill(
    sheet: Sheet,
    form: Form,
    page: PrintedPage,
    spec: PageSpec,
    rng: np.random.Generator,
    *,
    leave: frozenset[str] = frozenset(),
) -> Filled:
    """Mark the answers and write in the fields.

    Args:
        sheet: Changed in place.
        form: The form.
        page: Its page.
        spec: Who answers what.
        rng: Chance.
        leave: Items that are left alone here, because a fraud draws them itself.

    Returns:
        What stands in the boxes that bear ink.
    """
    filled = Filled()
    writer = spec.writer
    base = int(rng.integers(2**31))
    second = _second_pen(spec, np.random.default_rng([base, 1, 0]))
    for number, item in enumerate(page.items):
        # Each answer has chance of its own: leaving one out moves no other.
        own = np.random.default_rng([base, 0, number])
        hand = second if second is not None and number >= len(page.items) // 2 else writer
        if item in leave or item not in spec.answers:
            continue
        value = spec.answers[item]
        if item in spec.corrections:
            wrong = page.box(item, spec.corrections[item])
            put_mark(sheet, wrong, hand, own, filled)
            take_back(sheet, form, wrong, hand, own, filled)
        kind = str(own.choice(MARK_KINDS)) if "odd_marks" in spec.controls else None
        put_mark(sheet, page.box(item, value), hand, own, filled, kind)
        if item in spec.corrections:
            # Chance of its own: pages without corrections look as they always did.
            _go_over(sheet, filled, (item, value), hand, np.random.default_rng([base, 3, number]))
    _write_fields(sheet, page, spec, np.random.default_rng([base, 2]))
    return filled


def _second_pen(spec: PageSpec, rng: np.random.Generator) -> Writer | None:
    """Someone whose pen runs dry half-way takes another."""
    if "two_pens" not in spec.controls:
        return None
    other = "ball_black" if spec.writer.pen.kind != "ball_black" else "ball_blue"
    return spec.writer.with_pen(some_pen(rng, other))


def _go_over(
    sheet: Sheet, filled: Filled, box: tuple[str, Value], hand: Writer, rng: np.random.Generator
) -> None:
    """Every second respondent makes plain which answer holds: once more, and mostly harder."""
    if rng.random() < 0.5:
        return
    force = float(rng.uniform(0.95, 1.35))
    again = [stroke.copy() for stroke in filled.strokes[box]]
    for stroke in again:
        stroke[:, :2] += rng.normal(0.0, 0.15, 2)
        stroke[:, 3] *= force
    draw(sheet, again, hand.pen, rng)


def put_mark(
    sheet: Sheet,
    box: Box,
    writer: Writer,
    rng: np.random.Generator,
    filled: Filled,
    kind: str | None = None,
) -> None:
    """One mark in one box; now and then another kind than the writer's habit."""
    if kind is None:
        kind = writer.habit
        if rng.random() < 0.02:
            kind = str(rng.choice(["diagonal", "partial", "edge", "scribble"]))
    strokes = mark(box, kind, writer, rng)
    draw(sheet, strokes, writer.pen, rng)
    also = (MarkState.AMBIGUOUS,) if kind in ("edge", "dot") else ()
    filled.truth[(box.item, box.value)] = BoxTruth(
        box.item, box.value, MarkState.MARKED, also, kind
    )
    filled.strokes[(box.item, box.value)] = strokes


def take_back(
    sheet: Sheet,
    form: Form,
    box: Box,
    writer: Writer,
    rng: np.random.Generator,
    filled: Filled,
) -> None:
    """Cancel the mark in a box as the form says; forms that allow none are struck."""
    how = form.marks.correction
    strokes = cancel(box, "strike" if how == "none" else how, writer, rng)
    draw(sheet, strokes, writer.pen, rng)
    filled.truth[(box.item, box.value)] = BoxTruth(
        box.item, box.value, MarkState.CANCELLED, (), "correction"
    )


def _write_fields(
    sheet: Sheet, page: PrintedPage, spec: PageSpec, rng: np.random.Generator
) -> None:
    writer = spec.writer
    base = int(rng.integers(2**31))
    for number, field in enumerate(page.fields):
        rng = np.random.default_rng([base, number])
        if field.kind == "handwriting" and spec.comment_lines and field.id == "comment":
            for stroke in handwriting(writer, field.box_mm, rng, lines=spec.comment_lines):
                draw(sheet, [stroke], writer.pen, rng)
        if field.kind == "date" and spec.date and field.id == "date":
            for part, box in zip(spec.date.split("/"), page.date_mm, strict=True):
                for stroke in numerals(part, writer, box, rng):
                    draw(sheet, [stroke], writer.pen, rng)
        if field.id == "agency" and spec.signed:
            for stroke in handwriting(writer, field.box_mm, rng, lines=1, fullness=0.8):
                draw(sheet, [stroke], writer.pen, rng)
        if field.kind == "signature" and spec.signed:
            draw(sheet, signature(writer, field.box_mm, rng), writer.pen, rng)
    seal = page.field("seal")
    if seal is not None and spec.seal is not None:
        stamp(sheet, spec.seal, seal.box_mm, rng)

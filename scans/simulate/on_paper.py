"""Frauds done to a sheet before it is scanned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from detectors.instrument import BoxMm, Value
from scans.simulate.cover import cover_up, redraw_outline
from scans.simulate.erase import rub_out, scrape
from scans.simulate.fill import draw, put_mark, stroke_patch, take_back
from scans.simulate.ink import Pen
from scans.simulate.layout import Form, PrintedPage
from scans.simulate.marks import mark
from scans.simulate.paste import cells_box, glue, rows_box
from scans.simulate.respondents import random_spec
from scans.simulate.rubbing import bleach_out, gum_out
from scans.simulate.sheet import Patch, Sheet
from scans.simulate.spec import BoxTruth, Filled, PageSpec, TamperSpec, TamperTruth
from scans.simulate.strokes import Stroke
from scans.simulate.tamper import tamperer
from scans.simulate.writer import Writer
from scans.types import MarkState

__all__ = ["alter_marks", "donor_spec", "glue_pieces", "patch_box", "take_over"]

MakeSheet = Callable[[PageSpec, int], tuple[Sheet, Filled]]


def patch_box(patch: Patch) -> BoxMm:
    """A patch of the sheet in mm."""
    sx, sy = patch.scale
    return (patch.left / sx, patch.top / sy, patch.shape[1] / sx, patch.shape[0] / sy)


def alter_marks(
    sheet: Sheet,
    form: Form,
    page: PrintedPage,
    spec: PageSpec,
    tamper: TamperSpec,
    filled: Filled,
    rng: np.random.Generator,
) -> list[TamperTruth]:
    """TAY_1, TAY_2, TAY_3 and GHI_DE: take low marks away and make high ones."""
    truth: list[TamperTruth] = []
    hand = tamperer(spec, tamper, rng)
    for item, before, after in tamper.changes:
        box = page.box(item, before)
        strokes = mark(box, spec.writer.habit, spec.writer, rng)
        patch = _remove(sheet, form, page, spec, tamper, (item, before), strokes, hand, filled, rng)
        put_mark(sheet, page.box(item, after), hand, rng, filled)
        added = stroke_patch(sheet, filled.strokes[(item, after)])
        for part, place in (("removed", patch), ("added", added)):
            truth.append(
                TamperTruth(
                    tamper.kind,
                    tamper.variant,
                    tamper.strength,
                    patch_box(place),
                    part,
                    item,
                    None,
                    before,
                    after,
                )
            )
    return truth


def _remove(
    sheet: Sheet,
    form: Form,
    page: PrintedPage,
    spec: PageSpec,
    tamper: TamperSpec,
    key: tuple[str, Value],
    strokes: list[Stroke],
    hand: Writer,
    filled: Filled,
    rng: np.random.Generator,
) -> Patch:
    box = page.box(*key)
    also: tuple[MarkState, ...] = (MarkState.AMBIGUOUS,)
    if tamper.kind == "GHI_DE":
        return _write_over(sheet, form, page, spec, tamper, key, strokes, hand, filled, rng)
    if tamper.kind == "TAY_2":
        patch = cover_up(sheet, strokes, box, spec.writer, tamper.variant, tamper.strength, rng)
        if rng.random() < 0.3:
            redraw_outline(sheet, box, hand, rng)
        also = (MarkState.AMBIGUOUS, MarkState.EMPTY)
    elif tamper.kind == "TAY_3":
        patch = scrape(sheet, strokes, spec.writer.pen, tamper.variant, tamper.strength, rng)
    else:
        patch = _take_off(sheet, strokes, spec.writer.pen, tamper, rng)
    if tamper.strength == "subtle":
        also = (MarkState.AMBIGUOUS, MarkState.EMPTY)
    filled.truth[key] = BoxTruth(*key, MarkState.ERASED, also, tamper.kind)
    return patch


def _take_off(
    sheet: Sheet,
    strokes: list[Stroke],
    pen: Pen,
    tamper: TamperSpec,
    rng: np.random.Generator,
) -> Patch:
    if tamper.variant == "gum":
        return gum_out(sheet, strokes, pen, tamper.strength, rng)
    if tamper.variant == "bleach":
        return bleach_out(sheet, strokes, pen, tamper.strength, rng)
    return rub_out(sheet, strokes, pen, tamper.variant, tamper.strength, rng)


def _write_over(
    sheet: Sheet,
    form: Form,
    page: PrintedPage,
    spec: PageSpec,
    tamper: TamperSpec,
    key: tuple[str, Value],
    strokes: list[Stroke],
    hand: Writer,
    filled: Filled,
    rng: np.random.Generator,
) -> Patch:
    box = page.box(*key)
    patch = draw(sheet, strokes, spec.writer.pen, rng)
    if tamper.variant == "feigned":
        take_back(sheet, form, box, hand, rng, filled)
        return sheet.patch(box.box_mm, 4.0)
    if tamper.variant == "scribble":
        over = mark(box, "scribble", hand, rng) + mark(box, "fill", hand, rng)
        draw(sheet, over, hand.pen, rng)
        state = MarkState.AMBIGUOUS
        also: tuple[MarkState, ...] = (MarkState.CANCELLED, MarkState.MARKED)
        filled.truth[key] = BoxTruth(*key, state, also, "scribbled over")
        return stroke_patch(sheet, [*strokes, *over])
    filled.truth[key] = BoxTruth(*key, MarkState.MARKED, (), "left standing")
    return patch


def donor_spec(spec: PageSpec, tamper: TamperSpec) -> PageSpec:
    """Who filled the sheet that pasted parts come from.

    Another respondent with the wanted answers; a subtle forger uses the same hand and pen.
    """
    other = random_spec(spec.form, spec.page, tamper.donor_seed, profile=spec.profile)
    writer = spec.writer if tamper.strength == "subtle" else other.writer
    answers = {**spec.answers, **{item: after for item, _, after in tamper.changes}}
    return replace(
        other,
        serial=tamper.donor_serial,
        writer=writer,
        answers=answers,
        corrections={},
        signed=True,
        tampers=(),
        controls=(),
    )


def glue_pieces(
    sheet: Sheet,
    page: PrintedPage,
    spec: PageSpec,
    tamper: TamperSpec,
    filled: Filled,
    rng: np.random.Generator,
    make_sheet: MakeSheet,
) -> list[TamperTruth]:
    """CAT_1: glue rows or single boxes of a donor's sheet over low answers."""
    donor, on_donor = make_sheet(donor_spec(spec, tamper), tamper.donor_seed)
    places: list[tuple[str | None, BoxMm]] = []
    if tamper.variant == "box":
        for item, before, after in tamper.changes:
            places.append((item, cells_box(page.box(item, before).box_mm)))
            places.append((item, cells_box(page.box(item, after).box_mm)))
    else:
        first: str | None = tamper.changes[0][0] if len(tamper.changes) == 1 else None
        places.append((first, rows_box(page, [item for item, _, _ in tamper.changes])))
    truth = []
    for target, place in places:
        copied = tamper.variant == "copied_strip"
        patch = glue(sheet, donor, place, tamper.strength, rng, copied=copied)
        change = next((c for c in tamper.changes if c[0] == target), (None, None, None))
        truth.append(
            TamperTruth(
                tamper.kind, tamper.variant, tamper.strength, patch_box(patch), "pasted",
                target, None, change[1], change[2],
            )
        )  # fmt: skip
    take_over(page, tamper, filled, on_donor, whole_rows=tamper.variant != "box")
    for item, _, _ in tamper.changes:  # a crooked piece shows edges and a second outline
        for box in page.boxes_of(item):
            key = (item, box.value)
            known = filled.truth.get(key, BoxTruth(*key, MarkState.EMPTY))
            filled.truth[key] = replace(known, also_right=(MarkState.AMBIGUOUS,))
    return truth


def take_over(
    page: PrintedPage,
    tamper: TamperSpec,
    filled: Filled,
    donor: Filled,
    *,
    whole_rows: bool,
) -> None:
    """Write down what pasted boxes hold now: whole rows of the donor, or the changed boxes."""
    for item, before, after in tamper.changes:
        values = [b.value for b in page.boxes_of(item)] if whole_rows else [before, after]
        for value in values:
            filled.truth.pop((item, value), None)
            filled.strokes.pop((item, value), None)
            if (item, value) in donor.truth:
                filled.truth[(item, value)] = donor.truth[(item, value)]
                filled.strokes[(item, value)] = donor.strokes[(item, value)]

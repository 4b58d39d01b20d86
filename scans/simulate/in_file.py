"""Frauds done to a scan: which edit goes where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from detectors.instrument import BoxMm, Value
from scans.simulate.digital import copy_box, draw_mark, key_in, splice, white_out
from scans.simulate.form import get_form
from scans.simulate.layout import PrintedPage
from scans.simulate.marks import mark
from scans.simulate.on_paper import donor_spec, take_over
from scans.simulate.paste import cells_box, rows_box
from scans.simulate.picture import Picture
from scans.simulate.spec import BoxTruth, Filled, PageSpec, TamperSpec, TamperTruth
from scans.simulate.tamper import tamperer
from scans.types import MarkState

__all__ = ["edit"]

MakePicture = Callable[[PageSpec, int], tuple[Picture, Filled]]
_OTHER_DEVICE = {"flatbed": "flatbed_sharp", "flatbed_sharp": "flatbed", "adf_grey": "grey",
                 "grey": "adf_grey", "phone": "flatbed"}  # fmt: skip
_UNSURE = (MarkState.AMBIGUOUS, MarkState.EMPTY)


def edit(
    picture: Picture,
    page: PrintedPage,
    spec: PageSpec,
    tamper: TamperSpec,
    filled: Filled,
    rng: np.random.Generator,
    make_picture: MakePicture,
) -> list[TamperTruth]:
    """Commit a fraud in the file; ``picture`` and ``filled`` change."""
    if tamper.kind == "CAT_4":
        return _paste_signature(picture, page, spec, tamper, rng, make_picture)
    if tamper.kind == "CAT_2":
        return _splice_rows(picture, page, spec, tamper, filled, make_picture)
    if tamper.kind == "CAT_3":
        return _move_marks(picture, page, spec, tamper, filled, rng)
    return _paint(picture, page, spec, tamper, filled, rng)


def _truth(
    tamper: TamperSpec,
    box: BoxMm,
    part: str,
    change: tuple[str, Value, Value] | None = None,
    field: str | None = None,
) -> TamperTruth:
    item, before, after = change or (None, None, None)
    return TamperTruth(
        tamper.kind, tamper.variant, tamper.strength, box, part, item, field, before, after
    )


def _paint(
    picture: Picture,
    page: PrintedPage,
    spec: PageSpec,
    tamper: TamperSpec,
    filled: Filled,
    rng: np.random.Generator,
) -> list[TamperTruth]:
    """DIGITAL_TAY: wipe the low mark, draw the high one."""
    truth = []
    hand = tamperer(spec, replace(tamper, pen=spec.writer.pen.kind), rng)
    for change in tamper.changes:
        item, before, after = change
        box = page.box(item, before).box_mm
        wiped = white_out(
            picture, box, filled.strokes.pop((item, before)), tamper.variant, tamper.strength, rng,
            empty=_empty_box(page, filled, change), blank_area=blank_place(spec.form, spec.page),
        )  # fmt: skip
        strokes = mark(page.box(item, after), hand.habit, hand, rng)
        added = draw_mark(picture, strokes, hand.pen, tamper.strength, rng)
        filled.truth[(item, before)] = BoxTruth(
            item, before, MarkState.ERASED, _UNSURE, tamper.kind
        )
        filled.truth[(item, after)] = BoxTruth(item, after, MarkState.MARKED, (), hand.habit)
        filled.strokes[(item, after)] = strokes
        truth.append(_truth(tamper, wiped, "removed", change))
        truth.append(_truth(tamper, added, "added", change))
    return truth


def _empty_box(page: PrintedPage, filled: Filled, change: tuple[str, Value, Value]) -> BoxMm:
    """An empty box of the same row, far from marks if there is one."""
    item, before, after = change
    free = [b for b in page.boxes_of(item) if (item, b.value) not in filled.truth]
    free = [b for b in free if b.value not in (before, after)] or list(page.boxes_of(item))
    home = page.box(item, before).box_mm
    return min(free, key=lambda b: abs(b.box_mm[0] - home[0])).box_mm


@lru_cache(maxsize=16)
def blank_place(form_id: str, number: int) -> BoxMm:
    """A square of 9 mm without print, as near the page's middle as there is one."""
    page = get_form(form_id).page(number)
    grey = cv2.cvtColor(page.print, cv2.COLOR_BGR2GRAY)
    px = grey.shape[1] / page.size_mm[0]
    side = 9.0
    lightest = cv2.erode(grey, np.ones((int(side * px) | 1, int(side * px) | 1), np.uint8))
    step = int(2 * px)
    ys, xs = np.nonzero(lightest[::step, ::step] > 250)
    centres = np.column_stack([xs, ys]) * step / px
    margin = side
    inside = np.all((centres > margin) & (centres < np.array(page.size_mm) - margin), axis=1)
    centres = centres[inside]
    middle = np.array(page.size_mm) / 2
    x, y = centres[int(np.argmin(np.hypot(*(centres - middle).T)))]
    return (float(x) - side / 2, float(y) - side / 2, side, side)


def _splice_rows(
    picture: Picture,
    page: PrintedPage,
    spec: PageSpec,
    tamper: TamperSpec,
    filled: Filled,
    make_picture: MakePicture,
) -> list[TamperTruth]:
    """CAT_2: rows or boxes of another scan; a gross forger's comes from another device."""
    other = donor_spec(spec, tamper)
    if tamper.strength == "gross":
        other = replace(other, profile=_OTHER_DEVICE.get(spec.profile, spec.profile))
    donor, on_donor = make_picture(other, tamper.donor_seed)
    places: list[tuple[tuple[str, Value, Value] | None, BoxMm]]
    if tamper.variant == "cells":
        places = [
            (change, cells_box(page.box(change[0], value).box_mm, 1.8))
            for change in tamper.changes
            for value in change[1:]
        ]
    else:
        change = tamper.changes[0] if len(tamper.changes) == 1 else None
        places = [(change, rows_box(page, [c[0] for c in tamper.changes]))]
    aligned = tamper.variant != "shifted_rows"
    laid = [
        (change, splice(picture, donor, box, tamper.strength, aligned=aligned))
        for change, box in places
    ]
    take_over(page, tamper, filled, on_donor, whole_rows=tamper.variant != "cells")
    return [_truth(tamper, box, "pasted", change) for change, box in laid]


def _move_marks(
    picture: Picture,
    page: PrintedPage,
    spec: PageSpec,
    tamper: TamperSpec,
    filled: Filled,
    rng: np.random.Generator,
) -> list[TamperTruth]:
    """CAT_3: copy a mark of the page onto the high box, an empty box onto the low one."""
    truth = []
    for change in tamper.changes:
        item, before, after = change
        target, home = page.box(item, after).box_mm, page.box(item, before).box_mm
        source = _marked_box(page, spec, tamper, filled, change)
        added = copy_box(picture, source, target, tamper.variant, tamper.strength, rng)
        empty = _empty_box(page, filled, change)
        wiped = copy_box(picture, empty, home, "box", "moderate", rng, margin=1.9)
        filled.truth[(item, before)] = BoxTruth(
            item, before, MarkState.EMPTY, (MarkState.ERASED, MarkState.AMBIGUOUS), tamper.kind
        )
        filled.truth[(item, after)] = BoxTruth(item, after, MarkState.MARKED, (), "copied")
        truth.append(_truth(tamper, wiped, "removed", change))
        truth.append(_truth(tamper, added, "added", change))
    return truth


def _marked_box(
    page: PrintedPage,
    spec: PageSpec,
    tamper: TamperSpec,
    filled: Filled,
    change: tuple[str, Value, Value],
) -> BoxMm:
    """A mark to copy: the same answer in another row, else the low mark itself."""
    item, before, after = change
    target = page.box(item, after).box_mm
    changed = {c[0] for c in tamper.changes}
    rows = [
        page.box(name, value).box_mm
        for (name, value), truth in filled.truth.items()
        if value == after and name not in changed and truth.state is MarkState.MARKED
    ]
    same = [b for b in rows if abs(b[2] - target[2]) < 0.2 and abs(b[0] - target[0]) < 0.2]
    if not same:
        return page.box(item, before).box_mm
    return min(same, key=lambda b: abs(b[1] - target[1]))


def _paste_signature(
    picture: Picture,
    page: PrintedPage,
    spec: PageSpec,
    tamper: TamperSpec,
    rng: np.random.Generator,
    make_picture: MakePicture,
) -> list[TamperTruth]:
    """CAT_4: signature, and seal where the form has one, from another scan."""
    donor, _ = make_picture(donor_spec(spec, tamper), tamper.donor_seed)
    signature, seal = page.field("signature"), page.field("seal")
    boxes = [f.box_mm for f in (signature, seal) if f is not None]
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
    box = (left + 0.6, top + 0.6, right - left - 1.2, bottom - top - 1.2)
    if tamper.variant == "opaque":
        laid = splice(picture, donor, box, tamper.strength)
    else:
        laid = key_in(picture, donor, box, tamper.variant, rng)
    names = "+".join(f.id for f in (signature, seal) if f is not None)
    return [_truth(tamper, laid, "pasted", field=names)]

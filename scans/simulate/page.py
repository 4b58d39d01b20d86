"""One page from the printing press to the file, with the truth about it.

The order is that of life: print, fill, frauds on paper, trouble, scan, file; then, for
frauds in the file and for honest pages alike, open, edit or not, save again.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detectors.instrument import BoxMm, Value
from scans.simulate.controls import trouble
from scans.simulate.copier import photocopy
from scans.simulate.encode import Resave, decode, encode_scan, resave
from scans.simulate.fill import draw, fill, print_serial, printed_sheet
from scans.simulate.form import get_form
from scans.simulate.in_file import edit
from scans.simulate.layout import Form, PrintedPage
from scans.simulate.on_paper import alter_marks, glue_pieces
from scans.simulate.picture import Picture
from scans.simulate.profiles import get_profile
from scans.simulate.scanner import scan
from scans.simulate.sheet import Sheet, new_paper
from scans.simulate.spec import (
    BoxTruth,
    Filled,
    PageSpec,
    SimulatedPage,
    TamperSpec,
    TamperTruth,
)
from scans.simulate.tamper import DIGITAL, checked, tamperer
from scans.simulate.writer import signature
from scans.types import MarkState, ScanClass

__all__ = ["make_sheet", "original_of", "simulate_page"]

# Grey levels that an eye sees beside the fibres of paper (deviation 1.3), and the share of a
# box that must change by as much: one stroke of a pen through it covers 3 %.
_VISIBLE, _TOUCHED = 8, 0.01
_ALTERING = ("TAY_1", "TAY_2", "TAY_3", "GHI_DE")


def simulate_page(spec: PageSpec, seed: int, scan_seed: int | None = None) -> SimulatedPage:
    """Make one page.

    Args:
        spec: What to make.
        seed: Of the sheet: paper, hand, frauds. The same seed and ``spec`` make the same
            sheet, so another ``scan_seed`` or profile is the same sheet scanned again.
        scan_seed: Of the device and the file; ``None`` is ``seed``.

    Raises:
        UsageError: For a form, device, fraud or trouble that does not exist.
    """
    form = get_form(spec.form)
    page = form.page(spec.page)
    sheet, filled, truth = make_sheet(spec, seed)
    device = np.random.default_rng([seed if scan_seed is None else scan_seed, 12])
    profile = get_profile(spec.profile)
    scanned = scan(sheet, profile, device)
    encoded = encode_scan(scanned.image, profile, device)
    frauds = [t for t in spec.tampers if t.kind in DIGITAL]
    if frauds or spec.resave is not None or "resaved" in spec.controls:
        picture = Picture(decode(encoded.data), scanned.mapping)
        rng = np.random.default_rng([seed, 13])
        for tamper in frauds:
            truth += edit(picture, page, spec, tamper, filled, rng, _make_picture)
        how = spec.resave or Resave()
        dpi = None if profile.scan_class is ScanClass.PHOTO else float(profile.dpi)
        encoded = resave(encoded, picture.image, how, dpi)
    _forgive(filled, spec)
    own = page.code is not None and page.code.role == "serial"
    return SimulatedPage(
        data=encoded.data,
        suffix=encoded.suffix,
        spec=spec,
        answers=_answers(page, filled),
        boxes=_all_boxes(page, filled),
        tampers=tuple(truth),
        mapping=scanned.mapping,
        serial=(spec.code_text or spec.serial) if own else None,
    )


def _forgive(filled: Filled, spec: PageSpec) -> None:
    """What a device burns out nobody can see: an empty box is right there, too."""
    scan_class = get_profile(spec.profile).scan_class
    faded = scan_class not in (ScanClass.CONTINUOUS, ScanClass.PHOTO)
    lost = scan_class is ScanClass.BITONAL and "light" in spec.controls
    for key, truth in filled.truth.items():
        marked = truth.state is MarkState.MARKED and lost
        if (truth.state is MarkState.ERASED and faded) or marked:
            also = tuple(dict.fromkeys((*truth.also_right, MarkState.AMBIGUOUS, MarkState.EMPTY)))
            filled.truth[key] = replace(truth, also_right=also)


def original_of(spec: PageSpec) -> PageSpec:
    """The honest sheet that a NHAN_BAN page is a copy of; its seed is ``donor_seed``."""
    copied = next(t for t in spec.tampers if t.kind == "NHAN_BAN")
    return replace(spec, serial=copied.donor_serial, tampers=(), controls=(), resave=None)


def make_sheet(spec: PageSpec, seed: int) -> tuple[Sheet, Filled, list[TamperTruth]]:
    """Everything that happens on paper, before a device sees it.

    Returns:
        The sheet, what stands in its boxes, and where it was tampered with.
    """
    form = get_form(spec.form)
    page = form.page(spec.page)
    rng = np.random.default_rng([seed, 11])
    tampers = [checked(t) for t in spec.tampers]
    copied = next((t for t in tampers if t.kind == "NHAN_BAN"), None)
    if copied is not None:
        sheet, filled, truth = _copied_form(form, page, spec, copied, rng)
        _soil(sheet, page, spec, filled, rng)
        return sheet, filled, truth
    print_ = None
    if "copied_blank" in spec.controls:
        print_ = photocopy(Sheet(page.print.copy(), page.size_mm), rng)
    sheet = printed_sheet(form, page, spec, rng, print_)
    altering = [t for t in tampers if t.kind in _ALTERING]
    leave = frozenset(item for t in altering for item, _, _ in t.changes)
    filled = fill(sheet, form, page, spec, rng, leave=leave)
    truth = []
    for tamper in altering:
        truth += alter_marks(sheet, form, page, spec, tamper, filled, rng)
    for tamper in tampers:
        if tamper.kind == "CAT_1":
            truth += glue_pieces(sheet, page, spec, tamper, filled, rng, _bare_sheet)
    _soil(sheet, page, spec, filled, rng)
    return sheet, filled, truth


def _soil(
    sheet: Sheet, page: PrintedPage, spec: PageSpec, filled: Filled, rng: np.random.Generator
) -> None:
    """Trouble; a box that it visibly touches may as well be called ambiguous."""
    patches = {(b.item, b.value): sheet.patch(b.box_mm, 1.0) for b in page.boxes}
    before = {key: sheet.image[patch.slices].copy() for key, patch in patches.items()}
    trouble(sheet, page, spec, rng)
    for key, patch in patches.items():
        change = np.abs(sheet.read(patch) - before[key]).max(axis=2)
        if (change > _VISIBLE).mean() > _TOUCHED:
            truth = filled.truth.get(key, BoxTruth(*key, MarkState.EMPTY))
            also = tuple(dict.fromkeys((*truth.also_right, MarkState.AMBIGUOUS)))
            note = f"{truth.note} soiled".strip()
            filled.truth[key] = replace(truth, also_right=also, note=note)


def _bare_sheet(spec: PageSpec, seed: int) -> tuple[Sheet, Filled]:
    sheet, filled, _ = make_sheet(spec, seed)
    return sheet, filled


def _make_picture(spec: PageSpec, seed: int) -> tuple[Picture, Filled]:
    """A donor's scan as it comes out of its file."""
    sheet, filled, _ = make_sheet(spec, seed)
    device = np.random.default_rng([seed, 12])
    profile = get_profile(spec.profile)
    scanned = scan(sheet, profile, device)
    data = encode_scan(scanned.image, profile, device).data
    return Picture(decode(data), scanned.mapping), filled


def _copied_form(
    form: Form, page: PrintedPage, spec: PageSpec, tamper: TamperSpec, rng: np.random.Generator
) -> tuple[Sheet, Filled, list[TamperTruth]]:
    """NHAN_BAN: a filled form goes through the copier and gets a serial of its own."""
    source, filled = _bare_sheet(original_of(spec), tamper.donor_seed)
    field = page.field("signature") if tamper.variant == "signed" else None
    hidden = [] if page.code is None else [_wider(page.code.box_mm, 1.0)]
    if page.serial_at_mm is not None:
        hidden.append((page.serial_at_mm[0] - 1, page.serial_at_mm[1] - 3, 46.0, 6.0))
    if field is not None:
        hidden.append(_wider(field.box_mm, -0.6))
    for box in hidden:  # a slip of white paper over what must not be copied
        source.image[source.patch(box).slices] = 250
    contrast = {"gross": 1.6, "moderate": 1.15, "subtle": 0.9}[tamper.strength]
    copy = photocopy(source, rng, contrast=contrast)
    sheet = Sheet(new_paper(copy, rng), page.size_mm)
    print_serial(sheet, form, page, spec)
    if field is not None and spec.signed:
        hand = tamperer(spec, tamper, rng)
        draw(sheet, signature(hand, field.box_mm, rng), hand.pen, rng)
    whole: BoxMm = (0.0, 0.0, *page.size_mm)
    truth = TamperTruth(tamper.kind, tamper.variant, tamper.strength, whole, "copied")
    return sheet, filled, [truth]


def _wider(box: BoxMm, margin: float) -> BoxMm:
    return (box[0] - margin, box[1] - margin, box[2] + 2 * margin, box[3] + 2 * margin)


def _answers(page: PrintedPage, filled: Filled) -> dict[str, Value | list[Value] | None]:
    answers: dict[str, Value | list[Value] | None] = {}
    for item in page.items:
        marked = [
            box.value
            for box in page.boxes_of(item)
            if (item, box.value) in filled.truth
            and filled.truth[(item, box.value)].state is MarkState.MARKED
        ]
        answers[item] = None if not marked else marked[0] if len(marked) == 1 else marked
    return answers


def _all_boxes(page: PrintedPage, filled: Filled) -> tuple[BoxTruth, ...]:
    return tuple(
        filled.truth.get((b.item, b.value), BoxTruth(b.item, b.value, MarkState.EMPTY))
        for b in page.boxes
    )

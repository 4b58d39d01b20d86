"""Laying a scan over the blank page: which page, where, how exactly, and is it the form.

In steps that stop as soon as one is confirmed by the print: fiducials (or, for a page
without, corners of print on a small picture), codes, corners of print on a large picture.
Every guess is refined on printed cells and judged in the same way, whatever it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.halvings import Halvings
from scans.register.code import code_guesses
from scans.register.content import QUICK, THOROUGH, Effort, Guess, guess, scan_features
from scans.register.fiducials import fiducial_guesses, find_squares, same_fiducials
from scans.register.geometry import px_per_mm
from scans.register.judge import Evidence, refusal, weigh
from scans.register.picture import ScanPicture
from scans.register.refine import Laid, coarse_pass, fine_pass, likenesses
from scans.template import PageTemplate
from scans.types import RawPage, Refusal, Registration, ScanClass, Status

__all__ = ["register"]

# Guesses whose rough likeness is this far below the best are not looked at again: turned
# pages and other pages of the form fall 0.3 and more behind.
_RANK_SLACK = 0.2
# The same for the mean correlation of cells; pages of one skeleton differ by 0.03.
_FIT_SLACK = 0.15
# Print missing or moved on this share of the page is reason to doubt the field.
_MUCH_GONE = 0.02
_FEW_BOXES = 0.85
# Feeders and folds move print by 1.5 mm; a field that says more somewhere may have swung off.
_WILD_MM = 3.0
# A tenth of a pixel at 300 dpi cannot be told from another.
_EXACT_MM = 0.01
# Where the page takes less of the picture, another sheet may lie beside it.
_ALONE = 0.55
_LEAST_PX = 320


def register(
    raw: RawPage,
    templates: Sequence[PageTemplate],
    *,
    code_quads: Sequence[NDArray[np.float64]] | None = None,
) -> Registration | Refusal:
    """Find the form page that a scan shows and lay it over it.

    Args:
        raw: The scan, in any orientation.
        templates: The pages of the form.
        code_quads: Corners of codes found in the scan, ``(4, 2)`` px each, from the code's
            own top-left clockwise; they help where corners of print do not suffice.

    Returns:
        The registration, or why there is none: ``wrong_form`` where the print is not the
        form's, ``unreadable`` where it is but cannot be laid over exactly enough, or where the
        picture shows two sheets: read alone, one of them would be lost without a word. The
        same input gives the same result bit for bit.
    """
    found = _first(raw, ScanPicture.of(raw.halvings), templates, code_quads)
    if isinstance(found, Refusal):
        return found
    other = _beside(raw, found, templates)
    if other is None:
        return found
    return Refusal(
        Status.UNREADABLE,
        f"the picture shows two sheets, page {found.form_page} of the form and, beside it, page "
        f"{other.form_page}: scan each by itself, or cut the picture in two",
    )


def _beside(
    raw: RawPage, found: Registration, templates: Sequence[PageTemplate]
) -> Registration | None:
    """Another sheet of the form on what of the picture the first leaves."""
    page = next(t.page for t in templates if t.page.number == found.form_page)
    width, height = page.size_mm
    corners = found.to_px(np.array([(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]))
    area, (rows, columns) = cv2.contourArea(corners.astype(np.float32)), raw.image.shape[:2]
    if area >= _ALONE * rows * columns:
        return None
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    middle, centre = round((left + right) / 2), round((top + bottom) / 2)
    grey = raw.grey.copy()
    cv2.fillConvexPoly(grey, np.rint(corners).astype(np.int32), float(np.median(grey[::16, ::16])))
    for part in (grey[:, :middle], grey[:, middle:], grey[:centre], grey[centre:]):
        if part.size < area / 2 or min(part.shape) < _LEAST_PX:
            continue
        picture, photo = ScanPicture.of(Halvings(part)), raw.scan_class is ScanClass.PHOTO
        tried = _best(picture, _quick(picture, templates, photo=photo), photo=photo)
        if tried is None:
            continue
        laid, evidence, method = tried
        if refusal(evidence, laid.template.page.number) is None:
            return _registration(laid, evidence, method)
    return None


def _first(
    raw: RawPage,
    picture: ScanPicture,
    templates: Sequence[PageTemplate],
    code_quads: Sequence[NDArray[np.float64]] | None,
) -> Registration | Refusal:
    photo = raw.scan_class is ScanClass.PHOTO
    steps: tuple[Callable[[], list[Guess]], ...] = (
        lambda: _quick(picture, templates, photo=photo),
        lambda: _by_code(picture, templates, code_quads, photo=photo),
        lambda: _by_content(picture, templates, QUICK, photo=photo),
        lambda: _by_content(picture, templates, THOROUGH, photo=photo),
    )
    refused: Refusal | None = None
    best_score = -np.inf
    for number, step in enumerate(steps):
        if number == 2 and not any(t.page.fiducials_mm for t in templates):
            continue
        tried = _best(picture, step(), photo=photo)
        if tried is None:
            continue
        laid, evidence, method = tried
        found = refusal(evidence, laid.template.page.number)
        if found is None:
            return _registration(laid, evidence, method)
        if evidence.score > best_score:
            refused, best_score = found, evidence.score
    if refused is None:
        return Refusal(
            Status.WRONG_FORM,
            "nothing of this form's print is on the page, or too little: is it another form, or "
            "a part of a page?",
        )
    return refused


def _quick(picture: ScanPicture, templates: Sequence[PageTemplate], *, photo: bool) -> list[Guess]:
    """By fiducials, and by content for the pages that have none or whose are not found."""
    guesses: list[Guess] = []
    marked = [t for t in templates if len(t.page.fiducials_mm) >= 3]
    sizes = [
        t.page.fiducial_size_mm / max(t.page.size_mm)
        for t in marked
        if t.page.fiducial_size_mm is not None
    ]
    if sizes:
        squares = find_squares(picture, min(sizes))
        for template in marked:
            # Pages of one form mostly have the same squares.
            twin = next((d for d in guesses if same_fiducials(d.template, template)), None)
            guesses += (
                fiducial_guesses(picture, template, squares, photo=photo)
                if twin is None
                else [replace(g, template=template) for g in guesses if g.template is twin.template]
            )
    done = {id(g.template) for g in guesses}
    rest = [t for t in templates if id(t) not in done]
    return guesses + _by_content(picture, rest, QUICK, photo=photo)


def _by_code(
    picture: ScanPicture,
    templates: Sequence[PageTemplate],
    code_quads: Sequence[NDArray[np.float64]] | None,
    *,
    photo: bool,
) -> list[Guess]:
    return [
        g
        for template in templates
        for quad in code_quads or ()
        for g in code_guesses(template, quad, picture.size, photo=photo)
    ]


def _by_content(
    picture: ScanPicture, templates: Sequence[PageTemplate], effort: Effort, *, photo: bool
) -> list[Guess]:
    if not templates:
        return []
    features = scan_features(picture, effort)
    made = [guess(features, t, picture.size, effort, photo=photo) for t in templates]
    return [g for g in made if g is not None]


def _best(
    picture: ScanPicture, guesses: Sequence[Guess], *, photo: bool
) -> tuple[Laid, Evidence, str] | None:
    """The guess whose print fits best, measured."""
    if len(guesses) > 1:
        ranks = likenesses(picture, [(g.template, g.matrix) for g in guesses])
        guesses = [g for g, r in zip(guesses, ranks, strict=True) if r >= max(ranks) - _RANK_SLACK]
    rough = [(coarse_pass(picture, g.template, g.matrix, photo=photo), g.method) for g in guesses]
    if not rough:
        return None
    top = max(laid.fit for laid, _ in rough)
    weighed = []
    for laid, method in rough:
        if laid.fit >= top - _FIT_SLACK:
            weighed.append((*_mend(picture, laid), method))
    return max(weighed, key=lambda w: w[1].score)


def _mend(picture: ScanPicture, laid: Laid) -> tuple[Laid, Evidence]:
    """The fine field, unless a plainer one shows more print in its place or leaves less.

    Where few cells are matched (the dark end of a photo) a spline may swing off; print
    that the plain transform finds and the field does not is what gives that away.
    """
    mended = fine_pass(picture, laid)
    evidence = weigh(picture, mended)
    best = mended, evidence
    if evidence.residual_mm > max(mended.before_mm, _EXACT_MM):
        kept = replace(mended, field=laid.field, overlay=None)
        before = weigh(picture, kept)
        if before.residual_mm < evidence.residual_mm:
            best = kept, before
    # Marks cover outlines, too: only many lost boxes say something.
    lost = evidence.gone + evidence.aside > _MUCH_GONE or evidence.boxes < _FEW_BOXES
    if not lost and np.abs(best[0].field.shift_mm).max() <= _WILD_MM:
        return best
    flat = replace(laid.field, shift_mm=np.zeros_like(laid.field.shift_mm))
    for field in (laid.field, flat):
        plainer = replace(mended, field=field, overlay=None)
        other = weigh(picture, plainer)
        if other.found + other.boxes > best[1].found + best[1].boxes + (_MUCH_GONE if lost else 0):
            best = plainer, other
    return best


def _registration(laid: Laid, evidence: Evidence, method: str) -> Registration:
    width, height = laid.template.page.size_mm
    return Registration(
        form_page=laid.template.page.number,
        matrix=laid.matrix,
        field=laid.field,
        residual_mm=evidence.residual_mm,
        method=method,
        match=evidence.found,
        px_per_mm=px_per_mm(laid.matrix, (width / 2, height / 2)),
        boxes_present=evidence.boxes,
    )

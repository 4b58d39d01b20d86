"""Laying a scan over the blank page: which page, where, how exactly, and is it the form at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scans.register.content import QUICK, THOROUGH, Effort, Guess, guess, scan_features
from scans.register.geometry import px_per_mm
from scans.register.judge import Evidence, refusal, weigh
from scans.register.picture import ScanPicture
from scans.register.refine import Laid, coarse_pass, fine_pass
from scans.template import PageTemplate
from scans.types import RawPage, Refusal, Registration, ScanClass, Status

__all__ = ["register"]


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
            own top-left clockwise; they help where little else is printed.
    """
    picture = ScanPicture.of(raw.grey)
    photo = raw.scan_class is ScanClass.PHOTO
    refused = Refusal(Status.WRONG_FORM, "nothing of this form's print is on the page")
    for effort in (QUICK, THOROUGH):
        tried = _best(picture, _guesses(picture, templates, effort, photo=photo), photo=photo)
        if tried is None:
            continue
        laid, evidence, method = tried
        found = refusal(evidence, laid.template.page.number)
        if found is None:
            return _registration(laid, evidence, method)
        refused = found
    return refused


def _guesses(
    picture: ScanPicture, templates: Sequence[PageTemplate], effort: Effort, *, photo: bool
) -> list[Guess]:
    features = scan_features(picture, effort)
    made = [guess(features, t, picture.size, effort, photo=photo) for t in templates]
    return [g for g in made if g is not None]


def _best(
    picture: ScanPicture, guesses: Sequence[Guess], *, photo: bool
) -> tuple[Laid, Evidence, str] | None:
    """The guess whose print fits best, measured."""
    rough = [(coarse_pass(picture, g.template, g.matrix, photo=photo), g.method) for g in guesses]
    if not rough:
        return None
    scores = [laid.fit for laid, _ in rough]
    near = [r for r, s in zip(rough, scores, strict=True) if s >= max(scores) - 0.15]
    weighed = []
    for laid, method in near:
        mended = fine_pass(picture, laid)
        weighed.append((mended, weigh(picture, mended), method))
    return max(weighed, key=lambda w: w[1].score)


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
    )

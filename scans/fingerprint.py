"""What is kept of a page to recognise its ink later, without keeping the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Value
from scans.likeness.cells import MarkCells, mark_cells
from scans.likeness.fields import field_inks
from scans.likeness.ink import FieldInk, comparable
from scans.likeness.sketch import field_codes, sheet_code
from scans.measure.pens import page_pens
from scans.measure.scanner import ScannerTraits, scanner_traits
from scans.types import Origin
from scans.view import PageView

__all__ = ["SHEET", "Fingerprint", "fingerprint"]

SHEET = "sheet"
"""Channel of the code of all marks."""

_THUMB = 16


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """One page, three to seven kilobytes once packed.

    Attributes:
        origin: Where the page comes from.
        form_page: Page of the form.
        marks: What is own to the marks.
        inks: What is written and stamped in the fields.
        thumb: uint8 ``(_THUMB, _THUMB)``: the scan as received, for files saved again.
        shape: Height and width of the scan in pixels.
        pens: float32 ``(1 + changed items, 4)``: the sheet's pen, then those of new marks.
        scanner: What the scanner left; ``None`` for photos, scans of two levels, pages that were
            drawn and what an earlier version kept.
    """

    origin: Origin
    form_page: int
    marks: MarkCells
    inks: tuple[FieldInk, ...]
    thumb: NDArray[np.uint8]
    shape: tuple[int, int]
    pens: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    scanner: ScannerTraits | None = None

    @property
    def name(self) -> str:
        """How the page is named to people: file, and page where the file has several."""
        return f"{self.origin.path}#{self.origin.page}"

    @cached_property
    def comparable(self) -> tuple[FieldInk, ...]:
        """Pictures that it can be recognised by."""
        return comparable(self.inks)

    @cached_property
    def codes(self) -> Mapping[str, NDArray[np.uint8]]:
        """What it is found by: channel -> uint8 ``(BYTES,)``; no code, not to be found."""
        found = {
            f"{ink.channel}{around}": code
            for ink in self.comparable
            for around, code in field_codes(ink).items()
        }
        code = sheet_code(self.marks)
        return found if code is None else {SHEET: code, **found}


def fingerprint(view: PageView, answers: Mapping[str, tuple[Value, ...]]) -> Fingerprint:
    """Take the fingerprint of a page."""
    del answers  # which boxes are marked tells nothing that honest people do not share
    image = view.raw.image
    # Averaging 26 MB costs as much as decoding it; a coarse raster of samples will do.
    step = max(1, min(image.shape[:2]) // (12 * _THUMB))
    # Whole rows first: pixels that lie apart are slow to copy.
    raster = np.ascontiguousarray(np.ascontiguousarray(image[::step])[:, ::step])
    if raster.ndim == 3:
        raster = np.asarray(cv2.cvtColor(raster, cv2.COLOR_BGR2GRAY), np.uint8)
    thumb = cv2.resize(raster, (_THUMB, _THUMB), interpolation=cv2.INTER_AREA)
    return Fingerprint(
        origin=view.raw.origin,
        form_page=view.registration.form_page,
        marks=mark_cells(view.patches, view.ink, view.marked),
        inks=field_inks(view.raw, view.registration, view.template),
        thumb=np.asarray(thumb, np.uint8),
        shape=(int(image.shape[0]), int(image.shape[1])),
        pens=page_pens(view.readings, view.rows),
        scanner=scanner_traits(view),
    )

"""What is kept of a page to recognise the same sheet later, without keeping the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Value
from scans.measure.pens import page_pens
from scans.measure.strokes import MarkPictures, mark_pictures
from scans.types import Origin
from scans.view import PageView

__all__ = ["SKETCH", "Fingerprint", "fingerprint"]

SKETCH = 512
"""Length of the vector that finds candidates; its inner product is a cosine to +-0.05."""

_CELL = 8
_THUMB = 48


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """One page, a few kilobytes.

    Attributes:
        origin: Where the page comes from.
        form_page: Page of the form.
        answers: What was read, for telling two honest forms with the same answers.
        marks: Pictures of the marks.
        sketch: float32 ``(SKETCH,)``: unit vector, a random projection of all marks.
        thumb: uint8 ``(_THUMB, _THUMB)``: the scan as received, for re-encoded files.
        shape: Height and width of the scan in pixels.
        pens: float32 ``(1 + changed items, 4)``: the sheet's pen, then those of new marks.
    """

    origin: Origin
    form_page: int
    answers: Mapping[str, tuple[Value, ...]]
    marks: MarkPictures
    sketch: NDArray[np.float32]
    thumb: NDArray[np.uint8]
    shape: tuple[int, int]
    pens: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))

    @property
    def name(self) -> str:
        """How the page is named to people: file, and page where the file has several."""
        return f"{self.origin.path}#{self.origin.page}"


def fingerprint(view: PageView, answers: Mapping[str, tuple[Value, ...]]) -> Fingerprint:
    """Take the fingerprint of a page."""
    marks = mark_pictures(view.patches, view.ink, view.marked)
    image = view.raw.image
    # Averaging 26 MB costs as much as decoding it; a coarse raster of samples will do.
    step = max(1, min(image.shape[:2]) // (4 * _THUMB))
    raster = np.ascontiguousarray(image[::step, ::step])
    if raster.ndim == 3:
        raster = np.asarray(cv2.cvtColor(raster, cv2.COLOR_BGR2GRAY), np.uint8)
    thumb = cv2.resize(raster, (_THUMB, _THUMB), interpolation=cv2.INTER_AREA)
    return Fingerprint(
        origin=view.raw.origin,
        form_page=view.registration.form_page,
        answers=dict(answers),
        marks=marks,
        sketch=_sketch(marks),
        thumb=np.asarray(thumb, np.uint8),
        shape=(int(image.shape[0]), int(image.shape[1])),
        pens=page_pens(view.readings, view.rows),
    )


def _sketch(marks: MarkPictures) -> NDArray[np.float32]:
    """Project the marks, each a centred cell of its box, onto fixed random directions."""
    total = np.zeros(SKETCH, np.float32)
    for box, ink in zip(marks.index.tolist(), marks.ink, strict=True):
        cell = cv2.resize(ink, (_CELL, _CELL), interpolation=cv2.INTER_AREA).ravel()
        cell = cell - cell.mean()
        norm = float(np.linalg.norm(cell))
        if norm > 1e-6:
            total += (cell / norm) @ _directions(int(box))
    norm = float(np.linalg.norm(total))
    return total / norm if norm > 1e-6 else total


@cache
def _directions(box: int) -> NDArray[np.float32]:
    """Fixed random directions of one box, the same in every process and on every day."""
    generator = np.random.default_rng([20_260_101, box])
    signs = generator.integers(0, 2, size=(_CELL * _CELL, SKETCH), dtype=np.int8)
    return np.asarray((2.0 * signs - 1.0) / np.sqrt(SKETCH), np.float32)

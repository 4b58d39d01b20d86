"""The blank page, prepared once for laying scans over it and subtracting it.

A blank comes at any resolution, in colour or grey, sometimes as a cleaned scan. It is
brought to one grey picture in which paper is white, and offered at any working
resolution from a cache.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import InputError
from detectors.instrument import Instrument, Page

__all__ = ["PageTemplate", "load_templates"]

# Tinted areas are at least this wide and tall, and at least this light.
_TINT_MM = 5.0
_DARKEST_TINT = 140


@dataclass(frozen=True, eq=False)
class PageTemplate:
    """One printed page of the form.

    Attributes:
        page: Its description in the instrument.
        blank: uint8 ``(height, width)``, edge to edge, paper at 255.
    """

    page: Page
    blank: NDArray[np.uint8]
    _cache: dict[float, NDArray[np.uint8]] = field(default_factory=dict, repr=False)

    def at(self, px_per_mm: float) -> NDArray[np.uint8]:
        """The blank at ``px_per_mm`` in both directions; mm ``(x, y)`` is px ``(x*r-.5, y*r-.5)``.

        Pixel ``[0, 0]`` covers the millimetres from 0 to ``1 / px_per_mm``.
        """
        if px_per_mm not in self._cache:
            width = max(1, round(self.page.size_mm[0] * px_per_mm))
            height = max(1, round(self.page.size_mm[1] * px_per_mm))
            smaller = width < self.blank.shape[1]
            how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
            self._cache[px_per_mm] = np.asarray(
                cv2.resize(self.blank, (width, height), interpolation=how), dtype=np.uint8
            )
        return self._cache[px_per_mm]


@lru_cache(maxsize=8)
def load_templates(instrument: Instrument) -> tuple[PageTemplate, ...]:
    """Templates of all paper pages of an instrument, in page order.

    Raises:
        InputError: If a blank page is no picture, or its proportions are not the page's.
    """
    return tuple(PageTemplate(page, _read_blank(page)) for page in instrument.pages)


def _read_blank(page: Page) -> NDArray[np.uint8]:
    data = np.frombuffer(page.blank.read_bytes(), dtype=np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if image is None:
        raise InputError(
            "the blank page is no picture that can be read",
            where=str(page.blank),
            remedy="give a PNG, JPEG or TIFF of the empty form, edge to edge",
        )
    if image.ndim == 3 and image.shape[2] == 4:
        # A transparent blank is printed on white paper.
        alpha = image[:, :, 3:].astype(np.float32) / 255.0
        image = (image[:, :, :3] * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8)
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if grey.dtype == np.uint16:
        grey = (grey // 257).astype(np.uint8)
    flat: NDArray[np.uint8] = np.asarray(grey, dtype=np.uint8)
    shape, size = flat.shape[1] / flat.shape[0], page.size_mm[0] / page.size_mm[1]
    if not 0.97 < shape / size < 1.03:
        raise InputError(
            f"the blank page is {flat.shape[1]} x {flat.shape[0]} pixels, "
            f"the page {page.size_mm[0]:g} x {page.size_mm[1]:g} mm",
            where=str(page.blank),
            remedy="give the blank edge to edge, or mend size_mm",
        )
    paper = float(np.percentile(flat, 95))
    if paper < 250.0:
        lifted = np.clip(flat.astype(np.float32) * (255.0 / max(paper, 1.0)), 0, 255)
        flat = np.asarray(lifted, dtype=np.uint8)
    return _without_tint(flat, flat.shape[1] / page.size_mm[0])


def _without_tint(blank: NDArray[np.uint8], px_per_mm: float) -> NDArray[np.uint8]:
    """The blank with shaded rows and panels turned to paper.

    A tint is clipped to white by one scanner and kept by the next, so it is no print to
    look for. A closing keeps what is wider than any letter or line: the tint itself.
    """
    side = 2 * round(_TINT_MM * px_per_mm / 2) + 1
    ground = cv2.morphologyEx(blank, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    lift = np.where(ground > _DARKEST_TINT, 255 - ground, 0).astype(np.uint8)
    return np.asarray(cv2.add(blank, lift), dtype=np.uint8)

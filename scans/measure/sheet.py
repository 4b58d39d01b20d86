"""The whole page laid straight at a low resolution, with the blank subtracted.

For what happens between the boxes: print that is missing under a blob, handwriting,
signatures, edges of pasted paper. Computed once a page, on first use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.rectify import Rectifier
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["SHEET_PX_PER_MM", "Sheet"]

Floats = NDArray[np.float32]

SHEET_PX_PER_MM = 4.0
# Printed strokes of the blank are looked for this far around their place.
_REACH = 5
# Paper level is followed over shadows and folds on tiles of this size.
_TILE_MM = 12.0


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page at :data:`SHEET_PX_PER_MM`.

    Attributes:
        grey: uint8 ``(h, w)``: as scanned.
        template: The blank it is laid over.
    """

    grey: NDArray[np.uint8]
    template: PageTemplate

    @staticmethod
    def of(image: NDArray[np.uint8], registration: Registration, template: PageTemplate) -> Sheet:
        """Rectify a grey or BGR scan."""
        width, height = template.page.size_mm
        rectifier = Rectifier.of(image, registration, SHEET_PX_PER_MM)
        if rectifier.image.ndim == 3:
            grey = np.asarray(cv2.cvtColor(rectifier.image, cv2.COLOR_BGR2GRAY), np.uint8)
            rectifier = Rectifier(grey, registration, rectifier.scale)
        return Sheet(rectifier.region((0.0, 0.0, width, height), SHEET_PX_PER_MM), template)

    @cached_property
    def print_(self) -> Floats:
        """Darkness of the blank, 0 to 1: ``(h, w)``."""
        return (1.0 - self.template.at(SHEET_PX_PER_MM) / np.float32(255)).astype(np.float32)

    @cached_property
    def paper(self) -> Floats:
        """Level of the paper, followed over the page: ``(h, w)``."""
        tile = max(4, round(_TILE_MM * SHEET_PX_PER_MM))
        height, width = self.grey.shape
        rows, columns = max(1, round(height / tile)), max(1, round(width / tile))
        # The lightest tenth of a tile is paper wherever a tile is not wholly inked.
        bright = cv2.dilate(self.grey, np.ones((3, 3), np.uint8))
        small = cv2.resize(bright, (columns * 6, rows * 6), interpolation=cv2.INTER_AREA)
        levels = np.percentile(
            small.reshape(rows, 6, columns, 6).transpose(0, 2, 1, 3).reshape(rows, columns, 36),
            70,
            axis=2,
        ).astype(np.float32)
        levels = np.asarray(cv2.medianBlur(levels, 3), np.float32)
        return np.asarray(cv2.resize(levels, (width, height)), np.float32)

    @cached_property
    def dark(self) -> Floats:
        """Darkness: 0 paper, about 1 the form's own print: ``(h, w)``."""
        strong = self.grey[self.print_ > 0.7]
        paper = float(np.median(self.paper))
        inked = strong[strong < 0.75 * paper]
        black = float(np.percentile(inked, 40)) if inked.size > 50 else 0.35 * paper
        span = np.maximum(self.paper - black, 40.0)
        return np.asarray((self.paper - self.grey) / span, np.float32)

    @cached_property
    def added(self) -> Floats:
        """Darkness that the blank does not have near this place: ``(h, w)``, from 0."""
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_REACH, _REACH))
        allowed = np.asarray(cv2.dilate(self.print_, kernel), np.float32)
        return np.clip(self.dark - 1.2 * allowed, 0.0, 1.5).astype(np.float32)

    @cached_property
    def missing(self) -> Floats:
        """Print of the blank that is not there, 0 to 1 of full print: ``(h, w)``."""
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_REACH, _REACH))
        near = np.asarray(cv2.dilate(np.clip(self.dark, 0.0, 1.2), kernel), np.float32)
        return np.clip(self.print_ - near / 0.7, 0.0, 1.0).astype(np.float32)

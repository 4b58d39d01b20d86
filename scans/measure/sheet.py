"""The whole page laid straight at a low resolution, with the blank subtracted.

For what happens between the boxes: print that is missing under a blob, handwriting,
signatures, edges of pasted paper. Computed once a page, on first use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.rectify import Rectifier
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["SHEET_PX_PER_MM", "STRONG", "Sheet"]

Bytes = NDArray[np.uint8]

SHEET_PX_PER_MM = 4.0
STRONG = 0.45
"""Darkness from which print of the blank is looked for on the scan."""

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
    def of(grey: NDArray[np.uint8], registration: Registration, template: PageTemplate) -> Sheet:
        """Rectify a grey scan."""
        width, height = template.page.size_mm
        rectifier = Rectifier.of(grey, registration, SHEET_PX_PER_MM)
        return Sheet(rectifier.region((0.0, 0.0, width, height), SHEET_PX_PER_MM), template)

    @cached_property
    def print_(self) -> Bytes:
        """Darkness of the blank, 255 is black: ``(h, w)``."""
        return _blank_darkness(self.template)

    @cached_property
    def paper(self) -> Bytes:
        """Level of the paper, followed over the page: ``(h, w)``."""
        tile = max(4, round(_TILE_MM * SHEET_PX_PER_MM))
        height, width = self.grey.shape
        rows, columns = max(1, round(height / tile)), max(1, round(width / tile))
        # The lightest third of a tile is paper wherever a tile is not wholly inked.
        small = cv2.resize(self.grey, (columns * 6, rows * 6), interpolation=cv2.INTER_AREA)
        cells = small.reshape(rows, 6, columns, 6).transpose(0, 2, 1, 3).reshape(rows, columns, 36)
        levels = np.sort(cells, axis=2)[:, :, 25]
        levels = cv2.medianBlur(np.ascontiguousarray(levels), 3)
        return np.asarray(cv2.resize(levels, (width, height)), np.uint8)

    @cached_property
    def black(self) -> float:
        """Grey level of the form's own print."""
        paper = float(np.median(self.paper[::8, ::8]))
        strong = self.grey[self.print_ > 0.7 * 255]
        inked = strong[strong < 0.75 * paper]
        return float(np.percentile(inked, 40)) if inked.size > 50 else 0.35 * paper

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Where strong print of the blank is not on the scan: ``(h, w)``."""
        darker = np.asarray(cv2.subtract(self.paper, self.grey), np.uint8)
        near = np.asarray(cv2.dilate(darker, np.ones((_REACH, _REACH), np.uint8)), np.uint8)
        # Light falls on paper and print alike: contrast goes with the paper's own level.
        level = float(np.median(self.paper[::8, ::8]))
        contrast = max(1.0 - self.black / max(level, 1.0), 0.15)
        strong = self.print_ > STRONG * 255
        gone = np.zeros(strong.shape, np.bool_)
        # Print of full darkness is missing where the scan reaches less than half of it.
        expected = self.paper[strong] * (contrast / 255.0) * self.print_[strong]
        gone[strong] = near[strong] < 0.4 * expected
        return gone


@lru_cache(maxsize=16)
def _blank_darkness(template: PageTemplate) -> Bytes:
    return np.asarray(255 - template.at(SHEET_PX_PER_MM), np.uint8)

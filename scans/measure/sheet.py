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

from scans.halvings import Halvings
from scans.quantiles import median, percentile
from scans.rectify import Rectifier
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["SHEET_PX_PER_MM", "STRONG", "Sheet", "StrongPrint", "strong_print"]

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
    def of(grey: Halvings, registration: Registration, template: PageTemplate) -> Sheet:
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
        # Quarters first: any factor but a whole one costs ten times as much.
        quarter = cv2.resize(
            self.grey[: height // 4 * 4, : width // 4 * 4],
            (width // 4, height // 4),
            interpolation=cv2.INTER_AREA,
        )
        small = cv2.resize(quarter, (columns * 6, rows * 6), interpolation=cv2.INTER_AREA)
        cells = small.reshape(rows, 6, columns, 6).transpose(0, 2, 1, 3).reshape(rows, columns, 36)
        levels = np.sort(cells, axis=2)[:, :, 25]
        levels = cv2.medianBlur(np.ascontiguousarray(levels), 3)
        return np.asarray(cv2.resize(levels, (width, height)), np.uint8)

    @cached_property
    def level(self) -> float:
        """Grey level of the paper, over the whole page."""
        return median(self.paper[::8, ::8])

    @cached_property
    def black(self) -> float:
        """Grey level of the form's own print."""
        strong = self.grey.ravel()[strong_print(self.template).darkest]
        inked = strong[strong < 0.75 * self.level]
        return percentile(inked, 40) if inked.size > 50 else 0.35 * self.level

    @cached_property
    def darker(self) -> Bytes:
        """Levels below the paper around it: ``(h, w)``."""
        return np.asarray(cv2.subtract(self.paper, self.grey), np.uint8)

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Which pixels of :func:`strong_print` are not on the scan: ``(n,)``."""
        gone: NDArray[np.bool_] = (
            self._near.ravel()[strong_print(self.template).at] < self._expected
        )
        return gone

    def missing_beside(self, these: NDArray[np.intp], reach_mm: float) -> float:
        """Share of some pixels of :func:`strong_print` that are missing wherever they lie.

        Far from measured print a sheet may lie otherwise than it is laid: looked for is the same
        picture up to ``reach_mm`` aside.

        Args:
            these: Which of them, by position.
            reach_mm: As far to each side.
        """
        rows, columns = np.divmod(strong_print(self.template).at[these], self.grey.shape[1])
        reach = round(reach_mm * SHEET_PX_PER_MM)
        steps = range(-reach, reach + 1)
        down = np.clip(rows + np.array(steps)[:, None], 0, self.grey.shape[0] - 1)
        across = np.clip(columns + np.array(steps)[:, None], 0, self.grey.shape[1] - 1)
        levels = self._near[down[:, None], across[None]]
        return float((levels < self._expected[these]).mean(axis=2).min())

    @cached_property
    def _near(self) -> Bytes:
        """The darkest around each place: ``(h, w)``."""
        return np.asarray(cv2.dilate(self.darker, np.ones((_REACH, _REACH), np.uint8)), np.uint8)

    @cached_property
    def _expected(self) -> NDArray[np.float32]:
        """How much darker than paper print of :func:`strong_print` has to be: ``(n,)``."""
        # Light falls on paper and print alike: contrast goes with the paper's own level.
        contrast = max(1.0 - self.black / max(self.level, 1.0), 0.15)
        strong = strong_print(self.template)
        # Print of full darkness is missing where the scan reaches less than half of it.
        expected = self.paper.ravel()[strong.at] * np.float32(0.4 * contrast / 255.0)
        expected *= strong.darkness
        return np.asarray(expected, np.float32)


@dataclass(frozen=True, eq=False)
class StrongPrint:
    """Print of a blank at :data:`SHEET_PX_PER_MM` that is looked for on its scans.

    Attributes:
        shape: Height and width of the page.
        at: int ``(n,)``: flat pixels darker than :data:`STRONG`.
        darkness: float32 ``(n,)``: of each, 0 to 255.
        darkest: int ``(k,)``: flat pixels that tell how dark print is.
    """

    shape: tuple[int, int]
    at: NDArray[np.intp]
    darkness: NDArray[np.float32]
    darkest: NDArray[np.intp]


@lru_cache(maxsize=16)
def strong_print(template: PageTemplate) -> StrongPrint:
    """What a blank has of it; once a template and process."""
    print_ = _blank_darkness(template)
    flat = print_.ravel()
    at = np.flatnonzero(flat > STRONG * 255)
    darkest = np.flatnonzero(flat > 0.7 * 255)
    height, width = print_.shape
    return StrongPrint((height, width), at, flat[at].astype(np.float32), darkest)


@lru_cache(maxsize=16)
def _blank_darkness(template: PageTemplate) -> Bytes:
    return np.asarray(255 - template.at(SHEET_PX_PER_MM), np.uint8)

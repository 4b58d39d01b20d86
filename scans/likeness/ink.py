"""Ink of one field as a small picture, and how much it says.

A word that was crossed out is like any other such word; so a picture knows how distinct it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.likeness.strokes import rimmed, self_likeness, solid_share, strokes

__all__ = [
    *("ALL_INK", "FINE_PX_PER_MM", "LEAST_MM2", "LEVELS", "PEN", "STAMP"),
    *("FieldInk", "comparable"),
]

ALL_INK, PEN, STAMP = 0, 1, 2
"""What a picture shows: every ink; all but a seal's; red ink."""

LEVELS = 15
"""Full ink; pictures hold whole steps from 0 to this."""

LEAST_MM2: Mapping[str, float] = {"signature": 8.0, "handwriting": 10.0, "seal": 40.0}
"""Ink that a field must hold to be recognised by: 8 mm2 are 2 cm of a pen's line."""

# Ink says all by its likeness to other ink
# up to the first of these limits, nothing from the second. Likeness to itself, moved by 1.5 mm or
# more: of drawn comments half reach .42 and one in 96 .63, of 206 signatures one .47, crossed-out
# words .6 to .8. Share of ink too thick for a pen's line: signatures and comments of three
# makers reach .47, short words crossed out .5 to .8.
_LIKE_ITSELF, _BLOT = (0.5, 0.7), (0.45, 0.6)

FINE_PX_PER_MM = 3.0
"""Signatures are kept as fine as this where their field allows."""

# The resolution of codes and of the rough search where pictures are finer.
_COARSE = 1.5


@dataclass(frozen=True, eq=False)
class FieldInk:
    """Ink of one field.

    Attributes:
        id: Of the field.
        kind: ``signature``, ``handwriting`` or ``seal``.
        box_mm: Of the field on the page.
        shows: :data:`ALL_INK`, :data:`PEN` or :data:`STAMP`.
        px_per_mm: Resolution, the same for every page of the form.
        corner: Column and row of the picture's corner within the field, in its pixels.
        ink: uint8 ``(h, w)`` in sixteen steps, cut to what is inked.
    """

    id: str
    kind: str
    box_mm: BoxMm
    shows: int
    px_per_mm: float
    corner: tuple[int, int]
    ink: NDArray[np.uint8]

    @property
    def channel(self) -> str:
        """What it is compared with: pictures of the same field that show the same."""
        return f"{self.kind}:{self.id}:{self.shows}"

    @property
    def fine(self) -> bool:
        """Whether it was kept finer than what is looked for roughly."""
        return self.px_per_mm >= FINE_PX_PER_MM

    @cached_property
    def coarse(self) -> FieldInk:
        """The same at the resolution of codes and of the rough search."""
        return self.at(_COARSE) if self.fine else self

    def at(self, px_per_mm: float) -> FieldInk:
        """The same at a lower resolution."""
        scale = px_per_mm / self.px_per_mm
        if scale >= 1.0:
            return self
        rows, columns = (max(1, round(scale * side)) for side in self.ink.shape)
        soft = cv2.resize(
            self.ink.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA
        )
        corner = round(scale * self.corner[0]), round(scale * self.corner[1])
        ink = np.asarray(np.round(soft), np.uint8)
        return replace(self, px_per_mm=px_per_mm, corner=corner, ink=ink)

    @property
    def inked_mm2(self) -> float:
        """How much is written."""
        return float(self.ink.sum()) / LEVELS / self.px_per_mm**2

    @property
    def enough(self) -> bool:
        """Whether it is enough to be recognised by, and not one bar like any other."""
        return self.inked_mm2 >= LEAST_MM2[self.kind] and self.distinct > 0.0

    @cached_property
    def distinct(self) -> float:
        """How much its likeness to another says, in [0, 1]: of bars and blots little."""
        if self.kind == "seal":
            return 1.0
        px_per_mm = self.coarse.px_per_mm
        ink = rimmed(self.coarse.ink, LEVELS, px_per_mm)
        own = self_likeness(strokes(ink, px_per_mm), px_per_mm)
        solid = solid_share(ink, px_per_mm)
        return min(_left(own, *_LIKE_ITSELF), _left(solid, *_BLOT))


def _left(value: float, most: float, least: float) -> float:
    """1 up to the first limit, 0 from the second."""
    return min(1.0, max(0.0, (least - value) / (least - most)))


def comparable(inks: Iterable[FieldInk]) -> tuple[FieldInk, ...]:
    """Pictures to recognise a page by: all ink of a signature's field only beside a pen's.

    Without it, it is a seal's, and seals are looked at in their own way.
    """
    enough = [ink for ink in inks if ink.enough]
    signed = {ink.id for ink in enough if ink.shows == PEN}
    return tuple(k for k in enough if k.kind != "signature" or k.shows == PEN or k.id in signed)

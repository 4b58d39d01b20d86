"""What drafting finds on a blank page, in mm from the page's top-left corner."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm

__all__ = ["Found", "Group", "Phrase", "Sheet"]


@dataclass(frozen=True)
class Phrase:
    """A run of text on one line, as the PDF holds it or OCR read it."""

    text: str
    box_mm: BoxMm

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        x, y, width, height = self.box_mm
        return x + width / 2, y + height / 2


@dataclass(frozen=True)
class Found:
    """An outline: outer edge of the printed line, and whether it is round."""

    box_mm: BoxMm
    shape: str

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        x, y, width, height = self.box_mm
        return x + width / 2, y + height / 2


@dataclass(eq=False)
class Sheet:
    """A blank page, straight and edge to edge.

    Attributes:
        number: Page number from 1.
        size_mm: Width and height.
        grey: uint8 ``(height, width)``: as it is kept for the instrument.
        flat: uint8 of the same shape: tints and shade of the scanner taken out, paper at 255.
        phrases: Text of the page.
        paths: Outer edges of drawn rectangles and ellipses of a vector PDF.
        notes: What is doubtful about the page.
    """

    number: int
    size_mm: tuple[float, float]
    grey: NDArray[np.uint8]
    flat: NDArray[np.uint8]
    phrases: tuple[Phrase, ...] = ()
    paths: tuple[BoxMm, ...] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def scale(self) -> float:
        """Pixels a mm (both ways, to a part in a thousand)."""
        return float(self.grey.shape[1] / self.size_mm[0])

    def ink(self, box: BoxMm, level: int = 170) -> float:
        """Share of a region that is printed on; 0 off the page."""
        x, y, width, height = (v * self.scale for v in box)
        rows = slice(max(0, round(y)), max(0, round(y + height)))
        columns = slice(max(0, round(x)), max(0, round(x + width)))
        part = self.flat[rows, columns]
        return float((part < level).mean()) if part.size else 0.0

    def text_in(self, box: BoxMm) -> str:
        """Phrases whose centre lies in a region, in reading order."""
        x, y, width, height = box
        inside = [
            p
            for p in self.phrases
            if x <= p.middle[0] <= x + width and y <= p.middle[1] <= y + height
        ]
        inside.sort(key=lambda p: (round(p.middle[1] / 2.0), p.box_mm[0]))
        return " ".join(" ".join(p.text for p in inside).split())


@dataclass(eq=False)
class Group:
    """Boxes that answer together.

    Attributes:
        rows: Boxes of each row from left to right.
        kind: ``grid``: every row an item, every column a value; ``list``: all boxes are
            the values of one item.
        left_mm: Where its part of the page begins.
    """

    rows: list[list[Found]]
    kind: str
    left_mm: float = 0.0

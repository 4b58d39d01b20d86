"""A scan at the resolutions that registration works on.

It is only ever halved, and each step picks the level that is nearest above its need.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scans.halvings import Halvings

__all__ = ["Level", "ScanPicture"]

# A level whose long side is shorter says nothing more about print.
_SMALLEST_SIDE = 320


@dataclass(frozen=True, eq=False)
class Level:
    """One halving of the scan.

    Attributes:
        image: uint8 ``(height, width)``.
        factor: Full-size pixels a pixel of this level: 1, 2, 4, …
    """

    image: NDArray[np.uint8]
    factor: int

    @property
    def from_full(self) -> NDArray[np.float64]:
        """``(3, 3)``: full-size px -> px of this level, centres at whole numbers."""
        f = float(self.factor)
        return np.array([[1 / f, 0, 0.5 / f - 0.5], [0, 1 / f, 0.5 / f - 0.5], [0, 0, 1]])


@dataclass(frozen=True, eq=False)
class ScanPicture:
    """A scan and its halvings.

    Attributes:
        levels: Full size first.
    """

    levels: tuple[Level, ...]

    @classmethod
    def of(cls, scan: Halvings) -> ScanPicture:
        """Halve a scan until nothing is left to see."""
        levels = [Level(scan.at(0), 1)]
        while max(levels[-1].image.shape) >= 2 * _SMALLEST_SIDE:
            if min(levels[-1].image.shape) < 2:
                break
            levels.append(Level(scan.at(len(levels)), levels[-1].factor * 2))
        return cls(tuple(levels))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height at full size."""
        height, width = self.levels[0].image.shape[:2]
        return width, height

    def with_long_side(self, at_most: int) -> Level:
        """The largest level whose long side is no longer than ``at_most``, else the smallest."""
        for level in self.levels:
            if max(level.image.shape) <= at_most:
                return level
        return self.levels[-1]

    def for_resolution(self, px_per_mm: float, wanted: float) -> Level:
        """The smallest level with ``wanted`` px a mm, where full size has ``px_per_mm``."""
        chosen = self.levels[0]
        for level in self.levels[1:]:
            if px_per_mm / level.factor < wanted:
                break
            chosen = level
        return chosen

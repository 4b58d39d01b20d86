"""The printed line around an outline: how thick it is, and whether letters stand beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm

__all__ = ["own_rim", "rim_of", "stands_alone"]

Mask = NDArray[np.bool_]

_LINE_MM = 1.1  # no outline is thicker
_LETTER_MM = 4.0  # what is higher is no letter of running text
_COMMON_MM = 3.0  # a capital of 12 points; larger ones stand in headings


def rim_of(
    flat: NDArray[np.uint8], dark: Mask, hole: tuple[int, int, int, int], scale: float
) -> tuple[float, float, float, float] | None:
    """Thickness of the rim in px on the left, top, right and bottom; ``None`` for no rim.

    Measured by the darkness of a cut through the line, so that it does not depend on where
    the threshold met the line's slope.
    """
    x, y, w, h = hole
    reach = max(3, round(_LINE_MM * scale))
    cuts = []
    for side in range(4):
        profiles = []
        for share in (0.4, 0.45, 0.5, 0.55, 0.6):
            if side in (0, 2):
                row = y + int(share * h)
                line = flat[row, max(0, x - reach) : x][::-1] if side == 0 else (
                    flat[row, x + w : x + w + reach]
                )  # fmt: skip
            else:
                column = x + int(share * w)
                line = flat[max(0, y - reach) : y, column][::-1] if side == 1 else (
                    flat[y + h : y + h + reach, column]
                )  # fmt: skip
            if len(line) < 2:
                return None
            profiles.append(_thickness(line))
        thick = float(np.median(profiles))
        if thick >= reach or thick <= 0:
            return None
        cuts.append(thick)
    if max(cuts) > 3.0 * min(cuts) + 1.5:
        return None
    return cuts[0], cuts[1], cuts[2], cuts[3]


def own_rim(lines: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """The rim of a ring alone: where its neighbour touches it, two lines were measured as one."""
    thin = min(lines)
    left, top, right, bottom = (thin if 1.7 * thin < line < 2.7 * thin else line for line in lines)
    return left, top, right, bottom


def _thickness(line: NDArray[np.uint8]) -> float:
    """How far the dark goes from the start of a cut, to a fraction of a pixel."""
    darkness = 255.0 - line.astype(np.float64)
    peak = float(darkness[:4].max())
    if peak <= 0:
        return 0.0
    below = np.flatnonzero(darkness < 0.5 * peak)
    first = int(np.argmax(darkness[:4] >= 0.5 * peak))
    below = below[below > first]
    if not len(below):
        return float(len(line))
    end = int(below[0])
    before, after = darkness[end - 1], darkness[end]
    return end - 1 + float((before - 0.5 * peak) / max(before - after, 1e-6)) + 0.5


def stands_alone(
    dark: Mask, box: BoxMm, scale: float, lines: tuple[float, float, float, float]
) -> bool:
    """Whether nothing is printed close to the left and right, as in a word.

    Beside one larger than common letters its own words may stand close, on one side.
    """
    x, y, w, h = (v * scale for v in box)
    # Between letters the paper shows for a tenth of their height, between words for a third.
    near = max(0.3 * scale, 0.22 * h)
    gap = near if h >= _LETTER_MM * scale else max(near, 0.45 * h)
    skip = 0.12 * scale + 1
    rows = slice(max(0, round(y + 0.1 * h)), round(y + 0.9 * h))

    def bare(reach: float) -> tuple[bool, bool]:
        left = dark[rows, max(0, round(x - reach)) : max(0, round(x - skip))]
        right = dark[rows, round(x + w + skip) : round(x + w + reach)]
        return not left.any(), not right.any()

    if max(lines) > 1.8 * min(lines) + 1.0:
        return False
    far = bare(gap)
    return all(far) or (h >= _COMMON_MM * scale and any(far) and all(bare(near)))

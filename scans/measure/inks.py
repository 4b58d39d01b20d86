"""What ink a mark is made of: its hue, and how wide the line is.

Hue is what the ink takes out of the paper's light, channel by channel, summed over the
mark. Sums survive blur and JPEG's coarse colour, so one pen's marks on one sheet agree to
half a percent where two pens differ by ten. Print is left out: it would mix its own ink in.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches, PageInk

__all__ = ["FEWEST_PX", "NO_INK", "Ink", "ink_of"]

FEWEST_PX = 30
"""Ink on fewer pixels (0.3 mm2) has no hue to speak of."""

_REACH_MM = 1.2
# A blank's print blurred by the scanner tints what lies this close to it.
_PRINT = 0.15
# Paper is looked at on every fourth pixel.
_STEP = 4
# Ink that comes this close to the edge of a patch goes on beyond it.
_EDGE_MM = 0.2


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of one box.

    Attributes:
        warm: Light taken out of red less light taken out of blue, as a share of all that is
            taken: black 0, blue ink about .2, red ink -.3, brown stains -.4; 0 on grey scans.
        green: Twice what is taken out of green less the other two, as a share: violet and
            red ink are above 0.
        width_mm: Width of the line: four times the mean distance of its pixels from paper.
        pixels: On how many pixels hue was measured.
        runs_on: Share of the patch's edge that is inked: what is larger than a mark runs on.
    """

    warm: float = 0.0
    green: float = 0.0
    width_mm: float = 0.0
    pixels: int = 0
    runs_on: float = 0.0


NO_INK = Ink()


def ink_of(group: BoxPatches, row: int, ink: PageInk, peak: float) -> Ink:
    """The ink in and within 1.2 mm of one box of a group.

    Args:
        group: Boxes of one size.
        row: Which of them.
        ink: Levels of the page.
        peak: Darkness that the mark's darkest sixth reaches.
    """
    drawn = (group.added[row] > ink.threshold) & group.own[row]
    clear = drawn & (group.allowed[row] < _PRINT)
    near = group.distance < _REACH_MM
    zone = (clear & near).astype(np.uint8)
    pixels = int(cv2.countNonZero(zone))
    if pixels == 0:
        return NO_INK
    warm, green = (0.0, 0.0) if group.colour.ndim == 3 else _hue(group, row, zone)
    # Half of the mark's own darkness: blur widens pale and dark lines alike there. Print
    # under the line is included, so that it is not cut in two.
    core = (drawn & near & (group.dark[row] > 0.5 * peak)).astype(np.uint8)
    return Ink(warm, green, _width(core), pixels, _runs_on(clear))


def _hue(group: BoxPatches, row: int, zone: NDArray[np.uint8]) -> tuple[float, float]:
    colour = group.colour[row]
    raster = (slice(None, None, _STEP), slice(None, None, _STEP))
    bare = (group.dark[row][raster] < 0.08) & (group.allowed[row][raster] < 0.1)
    values = colour[raster][bare]
    if len(values) < 10:
        values = colour[raster].reshape(-1, 3)
    # The lighter half of what is bare: a pale wash over the box is no paper.
    place = int(0.6 * len(values))
    paper = np.maximum(np.partition(values, place, axis=0)[place], 40.0)
    blue, green, red = 1.0 - np.array(cv2.mean(colour, zone)[:3]) / paper
    total = max(float(blue + green + red), 0.05)
    return float((red - blue) / total), float((2.0 * green - red - blue) / total)


def _width(core: NDArray[np.uint8]) -> float:
    if not cv2.countNonZero(core):
        return 0.0
    distance = cv2.distanceTransform(core, cv2.DIST_L2, 3)
    # The outermost pixel of a line lies at distance 1 from paper, half a pixel too far.
    return max(1.0, 4.0 * (cv2.mean(distance, core)[0] - 0.5)) / PX_PER_MM


def _runs_on(clear: NDArray[np.bool_]) -> float:
    rim = max(1, round(_EDGE_MM * PX_PER_MM))
    edges = (clear[:rim], clear[-rim:], clear[:, :rim].T, clear[:, -rim:].T)
    inked = sum(int(np.count_nonzero(edge.any(axis=0))) for edge in edges)
    return inked / (2.0 * sum(clear.shape))

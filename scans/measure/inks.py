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


def ink_of(group: BoxPatches, row: int, ink: PageInk) -> Ink:
    """The ink in and within 1.2 mm of one box of a group."""
    drawn = (group.added[row] > ink.threshold) & group.own[row]
    clear = drawn & (group.allowed[row] < _PRINT)
    zone = clear & (group.distance < _REACH_MM)
    pixels = int(np.count_nonzero(zone))
    if pixels == 0:
        return NO_INK
    warm, green = (0.0, 0.0) if group.colour.ndim == 3 else _hue(group, row, zone)
    return Ink(warm, green, _width(group, row, drawn), pixels, _runs_on(group, clear))


def _hue(group: BoxPatches, row: int, zone: NDArray[np.bool_]) -> tuple[float, float]:
    colour = group.colour[row]
    dark = group.dark[row]
    bare = (dark < 0.08) & (group.allowed[row] < 0.1)
    values = colour[bare][::7]
    if len(values) < 10:
        values = colour.reshape(-1, 3)[::7]
    # The lighter half of what is bare: a pale wash over the box is no paper.
    paper = np.maximum(np.percentile(values, 60, axis=0), 40.0)
    blue, green, red = 1.0 - colour[zone].mean(axis=0) / paper
    total = max(float(blue + green + red), 0.05)
    return float((red - blue) / total), float((2.0 * green - red - blue) / total)


def _width(group: BoxPatches, row: int, drawn: NDArray[np.bool_]) -> float:
    """Width of the line, print under it included so that it is not cut in two."""
    dark = group.dark[row]
    inked = drawn & (group.distance < _REACH_MM)
    # Half of the mark's own darkness: blur widens pale and dark lines alike there.
    level = 0.5 * float(np.percentile(dark[inked], 84)) if inked.any() else 1.0
    core = inked & (dark > level)
    if not core.any():
        return 0.0
    distance = cv2.distanceTransform(core.astype(np.uint8), cv2.DIST_L2, 3)
    # The outermost pixel of a line lies at distance 1 from paper, half a pixel too far.
    return max(1.0, 4.0 * (float(distance[core].mean()) - 0.5)) / PX_PER_MM


def _runs_on(group: BoxPatches, clear: NDArray[np.bool_]) -> float:
    rim = max(1, round(_EDGE_MM * PX_PER_MM))
    edges = (clear[:rim], clear[-rim:], clear[:, :rim].T, clear[:, -rim:].T)
    inked = sum(int(np.count_nonzero(edge.any(axis=0))) for edge in edges)
    return inked / (2.0 * sum(clear.shape))

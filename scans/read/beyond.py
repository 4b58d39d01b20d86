"""Ink on the paper around a box, farther out than a mark reaches.

A mark and what takes it back end within a few millimetres of their box. A stamp, a word or a
number that happens to lie over a box goes on where nobody answers: between the boxes and
over the printed questions. Its ink in the box may look like a mark for all else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches, PageInk, measure_boxes
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["ink_beyond"]

# From where on an overshooting cross or a line that strikes out has mostly ended.
_FROM_MM, _UPTO_MM = 2.5, 9.0
# Ink on this share of a box is asked about where another box of its item holds as much.
_INKED = 0.03
# Print spread by the scanner is no ink of anybody's.
_PRINT = 0.15


def ink_beyond(
    image: NDArray[np.uint8],
    registration: Registration,
    template: PageTemplate,
    ink: PageInk,
    groups: Sequence[BoxPatches],
    leave_out: Collection[int] = (),
) -> dict[int, float]:
    """Ink 2.5 to 9 mm beyond boxes that share their item with another inked box, in mm².

    Args:
        image: The scan as received.
        registration: Lays it over ``template``.
        template: The blank page.
        ink: Levels of the page.
        groups: The boxes with their usual rim.
        leave_out: Positions of circled boxes: the circle is ink around them.

    Returns:
        By position; what lies nearer to another box is not counted.
    """
    inked: dict[str, list[int]] = {}
    for group in groups:
        over = (group.added > ink.threshold)[:, group.distance < 0].mean(axis=1) > _INKED
        for row in np.flatnonzero(over):
            inked.setdefault(group.boxes[row].item, []).append(int(group.index[row]))
    several = [i for members in inked.values() if len(members) > 1 for i in members]
    wanted = sorted(set(several) - set(leave_out))
    if not wanted:
        return {}
    _, wide = measure_boxes(
        image, registration, template, margin_mm=_UPTO_MM, only=wanted, black=ink.black
    )
    found = {}
    for group in wide:
        ring = (group.distance > _FROM_MM) & (group.distance < _UPTO_MM)
        drawn = (group.added > ink.threshold) & (group.allowed < _PRINT) & group.own & ring
        for i, mask in zip(group.index.tolist(), drawn, strict=True):
            found[i] = float(np.count_nonzero(mask)) / PX_PER_MM**2
    return found

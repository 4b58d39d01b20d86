"""A scan turned by quarters until it stands upright, pixel by pixel.

Sheets go through feeders upside down and lie across the glass. Measures that cut boxes out of
the scan's own pixels have to cut the same way everywhere, and no pixel may be made up for it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scans.types import RawPage, Registration

__all__ = ["quarter_turns", "upright"]


def quarter_turns(registration: Registration) -> int:
    """How many quarters the page lies turned clockwise on the scan: 0 to 3."""
    m = registration.matrix
    # Of the page's left to right, about its middle; photos lean, but by less than an eighth.
    ends = np.array([[60.0, 140.0, 1.0], [140.0, 140.0, 1.0]]) @ m.T
    start, end = ends[:, :2] / ends[:, 2:]
    across, down = (end - start).tolist()
    return round(float(np.degrees(np.arctan2(down, across))) / 90.0) % 4


def upright(raw: RawPage, registration: Registration) -> tuple[RawPage, Registration]:
    """The scan in grey with the page upright, and the registration of that picture.

    Args:
        raw: The scan, in any orientation.
        registration: Lays it over the form.

    Returns:
        The grey picture turned by whole quarters, its pixels otherwise untouched, as a page
        of its own; what was given where the page stands upright.
    """
    turns = quarter_turns(registration)
    if turns == 0:
        return raw, registration
    grey = raw.grey
    height, width = grey.shape
    move = {
        1: ((0.0, 1.0, 0.0), (-1.0, 0.0, width - 1.0)),
        2: ((-1.0, 0.0, width - 1.0), (0.0, -1.0, height - 1.0)),
        3: ((0.0, -1.0, height - 1.0), (1.0, 0.0, 0.0)),
    }[turns]
    matrix = np.array([*move, (0.0, 0.0, 1.0)]) @ registration.matrix
    turned = np.ascontiguousarray(np.rot90(grey, turns))
    return replace(raw, image=turned), replace(registration, matrix=matrix)

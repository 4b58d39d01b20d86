"""How often honest index sheets are called out of line, and how often a raised field is found.

``python -m tests.accuracy.index_lines`` prints a line a world: units, shape of what fields
differ by, groups with any flag, raised fields found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.out_of_line import parts_out_of_line

SIZES, SHAPES = (15, 23, 47, 63), ("normal", "left", "heavy")
MAXIMUM = np.array([8.5, 10, 14.5, 10, 16, 8.5, 14, 18.5])


def group(draw: np.random.Generator, units: int, shape: str) -> NDArray[np.float64]:
    """Points of an honest group: a level of each unit and field, and what fields differ by."""
    level = draw.normal(0, 0.35, units)[:, None] + draw.normal(2.2, 0.4, 8)
    own = draw.normal(0, 1, (units, 8))
    if shape == "left":
        own = (4 - draw.gamma(4, 1, (units, 8))) / 2
    elif shape == "heavy":
        own = draw.standard_t(5, (units, 8)) / 1.29
    share = 1 / (1 + np.exp(-(level + 0.35 * own)))
    return np.round(share * MAXIMUM * 4) / 4  # quarters of a point


def world(units: int, shape: str, groups: int, seed: int) -> tuple[float, float]:
    """Share of honest groups with any flag, and of raised fields that are found."""
    draw = np.random.default_rng([seed, units])
    flagged = found = 0
    for _ in range(groups):
        points = group(draw, units, shape)
        flagged += parts_out_of_line(points, MAXIMUM).flagged.any()
        lowest = int(np.argmin((points / MAXIMUM).mean(axis=0)))
        points[0, lowest] = MAXIMUM[lowest] * 0.995
        found += parts_out_of_line(points, MAXIMUM).flagged[0, lowest]
    return float(flagged / groups), float(found / groups)


if __name__ == "__main__":
    for units in SIZES:
        for shape in SHAPES:
            flagged, found = world(units, shape, 150, 0)
            # A command's output.
            print(f"{units} units, {shape}: flagged {flagged:.3f}, found {found:.3f}")  # noqa: T201

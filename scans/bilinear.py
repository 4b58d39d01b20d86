"""Values between the nodes of a lattice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scans.compiled import compiled

__all__ = ["between"]

Doubles = NDArray[np.float64]


@compiled(
    "void(float64[:, :, ::1], float64[:, :], float64, float64, float64, float64, float64[:, ::1])"
)
def between(
    nodes: Doubles,
    points: Doubles,
    first_x: float,
    first_y: float,
    step_x: float,
    step_y: float,
    values: Doubles,
) -> None:
    """Bilinear values at points, those of the edge beyond it.

    Args:
        nodes: ``(rows, columns, 2)``.
        points: ``(n, 2)``: x and y.
        first_x: Of the first node.
        first_y: Of the first node.
        step_x: From one node to the next.
        step_y: From one node to the next.
        values: ``(n, 2)``, NaN for a place that is NaN. Written.
    """
    rows, columns = nodes.shape[0], nodes.shape[1]
    across, down = min(1, columns - 1), min(1, rows - 1)
    for n in range(len(points)):
        x, y = points[n, 0], points[n, 1]
        if np.isnan(x) or np.isnan(y):
            values[n, 0] = values[n, 1] = np.nan
            continue
        u = min(max((x - first_x) / step_x, 0.0), float(columns - 1))
        v = min(max((y - first_y) / step_y, 0.0), float(rows - 1))
        left, top = min(int(u), max(columns - 2, 0)), min(int(v), max(rows - 2, 0))
        a, b = u - left, v - top
        for k in range(2):
            upper = nodes[top, left, k] * (1.0 - a) + nodes[top, left + across, k] * a
            lower = nodes[top + down, left, k] * (1.0 - a) + nodes[top + down, left + across, k] * a
            values[n, k] = upper * (1.0 - b) + lower * b

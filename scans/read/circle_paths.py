"""A line closed around a place, and the best one among rays from there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ANGLES", "HIDDEN", "Circle", "best_loops", "better"]

ANGLES = 72
HIDDEN = 0.55
"""What a place hidden by print counts as.

A hand leaves a gap where the line starts and ends, and crosses printed lines unseen.
"""
# The path may move in or out by this many steps from one angle to the next (5 degrees).
_BEND = 3


@dataclass(frozen=True, eq=False)
class Circle:
    """A closed line around a box.

    Attributes:
        coverage: Share of directions in which ink lies on the path, 0 to 1.
        path_mm: float64 ``(72, 2)``: the path on the form.
        beyond: Median distance of the path from the centre over the box's half diagonal.
    """

    coverage: float
    path_mm: NDArray[np.float64]
    beyond: float


def better(one: Circle, other: Circle | None) -> bool:
    """Whether the first path is closed at least as well."""
    return other is None or one.coverage >= other.coverage


def best_loops(gain: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each box the path of one radius per angle with most gain, bent little, closed.

    Dynamic programming over two turns; the second half of the first and the first half of
    the second are one turn free of the ends.

    Args:
        gain: float32 ``(boxes, angles, radii)``.

    Returns:
        int64 ``(boxes, angles)``.
    """
    turns = np.concatenate([gain, gain], axis=1)
    boxes, steps, count = turns.shape
    offsets = np.arange(-_BEND, _BEND + 1)
    source = np.clip(np.arange(count)[None, :] + offsets[:, None], 0, count - 1)
    cost = np.float32(0.04) * np.abs(offsets)[None, :, None].astype(np.float32)
    best = turns[:, 0].copy()
    back = np.zeros((steps, boxes, count), np.int64)
    for k in range(1, steps):
        value = best[:, source] - cost
        choice = value.argmax(axis=1)
        back[k] = source[choice, np.arange(count)]
        best = value.max(axis=1) + turns[:, k]
    path = np.zeros((boxes, steps), np.int64)
    path[:, -1] = best.argmax(axis=1)
    every = np.arange(boxes)
    for k in range(steps - 1, 0, -1):
        path[:, k - 1] = back[k, every, path[:, k]]
    half = gain.shape[1] // 2
    return np.roll(path[:, half : half + gain.shape[1]], half, axis=1)

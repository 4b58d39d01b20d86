"""Circles drawn around boxes: how many forms let a respondent take a mark back.

A circle is a closed line around the box at any distance, tight on its corners or wide
enough to run through the neighbours. It is looked for in polar coordinates as the smooth
closed path with most ink on it; the arms of a cross meet such a path in four places only.
The ink of a circle is no mark in the boxes that it runs through.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches, PageInk, measure_boxes
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["CIRCLED", "Circle", "circled", "find_circles", "without_circles"]

# Room for a circle that swings out to the neighbouring boxes.
_MARGIN_MM = 4.6
_ANGLES = 72
_STEP_MM = 0.15
# The path may move in or out by this many steps from one angle to the next (5 degrees).
_BEND = 3
# Below this share of a box's half size a line is the mark, not something around it.
_INNER = 0.92
# A hand leaves a gap where the line starts and ends, and crosses printed lines unseen.
_HIDDEN = 0.55
_REMOVE_MM = 0.7
# With ink in fewer directions than this nothing can go around a box.
_ANY_INK = 0.4
CIRCLED = 0.9
"""Share of directions in which a closed line must stand around a box to be a circle.

Three of four circles reach .95; looped and scribbled marks reach .86.
"""


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


def find_circles(
    image: NDArray[np.uint8],
    registration: Registration,
    template: PageTemplate,
    ink: PageInk,
    inked: Sequence[int],
) -> dict[int, Circle]:
    """The best closed path around those of the boxes ``inked`` that may have one."""
    if not inked:
        return {}
    _, groups = measure_boxes(
        image, registration, template, margin_mm=_MARGIN_MM, only=inked, black=ink.black
    )
    circles = {}
    for group in groups:
        circles.update(_around(group, ink))
    return circles


def circled(paths: Mapping[int, Circle]) -> dict[int, Circle]:
    """Those paths that are circles."""
    return {i: path for i, path in paths.items() if path.coverage >= CIRCLED}


def _around(group: BoxPatches, ink: PageInk) -> dict[int, Circle]:
    """Paths around the boxes of one size, where enough directions hold any ink at all."""
    width, height = group.box_size_mm
    half_w, half_h = width / 2, height / 2
    angles = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
    reach = min(half_w, half_h) + _MARGIN_MM - 0.2
    radii = np.arange(_INNER * min(half_w, half_h), reach, _STEP_MM)
    x = np.cos(angles)[:, None] * radii[None, :]
    y = np.sin(angles)[:, None] * radii[None, :]
    columns = np.rint((x + half_w + _MARGIN_MM) * PX_PER_MM - 0.5).astype(int)
    rows = np.rint((y + half_h + _MARGIN_MM) * PX_PER_MM - 0.5).astype(int)
    shape = group.distance.shape
    columns, rows = np.clip(columns, 0, shape[1] - 1), np.clip(rows, 0, shape[0] - 1)
    # Only what lies outside the ellipse inscribed in the box can go around it.
    inside = (x / half_w) ** 2 + (y / half_h) ** 2 < _INNER**2
    line = (group.added[:, rows, columns] > ink.threshold) & ~inside
    some = line.any(axis=2).mean(axis=1)
    chosen = np.flatnonzero(some >= _ANY_INK)
    if chosen.size == 0:
        return {}
    line = line[chosen]
    hidden = (group.allowed[chosen][:, rows, columns] > 0.35) & (
        group.dark[chosen][:, rows, columns] > 0.5
    )
    gain = np.where(line, 1.0, np.where(hidden, _HIDDEN, 0.0)) * ~inside - 1.0 * inside
    paths = _best_loops(gain.astype(np.float32))
    at = np.arange(_ANGLES)
    result = {}
    for k, row in enumerate(chosen.tolist()):
        path = paths[k]
        hits = line[k, at, path]
        # A gap where print hides the line counts as covered beside a piece of line.
        beside = np.roll(hits, 1) | np.roll(hits, -1)
        covered = hits | (hidden[k, at, path] & ~inside[at, path] & beside)
        radius = radii[path]
        left, top = group.boxes[row].box_mm[:2]
        drawn = np.column_stack([np.cos(angles) * radius, np.sin(angles) * radius])
        result[int(group.index[row])] = Circle(
            coverage=float(covered.mean()),
            path_mm=np.array([left + half_w, top + half_h]) + drawn,
            beyond=float(np.median(radius) / np.hypot(half_w, half_h)),
        )
    return result


def _best_loops(gain: NDArray[np.float32]) -> NDArray[np.int64]:
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
    best = turns[:, 0].copy()
    back = np.zeros((steps, boxes, count), np.int8)
    for k in range(1, steps):
        value, choice = best.copy(), np.zeros((boxes, count), np.int8)
        for step in range(1, _BEND + 1):
            for offset in (-step, step):
                moved = np.full_like(best, -np.inf)
                if offset < 0:
                    moved[:, -offset:] = best[:, :offset]
                else:
                    moved[:, :-offset] = best[:, offset:]
                moved -= 0.04 * step
                better = moved > value
                value, choice = np.where(better, moved, value), np.where(better, offset, choice)
        back[k] = choice
        best = value + turns[:, k]
    path = np.zeros((boxes, steps), np.int64)
    path[:, -1] = best.argmax(axis=1)
    every = np.arange(boxes)
    for k in range(steps - 1, 0, -1):
        path[:, k - 1] = path[:, k] + back[k, every, path[:, k]]
    half = gain.shape[1] // 2
    return np.roll(path[:, half : half + gain.shape[1]], half, axis=1)


def without_circles(
    groups: Sequence[BoxPatches], circles: Mapping[int, Circle]
) -> tuple[BoxPatches, ...]:
    """The patches with the ink of each circle taken out of every box but its own."""
    result = []
    for group in groups:
        added = group.added
        for row, (i, box) in enumerate(zip(group.index.tolist(), group.boxes, strict=True)):
            near = [c for j, c in circles.items() if j != i and _reaches(c, box.box_mm, group)]
            if not near:
                continue
            if added is group.added:
                added = added.copy()
            corner = np.array(box.box_mm[:2]) - group.margin_mm
            mask = np.zeros(added.shape[1:], np.uint8)
            for circle in near:
                points = np.rint((circle.path_mm - corner) * PX_PER_MM).astype(np.int32)
                thickness = round(2 * _REMOVE_MM * PX_PER_MM)
                cv2.polylines(mask, [points.reshape(-1, 1, 2)], True, 1, thickness)  # noqa: FBT003
            added[row][mask.astype(bool)] = 0.0
        result.append(dataclasses.replace(group, added=added))
    return tuple(result)


def _reaches(circle: Circle, box_mm: tuple[float, float, float, float], group: BoxPatches) -> bool:
    x, y, w, h = box_mm
    m = group.margin_mm
    px, py = circle.path_mm[:, 0], circle.path_mm[:, 1]
    return bool(((px > x - m) & (px < x + w + m) & (py > y - m) & (py < y + h + m)).any())

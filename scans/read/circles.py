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
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches, PageInk, measure_boxes
from scans.read.circle_loops import ink_around
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
_SOME_INK = 0.3
# Ink on less of a box is a speck.
_SPECK = 0.008
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
    groups: Sequence[BoxPatches],
) -> dict[int, Circle]:
    """The best closed path around those boxes that may have one, by position.

    Args:
        image: The scan as received.
        registration: Lays it over ``template``.
        template: The blank page.
        ink: Levels of the page.
        groups: The boxes with their usual rim; those that may be circled are cut again
            with a wider one.
    """
    wanted = _candidates(groups, ink)
    if not wanted:
        return {}
    _, wide = measure_boxes(
        image, registration, template, margin_mm=_MARGIN_MM, only=wanted, black=ink.black
    )
    circles = {}
    for group in wide:
        circles.update(_around(group, ink))
    return circles


def _candidates(groups: Sequence[BoxPatches], ink: PageInk) -> list[int]:
    """Inked boxes with ink on many sides, or beside another inked box of their item.

    Who takes a mark back makes another one, and a wide circle runs into the next box.
    """
    inked: dict[str, list[int]] = {}
    sure = set()
    for group in groups:
        polar = _Polar.of(group)
        line, within = np.empty(len(group.boxes)), np.empty(len(group.boxes))
        flat = group.added.reshape(len(group.boxes), -1)
        ink_around(
            flat, ink.threshold, polar.outside, np.flatnonzero(group.distance < 0), line, within
        )
        inside = within > _SPECK
        for row in np.flatnonzero(inside):
            i = int(group.index[row])
            inked.setdefault(group.boxes[row].item, []).append(i)
            if line[row] >= _SOME_INK:
                sure.add(i)
    several = {i for members in inked.values() if len(members) > 1 for i in members}
    return sorted(sure | several)


@dataclass(frozen=True, eq=False)
class _Polar:
    """Pixels of a patch by angle and radius around its box.

    Attributes:
        angles: float64 ``(angles,)``.
        radii: float64 ``(radii,)``, in mm.
        rows: int64 ``(angles, radii)``: pixel row of each.
        columns: int64 ``(angles, radii)``: pixel column of each.
        inside: bool ``(angles, radii)``: within the ellipse inscribed in the box.
        width: Of a patch in px.
    """

    angles: NDArray[np.float64]
    radii: NDArray[np.float64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    inside: NDArray[np.bool_]
    width: int

    @cached_property
    def outside(self) -> NDArray[np.int64]:
        """Flat pixel of each place outside that ellipse, -1 for those inside."""
        flat = self.rows * self.width + self.columns
        return np.where(self.inside, -1, flat).astype(np.int64)

    @staticmethod
    def of(group: BoxPatches) -> _Polar:
        return _polar(group.box_size_mm, group.margin_mm, group.distance.shape)

    def line(self, group: BoxPatches, ink: PageInk) -> NDArray[np.bool_]:
        """Bool ``(n, angles, radii)``: ink outside the inscribed ellipse."""
        line: NDArray[np.bool_] = group.added[:, self.rows, self.columns] > ink.threshold
        return line & ~self.inside


@lru_cache(maxsize=32)
def _polar(size_mm: tuple[float, float], margin: float, shape: tuple[int, int]) -> _Polar:
    half_w, half_h = size_mm[0] / 2, size_mm[1] / 2
    angles = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
    reach = min(half_w, half_h) + margin - 0.2
    radii = np.arange(_INNER * min(half_w, half_h), reach, _STEP_MM)
    x = np.cos(angles)[:, None] * radii[None, :]
    y = np.sin(angles)[:, None] * radii[None, :]
    columns = np.rint((x + half_w + margin) * PX_PER_MM - 0.5).astype(int)
    rows = np.rint((y + half_h + margin) * PX_PER_MM - 0.5).astype(int)
    # Only what lies outside the ellipse inscribed in the box can go around it.
    inside = (x / half_w) ** 2 + (y / half_h) ** 2 < _INNER**2
    return _Polar(
        np.asarray(angles, np.float64),
        np.asarray(radii, np.float64),
        np.clip(rows, 0, shape[0] - 1),
        np.clip(columns, 0, shape[1] - 1),
        np.asarray(inside, np.bool_),
        shape[1],
    )


def circled(paths: Mapping[int, Circle]) -> dict[int, Circle]:
    """Those paths that are circles."""
    return {i: path for i, path in paths.items() if path.coverage >= CIRCLED}


def _around(group: BoxPatches, ink: PageInk) -> dict[int, Circle]:
    """Paths around the boxes of one size, where enough directions hold any ink at all."""
    half_w, half_h = group.box_size_mm[0] / 2, group.box_size_mm[1] / 2
    polar = _Polar.of(group)
    angles, radii, inside = polar.angles, polar.radii, polar.inside
    line = polar.line(group, ink)
    chosen = np.flatnonzero(line.any(axis=2).mean(axis=1) >= _ANY_INK)
    if chosen.size == 0:
        return {}
    line = line[chosen]
    place = (chosen[:, None, None], polar.rows, polar.columns)
    hidden = (group.allowed[place] > 0.35) & (group.dark[place] > 0.5)
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
                # OpenCV's own order of arguments.
                cv2.polylines(mask, [points.reshape(-1, 1, 2)], True, 1, thickness)  # noqa: FBT003
            added[row][mask.astype(bool)] = 0.0
        kept = group if added is group.added else dataclasses.replace(group, added=added)
        result.append(kept)
    return tuple(result)


def _reaches(circle: Circle, box_mm: tuple[float, float, float, float], group: BoxPatches) -> bool:
    x, y, w, h = box_mm
    m = group.margin_mm
    px, py = circle.path_mm[:, 0], circle.path_mm[:, 1]
    return bool(((px > x - m) & (px < x + w + m) & (py > y - m) & (py < y + h + m)).any())

"""Circles drawn around boxes: how many forms let a respondent take a mark back.

A circle is a closed line around the box at any distance, tight on its corners or wide
enough to run through the neighbours. It is looked for in polar coordinates as the smooth
closed path with most ink on it; the arms of a cross meet such a path in four places only.
The ink of a circle is no mark in the boxes that it runs through. In the wide cell of a table a
circle goes around the mark (:mod:`scans.read.cell_circles`).
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
from scans.measure.wide_cells import is_wide
from scans.read.cell_circles import circles_within, rounded
from scans.read.circle_loops import ink_around
from scans.read.circle_paths import ANGLES, HIDDEN, Circle, best_loops, better
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["CIRCLED", "Circle", "circled", "find_circles", "without_circles"]

# Room for a circle that swings out to the neighbouring boxes.
_MARGIN_MM = 4.6
_STEP_MM = 0.15
# Below this share of a box's half size a line is the mark, not something around it.
_INNER = 0.92
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
        if is_wide(group):
            within = circles_within(group, ink)
            circles.update({i: c for i, c in within.items() if better(c, circles.get(i))})
    return circles


def _candidates(groups: Sequence[BoxPatches], ink: PageInk) -> list[int]:
    """Inked boxes with ink on many sides, or beside another inked box of their item.

    Who takes a mark back makes another one, and a wide circle runs into the next box.
    """
    inked: dict[str, list[int]] = {}
    sure: set[int] = set()
    for group in groups:
        polar = _Polar.of(group)
        line, within = np.empty(len(group.boxes)), np.empty(len(group.boxes))
        flat = group.added.reshape(len(group.boxes), -1)
        ink_around(
            flat, ink.threshold, polar.outside, np.flatnonzero(group.distance < 0), line, within
        )
        inside = within > _SPECK
        if is_wide(group):
            sure.update(int(group.index[row]) for row in rounded(group, ink))
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
    angles = np.arange(ANGLES) * (2 * np.pi / ANGLES)
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
    gain = np.where(line, 1.0, np.where(hidden, HIDDEN, 0.0)) * ~inside - 1.0 * inside
    paths = best_loops(gain.astype(np.float32))
    at = np.arange(ANGLES)
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

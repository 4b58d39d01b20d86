"""Circles drawn around a mark within the wide cell of a table.

Such a circle goes around the mark, not around the cell. It is looked for as in
:mod:`scans.read.circles`, on rays from the middle of the cell's ink, and is one only where
something stands inside it and apart from it: a ring alone is a mark, and a scribble has no gap
between its rim and its inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches, PageInk
from scans.read.circle_paths import ANGLES, HIDDEN, Circle, best_loops, better

__all__ = ["circles_within", "rounded"]

_Frame = tuple[float, float, float, float]

# Of a wide cell's ink: with fewer directions it is no circled mark, nor is a line half round.
_MANY_SIDES, _HALF_ROUND = 0.6, 0.5
# Rays are sampled between these shares of the half extent of a cell's ink: what goes around it
# runs on its rim but for a tail that sticks out.
_FROM, _UPTO, _STEPS = 0.4, 1.08, 26
# Print that a line crosses breaks it: pieces are joined over so much.
_JOINED_MM = 1.1
_LEAST_MM, _MOST_MM = 2.2, 18.0
_SPECK_MM2 = 0.15
# Between a circle and what it goes around lies room, and most of it is paper.
_ROOM_MM = (0.35, 0.85)
_PAPER = 0.5
# Ink inside, in mm2: a small tick has 1.
_INSIDE_MM2 = 0.35


@dataclass(frozen=True, eq=False)
class _Rays:
    """Rays from the middle of a cell's ink.

    Attributes:
        radii_mm: float64 ``(angles, steps)``.
        rows: int64 ``(angles, steps)``: pixel row of each place.
        columns: int64 ``(angles, steps)``: pixel column of each.
    """

    radii_mm: NDArray[np.float64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


def rounded(group: BoxPatches, ink: PageInk) -> list[int]:
    """Rows of wide cells with ink in most directions from the middle of their ink."""
    found = []
    for row, frame in _ink_frames(group, ink):
        rays = _rays_of(group, frame)
        line = group.added[row][rays.rows, rays.columns] > ink.threshold
        if line.any(axis=1).mean() >= _MANY_SIDES:
            found.append(row)
    return found


def circles_within(group: BoxPatches, ink: PageInk) -> dict[int, Circle]:
    """Paths around the marks of wide cells that go around something, by position of the box.

    ``beyond`` is against the ink inside the path, not against the cell.
    """
    frames = _ink_frames(group, ink)
    if not frames:
        return {}
    every = [(row, _rays_of(group, frame)) for row, frame in frames]
    at = [(row, rays.rows, rays.columns) for row, rays in every]
    line = np.stack([group.added[place] > ink.threshold for place in at])
    printed = np.stack([group.allowed[place] > 0.35 for place in at])
    hidden = printed & np.stack([group.dark[place] > 0.5 for place in at]) & ~line
    paths = best_loops(np.where(line, 1.0, np.where(hidden, HIDDEN, 0.0)).astype(np.float32))
    steps = np.arange(ANGLES)
    result: dict[int, Circle] = {}
    for k, (row, rays) in enumerate(every):
        path = paths[k]
        hits = line[k, steps, path]
        beside = np.roll(hits, 1) | np.roll(hits, -1)
        covered = float((hits | (hidden[k, steps, path] & beside)).mean())
        if covered < _HALF_ROUND or not _apart_from(rays, path, line[k], printed[k]):
            continue
        corner = np.array(group.boxes[row].box_mm[:2]) - group.margin_mm
        places = np.column_stack([rays.columns[steps, path], rays.rows[steps, path]])
        path_mm = corner + (places + 0.5) / PX_PER_MM
        inner = _encloses(group, row, path_mm, ink)
        if inner is None:
            continue
        radius = float(np.median(rays.radii_mm[steps, path]))
        beyond = min(2.0, radius / max(inner, 0.5))
        circle, i = Circle(covered, path_mm, beyond), int(group.index[row])
        if better(circle, result.get(i)):
            result[i] = circle
    return result


def _ink_frames(group: BoxPatches, ink: PageInk) -> list[tuple[int, _Frame]]:
    """Row of the group, and left, top, right and bottom in px of what was drawn in its cell.

    Only of what is large enough to be a circled mark. What mostly lies in another cell is its; but
    a circle may cross the lines of its cell, which hide where it goes on: so a cell comes a second
    time, with what lies beside its ink.
    """
    over = group.added > ink.threshold
    inside = group.distance < 0.0
    side = 2 * round(_JOINED_MM * PX_PER_MM / 2) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    frames = []
    for row in np.flatnonzero((over & inside).sum(axis=(1, 2)) > _SPECK_MM2 * PX_PER_MM**2):
        mask = over[row].view(np.uint8)
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel)
        count, labels = cv2.connectedComponents(joined)
        labels = np.where(over[row], labels, 0)
        every = np.bincount(labels.ravel(), minlength=count)
        own = np.bincount(labels[inside], minlength=count)
        kept = (own > 0.5 * every) & (every > _SPECK_MM2 * PX_PER_MM**2)
        kept[0] = False
        cell = kept[labels]
        if not cell.any():
            continue
        touched = np.bincount(labels[cv2.dilate(cell.view(np.uint8), kernel) > 0], minlength=count)
        more = (touched > 0) & (every > _SPECK_MM2 * PX_PER_MM**2)
        more[0] = False
        masks = [cell] if (more == kept).all() else [cell, more[labels]]
        frames += [(int(row), frame) for frame in map(_frame, masks) if frame is not None]
    return frames


def _frame(mask: NDArray[np.bool_]) -> _Frame | None:
    """The rectangle around a mask; ``None`` where no circled mark is so small or so large."""
    down, across = np.nonzero(mask)
    frame = (float(across.min()), float(down.min()), float(across.max()), float(down.max()))
    wide, high = frame[2] - frame[0], frame[3] - frame[1]
    if min(wide, high) < _LEAST_MM * PX_PER_MM or max(wide, high) > _MOST_MM * PX_PER_MM:
        return None
    return frame


def _rays_of(group: BoxPatches, frame: _Frame) -> _Rays:
    """Rays over the ink of a cell, longer where it is wider."""
    left, top, right, bottom = frame
    x, y = (left + right) / 2, (top + bottom) / 2
    half = np.array([right - left, bottom - top]) / 2
    angles = np.arange(ANGLES) * (2 * np.pi / ANGLES)
    along = np.linspace(_FROM, _UPTO, _STEPS)
    dx = np.cos(angles)[:, None] * along * half[0]
    dy = np.sin(angles)[:, None] * along * half[1]
    high, wide = group.distance.shape
    return _Rays(
        radii_mm=np.hypot(dx, dy) / PX_PER_MM,
        rows=np.clip(np.rint(y + dy).astype(np.int64), 0, high - 1),
        columns=np.clip(np.rint(x + dx).astype(np.int64), 0, wide - 1),
    )


def _apart_from(
    rays: _Rays, path: NDArray[np.int64], line: NDArray[np.bool_], printed: NDArray[np.bool_]
) -> bool:
    """Whether there is room between a path and what it goes around.

    Args:
        rays: The rays.
        path: int64 ``(angles,)``: step of the path on each.
        line: bool ``(angles, steps)``: ink.
        printed: bool ``(angles, steps)``: where print hides ink and paper.
    """
    radius = np.take_along_axis(rays.radii_mm, path[:, None], 1)
    room = (rays.radii_mm < radius - _ROOM_MM[0]) & (rays.radii_mm > radius - _ROOM_MM[1])
    room &= ~printed
    return bool(np.count_nonzero(room & ~line) >= max(1.0, _PAPER * np.count_nonzero(room)))


def _encloses(
    group: BoxPatches, row: int, path_mm: NDArray[np.float64], ink: PageInk
) -> float | None:
    """Half the diagonal in mm of the ink within a path; ``None`` where it is too little."""
    corner = np.array(group.boxes[row].box_mm[:2]) - group.margin_mm
    points = np.rint((path_mm - corner) * PX_PER_MM).astype(np.int32).reshape(-1, 1, 2)
    within = np.zeros(group.distance.shape, np.uint8)
    cv2.fillPoly(within, [points], 1)
    width = round(2 * _ROOM_MM[1] * PX_PER_MM)
    cv2.polylines(within, [points], isClosed=True, color=0, thickness=width)
    down, across = np.nonzero((within > 0) & (group.added[row] > ink.threshold))
    if down.size < _INSIDE_MM2 * PX_PER_MM**2:
        return None
    return float(np.hypot(np.ptp(down), np.ptp(across))) / 2 / PX_PER_MM

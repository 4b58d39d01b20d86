"""Where each box's own outline was found, to a few hundredths of a pixel.

The registration's field is smooth on purpose; what a single box does against it is kept
here. Every side of an outline is measured in two halves, so that a pen stroke across one
side is seen as what it is: a piece of paper moves all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.blank_boxes import SLACK_PX, ById
from scans.measure.box_loops import side_profiles
from scans.measure.boxes import PX_PER_MM, BoxPatches
from scans.quantiles import medians
from scans.types import Registration

__all__ = ["BoxOffsets", "box_offsets"]

Floats = NDArray[np.float64]

# A line is looked for this far beside its place, in px of the patches, once the box is laid.
_REACH = 3
# What is looked at on both sides of a line, in px.
_HALF_BAND = 6
# Below this share of the outline at its place it is looked for around, as far as the patch
# goes; and it is found where it is so much like the blank's, and so much more than at home.
_LOOK_AROUND = 0.85
_AROUND_MM = 1.6
_FOUND_AROUND, _MORE_LIKE = 0.6, 0.06
_MOST_LOOKED_FOR = 24
# Below this share of the outline the place of a box is anybody's guess.
_FEWEST_OUTLINE = 0.7
# So many of its four sides must be seen.
_FEWEST_SIDES = 4


# Axis; first and last pixel across a line; first and last along it.
_Place = tuple[int, int, int, int, int]


class _View(Protocol):
    @property
    def patches(self) -> tuple[BoxPatches, ...]: ...
    @property
    def registration(self) -> Registration: ...


@dataclass(frozen=True, eq=False)
class BoxOffsets:
    """Offsets of all boxes of a page, in the order of the page.

    Attributes:
        centre_mm: float64 ``(n, 2)``: centres of the boxes on the form.
        offset_mm: float64 ``(n, 2)``: where the print was found minus where the global
            transform alone would put it.
        least_mm: float64 ``(n, 2)``: what every part of the outline agrees on at least of
            the move against the registration; 0 where sides disagree about its direction.
        laid_mm: float64 ``(n, 2)``: the move against the registration itself.
        trusted: bool ``(n,)``: whether enough outline is there to know.
    """

    centre_mm: Floats
    offset_mm: Floats
    least_mm: Floats
    laid_mm: Floats
    trusted: NDArray[np.bool_]


def box_offsets(view: _View) -> BoxOffsets:
    """Measure every box's own outline: field of the registration plus what is left of it."""
    count = sum(len(group.boxes) for group in view.patches)
    centre, offset, laid, least = (np.zeros((count, 2)) for _ in range(4))
    trusted = np.zeros(count, bool)
    for group in view.patches:
        boxes = np.array([box.box_mm for box in group.boxes])
        middle = boxes[:, :2] + boxes[:, 2:] / 2
        moved, elsewhere = _around(group)
        parts, certain = _parts(group, np.round(moved * PX_PER_MM).astype(int))
        base = group.shift_mm + np.round(moved * PX_PER_MM) / PX_PER_MM
        fine = medians(parts, 2).T
        centre[group.index] = middle
        laid[group.index] = base + fine
        least[group.index] = _agreed(base[:, :, None] + parts.transpose(1, 0, 2))
        trusted[group.index] = certain & ((group.found >= _FEWEST_OUTLINE) | elsewhere)
    offset[:] = laid
    if view.registration.field is not None:
        offset += view.registration.field.at(centre)
    return BoxOffsets(centre, offset, least, laid, trusted)


def _around(group: BoxPatches) -> tuple[Floats, NDArray[np.bool_]]:
    """Move in mm of boxes whose outline is not at its place but near it; and which."""
    moved = np.zeros((len(group.boxes), 2))
    elsewhere = np.zeros(len(group.boxes), bool)
    at_the_end = np.abs(group.shift_mm).max(axis=1) > (SLACK_PX - 0.5) / PX_PER_MM
    missing = np.flatnonzero((group.found < _LOOK_AROUND) | at_the_end)
    reach = round(_AROUND_MM * PX_PER_MM)
    if (
        len(missing) == 0
        or len(missing) > _MOST_LOOKED_FOR
        or min(group.dark.shape[1:]) <= 3 * reach
    ):
        return moved, elsewhere
    rim = np.abs(group.distance) < 0.5
    for k in missing:
        seen = cv2.GaussianBlur(np.clip(group.dark[k], 0.0, 1.2), (5, 5), 1.2)
        line = cv2.GaussianBlur(np.where(rim, group.print_[k], np.float32(0.0)), (5, 5), 1.2)
        like = cv2.matchTemplate(seen, line[reach:-reach, reach:-reach], cv2.TM_CCOEFF_NORMED)
        y, x = np.unravel_index(int(np.argmax(like)), like.shape)
        best, home = float(like[y, x]), float(like[reach, reach])
        if best >= _FOUND_AROUND and best > home + _MORE_LIKE:
            moved[k] = (x - reach) / PX_PER_MM, (y - reach) / PX_PER_MM
            elsewhere[k] = True
    return moved, elsewhere


def _parts(group: BoxPatches, moved_px: NDArray[np.int_]) -> tuple[Floats, NDArray[np.bool_]]:
    """Sub-pixel rest of the alignment of half sides, in mm.

    Returns:
        ``(2, n, 4)``: x of the left side's upper and lower half and of the right side's;
        y of the upper side's left and right half and of the lower side's. And ``(n,)``:
        whether enough of them lie within reach.
    """
    count = len(group.dark)
    margin, (w, h) = group.margin_mm, group.box_size_mm
    left, top = margin * PX_PER_MM - 0.5, margin * PX_PER_MM - 0.5
    right, bottom = left + w * PX_PER_MM, top + h * PX_PER_MM
    inset = 0.14 if group.boxes[0].shape == "box" else 0.3
    dark = group.dark
    if moved_px.any():
        dark = np.stack(
            [
                np.roll(d, (-int(dy), -int(dx)), (0, 1))
                for d, (dx, dy) in zip(dark, moved_px, strict=True)
            ]
        )
    places: list[_Place] = []
    for axis in (0, 1):
        low, high = (left, right) if axis == 0 else (top, bottom)
        start, stop = (top, bottom) if axis == 0 else (left, right)
        length = stop - start
        cuts = (start + inset * length, (start + stop) / 2, stop - inset * length)
        for k in range(4):
            line = low if k < 2 else high
            first, last = round(cuts[k % 2]), max(round(cuts[k % 2]) + 2, round(cuts[k % 2 + 1]))
            edge = max(0, round(line) - _HALF_BAND - _REACH)
            places.append((axis, edge, edge + 2 * (_HALF_BAND + _REACH) + 1, first, last))
    seen: NDArray[np.float32] = np.empty(
        (len(places) * count, 2 * (_HALF_BAND + _REACH) + 1), np.float32
    )
    side_profiles(np.ascontiguousarray(dark), np.array(places, np.int64), seen)
    lags, sure = _lag(seen, _printed(ById(group.print_), tuple(places)))
    halves, known = lags.reshape(4, 2, count), sure.reshape(4, 2, count)
    # A half that print or ink beside it confuses is told by the other half of its side.
    halves = np.where(known, halves, halves[:, ::-1])
    rest = halves.reshape(2, 4, count).transpose(0, 2, 1) / PX_PER_MM
    return rest, np.asarray(known.any(axis=1).sum(axis=0) >= _FEWEST_SIDES, np.bool_)


def _half(stack: NDArray[np.float32], place: _Place) -> NDArray[np.float32]:
    """Half a side of each box, its line upright: ``(n, across, along)``."""
    axis, left, right, first, last = place
    upright = stack if axis == 1 else stack.transpose(0, 2, 1)
    return upright[:, left:right, first:last]


@lru_cache(maxsize=16)
def _printed(print_: ById, places: tuple[_Place, ...]) -> NDArray[np.float32]:
    """Profiles of the blank across the half sides."""
    return np.concatenate([_half(print_.array, place).sum(axis=2) for place in places])


def _lag(scan: NDArray[np.float32], blank: NDArray[np.float32]) -> tuple[Floats, NDArray[np.bool_]]:
    """Shift in px of ``(n, m)`` profiles against the blank's, at the peak of correlation."""
    length = blank.shape[1] - 2 * _REACH
    core = blank[:, _REACH : _REACH + length]
    core = core - core.mean(axis=1, keepdims=True)
    scores = np.stack(
        [(scan[:, k : k + length] * core).sum(axis=1) for k in range(2 * _REACH + 1)], 1
    )
    peak = scores.argmax(axis=1)
    sure = (peak > 0) & (peak < 2 * _REACH)
    k = np.clip(peak, 1, 2 * _REACH - 1)
    rows = np.arange(len(scores))
    before, at, after = (scores[rows, k + d].astype(np.float64) for d in (-1, 0, 1))
    bend = before - 2 * at + after
    part = np.where(np.abs(bend) > 1e-9, 0.5 * (before - after) / np.where(bend, bend, 1.0), 0.0)
    return k - _REACH + np.clip(part, -1, 1), sure


def _agreed(parts: Floats) -> Floats:
    """Of ``(n, 2, 4)`` moves of half sides the least that both sides share: ``(n, 2)``."""
    sides = np.stack([parts[:, :, :2].mean(axis=2), parts[:, :, 2:].mean(axis=2)], axis=2)
    least = np.abs(sides).min(axis=2) * np.sign(sides[:, :, 0])
    return np.where((sides[:, :, 0] * sides[:, :, 1]) > 0, least, 0.0)

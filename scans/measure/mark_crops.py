"""Marks as the scanner stored them, for telling a copy from a repetition.

A copy inside a file is moved by whole pixels: cut out without any resampling, the two
places agree to the last grain of ink and paper, up to what saving changed. The form's own
print agrees on every box and says nothing, so only pixels near added ink are compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.blank_boxes import ById
from scans.measure.boxes import BoxPatches, PageInk
from scans.measure.mark_loops import joint_sums, sampled_sums
from scans.types import RawPage, Registration

__all__ = ["MarkCrop", "copied_likeness", "mark_crops"]

# Ink is followed this far beyond a box: crosses overshoot.
_REACH_MM = 1.5
# Where a box is found differs by this much between two boxes at most.
_SLACK_MM = 0.45
# Pixels around ink that are compared, too: the stroke's rim and the paper beside it.
_RIM = np.ones((7, 7), np.uint8)
_PRINT = 0.3
_STREAK_MM = 0.5
_FEWEST_PX = 60
_COARSE = 150
# What agrees less than this in a sample of its pixels is no copy.
_LEAST = 0.75
# Grey levels by which pixels have to differ for a likeness.
_LEAST_SPREAD = 2.0


@dataclass(frozen=True, slots=True)
class MarkCrop:
    """One mark.

    Attributes:
        grey: uint8 ``(h + 2 slack, w + 2 slack)``: the scan around the box.
        ink: uint8 ``(h, w)``: 1 where ink was added to the form.
        near: uint8 ``(h, w)``: 1 on ink and its rim, 0 on the form's print.
        slack: Width of the border around ``ink`` in ``grey``, in pixels.
        contour: Length of the contour of the ink in mm, apart from what the form's print draws: how
            much line there is in it. Of a box filled up to its outline hardly any.
        breadth: Of the narrowest rectangle around the ink, in mm: a straight stroke has little.
        upright: Share of the ink in one narrow row or column of pixels: nearly all of a streak that
            dirt in a feeder draws through boxes.
        stroke: Mean width of its strokes in mm; of a blot or a box filled solid that of the whole.
    """

    grey: NDArray[np.uint8]
    ink: NDArray[np.uint8]
    near: NDArray[np.uint8]
    slack: int
    contour: float
    breadth: float
    upright: float
    stroke: float


def mark_crops(
    raw: RawPage,
    registration: Registration,
    groups: Sequence[BoxPatches],
    ink: PageInk,
    wanted: frozenset[int],
) -> Mapping[int, MarkCrop]:
    """The marks in the boxes ``wanted`` by position; those at the edge are left out."""
    image, scale = raw.grey, registration.px_per_mm
    slack = max(2, int(np.ceil(_SLACK_MM * scale)))
    threshold = max(ink.threshold, 0.2)
    found = {}
    for group in groups:
        width, height = group.box_size_mm
        margin = group.margin_mm
        h, w = (round((side + 2 * margin) * scale) for side in (height, width))
        reach = group.distance < _REACH_MM
        rows = [row for row, i in enumerate(group.index.tolist()) if i in wanted]
        if not rows:
            continue
        corners = np.array([group.boxes[row].box_mm[:2] for row in rows]) - margin
        px = np.rint(registration.to_px(corners + group.shift_mm[rows])).astype(np.int64) - slack
        for row, (x, y) in zip(rows, px.tolist(), strict=True):
            if x < 0 or y < 0:
                continue
            part = image[y : y + h + 2 * slack, x : x + w + 2 * slack]
            if part.shape[:2] != (h + 2 * slack, w + 2 * slack):
                continue
            drawn = (group.added[row] > threshold) & reach & group.own[row]
            mask = cv2.resize(drawn.astype(np.uint8) * 255, (w, h), interpolation=cv2.INTER_AREA)
            solid = (mask > 110).astype(np.uint8)
            rim = solid - cv2.erode(solid, np.ones((3, 3), np.uint8))
            near = np.asarray(cv2.dilate(solid, _RIM), np.uint8)
            near &= _beside_print(ById(group.allowed), row, (w, h))
            found[int(group.index[row])] = MarkCrop(
                np.ascontiguousarray(part),
                solid,
                near,
                slack,
                float((rim & near).sum()) / scale,
                _breadth(solid) / scale,
                _upright(solid, max(1, round(_STREAK_MM * scale))),
                2.0 * float(solid.sum()) / max(1.0, float(rim.sum())) / scale,
            )
    return found


@lru_cache(maxsize=512)
def _beside_print(allowed: ById, row: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """1 where a box of a blank has none of the form's print, at another size of its patch."""
    printed = (allowed.array[row] > _PRINT).astype(np.uint8) * 255
    shown = cv2.resize(printed, size, interpolation=cv2.INTER_AREA)
    return np.asarray(shown <= 60).astype(np.uint8)


def _breadth(solid: NDArray[np.uint8]) -> float:
    """Of the narrowest rectangle around all ink, in px."""
    rows = np.flatnonzero(solid.any(axis=1))
    if not len(rows):
        return 0.0
    # The first and last of each row are enough to span it.
    inked = solid[rows].view(np.bool_)
    ends = (inked.argmax(axis=1), solid.shape[1] - 1 - inked[:, ::-1].argmax(axis=1))
    points = np.column_stack([np.concatenate(ends), np.concatenate([rows, rows])])
    return float(min(cv2.minAreaRect(points.astype(np.int32))[1])) + 1.0


def _upright(solid: NDArray[np.uint8], side: int) -> float:
    """Largest share of all ink in ``side`` rows or columns of pixels beside each other."""
    total = max(1.0, float(solid.sum()))
    sums = (solid.sum(axis=axis, dtype=np.float64) for axis in (0, 1))
    return max(float(np.convolve(s, np.ones(side)).max()) for s in sums) / total


def copied_likeness(one: MarkCrop, other: MarkCrop) -> float:
    """Correlation of two marks pixel by pixel at the best whole-pixel shift, in [-1, 1].

    Taken over the ink of one and its rim, whichever agrees better: what a copied rectangle
    brought along from beside its box is ink there and print here.
    """
    slack = min(one.slack, other.slack)
    h, w = (min(a, b) for a, b in zip(one.ink.shape, other.ink.shape, strict=True))
    near = one.near[:h, :w]
    flat = np.flatnonzero(np.ascontiguousarray(near).view(np.bool_))
    if len(flat) < _FEWEST_PX:
        return -1.0
    rows, columns = np.divmod(flat[:: max(1, len(flat) // _COARSE)], w)
    mine, theirs = (
        (rows + crop.slack) * crop.grey.shape[1] + columns + crop.slack for crop in (one, other)
    )
    dy, dx = _shifts(slack)
    levels = one.grey.ravel()[mine].astype(np.int32)
    sums = np.empty((len(dy), 3), np.int64)
    sampled_sums(levels, other.grey.ravel(), theirs, dy * other.grey.shape[1] + dx, sums)
    own = (int(levels.sum()), int(levels @ levels))
    sampled = _correlation(len(levels), *own, *sums.T)
    best = float(sampled.max())
    if best < _LEAST:
        return best
    order, best = np.argsort(-sampled)[:2], -1.0
    for down, right in zip(dy[order].tolist(), dx[order].tolist(), strict=True):
        # The rim of one, and that of the other where it was moved to.
        best = max(
            best,
            _over(one, other, (down, right), near, (0, 0)),
            _over(one, other, (down, right), other.near[:h, :w], (down, right)),
        )
    return best


@lru_cache(maxsize=32)
def _shifts(slack: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All moves of up to so many pixels down and across: ``(n,)`` each."""
    side = np.arange(-slack, slack + 1)
    dy, dx = np.meshgrid(side, side, indexing="ij")
    return dy.ravel(), dx.ravel()


def _over(
    one: MarkCrop,
    other: MarkCrop,
    move: tuple[int, int],
    region: NDArray[np.uint8],
    aside: tuple[int, int],
) -> float:
    """Correlation of two marks over a region of 1 that lies so far down and to the right.

    -1 where it lies beside the crops.
    """
    top, left = (max(0, -by) for by in aside)
    bottom, right = (n - max(0, by) for n, by in zip(region.shape, aside, strict=True))
    height, width = bottom - top, right - left
    if height <= 0 or width <= 0:
        return -1.0
    region = np.ascontiguousarray(region)
    start = (
        (one.slack + top, one.slack + left),
        (other.slack + top + move[0], other.slack + left + move[1]),
        (top + aside[0], left + aside[1]),
    )
    for picture, (y, x) in zip((one.grey, other.grey, region), start, strict=True):
        if min(y, x) < 0 or y + height > picture.shape[0] or x + width > picture.shape[1]:
            raise IndexError("a mark was moved beyond its crop")
    sums = np.empty(6, np.int64)
    joint_sums(one.grey, other.grey, region, np.array(start), height, width, sums)
    count, a, b, aa, bb, ab = sums.tolist()
    found = _correlation(count, a, aa, *(np.array([v]) for v in (b, bb, ab)))
    return float(found[0]) if count else -1.0


def _correlation(
    count: int,
    a: int,
    aa: int,
    b: NDArray[np.int64],
    bb: NDArray[np.int64],
    ab: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Correlations ``(n,)`` of so many pixels by their sums, those of squares and of both.

    -1 where either is of one shade.
    """
    first, second = count * aa - a * a, count * bb - b * b
    # Of solid ink nothing is left to compare but how its pixels were rounded.
    least = (count * _LEAST_SPREAD) ** 2
    shaded = (second >= least) & (first >= least)
    norm = np.sqrt(max(first, 1) * np.maximum(second, 1).astype(np.float64))
    return np.where(shaded, (count * ab - a * b) / norm, -1.0)

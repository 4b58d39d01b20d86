"""Marks as the scanner stored them, for telling a copy from a repetition.

A copy inside a file is moved by whole pixels: cut out without any resampling, the two
places agree to the last grain of ink and paper, up to what saving changed. The form's own
print agrees on every box and says nothing, so only pixels near added ink are compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import BoxPatches, PageInk
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
        grey: float32 ``(h + 2 slack, w + 2 slack)``: the scan around the box.
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

    grey: NDArray[np.float32]
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
        for row, i in enumerate(group.index.tolist()):
            if i not in wanted:
                continue
            corner = np.array(group.boxes[row].box_mm[:2]) - margin + group.shift_mm[row]
            x, y = (round(float(v)) - slack for v in registration.to_px(corner[None])[0])
            if x < 0 or y < 0:
                continue
            part = image[y : y + h + 2 * slack, x : x + w + 2 * slack]
            if part.shape[:2] != (h + 2 * slack, w + 2 * slack):
                continue
            drawn = (group.added[row] > threshold) & reach & group.own[row]
            mask = cv2.resize(drawn.astype(np.uint8) * 255, (w, h), interpolation=cv2.INTER_AREA)
            solid = (mask > 110).astype(np.uint8)
            rim = solid - cv2.erode(solid, np.ones((3, 3), np.uint8))
            printed = (group.allowed[row] > _PRINT).astype(np.uint8) * 255
            print_ = cv2.resize(printed, (w, h), interpolation=cv2.INTER_AREA)
            near = np.asarray(cv2.dilate(solid, _RIM), np.uint8)
            near[print_ > 60] = 0
            found[i] = MarkCrop(
                part.astype(np.float32),
                solid,
                near,
                slack,
                float((rim & near).sum()) / scale,
                _breadth(solid) / scale,
                _upright(solid, max(1, round(_STREAK_MM * scale))),
                2.0 * float(solid.sum()) / max(1.0, float(rim.sum())) / scale,
            )
    return found


def _breadth(solid: NDArray[np.uint8]) -> float:
    """Of the narrowest rectangle around all ink, in px."""
    points = cv2.findNonZero(solid)
    return 0.0 if points is None else float(min(cv2.minAreaRect(points)[1])) + 1.0


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
    mine, theirs = _places(one.near[:h, :w], one, other)
    if len(mine) < _FEWEST_PX:
        return -1.0
    step = max(1, len(mine) // _COARSE)
    shifts = np.arange(-slack, slack + 1)
    dy, dx = (v.ravel() for v in np.meshgrid(shifts, shifts, indexing="ij"))
    move = dy * other.grey.shape[1] + dx
    own = one.grey.take(mine[::step])
    sampled = _correlation(own, other.grey.take(theirs[::step] + move[:, None]))
    best = float(sampled.max())
    if best < _LEAST:
        return best
    order, best = np.argsort(-sampled)[:2], -1.0
    for k in order.tolist():
        down, right = int(dy[k]), int(dx[k])
        back = np.array([[1, 0, -right], [0, 1, -down]], np.float32)
        shifted = cv2.warpAffine(other.near[:h, :w], back, (w, h), flags=cv2.INTER_NEAREST)
        for at, there in ((mine, theirs), _places(np.asarray(shifted, np.uint8), one, other)):
            if len(at):  # else the other mark lies beside this crop
                seen = other.grey.take(there[None] + move[k])
                best = max(best, float(_correlation(one.grey.take(at), seen)[0]))
    return best


def _places(
    region: NDArray[np.uint8], one: MarkCrop, other: MarkCrop
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Flat pixels in the scans around two marks of what is 1 in a region of both."""
    flat = np.flatnonzero(np.ascontiguousarray(region).view(np.bool_))
    rows, columns = np.divmod(flat, region.shape[1])
    mine, theirs = (
        (rows + crop.slack) * crop.grey.shape[1] + columns + crop.slack for crop in (one, other)
    )
    return mine, theirs


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Correlation of ``(k,)`` pixels with each of ``(n, k)``; -1 where either is of one shade."""
    count = len(one)
    a = one - one.mean()
    # Small numbers keep their last digits when squared.
    b = other - one.mean()
    square = np.einsum("ij,ij->i", b, b) - b.sum(axis=1) ** 2 / count
    # Of solid ink nothing is left to compare but what sums of squares are rounded by.
    least = count * _LEAST_SPREAD**2
    norm = np.sqrt(float(a @ a) * np.maximum(square, least))
    shaded = (square >= least) & (float(a @ a) >= least)
    return np.where(shaded, (b @ a) / np.maximum(norm, least), -1.0)

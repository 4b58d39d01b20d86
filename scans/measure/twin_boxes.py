"""Which boxes of a page are the same picture down to the grain.

Two boxes are printed alike and never alike to the grain: toner, paper fibre and the
sensor's noise differ from place to place. Whoever lays an empty box over a marked one, or
a marked one over an empty one, copies all of these along, by whole pixels. Compared is
what is left of a box when the look that all boxes of the page share is taken away: their
mean and the ways they vary in (print that falls between pixels, exposure), learned from
the page's own empty boxes. Ink and print that only some boxes have say nothing and are
left out. On burnt-out paper only the edges of the printed outline tell. What saving again as
JPEG adds to them is finer than how a toner line bulges, so that both are smoothed there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.compiled import check_inside
from scans.measure.blank_boxes import ById
from scans.measure.box_grain import BoxGrain
from scans.measure.boxes import BoxPatches, PageInk
from scans.measure.twin_loops import (
    clear_of_ink,
    cut_out,
    side_sums,
    telling_pixels,
    unit_samples,
)
from scans.types import RawPage, Registration, ScanClass

__all__ = ["Twins", "twin_boxes"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# A box is compared with so much paper around its outline.
_RIM_MM = 0.7
_SLACK_PX = 3
_ROUNDS = 3
_REACH = (-1, 0, 1)
_FEWEST_BOXES = 8
_FEWEST_SHARE = 0.4
# The first look takes so many pixels of every box, and so many pairs go on to the second.
_SAMPLE_PX = 500
_PAIRS = 6
_PRINT = 0.1
_BURNT_OUT = (ScanClass.CLIPPED_COLOUR, ScanClass.CLIPPED_GREY)
_LEAST_SPREAD = 0.08
# Fisher's z of a few pixels is uncertain by one over the root of their number, and only one in
# four is new: its neighbours are blurred together.
_UNCERTAIN = 2.0
# Smoothing makes so many of one.
_SMOOTHED = 1.5
# Below so many pixels that differ, outlines that fall between pixels alike are the same picture.
_FEWEST_TELLING = 125.0
_COPIES, _SHARE = 4, 0.12
# Fisher's z of honest pairs falls off faster than an exponential, which tails are continued by.
_POWER = 1.5
_NEARLY_ONE = 0.999


@dataclass(frozen=True, slots=True)
class Twins:
    """Two boxes that agree.

    Attributes:
        first, second: Positions on the page.
        agreement: Concordance of what is left of both, in [-1, 1].
        score: How far it exceeds the best agreement that the page's boxes usually find, in
            spreads of that, to the power of 3/2; 0 where it does not.
    """

    first: int
    second: int
    agreement: float
    score: float


@dataclass(frozen=True, eq=False)
class _Stack:
    """Boxes of one size in the scan's own pixels, with slack around: ``(n, h, w)``."""

    index: Ints
    grey: Floats
    free: Floats


def twin_boxes(
    raw: RawPage,
    registration: Registration,
    groups: Sequence[BoxPatches],
    ink: PageInk,
    empty: frozenset[int],
) -> tuple[Twins, ...] | None:
    """The pairs that agree most, best first; ``None`` where too few boxes tell enough.

    Args:
        raw: The scan.
        registration: Lays it over the form.
        groups: Its boxes.
        ink: Levels of the page.
        empty: Positions of boxes that hold nothing.
    """
    found: list[Twins] = []
    judged = False
    for group in groups:
        stack = _stack(raw.grey, registration, group, ink.threshold, empty)
        if stack is None:
            continue
        burnt_out = raw.scan_class in _BURNT_OUT
        grain = BoxGrain.of(stack.grey, burnt_out=burnt_out)
        pixels, telling = _telling(grain.rest, stack.free)
        if burnt_out:
            pixels /= _SMOOTHED
        if pixels < _FEWEST_TELLING:
            continue
        judged = True
        found += _pairs(stack, grain, telling, _UNCERTAIN / math.sqrt(pixels))
    found.sort(key=lambda pair: -pair.score)
    return tuple(found) if judged else None


def _stack(
    grey: NDArray[np.uint8],
    registration: Registration,
    group: BoxPatches,
    ink: float,
    empty: frozenset[int],
) -> _Stack | None:
    """Cut the boxes out at whole pixels, each where its own outline lies."""
    scale = registration.px_per_mm
    h, w = (round((side + 2 * _RIM_MM) * scale) for side in reversed(group.box_size_mm))
    corners = np.array([box.box_mm[:2] for box in group.boxes]) - _RIM_MM + group.shift_mm
    px = np.rint(registration.to_px(corners)).astype(np.int64)
    room = 2 * _SLACK_PX
    inside = (px >= room).all(axis=1)
    inside &= (px[:, 0] + w + room <= grey.shape[1]) & (px[:, 1] + h + room <= grey.shape[0])
    inside &= np.array([int(i) in empty for i in group.index])
    rows = np.flatnonzero(inside)
    if len(rows) < _FEWEST_BOXES:
        return None
    free = _free(group, rows, (h, w), ink)
    grey = np.ascontiguousarray(grey)
    corner, outer = px[rows] - _SLACK_PX, (h + 2 * _SLACK_PX, w + 2 * _SLACK_PX)
    corner += _offsets(grey, corner, outer)
    parts: Floats = np.empty((len(rows), *outer), np.float32)
    check_inside(grey, corner, outer)
    cut_out(grey, corner, parts)
    return _Stack(group.index[rows], parts, free)


def _free(group: BoxPatches, rows: Ints, shape: tuple[int, int], ink: float) -> Floats:
    """1 where a box has neither ink nor print that the other boxes do not have: ``(n, h, w)``."""
    height, width = group.added.shape[1:]
    rim = round((group.margin_mm - _RIM_MM) * width / (group.box_size_mm[0] + 2 * group.margin_mm))
    down, across = (
        rim + _nearest(size - 2 * rim, to) for size, to in zip((height, width), shape, strict=True)
    )
    free: Floats = np.empty((len(rows), *shape), np.float32)
    own = _own_print(ById(group.allowed), rows.tobytes()).view(np.uint8)
    # Where ink runs along the outline, its faint rim spoils what is left of the print.
    clear_of_ink(group.added, rows, own, ink, down, across, free)
    return free


@lru_cache(maxsize=8)
def _own_print(allowed: ById, rows: bytes) -> NDArray[np.bool_]:
    """Where some boxes of a blank have print that the others do not have: ``(n, h, w)``."""
    print_ = allowed.array[np.frombuffer(rows, np.int64)]
    # A few boxes tell what they share.
    common = np.median(print_[:: max(1, len(print_) // 7)], axis=0)
    # The shared outline falls between pixels differently on every box: that is no other print.
    near = np.asarray(cv2.dilate(common, np.ones((5, 5), np.uint8)), np.float32)
    return np.asarray(print_ > near + _PRINT, np.bool_)


@lru_cache(maxsize=32)
def _nearest(count: int, to: int) -> Ints:
    """Which of ``count`` pixels in a row each of ``to`` is taken from."""
    row = np.arange(count, dtype=np.float32)[None]
    return cv2.resize(row, (to, 1), interpolation=cv2.INTER_NEAREST).ravel().astype(np.int64)


def _offsets(grey: NDArray[np.uint8], corner: Ints, shape: tuple[int, int]) -> Ints:
    """Whole pixels ``(n, 2)`` as (x, y) by which each box lies off the mean of all.

    Found on sums over rows and columns, in which an outline has two sharp peaks: boxes that
    are the same picture are put to the same place, wherever their outline falls between
    pixels.
    """
    across = np.empty((len(corner), shape[1]), np.float32)
    down = np.empty((len(corner), shape[0]), np.float32)
    check_inside(grey, corner, shape)
    side_sums(grey, corner, across, down)
    moves = []
    for sums in (across, down):
        length = sums.shape[1] - 2 * _SLACK_PX
        windows = np.stack([sums[:, k : k + length] for k in range(2 * _SLACK_PX + 1)], axis=1)
        windows = windows - windows.mean(axis=2, keepdims=True)
        best = np.full(len(sums), _SLACK_PX)
        for _ in range(_ROUNDS):
            mean = windows[np.arange(len(sums)), best].mean(axis=0)
            best = ((windows - mean) ** 2).sum(axis=2).argmin(axis=1)
        moves.append(best - _SLACK_PX)
    return np.asarray(np.stack(moves, axis=1), np.int64)


def _telling(rest: Floats, free: Floats) -> tuple[float, Floats]:
    """By how many pixels a usual box differs from the others, and how much each pixel tells.

    Pixels that differ all alike count whole.
    """
    second, fourth = np.empty((2, len(rest)), np.float32)
    telling: Floats = np.empty(free.shape[1:], np.float32)
    telling_pixels(rest, free, _SLACK_PX, second, fourth, telling)
    return float(np.median(second * second / np.maximum(fourth, 1e-6))), telling


def _pairs(stack: _Stack, grain: BoxGrain, telling: Floats, uncertain: float) -> list[Twins]:
    free, index, rest = stack.free, stack.index, grain.rest
    count, width = len(rest), rest.shape[2]
    chosen = _sample(telling)
    rows, columns = np.divmod(chosen, telling.shape[1])
    at = (rows + _SLACK_PX) * width + columns + _SLACK_PX
    first = rest.reshape(count, -1)[:, at] * free.reshape(count, -1)[:, chosen]
    first = first / np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-6)
    shifts = [(dy, dx) for dy in _REACH for dx in _REACH]
    seen: Floats = np.empty((len(shifts), count, len(at)), np.float32)
    unit_samples(rest, np.array([at + dy * width + dx for dy, dx in shifts]), seen)
    alike = np.full((count, count), -1.0, np.float32)
    found_at = np.zeros((count, count), np.int64)
    for k in range(len(shifts)):
        product = first @ seen[k].T
        found_at[product > alike] = k
        np.maximum(alike, product, out=alike)
    np.fill_diagonal(alike, -1.0)
    usual = np.sort(np.arctanh(np.clip(alike.max(axis=1), 0.0, _NEARLY_ONE)))
    # Two boxes of a copied pair, and of a few more pairs, are not what boxes usually find.
    high = float(usual[-1 - min(count - 1, max(_COPIES, math.ceil(_SHARE * count)))])
    spread = max(_LEAST_SPREAD, uncertain, high - float(np.median(usual)))
    found: dict[tuple[int, int], Twins] = {}
    for k in np.argsort(-alike, axis=None)[: 2 * _PAIRS].tolist():
        one, other = divmod(k, count)
        pair = (min(one, other), max(one, other))
        if one == other or pair in found or len(found) == _PAIRS:
            continue
        both, clear = [one, other], free[[one, other]]
        shift = shifts[found_at[one, other]]
        agreement = _agreement(rest[both], clear, shift)
        if math.atanh(min(max(agreement, 0.0), _NEARLY_ONE)) > high:
            # Boxes that differ from all others in opposite ways are a part of the common look by
            # themselves; without it both are their mean, and agree.
            agreement = min(agreement, _agreement(grain.by_others(both), clear, shift))
        excess = (math.atanh(min(max(agreement, 0.0), _NEARLY_ONE)) - high) / spread
        score = max(0.0, excess) ** _POWER
        found[pair] = Twins(int(index[one]), int(index[other]), agreement, score)
    return list(found.values())


def _sample(telling: Floats) -> Ints:
    """Positions of pixels for the first look: those in which boxes have most to tell."""
    flat = telling.ravel()
    if flat.size <= _SAMPLE_PX:
        return np.arange(flat.size)
    return np.sort(np.argpartition(-flat, _SAMPLE_PX)[:_SAMPLE_PX])


def _agreement(rest: Floats, free: Floats, shift: tuple[int, int]) -> float:
    """Concordance of two boxes over all that is free in both; -1 where that is too little.

    Lin's coefficient (1989) without the means: a copy has the same values, not values in
    proportion, as two outlines have that fall between pixels alike, one more than the other.
    """
    s, (dy, dx) = _SLACK_PX, shift
    h, w = free.shape[1:]
    at = (slice(s + dy, s + dy + h), slice(s + dx, s + dx + w))
    around = np.zeros((h + 2 * s, w + 2 * s), np.float32)
    around[s:-s, s:-s] = free[1]
    both = free[0] * around[at]
    if both.sum() < _FEWEST_SHARE * both.size:
        return -1.0
    x, y = rest[0, s:-s, s:-s] * both, rest[1][at] * both
    norm = float((x * x).sum() + (y * y).sum()) / 2.0
    return float((x * y).sum()) / max(norm, 1e-6)

"""Which windows of a page lack its earlier JPEG compression most.

A program that treats a page after its first compression takes the compression off ink, off
print or off specks, and off all alike: a place that was altered stands out from the others of
its kind. So a window at a marked box is put beside the other marked boxes, one at an empty box
beside the other empty ones, and a change within a pixel's reach, as of a speck that a program
painted over, is no place.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.jpeg_blocks import BLOCK, Blocks
from scans.measure.jpeg_judged import boxes_in_blocks
from scans.measure.jpeg_trace import Trace
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["Place", "worst_places"]

Floats = NDArray[np.float32]

# Windows in blocks: a stroke, and a whole box at 300 dpi.
_WINDOWS = (3, 7)
# Blocks differ by content beyond chance: shares below this are nothing.
_SHARE_FLOOR = 0.10
_MOST_ERROR = 0.3
_MOST_PLACES = 6
_MIDDLE = 0.5
# Without its worst four blocks a window must tell by so much of what it tells at most.
_LEAST_LEFT = 0.25
# What a usual box of an honest page that was merely saved again reaches, and how many boxes show
# what is usual.
_USUAL, _FEWEST_BOXES = 2.0, 4


@dataclass(frozen=True, slots=True)
class Place:
    """A window of the page that lacks the earlier compression.

    Attributes:
        score: Share of what an altered place would show, in spreads.
        share: 0 like the rest of the page, 1 as if never compressed with it.
        box_px: Left, top, width, height in the scan.
    """

    score: float
    share: float
    box_px: tuple[float, float, float, float]


def worst_places(
    trace: Trace,
    own: Blocks,
    offset: tuple[int, int],
    registration: Registration,
    template: PageTemplate,
    marked: Collection[int] = (),
) -> tuple[Place, ...]:
    """The windows that lack it most beside others of their kind, worst first, none overlapping.

    Args:
        trace: What the page's blocks hold of it.
        own: Those blocks.
        offset: Row and column of the scan that they begin at.
        registration: Lays the scan over the form.
        template: The blank form.
        marked: Positions of its boxes that hold ink.
    """
    maps = _maps(trace, own)
    layers = [_window_scores(maps, window) for window in _WINDOWS]
    worst = np.maximum.reduce([score for score, _ in layers])
    shape = (worst.shape[0], worst.shape[1])
    usual = _usual(worst, boxes_in_blocks(registration, template, offset, shape), marked)
    found: list[Place] = []
    for window, (score, share) in zip(_WINDOWS, layers, strict=True):
        found += _worst(np.maximum(score - usual, 0.0), share, window, offset)
    found.sort(key=lambda place: -place.score)
    kept: list[Place] = []
    for place in found:
        if len(kept) < _MOST_PLACES and not any(_overlap(place.box_px, k.box_px) for k in kept):
            kept.append(place)
    return tuple(kept)


def _maps(trace: Trace, own: Blocks) -> Floats:
    """What each block lacks, would lack at most, and the variance of that: ``(3, h, w)``."""
    kind, on, counts = trace.kind, trace.on, trace.counts
    untouched, altered, telling = trace.untouched, trace.altered, trace.telling
    weight = np.where(
        telling,
        np.log(untouched / (1 - untouched)) - np.log(altered / (1 - altered)),
        0.0,
    )
    weight = np.clip(weight, 0.0, 4.0)
    chance = weight**2 * untouched * (1 - untouched)
    lack = np.where(counts, weight[kind] * (untouched[kind] - on), 0.0).sum(axis=1)
    full = np.where(counts, (weight * (untouched - altered))[kind], 0.0).sum(axis=1)
    spread = np.where(counts, chance[kind], 0.0).sum(axis=1)
    shape = (int(own.rows.max()) + 1, int(own.columns.max()) + 1) if len(own.rows) else (1, 1)
    maps = np.zeros((3, *shape), np.float32)
    for layer, values in zip(maps, (lack, full, spread), strict=True):
        layer[own.rows, own.columns] = values
    return maps


def _window_scores(maps: Floats, window: int) -> tuple[Floats, Floats]:
    """Score and share of the window around each block: two ``(h, w)``."""
    size = (window, window)
    total, full, spread = (
        cv2.boxFilter(layer, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
        for layer in maps
    )
    # A single block may err for reasons of its own (a clipped hue, a speck): the place must
    # hold without its worst one.
    worst = cv2.dilate(maps[0], np.ones(size, np.uint8))
    lack = total - np.maximum(worst, 0)
    enough = full > 1e-3
    share = np.zeros_like(full)
    error = np.full_like(full, np.inf)
    share[enough] = lack[enough] / full[enough]
    error[enough] = np.sqrt(spread[enough]) / full[enough]
    sound = error < _MOST_ERROR
    score = np.zeros_like(full)
    if sound.sum() < 20:
        return score, share
    middle = float(np.median(share[sound]))
    z = (share[sound] - middle) / np.maximum(error[sound], 1e-3)
    # Coefficients of a block are not independent, and some content suits a lattice less.
    excess = max(1.0, 1.4826 * float(np.median(np.abs(z - np.median(z)))))
    score[sound] = (share[sound] - middle) / np.hypot(_SHARE_FLOOR, excess * error[sound])
    return score * _spread_out(maps, total, full, share, window), share


def _spread_out(maps: Floats, total: Floats, full: Floats, share: Floats, window: int) -> Floats:
    """How much of each window's share is left, 0 to 1, without its worst square of four blocks."""
    two = [
        cv2.boxFilter(layer, -1, (2, 2), anchor=(0, 0), normalize=False,
                      borderType=cv2.BORDER_CONSTANT)
        for layer in maps[:2]
    ]  # fmt: skip
    half = window // 2
    height, width = total.shape
    around = [np.pad(layer, half) for layer in two]
    lack = np.zeros_like(total)
    held = np.zeros_like(total)
    for dy in range(window - 1):
        for dx in range(window - 1):
            here = (slice(dy, dy + height), slice(dx, dx + width))
            worse = around[0][here] > lack
            np.copyto(lack, around[0][here], where=worse)
            np.copyto(held, around[1][here], where=worse)
    left = (total - lack) / np.maximum(full - held, _LEAST_LEFT * np.maximum(full, 1e-3))
    return np.asarray(np.clip(left / np.maximum(share, 1e-3), 0.0, 1.0), np.float32)


def _usual(
    score: Floats, corners: Sequence[tuple[int, int, int, int]], marked: Collection[int]
) -> Floats:
    """By how much windows of each kind exceed what is usual on honest pages: ``(h, w)``.

    Windows at marked boxes and off all boxes, where ink is, by what marked boxes show; windows at
    empty boxes by what those show.
    """
    level = [
        float(score[top:bottom, left:right].max(initial=0.0))
        for left, top, right, bottom in corners
    ]
    inked = [level[i] for i in range(len(level)) if i in marked]
    bare = [level[i] for i in range(len(level)) if i not in marked]
    of_ink, of_print = (
        max(0.0, float(np.median(found)) - _USUAL) if len(found) >= _FEWEST_BOXES else 0.0
        for found in (inked, bare)
    )
    usual = np.full_like(score, of_ink)
    for i, (left, top, right, bottom) in enumerate(corners):
        if i not in marked:
            usual[top:bottom, left:right] = of_print
    return usual


def _worst(score: Floats, share: Floats, window: int, offset: tuple[int, int]) -> list[Place]:
    """The most lacking windows of one size."""
    # Windows that reach over an altered place in part may score as high: its middle is wanted.
    middle = score + _MIDDLE * cv2.blur(score, (window, window), borderType=cv2.BORDER_CONSTANT)
    places = []
    for _ in range(_MOST_PLACES):
        row, column = (int(v) for v in np.unravel_index(int(np.argmax(middle)), score.shape))
        if score[row, column] <= 0:
            break
        half = window // 2
        top, left = max(0, row - window), max(0, column - window)
        around = (slice(top, row + window + 1), slice(left, column + window + 1))
        places.append(
            Place(
                float(score[around].max()),
                float(share[row, column]),
                (
                    float((column - half) * BLOCK + offset[1]),
                    float((row - half) * BLOCK + offset[0]),
                    float(window * BLOCK),
                    float(window * BLOCK),
                ),
            )
        )
        middle[around] = 0.0
    return places


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    return (
        abs(one[0] + one[2] / 2 - other[0] - other[2] / 2) < (one[2] + other[2]) / 2
        and abs(one[1] + one[3] / 2 - other[1] - other[3] / 2) < (one[3] + other[3]) / 2
    )

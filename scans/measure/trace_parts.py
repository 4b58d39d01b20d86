"""Answer boxes as the traces of taking marks away are looked for: paper, tones and lines.

All is at 3.3 px/mm, where a pen's line is one to two pixels wide: lines by second
derivatives across four directions, averaged along 1.5 mm; only the unevenness of the paper is
taken at 10 px/mm. All boxes of one size stand in one tall picture with gaps, so that every
filter runs once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.blank_boxes import ById
from scans.measure.boxes import BoxPatches
from scans.measure.trace_loops import line_responses, thirds, unevenness

__all__ = ["Part", "part_of", "spread_over"]

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Shorts = NDArray[np.int16]

# Darkness against the paper around is kept in bytes: 128 is none, and a grey level is two.
_STEP, _ZERO = 2.0, 128
_THIRD = 3
# Unevenness is cut here, in grey levels: beyond is the edge of something.
_STEEPEST = 20
_GAP = 6
# Lines are averaged along 1.5 mm: as near as this to a circle they are its own.
_BESIDE = 7


@dataclass(frozen=True, eq=False)
class Part:
    """Boxes of one size at 3.3 px/mm, ``n`` patches of ``h`` by ``w`` with a gap below each.

    Every array is ``(n, h + gap, w)`` unless said otherwise, and zero in the gap.
    """

    rows: NDArray[np.int64]
    tones: tuple[Floats, ...]  # grey level, and for colour blue - red and green - the others
    rough: Floats  # mean square of fine unevenness, in grey levels
    dark: Floats
    print_: Floats
    bare: Floats  # 1 where free of print
    clean: Floats  # 1 where free of print and ink
    share: Floats  # of clean pixels within a millimetre
    mine: Floats  # 1 where free of print and nearer to this box than to any other
    distance: Floats  # (h + gap, w), far away in the gap
    lines: Shorts  # (4, n, h + gap, w), per direction: dark positive, bright negative


def part_of(group: BoxPatches, usual: float) -> Part:
    """One group of boxes; ``usual`` is how dark this respondent's marks are."""
    height, width = (n // _THIRD for n in group.dark.shape[1:])
    # The middle pixel of every nine tells what print and ink there are.
    middle = (slice(None), slice(1, _THIRD * height, _THIRD), slice(1, _THIRD * width, _THIRD))
    dark = _gapped(group.dark[middle])
    key = tuple((part.start, part.stop, part.step) for part in middle)
    blank = _blank_part(ById(group.allowed), ById(group.print_), ById(group.own), key)
    bare = blank.bare
    distance = np.full(dark.shape[1:], 99.0, np.float32)
    distance[:height] = group.distance[middle[1:]]
    strong = (dark > 0.3 * usual).view(np.uint8).reshape(-1, width)
    inked = np.asarray(cv2.dilate(strong, np.ones((3, 3), np.uint8)), np.uint8)
    clean = bare * (inked.reshape(dark.shape) == 0)
    mine = _beside_circles(group, middle, strong.reshape(dark.shape), bare, blank.mine)
    colour = np.ascontiguousarray(group.colour).reshape(*group.dark.shape, -1)
    tones = np.zeros((colour.shape[3], *dark.shape), np.float32)
    thirds(colour, tones)
    rough = np.zeros_like(dark)
    unevenness(colour, min(1, colour.shape[3] - 1), _STEEPEST, rough)
    weight = np.maximum(spread_over(clean, 9), np.float32(1e-3))
    residual = spread_over(tones[0] * clean, 9)
    residual /= weight
    residual -= tones[0]
    residual *= bare
    residual *= np.float32(_STEP)
    residual += np.float32(_ZERO + 0.5)
    shown = np.clip(residual, 0, 255, out=residual).astype(np.uint8).reshape(-1, width)
    lines = np.empty((4, *shown.shape), np.int16)
    line_responses(shown, lines)
    return Part(
        rows=group.index,
        tones=tuple(tones),
        rough=rough,
        dark=dark,
        print_=blank.print_,
        bare=bare,
        clean=clean,
        share=spread_over(clean, 5),
        mine=mine,
        distance=distance,
        lines=lines.reshape(4, *dark.shape),
    )


def _beside_circles(
    group: BoxPatches,
    middle: tuple[slice, ...],
    strong: NDArray[np.uint8],
    bare: Floats,
    mine: Floats,
) -> Floats:
    """``mine`` without what lies beside a line around another box.

    Circles are taken out of the ink of all boxes but their own (:mod:`scans.read.circles`):
    there it is dark and nothing was added.
    """
    passing = (strong > 0) & (bare > 0)
    height, width = strong.shape[1] - _GAP, strong.shape[2]
    passing[:, :height] &= group.added[middle] <= 0.0
    touched = np.flatnonzero(passing.reshape(len(passing), -1).any(axis=1))
    if not touched.size:
        return mine
    reach = np.ones((_BESIDE, _BESIDE), np.uint8)
    tall = passing[touched].view(np.uint8).reshape(-1, width)
    beside = cv2.dilate(tall, reach).reshape(len(touched), -1, width)
    mine = mine.copy()
    mine[touched] *= beside == 0
    return mine


class _BlankPart(NamedTuple):
    bare: Floats
    print_: Floats
    mine: Floats


_Raster = tuple[tuple[int | None, int | None, int | None], ...]


@lru_cache(maxsize=8)
def _blank_part(allowed: ById, print_: ById, own: ById, raster: _Raster) -> _BlankPart:
    """What of a part the blank alone says."""
    middle = tuple(slice(*ends) for ends in raster)
    bare = _gapped(allowed.array[middle] < 0.12)
    return _BlankPart(bare, _gapped(print_.array[middle]), bare * _gapped(own.array[middle]))


def _gapped(stack: NDArray[Any]) -> Floats:
    count, height, width = stack.shape
    tall = np.zeros((count, height + _GAP, width), np.float32)
    tall[:, :height] = stack
    return tall


def spread_over(stack: Floats, size: int) -> Floats:
    """Weighted mean over ``size`` pixels in both directions."""
    tall = cv2.GaussianBlur(stack.reshape(-1, stack.shape[2]), (size, size), 0.4 * size)
    return np.asarray(tall, np.float32).reshape(stack.shape)

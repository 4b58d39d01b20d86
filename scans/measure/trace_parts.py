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
    own: Floats  # 1 where nearer to this box than to any other
    distance: Floats  # (h + gap, w), far away in the gap
    lines: tuple[Shorts, ...]  # per direction: dark positive, bright negative


def part_of(group: BoxPatches, usual: float) -> Part:
    """One group of boxes; ``usual`` is how dark this respondent's marks are."""
    height, width = (n // _THIRD for n in group.dark.shape[1:])
    cut = (slice(None), slice(0, _THIRD * height), slice(0, _THIRD * width))
    # The middle pixel of every nine tells what print and ink there are.
    middle = (slice(None), slice(1, _THIRD * height, _THIRD), slice(1, _THIRD * width, _THIRD))
    dark = _gapped(group.dark[middle])
    key = tuple((part.start, part.stop, part.step) for part in middle)
    blank = _blank_part(ById(group.allowed), ById(group.print_), ById(group.own), key)
    bare = blank.bare
    distance = np.full(dark.shape[1:], 99.0, np.float32)
    distance[:height] = group.distance[middle[1:]]
    strong = (dark > 0.3 * usual).astype(np.uint8).reshape(-1, width)
    inked = np.asarray(cv2.dilate(strong, np.ones((3, 3), np.uint8)), np.uint8)
    clean = bare * (inked.reshape(dark.shape) == 0)
    whole = np.ascontiguousarray(group.colour[cut])
    tones = tuple(_gapped(tone) for tone in _small_tones(whole, height, width))
    weight = np.maximum(spread_over(clean, 9), np.float32(1e-3))
    paper = spread_over(tones[0] * clean, 9) / weight
    steps = (paper - tones[0]) * bare * np.float32(_STEP) + np.float32(_ZERO + 0.5)
    residual = np.clip(steps, 0, 255).astype(np.uint8).reshape(-1, width)
    return Part(
        rows=group.index,
        tones=tones,
        rough=_gapped(_unevenness(whole, height, width)),
        dark=dark,
        print_=blank.print_,
        bare=bare,
        clean=clean,
        share=spread_over(clean, 5),
        own=blank.own,
        distance=distance,
        lines=tuple(line.reshape(dark.shape) for line in _line_responses(residual)),
    )


class _BlankPart(NamedTuple):
    bare: Floats
    print_: Floats
    own: Floats


_Raster = tuple[tuple[int | None, int | None, int | None], ...]


@lru_cache(maxsize=8)
def _blank_part(allowed: ById, print_: ById, own: ById, raster: _Raster) -> _BlankPart:
    """What of a part the blank alone says."""
    middle = tuple(slice(*ends) for ends in raster)
    bare = _gapped(allowed.array[middle] < 0.12)
    return _BlankPart(bare, _gapped(print_.array[middle]), _gapped(own.array[middle]))


def _gapped(stack: NDArray[Any]) -> Floats:
    count, height, width = stack.shape
    tall = np.zeros((count, height + _GAP, width), np.float32)
    tall[:, :height] = stack
    return tall


def _reduced(picture: Bytes, height: int, width: int) -> Bytes:
    """Means of nine pixels of a stack of pictures, each ``height`` by ``width`` afterwards."""
    count = len(picture)
    tall = picture.reshape(count * _THIRD * height, _THIRD * width, *picture.shape[3:])
    small = cv2.resize(tall, (width, count * height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8).reshape(count, height, width, *picture.shape[3:])


def _small_tones(whole: Bytes, height: int, width: int) -> tuple[Floats, ...]:
    small: Floats = _reduced(whole, height, width).astype(np.float32)
    if small.ndim == 3:
        return (small,)
    b, g, r = small[..., 0], small[..., 1], small[..., 2]
    grey = np.float32(0.114) * b + np.float32(0.587) * g + np.float32(0.299) * r
    return grey, b - r, g - (b + r) * np.float32(0.5)


def _unevenness(whole: Bytes, height: int, width: int) -> Bytes:
    """Mean square of what a blur of 0.1 mm takes away, in grey levels, up to 255."""
    count, rows, columns = whole.shape[:3]
    tall = whole.reshape(count * rows, columns, *whole.shape[3:])
    grey = cv2.extractChannel(tall, 1) if tall.ndim == 3 else tall
    fine = cv2.absdiff(grey, cv2.GaussianBlur(grey, (5, 5), 1.0))
    square = cv2.LUT(fine, _squares())
    return _reduced(np.asarray(square, np.uint8).reshape(count, rows, columns), height, width)


@lru_cache(maxsize=1)
def _squares() -> Bytes:
    """Squares, four times as large so that the mean of small ones is not lost."""
    square = np.minimum(4 * np.minimum(np.arange(256), _STEEPEST) ** 2, 255)
    return np.asarray(square, np.uint8)


def spread_over(stack: Floats, size: int) -> Floats:
    """Weighted mean over ``size`` pixels in both directions."""
    tall = cv2.GaussianBlur(stack.reshape(-1, stack.shape[2]), (size, size), 0.4 * size)
    return np.asarray(tall, np.float32).reshape(stack.shape)


@lru_cache(maxsize=1)
def _diagonals() -> tuple[Floats, Floats]:
    one = np.eye(5, dtype=np.float32) / np.float32(5)
    return one, np.ascontiguousarray(one[::-1])


def _line_responses(residual: Bytes) -> tuple[Shorts, Shorts, Shorts, Shorts]:
    """Second derivative across each of four directions, averaged along it, four times as large.

    Directions: level, falling to the right, upright, rising to the right.
    """
    xx, yy = cv2.Sobel(residual, cv2.CV_16S, 2, 0), cv2.Sobel(residual, cv2.CV_16S, 0, 2)
    xy = cv2.Sobel(residual, cv2.CV_16S, 1, 1)
    both = cv2.addWeighted(xx, -0.5, yy, -0.5, 0.0)
    falling, rising = _diagonals()
    return (
        np.negative(np.asarray(cv2.blur(yy, (5, 1)), np.int16)),
        np.asarray(cv2.filter2D(cv2.add(both, xy), -1, falling), np.int16),
        np.negative(np.asarray(cv2.blur(xx, (1, 5)), np.int16)),
        np.asarray(cv2.filter2D(cv2.subtract(both, xy), -1, rising), np.int16),
    )

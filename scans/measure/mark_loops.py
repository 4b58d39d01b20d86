"""Loops over the pixels of two marks that are compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scans.compiled import compiled

__all__ = ["joint_sums", "sampled_sums", "window_sums"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@compiled("void(int32[::1], uint8[::1], int64[::1], int64[::1], int64[:, ::1])")
def sampled_sums(
    levels: NDArray[np.int32], other: Bytes, places: Ints, moves: Ints, sums: Ints
) -> None:
    """What correlating some levels with pixels of a picture needs, for several moves of it.

    Args:
        levels: ``(k,)``: of some pixels, 0 to 255.
        other: Another picture, flat.
        places: ``(k,)``: which of its pixels belong to them.
        moves: ``(n,)``: added to these.
        sums: ``(n, 3)``: of the other levels, of their squares, and of both multiplied. Written.
    """
    for n in range(len(moves)):
        b, bb, ab = np.int32(0), np.int32(0), np.int32(0)
        for k in range(len(levels)):
            level = np.int32(other[places[k] + moves[n]])
            b += level
            bb += level * level
            ab += level * levels[k]
        sums[n, 0], sums[n, 1], sums[n, 2] = b, bb, ab


@compiled(
    "void(uint8[:, ::1], uint8[:, ::1], uint8[:, ::1], int64[:, ::1], int64, int64, int64[::1])"
)
def joint_sums(
    one: Bytes, other: Bytes, region: Bytes, start: Ints, height: int, width: int, sums: Ints
) -> None:
    """What the correlation of rectangles of two pictures needs, over a region.

    Args:
        one: A picture.
        other: Another one.
        region: 1 in the region, else 0.
        start: ``(3, 2)``: y and x of the top-left pixel in each of the three.
        height: Of the rectangles.
        width: Of the rectangles.
        sums: ``(6,)``: how many pixels; of the levels of the first and of the other; of their
            squares; of both multiplied. Written.
    """
    sums[:] = 0
    left, there, beside = start[0, 1], start[1, 1], start[2, 1]
    for row in range(height):
        first = one[start[0, 0] + row, left : left + width]
        second = other[start[1, 0] + row, there : there + width]
        held = region[start[2, 0] + row, beside : beside + width]
        n, a, b = np.int32(0), np.int32(0), np.int32(0)
        aa, bb, ab = np.int32(0), np.int32(0), np.int32(0)
        for k in range(len(first)):
            on = np.int32(held[k])
            x, y = np.int32(first[k]) * on, np.int32(second[k]) * on
            n += on
            a += x
            b += y
            aa += x * x
            bb += y * y
            ab += x * y
        sums[0] += n
        sums[1] += a
        sums[2] += b
        sums[3] += aa
        sums[4] += bb
        sums[5] += ab


@compiled("void(float32[:, ::1], float32[:, ::1], float64[:, :, ::1])")
def window_sums(small: Floats, large: Floats, sums: Doubles) -> None:
    """What the correlation of a picture with every window of a larger one needs.

    Args:
        small: ``(h, w)``.
        large: ``(h + m, w + m)``.
        sums: ``(m + 1, m + 1, 3)``: by the window's place down and across: of the window, of its
            squares, and of both multiplied. Written.
    """
    sums[:] = 0.0
    width = small.shape[1]
    for y in range(small.shape[0]):
        here = small[y]
        for down in range(sums.shape[0]):
            for across in range(sums.shape[1]):
                there = large[y + down, across : across + width]
                b, bb, ab = np.float32(0.0), np.float32(0.0), np.float32(0.0)
                for k in range(len(here)):
                    value = there[k]
                    b += value
                    bb += value * value
                    ab += here[k] * value
                sums[down, across, 0] += b
                sums[down, across, 1] += bb
                sums[down, across, 2] += ab

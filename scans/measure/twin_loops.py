"""Loops over the pixels of boxes that are compared with each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scans.compiled import compiled

__all__ = [
    *("clear_of_ink", "cut_out", "side_sums"),
    *("telling_pixels", "unit_samples", "without_specks"),
]

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@compiled("void(uint8[:, ::1], int64[:, ::1], float32[:, ::1], float32[:, ::1])")
def side_sums(grey: Bytes, corner: Ints, across: Floats, down: Floats) -> None:
    """Sums over the columns and over the rows of equal rectangles.

    Args:
        grey: The picture.
        corner: ``(n, 2)``: x and y of the top-left pixel of each.
        across: ``(n, w)``: of each column. Written.
        down: ``(n, h)``: of each row. Written.
    """
    width = across.shape[1]
    columns = np.empty(width, np.int32)
    for n in range(len(corner)):
        left, top = corner[n, 0], corner[n, 1]
        columns[:] = 0
        for y in range(down.shape[1]):
            row = grey[top + y, left : left + width]
            total = np.int32(0)
            for x in range(len(row)):
                level = np.int32(row[x])
                columns[x] += level
                total += level
            down[n, y] = np.float32(total)
        for x in range(width):
            across[n, x] = np.float32(columns[x])


@compiled("void(uint8[:, ::1], int64[:, ::1], float32[:, :, ::1])")
def cut_out(grey: Bytes, corner: Ints, parts: Floats) -> None:
    """Equal rectangles of a picture.

    Args:
        grey: The picture.
        corner: ``(n, 2)``: x and y of the top-left pixel of each.
        parts: ``(n, h, w)``. Written.
    """
    width = parts.shape[2]
    for n in range(len(corner)):
        left, top = corner[n, 0], corner[n, 1]
        for y in range(parts.shape[1]):
            row, here = grey[top + y, left : left + width], parts[n, y]
            for x in range(len(row)):
                here[x] = np.float32(row[x])


@compiled(
    "void(float32[:, :, ::1], int64[::1], uint8[:, :, ::1], float32, int64[::1], int64[::1],"
    " float32[:, :, ::1])"
)
def clear_of_ink(
    added: Floats, rows: Ints, print_: Bytes, ink: Any, down: Ints, across: Ints, clear: Floats
) -> None:
    """Where patches have neither ink nor certain print within three pixels to each side.

    Args:
        added: ``(n, H, W)``: darkness.
        rows: ``(k,)``: which of the patches.
        print_: ``(k, H, W)``: 1 on the print.
        ink: Darkness of ink.
        down: ``(h,)``: rows of a patch that are asked for, rising.
        across: ``(w,)``: its columns, rising.
        clear: ``(k, h, w)``: 1, or 0 where there is some. Written.
    """
    top, bottom = max(down[0] - 3, 0), min(down[-1] + 4, added.shape[1])
    left, right = max(across[0] - 3, 0), min(across[-1] + 4, added.shape[2])
    wide = right - left
    # Three pixels of nothing on each side: rows may then be looked at as one.
    line = wide + 6
    size = (bottom - top + 6) * line
    taken, spread = np.zeros(size, np.uint8), np.empty(size, np.uint8)
    column, levels = np.empty(len(across), np.uint64), np.empty(len(across), np.uint8)
    for x in range(len(across)):
        column[x] = across[x] - left
    for k in range(len(rows)):
        taken[:] = 0
        for y in range(top, bottom):
            dark, held = added[rows[k], y, left:right], print_[k, y, left:right]
            start = (y - top + 3) * line + 3
            here = taken[start : start + wide]
            for x in range(len(here)):
                here[x] = np.uint8(dark[x] > ink) | held[x]
        # Seven beside each other are two, four and seven; then seven below each other.
        for turn in range(2):
            step = line if turn else 1
            one, other, out = taken[: size - step], taken[step:], spread[: size - step]
            for i in range(len(one)):
                out[i] = one[i] | other[i]
            one, other, out = (
                spread[: size - 3 * step],
                spread[2 * step :],
                taken[: size - 3 * step],
            )
            for i in range(len(one)):
                out[i] = one[i] | other[i]
            one, other, out = taken[: size - 6 * step], taken[3 * step :], spread[: size - 6 * step]
            for i in range(len(one)):
                out[i] = one[i] | other[i]
            one, out = spread[: size - 6 * step], taken[: size - 6 * step]
            for i in range(len(one)):
                out[i] = one[i]
        for j in range(len(down)):
            row, free = taken[(down[j] - top) * line :], clear[k, j]
            for x in range(len(column)):
                levels[x] = row[column[x]]
            for x in range(len(levels)):
                free[x] = np.float32(1 - np.int32(levels[x]))


@compiled("void(float32[:, ::1], float32, float32, float32[:, ::1])")
def without_specks(away: Floats, spreads: Any, least: Any, common: Floats) -> None:
    """What differs from the mean of all boxes, cut where it does so on a few boxes only.

    Args:
        away: ``(n, pixels)``: difference from the mean.
        spreads: Of every third box, in medians of absolute differences, from which it is cut.
        least: Cut nowhere below this.
        common: ``(n, pixels)``. Written.
    """
    count = (len(away) + 2) // 3
    some = np.empty((count, 256), np.float32)
    most = np.empty(256, np.float32)
    for start in range(0, away.shape[1], 256):
        end = min(start + 256, away.shape[1])
        size = end - start
        for k in range(count):
            row, to = away[3 * k, start:end], some[k]
            for x in range(size):
                to[x] = abs(row[x])
        # The smallest goes first, the next one second, up to the one in the middle.
        for i in range(count // 2 + 1):
            first = some[i]
            for j in range(i + 1, count):
                other = some[j]
                for x in range(256):
                    low, high = min(first[x], other[x]), max(first[x], other[x])
                    first[x], other[x] = low, high
        middle = some[count // 2]
        for x in range(256):
            most[x] = max(spreads * middle[x], least)
        for n in range(len(away)):
            row, cut = away[n, start:end], common[n, start:end]
            for x in range(size):
                cut[x] = min(max(row[x], -most[x]), most[x])


@compiled(
    "void(float32[:, :, ::1], float32[:, :, ::1], int64, float32[::1], float32[::1],"
    " float32[:, ::1])"
)
def telling_pixels(
    rest: Floats, clear: Floats, slack: int, second: Floats, fourth: Floats, telling: Floats
) -> None:
    """Powers of what is left of boxes where they are clear.

    Args:
        rest: ``(n, h + 2 slack, w + 2 slack)``.
        clear: ``(n, h, w)``: 1 or 0.
        slack: Pixels around each box that are not looked at.
        second: ``(n,)``: sum of squares of each box. Written.
        fourth: ``(n,)``: of fourth powers. Written.
        telling: ``(h, w)``: sum of squares over all boxes. Written.
    """
    width = clear.shape[2]
    telling[:] = np.float32(0.0)
    for n in range(len(rest)):
        squares, powers = np.float32(0.0), np.float32(0.0)
        for y in range(clear.shape[1]):
            row, free = rest[n, slack + y, slack : slack + width], clear[n, y]
            total = telling[y]
            for x in range(width):
                value = row[x] * free[x]
                square = value * value
                total[x] += square
                squares += square
                powers += square * square
        second[n], fourth[n] = squares, powers


@compiled("void(float32[:, :, ::1], int64[:, ::1], float32[:, :, ::1])")
def unit_samples(rest: Floats, places: Ints, seen: Floats) -> None:
    """Chosen pixels of every box, divided by the root of the sum of their squares.

    Args:
        rest: ``(n, h, w)``.
        places: ``(shifts, k)``: flat pixels of a box.
        seen: ``(shifts, n, k)``. Written.
    """
    for n in range(len(rest)):
        box = rest[n].reshape(-1)
        for s in range(len(places)):
            at, row = places[s], seen[s, n]
            total = np.float32(0.0)
            for k in range(len(at)):
                value = box[at[k]]
                row[k] = value
                total += value * value
            norm = max(np.float32(np.sqrt(total)), np.float32(1e-6))
            for k in range(len(at)):
                row[k] /= norm

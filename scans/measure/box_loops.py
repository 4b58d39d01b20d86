"""Loops over the pixels of all boxes of one size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scans.compiled import compiled

__all__ = [
    *("darkness", "exceeding", "medians_at", "missing_ink"),
    *("profiles", "quantile_at", "side_profiles"),
]

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@compiled("void(uint8[:, ::1], int64[::1], float64, float32[::1])")
def quantile_at(grey: Bytes, at: NDArray[np.intp], share: float, found: Floats) -> None:
    """A quantile of the same pixels of every patch, counted; interpolated as NumPy does.

    Args:
        grey: ``(n, k)``.
        at: Flat pixels of a patch.
        share: 0 to 1.
        found: ``(n,)``. Written.
    """
    place = (len(at) - 1) * share
    low = int(place)
    part = place - low
    counts = np.empty(256, np.int64)
    for n in range(len(grey)):
        counts[:] = 0
        levels = grey[n]
        for k in range(len(at)):
            counts[levels[at[k]]] += 1
        level, below = 0, counts[0]
        while below <= low:
            level += 1
            below += counts[level]
        above = level
        while below <= low + 1 and above < 255:
            above += 1
            below += counts[above]
        step = float(above - level)
        value = level + step * part if part < 0.5 else above - step * (1.0 - part)
        found[n] = np.float32(value)


@compiled("void(uint8[:, ::1], int64[::1], int64[::1], float64[::1])")
def medians_at(
    levels: Bytes, at: NDArray[np.intp], ends: NDArray[np.intp], found: NDArray[np.float64]
) -> None:
    """Median of pixels of every patch, its own of each.

    Args:
        levels: ``(n, k)``.
        at: Flat pixels of a patch, those of the first patch, of the second, ...
        ends: ``(n,)``: where each patch's end in ``at``.
        found: ``(n,)``; that of a patch without any stays as it is. Written.
    """
    counts = np.empty(256, np.int64)
    start = 0
    for n in range(len(levels)):
        these = at[start : ends[n]]
        start = ends[n]
        if len(these) == 0:
            continue
        counts[:] = 0
        row = levels[n]
        for k in range(len(these)):
            counts[row[these[k]]] += 1
        level, below = 0, counts[0]
        while below <= (len(these) - 1) // 2:
            level += 1
            below += counts[level]
        upper = level
        while below <= len(these) // 2:
            upper += 1
            below += counts[upper]
        found[n] = 0.5 * (level + upper)


@compiled(
    "void(uint8[:, :, ::1], float32[::1], float32[::1], uint8[:, :, ::1],"
    " float32[:, ::1], float32[:, ::1])"
)
def profiles(
    grey: Bytes, paper: Floats, depth: Floats, near: Bytes, across: Floats, down: Floats
) -> None:
    """Darkness near print, 0 to 1, summed over the rows and over the columns of each patch.

    Args:
        grey: ``(n, h, w)``.
        paper: ``(n,)``: level of the paper.
        depth: ``(n,)``: how much darker print is.
        near: ``(n, h, w)``: 1 near print, else 0.
        across: ``(n, w)``. Written.
        down: ``(n, h)``. Written.
    """
    none, one = np.float32(0.0), np.float32(1.0)
    for n in range(len(grey)):
        level, scale = paper[n], one / depth[n]
        column = across[n]
        column[:] = none
        for y in range(grey.shape[1]):
            row, counts = grey[n, y], near[n, y]
            total = none
            for x in range(len(row)):
                dark = min(max((level - np.float32(row[x])) * scale, none), one)
                dark *= np.float32(counts[x])
                column[x] += dark
                total += dark
            down[n, y] = total


@compiled(
    "void(uint8[:, :, ::1], float32[::1], float32[::1], int64[:, ::1],"
    " float32[:, :, ::1], uint8[:, :, ::1])"
)
def darkness(
    grey: Bytes,
    paper: Floats,
    depth: Floats,
    corner: NDArray[np.int64],
    dark: Floats,
    levels: Bytes,
) -> None:
    """Darkness against the paper, 1 for print, of a part of each patch.

    Args:
        grey: ``(n, H, W)``.
        paper: ``(n,)``: level of the paper.
        depth: ``(n,)``: how much darker print is.
        corner: ``(n, 2)``: x and y of the part.
        dark: ``(n, h, w)``. Written.
        levels: ``(n, h + gap, w)``: the same from 0 to 255. Written but for the gap.
    """
    width = dark.shape[2]
    for n in range(len(grey)):
        level, scale = paper[n], depth[n]
        left, top = corner[n, 0], corner[n, 1]
        for y in range(dark.shape[1]):
            row = grey[n, top + y, left : left + width]
            here, shown = dark[n, y], levels[n, y]
            for x in range(width):
                value = (level - np.float32(row[x])) / scale
                here[x] = value
                # By way of a wider number: from a float straight to a byte takes one at a time.
                whole = np.int32(value * np.float32(255.0))
                shown[x] = np.uint8(min(max(whole, np.int32(0)), np.int32(255)))


@compiled(
    "void(float32[:, :, ::1], float32[:, :, ::1], uint8[:, ::1], float32[:, :, ::1], int64[::1])"
)
def exceeding(
    dark: Floats, limit: Floats, rim: Bytes, added: Floats, left: NDArray[np.int64]
) -> None:
    """Darkness beyond a limit, up to 1.5, and how much of it lies on the rim.

    Args:
        dark: ``(n, h, w)``.
        limit: ``(n, h, w)``.
        rim: ``(h, w)``: 1 on the rim, else 0.
        added: ``(n, h, w)``. Written.
        left: ``(n,)``: pixels on the rim that exceed the limit by a fifth of print. Written.
    """
    none, most, fifth = np.float32(0.0), np.float32(1.5), np.float32(0.2)
    for n in range(len(dark)):
        count = np.int32(0)
        for y in range(dark.shape[1]):
            row, held, on = dark[n, y], limit[n, y], rim[y]
            out = added[n, y]
            for x in range(len(row)):
                over = min(max(row[x] - held[x], none), most)
                out[x] = over
                count += np.int32(on[x]) if over > fifth else np.int32(0)
        left[n] = count


@compiled("void(uint8[:, ::1], int64[::1], float32[:, ::1], float32[::1], float32[::1])")
def missing_ink(
    spread: Bytes, rim: NDArray[np.intp], print_: Floats, lacks: Floats, missing: Any
) -> None:
    """Print that a scan lacks on the outline of each box.

    Args:
        spread: ``(n, k)``: levels of darkness.
        rim: ``(m,)``: flat pixels of the outline.
        print_: ``(n, m)``: print there, 0 to 1.
        lacks: ``(256,)``: what each level lacks of whole ink.
        missing: ``(n,)``. Written.
    """
    for n in range(len(spread)):
        total = np.float32(0.0)
        for k in range(len(rim)):
            total += print_[n, k] * lacks[spread[n, rim[k]]]
        missing[n] = total


@compiled("void(float32[:, :, ::1], int64[:, ::1], float32[:, ::1])")
def side_profiles(dark: Floats, places: NDArray[np.int64], found: Floats) -> None:
    """Darkness, 0 to 1, across parts of the sides of each box.

    Args:
        dark: ``(n, h, w)``.
        places: ``(k, 5)``: 0 for an upright line and 1 for a level one; first and last pixel
            across it; first and last along it.
        found: ``(k * n, across)``: place by place. Written.
    """
    none, one = np.float32(0.0), np.float32(1.0)
    count, height, width = dark.shape
    for k in range(len(places)):
        level, low, high = places[k, 0], places[k, 1], places[k, 2]
        first, last = places[k, 3], min(places[k, 4], width if places[k, 0] == 1 else height)
        high = min(high, height if level == 1 else width)
        for n in range(count):
            row = found[k * count + n]
            row[:] = none
            if level == 1:
                for y in range(low, high):
                    line = dark[n, y, first:last]
                    total = none
                    for x in range(len(line)):
                        total += min(max(line[x], none), one)
                    row[y - low] = total
            else:
                for y in range(first, last):
                    line = dark[n, y, low:high]
                    for x in range(len(line)):
                        row[x] += min(max(line[x], none), one)

"""Loops over the pixels of boxes that traces of erasure are looked for in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scans.compiled import compiled

__all__ = [
    *("count_sizes", "extremes", "line_responses", "line_sizes"),
    *("sum_of_trees", "thirds", "unevenness"),
]

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@compiled("void(uint8[:, :, :, ::1], float32[:, :, :, ::1])")
def thirds(colour: Bytes, tones: Floats) -> None:
    """Means of nine pixels, rounded to grey levels.

    Args:
        colour: ``(n, at least 3 h, at least 3 w, channels)``: 1 or 3 of them, as B, G, R.
        tones: ``(channels, n, h + gap, w)``: grey, and for colour blue - red and green - the
            others. Written but for the gap.
    """
    width, channels = tones.shape[3], colour.shape[3]
    row = np.empty(3 * width * channels, np.uint16)
    for n in range(len(colour)):
        for y in range(colour.shape[1] // 3):
            a = colour[n, 3 * y].reshape(-1)
            b = colour[n, 3 * y + 1].reshape(-1)
            c = colour[n, 3 * y + 2].reshape(-1)
            for x in range(len(row)):
                row[x] = np.uint16(a[x]) + np.uint16(b[x]) + np.uint16(c[x])
            if channels == 1:
                for x in range(width):
                    of = np.int32(row[3 * x]) + np.int32(row[3 * x + 1]) + np.int32(row[3 * x + 2])
                    tones[0, n, y, x] = np.float32((2 * of + 9) // 18)
            else:
                for x in range(width):
                    k = 9 * x
                    blue = np.int32(row[k]) + np.int32(row[k + 3]) + np.int32(row[k + 6])
                    green = np.int32(row[k + 1]) + np.int32(row[k + 4]) + np.int32(row[k + 7])
                    red = np.int32(row[k + 2]) + np.int32(row[k + 5]) + np.int32(row[k + 8])
                    u = np.float32((2 * blue + 9) // 18)
                    v = np.float32((2 * green + 9) // 18)
                    w = np.float32((2 * red + 9) // 18)
                    tones[0, n, y, x] = (
                        np.float32(0.114) * u + np.float32(0.587) * v + np.float32(0.299) * w
                    )
                    tones[1, n, y, x] = u - w
                    tones[2, n, y, x] = v - (u + w) * np.float32(0.5)


@compiled("void(uint8[:, :, :, ::1], int64, int64, float32[:, :, ::1])")
def unevenness(colour: Bytes, channel: int, steepest: int, power: Floats) -> None:
    """Mean square of what a blur of one pixel takes away, over nine pixels each.

    Args:
        colour: ``(n, at least 3 h, at least 3 w, channels)``.
        channel: The one that is looked at.
        steepest: Where differences are cut, in grey levels.
        power: ``(n, h + gap, w)``: squared levels times four, 255 at most. Written but for the gap.
    """
    width = power.shape[2]
    height, wide = 3 * (colour.shape[1] // 3), 3 * width
    # Patches stand one below the other, as the models of erasure learnt them.
    grey = np.empty((len(colour) * height, wide), np.uint8)
    for n in range(len(colour)):
        for y in range(height):
            for x in range(wide):
                grey[n * height + y, x] = colour[n, y, x, channel]
    last = len(grey) - 1
    row = np.empty(wide, np.int32)
    smooth = np.empty(wide + 4, np.int32)
    most = np.int32(steepest)
    for top in range(0, len(grey), 3):
        row[:] = 0
        for v in range(top, top + 3):
            a, b, c = grey[abs(v - 2)], grey[abs(v - 1)], grey[v]
            d, e = grey[min(v + 1, 2 * last - 1 - v)], grey[min(v + 2, 2 * last - 2 - v)]
            for x in range(wide):
                ends, beside = np.int32(a[x]) + np.int32(e[x]), np.int32(b[x]) + np.int32(d[x])
                smooth[x + 2] = 14 * ends + 62 * beside + 104 * np.int32(c[x])
            smooth[0], smooth[1] = smooth[4], smooth[3]
            smooth[wide + 2], smooth[wide + 3] = smooth[wide], smooth[wide - 1]
            for x in range(wide):
                total = 14 * (smooth[x] + smooth[x + 4]) + 104 * smooth[x + 2]
                total += 62 * (smooth[x + 1] + smooth[x + 3])
                apart = min(abs(np.int32(c[x]) - ((total + 32768) >> 16)), most)
                row[x] += min(4 * apart * apart, np.int32(255))
        n, y = top // height, (top % height) // 3
        for x in range(width):
            of = row[3 * x] + row[3 * x + 1] + row[3 * x + 2]
            power[n, y, x] = np.float32((2 * of + 9) // 18)


@compiled("void(uint8[:, ::1], int16[:, :, ::1])")
def line_responses(picture: Bytes, lines: NDArray[Any]) -> None:
    """Second derivative across four directions, averaged along five pixels, four times as large.

    Args:
        picture: ``(h, w)``.
        lines: ``(4, h, w)``: level, falling to the right, upright, rising to the right; dark is
            positive where bright pixels are dark. Written.
    """
    height, width = picture.shape
    # Second derivatives along x and y, and along both diagonals; mirrored by two pixels.
    across = np.empty((height + 4, width + 4), np.int16)
    down = np.empty((height + 4, width + 4), np.int16)
    one = np.empty((height + 4, width + 4), np.int16)
    other = np.empty((height + 4, width + 4), np.int16)
    rows = np.empty((3, width + 2), np.int16)
    for y in range(height):
        for k in range(3):
            v = abs(y + k - 1)
            v = min(v, 2 * height - 2 - v)
            for x in range(width):
                rows[k, x + 1] = np.int16(picture[v, x])
            rows[k, 0], rows[k, width + 1] = rows[k, 2], rows[k, width - 1]
        a, b, c = rows[0], rows[1], rows[2]
        for x in range(width):
            upper = a[x] - 2 * a[x + 1] + a[x + 2]
            middle = b[x] - 2 * b[x + 1] + b[x + 2]
            lower = c[x] - 2 * c[x + 1] + c[x + 2]
            xx = upper + 2 * middle + lower
            yy = a[x] + 2 * a[x + 1] + a[x + 2] + c[x] + 2 * c[x + 1] + c[x + 2]
            yy -= 2 * (b[x] + 2 * b[x + 1] + b[x + 2])
            xy = c[x + 2] - c[x] - a[x + 2] + a[x]
            across[y + 2, x + 2] = xx
            down[y + 2, x + 2] = yy
            one[y + 2, x + 2] = 2 * xy - xx - yy
            other[y + 2, x + 2] = -2 * xy - xx - yy
    for part in (across, down, one, other):
        for x in range(2, width + 2):
            part[0, x], part[1, x] = part[4, x], part[3, x]
            part[height + 2, x], part[height + 3, x] = part[height, x], part[height - 1, x]
        for y in range(height + 4):
            part[y, 0], part[y, 1] = part[y, 4], part[y, 3]
            part[y, width + 2], part[y, width + 3] = part[y, width], part[y, width - 1]
    for y in range(height):
        for x in range(width):
            total = np.int16(0)
            for k in range(5):
                total += down[y + 2, x + k]
            lines[0, y, x] = -((2 * total + 5) // 10)
            total = np.int16(0)
            for k in range(5):
                total += across[y + k, x + 2]
            lines[2, y, x] = -((2 * total + 5) // 10)
            turned, against = np.int32(0), np.int32(0)
            for k in range(5):
                turned += one[y + k, x + k]
                against += other[y + k, x + 4 - k]
            lines[1, y, x] = (turned + 5) // 10
            lines[3, y, x] = (against + 5) // 10


@compiled("void(int16[:, :, ::1], float32, float32, float32, float32[::1], float32[::1])")
def line_sizes(
    lines: NDArray[Any],
    deviation: Any,
    least: Any,
    most: Any,
    dark: Floats,
    light: Floats,
) -> None:
    """Strongest dark and strongest bright line through each pixel, in any direction.

    Args:
        lines: ``(4, h, w)``: responses, dark positive.
        deviation: Of bare paper.
        least: Deviations from which a response counts.
        most: As much of one counts beyond.
        dark: ``(h * w,)``. Written.
        light: ``(h * w,)``. Written.
    """
    scale = np.float32(1.0) / np.float32(deviation)
    none = np.float32(0.0)
    flat = lines.reshape(4, -1)
    a, b, c, d = flat[0], flat[1], flat[2], flat[3]
    for k in range(len(dark)):
        high = max(max(a[k], b[k]), max(c[k], d[k]))
        low = min(min(a[k], b[k]), min(c[k], d[k]))
        dark[k] = min(max(np.float32(high) * scale - least, none), most)
        light[k] = min(max(np.float32(-low) * scale - least, none), most)


@compiled(
    "void(float32[:, :, ::1], float32[:, :, ::1], float32, uint8[:, ::1], float32[::1],"
    " float32[::1])"
)
def extremes(
    values: Floats, share: Floats, least: Any, zone: Bytes, high: Floats, low: Floats
) -> None:
    """Highest and lowest value of each patch in a zone, where enough of it counts.

    Args:
        values: ``(n, h, w)``.
        share: ``(n, h, w)``.
        least: What ``share`` has to exceed.
        zone: ``(h, w)``: not 0 in the zone.
        high: ``(n,)``: never below what stands there. Written.
        low: ``(n,)``: never above what stands there. Written.
    """
    most, fewest = np.empty(zone.shape[1], np.float32), np.empty(zone.shape[1], np.float32)
    for n in range(len(values)):
        top, bottom = high[n], low[n]
        most[:], fewest[:] = top, bottom
        for y in range(len(zone)):
            row, parts, on = values[n, y], share[n, y], zone[y]
            for x in range(len(most)):
                counts = (parts[x] > least) & (on[x] != 0)
                most[x] = max(most[x], row[x] if counts else top)
                fewest[x] = min(fewest[x], row[x] if counts else bottom)
        high[n], low[n] = most.max(), fewest.min()


@compiled("void(int16[:, :, ::1], uint8[:, ::1], int64[::1])")
def count_sizes(lines: NDArray[Any], taken: Bytes, counts: NDArray[np.int64]) -> None:
    """How often each size occurs among level and falling lines, in every other row.

    Args:
        lines: ``(4, h, w)``.
        taken: ``(h, w)``: not 0 where a pixel does not count.
        counts: By size, the largest together; added to.
    """
    last = len(counts) - 1
    for k in range(2):
        for y in range(0, lines.shape[1], 2):
            for x in range(lines.shape[2]):
                if taken[y, x] == 0:
                    counts[min(abs(lines[k, y, x]), last)] += 1


@compiled(
    "void(float64[:, ::1], int64[:, ::1], float64[:, ::1], int64[:, ::1], int64[:, ::1],"
    " float64[:, ::1], int64, float64[::1])"
)
def sum_of_trees(
    seen: NDArray[np.float64],
    feature: NDArray[np.int64],
    threshold: NDArray[np.float64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    value: NDArray[np.float64],
    depth: int,
    added: NDArray[np.float64],
) -> None:
    """Sum of the leaves that rows of features come to.

    Args:
        seen: ``(n, features)``.
        feature: ``(trees, nodes)``: the feature that is asked for.
        threshold: ``(trees, nodes)``: up to it a row goes left.
        left: ``(trees, nodes)``: the next node; a leaf points at itself.
        right: ``(trees, nodes)``: the other one.
        value: ``(trees, nodes)``: what a leaf adds.
        depth: Steps from root to the deepest leaf.
        added: ``(n,)``: added to.
    """
    for n in range(len(seen)):
        total = 0.0
        for tree in range(len(feature)):
            node = 0
            for _ in range(depth):
                low = seen[n, feature[tree, node]] <= threshold[tree, node]
                node = left[tree, node] if low else right[tree, node]
            total += value[tree, node]
        added[n] += total

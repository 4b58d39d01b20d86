"""Normalised correlation of small squares of print with a scan, in whole numbers.

A square of 10 mm is looked for at 121 places: nothing is rounded before the end, and Fourier
transforms take three times as long.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scans.compiled import compiled

__all__ = ["correlations"]


@compiled(
    "void(uint8[:, ::1], int64[:, ::1], int16[:, ::1], float64[::1], float64[::1], int64,"
    " float32[:, :, ::1])"
)
def correlations(
    page: NDArray[np.uint8],
    corner: NDArray[np.int64],
    prints: NDArray[np.int16],
    mean: NDArray[np.float64],
    norm: NDArray[np.float64],
    side: int,
    surface: NDArray[np.float32],
) -> None:
    """Correlate squares of ``side`` px at every shift.

    Args:
        page: Grey, ``(height, width)``; darkness is 255 less it.
        corner: ``(n, 2)``: x and y of the first shift of each square, all shifts on the page.
        prints: ``(n, side * span - span + side)``: darkness of the print looked for, in rows of
            ``span`` (``side`` and the shifts but one), and 0 beyond ``side``.
        mean: ``(n,)``: of each print.
        norm: ``(n,)``: root of its sum of squares about the mean.
        side: At most 180, then no sum exceeds 32 bits.
        surface: ``(n, shifts, shifts)``: -1 to 1; 0 where grey levels differ by less than one.
            Written.
    """
    shifts = surface.shape[1]
    span = side + shifts - 1
    length = prints.shape[1]
    area = float(side * side)
    dark = np.empty(span * span, np.int16)
    column = np.empty(span, np.int32)
    column_square = np.empty(span, np.int32)
    product = np.empty(shifts, np.int32)
    for n in range(len(corner)):
        left, top = corner[n, 0], corner[n, 1]
        column[:] = 0
        column_square[:] = 0
        for y in range(span):
            for x in range(span):
                dark[y * span + x] = 255 - np.int16(page[top + y, left + x])
        for y in range(side):
            row = dark[y * span : (y + 1) * span]
            for x in range(span):
                v = np.int32(row[x])
                column[x] += v
                column_square[x] += v * v
        wanted = prints[n]
        for down in range(shifts):
            if down > 0:
                gone = dark[(down - 1) * span : down * span]
                come = dark[(down + side - 1) * span : (down + side) * span]
                for x in range(span):
                    u, v = np.int32(gone[x]), np.int32(come[x])
                    column[x] += v - u
                    column_square[x] += v * v - u * u
            across = 0
            while across + 4 <= shifts:
                # Four shifts at once: the print is loaded once for all.
                start = down * span + across
                a = dark[start : start + length]
                b = dark[start + 1 : start + 1 + length]
                c = dark[start + 2 : start + 2 + length]
                d = dark[start + 3 : start + 3 + length]
                of_a, of_b, of_c, of_d = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
                for k in range(length):
                    w = np.int32(wanted[k])
                    of_a = np.int32(of_a + w * np.int32(a[k]))
                    of_b = np.int32(of_b + w * np.int32(b[k]))
                    of_c = np.int32(of_c + w * np.int32(c[k]))
                    of_d = np.int32(of_d + w * np.int32(d[k]))
                product[across] = of_a
                product[across + 1] = of_b
                product[across + 2] = of_c
                product[across + 3] = of_d
                across += 4
            while across < shifts:
                start = down * span + across
                a = dark[start : start + length]
                of_a = np.int32(0)
                for k in range(length):
                    of_a = np.int32(of_a + np.int32(wanted[k]) * np.int32(a[k]))
                product[across] = of_a
                across += 1
            total, square = np.int32(0), np.int32(0)
            for x in range(side):
                total = np.int32(total + column[x])
                square = np.int32(square + column_square[x])
            for across in range(shifts):
                if across > 0:
                    x = across - 1
                    total = np.int32(total + column[x + side] - column[x])
                    square = np.int32(square + column_square[x + side] - column_square[x])
                energy = float(square) - float(total) * float(total) / area
                like = float(product[across]) - mean[n] * float(total)
                flat = energy < 0.25 * area
                surface[n, down, across] = 0.0 if flat else like / (np.sqrt(energy) * norm[n])

"""Sums over small squares of many patches, in whole numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scans.compiled import compiled

__all__ = ["square_sums"]


@compiled("void(uint8[:, :, ::1], uint8[:, :, ::1], int64, int32[:, :, :, ::1])")
def square_sums(
    stack: NDArray[np.uint8],
    taken: NDArray[np.uint8],
    side: int,
    sums: NDArray[np.int32],
) -> None:
    """Number, sum and sum of squares of what is not taken in squares of ``side`` px.

    Args:
        stack: ``(n, h, w)``.
        taken: ``(n, h, w)``: 0 where a pixel counts.
        side: px, at most 180: then no sum exceeds 32 bits.
        sums: ``(3, n, rows, columns)``: of whole squares from the top left on. Written.
    """
    rows, columns = sums.shape[2], sums.shape[3]
    width = columns * side
    number = np.empty(width, np.int32)
    total = np.empty(width, np.int32)
    square = np.empty(width, np.int32)
    for n in range(len(stack)):
        for row in range(rows):
            number[:] = 0
            total[:] = 0
            square[:] = 0
            for y in range(row * side, (row + 1) * side):
                levels, held = stack[n, y], taken[n, y]
                for x in range(width):
                    counts = np.int32(1) if held[x] == 0 else np.int32(0)
                    v = np.int32(levels[x]) * counts
                    number[x] += counts
                    total[x] += v
                    square[x] += v * v
            for column in range(columns):
                a, b, c = np.int32(0), np.int32(0), np.int32(0)
                for x in range(column * side, (column + 1) * side):
                    a += number[x]
                    b += total[x]
                    c += square[x]
                sums[0, n, row, column] = a
                sums[1, n, row, column] = b
                sums[2, n, row, column] = c

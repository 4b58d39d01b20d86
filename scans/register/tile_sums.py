"""Sums over rectangles of print, of the blank and of a scan, in whole numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scans.compiled import compiled

__all__ = ["common_ink", "tile_sums"]


@compiled("void(uint8[:, ::1], int64[:, ::1], uint8[:, ::1], int64, int64[:, ::1])")
def tile_sums(
    image: NDArray[np.uint8],
    corner: NDArray[np.int64],
    print_: NDArray[np.uint8],
    width: int,
    sums: NDArray[np.int64],
) -> None:
    """What the print and the scan have in rectangles of one size.

    Args:
        image: Darkness of the scan.
        corner: ``(n, 2)``: x and y of each.
        print_: ``(n, height * width)``: darkness of the blank.
        width: Of a rectangle, px; its area is at most 33,000.
        sums: ``(n, 4)``: of the scan, of its square, of scan times print, and of the lesser of
            both. Written.
    """
    height = print_.shape[1] // width
    for n in range(len(corner)):
        left, top = corner[n, 0], corner[n, 1]
        total, square, product, common = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
        for y in range(height):
            row = image[top + y, left : left + width]
            wanted = print_[n, y * width : (y + 1) * width]
            for x in range(width):
                a, b = np.int32(row[x]), np.int32(wanted[x])
                total = np.int32(total + a)
                square = np.int32(square + a * a)
                product = np.int32(product + a * b)
                common = np.int32(common + min(a, b))
        sums[n, 0] = total
        sums[n, 1] = square
        sums[n, 2] = product
        sums[n, 3] = common


@compiled("void(uint8[:, ::1], int64[:, ::1], uint8[:, ::1], int64, int64[::1])")
def common_ink(
    image: NDArray[np.uint8],
    corner: NDArray[np.int64],
    print_: NDArray[np.uint8],
    width: int,
    common: NDArray[np.int64],
) -> None:
    """Sum of the lesser of scan and print: the last of :func:`tile_sums` alone, added to."""
    height = print_.shape[1] // width
    for n in range(len(corner)):
        left, top = corner[n, 0], corner[n, 1]
        total = np.int32(0)
        for y in range(height):
            row = image[top + y, left : left + width]
            wanted = print_[n, y * width : (y + 1) * width]
            for x in range(width):
                total = np.int32(total + np.int32(min(row[x], wanted[x])))
        common[n] += total

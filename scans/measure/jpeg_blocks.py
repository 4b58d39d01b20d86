"""The blocks of a JPEG that lie on answer boxes and fields, and their coefficients.

A file's own blocks of 8 x 8 pixels are known from its header; those of a picture that was
resampled are not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Page
from scans.types import Origin, Registration

__all__ = ["BLOCK", "COEFFICIENTS", "DCT", "Blocks", "blocks_of_interest", "grid_of", "levels_of"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

BLOCK = 8
# Low frequencies carry content on paper; position in a table row by row, without DC.
COEFFICIENTS = np.array([1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4])
# Blocks whose grey levels span less hold paper only and vote for anything.
_LEAST_SPAN = 12
_CLIPPED = 255
# Difference of channels from which a block holds colour; JPEG makes up to 16 of grey.
_COLOURED = 50
_MARGIN_MM = 1.8


def grid_of(
    origin: Origin, image: NDArray[np.uint8]
) -> tuple[tuple[int, int], NDArray[np.float64]] | None:
    """Where blocks begin (row, column) and the steps of the file's own compression."""
    if "resampled_from" in origin.metadata:
        return None
    height, width = image.shape[:2]
    if origin.encoding == "lossless":
        return (0, 0), np.ones(64)
    if origin.encoding != "jpeg" or not origin.quantisation:
        return None
    table = np.array(origin.quantisation[0], dtype=np.float64)
    turned = table.reshape(BLOCK, BLOCK).T.ravel()
    # Blocks that were cut at the right and bottom edge stand first after a turn.
    down, right = height % BLOCK, width % BLOCK
    grids = {
        1: ((0, 0), table),
        3: ((down, right), table),
        6: ((0, right), turned),
        8: ((down, 0), turned),
    }
    return grids.get(int(origin.metadata.get("orientation", 1)))


def blocks_of_interest(
    image: NDArray[np.uint8], registration: Registration, page: Page, offset: tuple[int, int]
) -> tuple[Ints, Ints]:
    """Rows and columns of blocks inside answer boxes, with a rim, and fields."""
    height = (image.shape[0] - offset[0]) // BLOCK
    width = (image.shape[1] - offset[1]) // BLOCK
    wanted = np.zeros((height, width), np.bool_)
    areas = [(*box.box_mm, _MARGIN_MM) for box in page.boxes]
    areas += [(*field.box_mm, 0.0) for field in page.fields]
    if not areas:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    x, y, w, h, rim = np.array(areas).T
    corners = [(x - rim, y - rim), (x + w + rim, y - rim),
               (x - rim, y + h + rim), (x + w + rim, y + h + rim)]  # fmt: skip
    px = np.stack([registration.to_px(np.column_stack(c)) for c in corners])
    shift = np.array([offset[1], offset[0]])
    low = np.maximum(np.round((px.min(axis=0) - shift) / BLOCK).astype(int), 0)
    high = np.round((px.max(axis=0) - shift) / BLOCK).astype(int)
    for (left, top), (right, bottom) in zip(low.tolist(), high.tolist(), strict=True):
        wanted[top:bottom, left:right] = True
    rows, columns = np.nonzero(wanted)
    return rows, columns


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks with content.

    Attributes:
        pixels: float32 ``(n, 64)``: grey minus 128.
        clipped: int8 ``(n, 64)``: 1 where a channel is burnt out to white, -1 where it is
            drowned in black, 0 elsewhere.
        coloured: bool ``(n,)``: holds coloured ink.
        rows, columns: Of each block in the grid.
    """

    pixels: Floats
    clipped: NDArray[np.int8]
    coloured: NDArray[np.bool_]
    rows: Ints
    columns: Ints

    def only(self, blocks: NDArray[np.bool_]) -> Blocks:
        """Some of them."""
        return Blocks(
            self.pixels[blocks],
            self.clipped[blocks],
            self.coloured[blocks],
            self.rows[blocks],
            self.columns[blocks],
        )

    @staticmethod
    def cut(image: NDArray[np.uint8], rows: Ints, columns: Ints, offset: tuple[int, int]) -> Blocks:
        """Take them out of the picture; those without content are left away."""
        height = (image.shape[0] - offset[0]) // BLOCK
        width = (image.shape[1] - offset[1]) // BLOCK
        part = image[offset[0] : offset[0] + height * BLOCK, offset[1] : offset[1] + width * BLOCK]
        # A row of a block is copied in one piece.
        depth = part.shape[2:]
        tiles = part.reshape(height, BLOCK, width, BLOCK * math.prod(depth))
        pieces = tiles.view(np.dtype((np.void, tiles.shape[3])))[rows, :, columns]
        cut = pieces.view(np.uint8).reshape(-1, BLOCK, BLOCK, *depth)
        # Every second pixel of one channel tells whether there is content.
        some = (cut if cut.ndim == 3 else cut[..., 1]).reshape(len(cut), -1)[:, ::2]
        some = np.ascontiguousarray(some.T)
        held = some.max(axis=0) - some.min(axis=0) > _LEAST_SPAN
        cut = cut[held]
        grey, top, bottom = cut, cut, cut
        if cut.ndim == 4:
            flat = cut.reshape(-1, BLOCK, 3)
            grey = np.asarray(cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY), np.uint8)
            blue, green, red = cv2.split(flat)
            top = np.asarray(cv2.max(cv2.max(blue, green), red), np.uint8)
            bottom = np.asarray(cv2.min(cv2.min(blue, green), red), np.uint8)
        size = (len(cut), BLOCK * BLOCK)
        clipped = (top.reshape(size) == _CLIPPED).astype(np.int8)
        clipped[bottom.reshape(size) == 0] = -1
        pixels = np.asarray(grey.reshape(size), np.float32) - 128
        coloured = (top - bottom).reshape(size).max(axis=1, initial=0) > _COLOURED
        return Blocks(pixels, clipped, coloured, rows[held], columns[held])


def _transform() -> Floats:
    """The two-dimensional DCT of a block of 64 numbers as a matrix ``(64, 64)``."""
    k, x = np.mgrid[:BLOCK, :BLOCK]
    one = np.sqrt(2 / BLOCK) * np.cos(np.pi * (2 * x + 1) * k / (2 * BLOCK))
    one[0] /= np.sqrt(2)
    return np.kron(one, one).astype(np.float32)


DCT = _transform()


def levels_of(pixels: Floats, steps: NDArray[np.float64]) -> NDArray[np.int32]:
    """Sizes of the low coefficients in steps of the last compression: ``(n, 14)``."""
    coefficients = pixels @ DCT[COEFFICIENTS].T
    sizes = np.abs(coefficients) / steps[COEFFICIENTS].astype(np.float32)
    return np.asarray(np.rint(sizes), np.int32)

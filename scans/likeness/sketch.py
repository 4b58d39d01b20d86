"""Short codes to find alike pages by: 256 bits, whose difference counts the angle between inks.

A code is made of the signs of fixed random projections (Charikar 2002, "Similarity estimation
techniques from rounding algorithms"): two inks at an angle a differ in a / pi of the bits,
unrelated ones in half of them. All sums are of whole numbers, so a code is the same on every
machine.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.likeness.cells import CELL, MarkCells
from scans.likeness.compare import FEWEST_MARKS, own_lines
from scans.likeness.fields import FieldInk

__all__ = ["BITS", "BYTES", "field_code", "sheet_code"]

BITS = 256
BYTES = BITS // 8

_COARSE = CELL // 2
_SEED = 20_260_101
_FIELD_MM = 1.5
# Of a field as much is seen as a signature takes, around the middle of its ink.
_WINDOW_MM = (66.0, 36.0)


def sheet_code(cells: MarkCells) -> NDArray[np.uint8] | None:
    """Code of all marks of a page, each in its box, uint8 ``(BYTES,)``.

    ``None`` where too few marks have lines of their own.
    """
    own, enough = own_lines(cells)
    if int(enough.sum()) < FEWEST_MARKS:
        return None
    total = np.zeros(BITS, np.int64)
    for row in np.flatnonzero(enough).tolist():
        picture = own[row].reshape(_COARSE, 2, _COARSE, 2).mean(axis=(1, 3))
        whole = np.round(picture * 1024).astype(np.int32).ravel()
        total += whole @ _directions(int(cells.index[row]), _COARSE * _COARSE)
    return np.packbits(total > 0)


def field_code(field: FieldInk) -> NDArray[np.uint8]:
    """Code of one field's ink around its middle, uint8 ``(BYTES,)``."""
    ink = field.ink.astype(np.float32)
    height, width = ink.shape
    weight = max(float(ink.sum()), 1.0)
    x = float((ink.sum(axis=0) * np.arange(width)).sum()) / weight
    y = float((ink.sum(axis=1) * np.arange(height)).sum()) / weight
    step = _FIELD_MM * field.px_per_mm
    columns, rows = (round(v / _FIELD_MM) for v in _WINDOW_MM)
    soft = cv2.GaussianBlur(ink, (0, 0), 0.45 * step)
    matrix = np.array(
        [[step, 0.0, x - step * (columns - 1) / 2], [0.0, step, y - step * (rows - 1) / 2]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = np.asarray(cv2.warpAffine(soft, matrix, (columns, rows), flags=flags), np.float32)
    lines = seen - cv2.GaussianBlur(seen, (0, 0), 1.8)
    whole = np.round(lines * 64).astype(np.int32).ravel()
    # Fields of one page are told apart by where they are looked for, not by their code.
    return np.packbits(whole.astype(np.int64) @ _directions(-1, whole.size) > 0)


@lru_cache(maxsize=1024)
def _directions(box: int, length: int) -> NDArray[np.int8]:
    """Fixed random signs of one box, the same in every process: int8 ``(length, BITS)``."""
    generator = np.random.default_rng([_SEED, box + 1])
    signs = generator.integers(0, 2, size=(length, BITS), dtype=np.int8)
    return np.asarray(2 * signs - 1, np.int8)

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
from scans.likeness.ink import PEN, FieldInk

__all__ = ["BITS", "BYTES", "VERSION", "field_codes", "sheet_code"]

BITS = 256
BYTES = BITS // 8

VERSION = b"\5"
"""Codes of another version are not compared with these; raised too where pairs are judged anew."""

_COARSE = CELL // 2
_SEED = 20_260_101
_FIELD_MM, _BROAD_MM = 1.5, 2.7
# Of a field as much is seen as a signature takes, around one point of its ink.
_WINDOW_MM = (66.0, 36.0)
# Around the right end of a signature less is seen, finer: seals stand to the left. A group of
# strokes there has this share of the ink of the densest one, within so much.
_END_MM, _END_WINDOW_MM, _END_AROUND_MM, _END = 1.25, (30.0, 24.0), 4.0, 0.3
# The densest place is this wide, and found in so many steps.
_AROUND_MM, _SHIFTS = 10.0, 6
# Strokes farther apart than twice this are groups; one with this share of the main one's squared
# ink belongs to it. Ink counts from this step on.
_APART_MM, _MAIN, _INKED = 1.5, 0.35, 2


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


def field_codes(field: FieldInk) -> dict[str, NDArray[np.uint8]]:
    """Codes of one field's ink, each uint8 ``(BYTES,)``, by what they are taken around.

    A seal's rest beside a signature, or a stroke lost in printing, moves the middle of the ink
    and with it all of a code. So the pen's ink of a signature has one code around where it is
    densest, one of its main strokes alone, and one of what stands at their right end; other ink
    lies mostly in one piece and has one.
    """
    field = field.coarse
    ink = field.ink.astype(np.float32)
    if field.kind != "signature" or field.shows != PEN:
        return {"": _code(ink, _middle(ink), field.px_per_mm)}
    main = _main_strokes(ink, field.px_per_mm)
    return {
        "dense": _code(ink, _densest(ink, field.px_per_mm), field.px_per_mm),
        "main": _code(main, _middle(main), field.px_per_mm),
        "end": _code(
            main, _right_end(main, field.px_per_mm), field.px_per_mm, _END_MM, _END_WINDOW_MM
        ),
    }


def _code(
    ink: NDArray[np.float32],
    middle: tuple[float, float],
    px_per_mm: float,
    step_mm: float = _FIELD_MM,
    window_mm: tuple[float, float] = _WINDOW_MM,
) -> NDArray[np.uint8]:
    x, y = middle
    step = step_mm * px_per_mm
    columns, rows = (round(v / step_mm) for v in window_mm)
    soft = cv2.GaussianBlur(ink, (0, 0), 0.45 * step)
    matrix = np.array(
        [[step, 0.0, x - step * (columns - 1) / 2], [0.0, step, y - step * (rows - 1) / 2]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = np.asarray(cv2.warpAffine(soft, matrix, (columns, rows), flags=flags), np.float32)
    lines = seen - cv2.GaussianBlur(seen, (0, 0), _BROAD_MM / step_mm)
    whole = np.round(lines * 64).astype(np.int32).ravel()
    # Fields of one page are told apart by where they are looked for, not by their code.
    return np.packbits(whole.astype(np.int64) @ _directions(-1, whole.size) > 0)


def _middle(ink: NDArray[np.float32]) -> tuple[float, float]:
    height, width = ink.shape
    weight = max(float(ink.sum()), 1.0)
    x = float((ink.sum(axis=0) * np.arange(width)).sum()) / weight
    return x, float((ink.sum(axis=1) * np.arange(height)).sum()) / weight


def _densest(ink: NDArray[np.float32], px_per_mm: float) -> tuple[float, float]:
    """A point that is the middle of the ink around it."""
    width = _AROUND_MM * px_per_mm
    _, _, _, (column, row) = cv2.minMaxLoc(_around(ink, width))
    return _shifted(ink, width, float(column), float(row))


def _right_end(ink: NDArray[np.float32], px_per_mm: float) -> tuple[float, float]:
    """The middle of the rightmost group of strokes."""
    width = _END_AROUND_MM * px_per_mm
    soft = _around(ink, width)
    side = 2 * round(width) + 1
    peak = (soft >= cv2.dilate(soft, np.ones((side, side), np.uint8))) & (soft > _END * soft.max())
    rows, columns = np.nonzero(peak)
    places = [_shifted(ink, width, float(x), float(y)) for x, y in zip(columns, rows, strict=True)]
    return max(places, default=_middle(ink))


def _around(ink: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """How much ink lies around every point, paper beyond the picture."""
    margin = round(2 * width)
    wide = cv2.copyMakeBorder(ink, *(margin,) * 4, cv2.BORDER_CONSTANT, value=0.0)
    soft = cv2.GaussianBlur(wide, (0, 0), width)[margin:-margin, margin:-margin]
    return np.asarray(soft, np.float32)


def _shifted(ink: NDArray[np.float32], width: float, x: float, y: float) -> tuple[float, float]:
    """The point near by that is the middle of the ink around it (mean shift)."""
    across, down = np.arange(ink.shape[1]), np.arange(ink.shape[0])
    for _ in range(_SHIFTS):
        right = np.exp(-((across - x) ** 2) / (2 * width**2))
        near = ink * (np.exp(-((down - y) ** 2) / (2 * width**2))[:, None] * right)
        x, y = _middle(near.astype(np.float32))
    return x, y


def _main_strokes(ink: NDArray[np.float32], px_per_mm: float) -> NDArray[np.float32]:
    """The ink without groups of strokes that are small or pale against the main one."""
    side = 2 * max(1, round(_APART_MM * px_per_mm)) + 1
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    joined = cv2.dilate((ink >= _INKED).astype(np.uint8), reach)
    count, of = cv2.connectedComponents(joined)
    # Squared: a seal's rest is many pale dots.
    weight = np.bincount(of.ravel(), (ink**2).ravel(), count)
    weight[0] = 0.0
    return np.where((weight >= _MAIN * weight.max())[of], ink, np.float32(0.0))


@lru_cache(maxsize=1024)
def _directions(box: int, length: int) -> NDArray[np.int8]:
    """Fixed random signs of one box, the same in every process: int8 ``(length, BITS)``."""
    generator = np.random.default_rng([_SEED, box + 1])
    signs = generator.integers(0, 2, size=(length, BITS), dtype=np.int8)
    return np.asarray(2 * signs - 1, np.int8)

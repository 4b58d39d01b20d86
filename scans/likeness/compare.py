"""Two pages laid over each other: how far their marks, and what is written, are the same lines.

Marks are compared by what is their own, what is written by its strokes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.likeness.cells import CELL, MarkCells
from scans.likeness.fields import LEVELS, FieldInk

__all__ = ["FEWEST_MARKS", "MarkAgreement", "agreement", "field_agreement", "own_lines"]

FEWEST_MARKS = 4
"""Fewer common marks could agree by chance."""

# What is left of a mark without the page's mean, as a share of the mark: less is print, or a box
# filled so evenly that only scanner noise tells it from the next.
_LEAST_OWN = 0.04
# Likeness of lines that are not the same spreads by no less than this, however few they are.
_LEAST_SPREAD = 0.12

# Strokes are told from their surroundings between these widths, in mm.
_FINE_MM, _BROAD_MM = 0.35, 1.6
_FINE_PX = 0.7
_INK_MM, _RIM_MM = 1.0, 2.5
_SAME_LINES = 0.75
# Turns in degrees and sizes, the plainest first: what is not alike there at all is not turned.
_TURNS, _SIZES = (0.0, -1.0, 1.0, -2.0, 2.0), (1.0, 0.98, 1.02)
_POSES = tuple((turn, size) for turn in _TURNS for size in _SIZES)
_WORTH_TURNING = 0.55


@dataclass(frozen=True, slots=True)
class MarkAgreement:
    """How the common marks of two pages agree.

    Attributes:
        marks: How many marks stand in the same boxes on both and have lines of their own.
        mean: Mean likeness of these, in [-1, 1].
        excess: By how many standard errors they are more alike than different marks are.
        same: bool ``(marks,)``: which of them are one line.
        boxes: int ``(marks,)``: positions of their boxes.
        of: Marks on the page that has more of them.
    """

    marks: int
    mean: float
    excess: float
    likeness: NDArray[np.float64]
    boxes: NDArray[np.int32]
    of: int


def own_lines(cells: MarkCells) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Lines of each mark's own.

    Returns:
        float64 ``(n, CELL * CELL)`` of length 1 (or 0), and bool ``(n,)``: marks with enough
        of their own to be recognised by.
    """
    own = cells.own.reshape(len(cells.own), CELL * CELL).astype(np.float64)
    length = np.sqrt((own**2).sum(axis=1))
    return own / np.maximum(length, 1.0)[:, None], cells.strength >= _LEAST_OWN * 255


def agreement(one: MarkCells, other: MarkCells) -> MarkAgreement | None:
    """Lay the marks of two pages of one form over each other.

    Returns:
        ``None`` where fewer than :data:`FEWEST_MARKS` common marks have lines of their own.
    """
    a, a_enough = own_lines(one)
    b, b_enough = own_lines(other)
    common, first, second = np.intersect1d(one.index, other.index, return_indices=True)
    both = a_enough[first] & b_enough[second]
    common, first, second = common[both], first[both], second[both]
    n = len(common)
    if n < FEWEST_MARKS:
        return None
    # Rounded, so that the order of pages and the machine's sums make no difference.
    alike = np.round(a[first] @ b[second].T, 6)
    same = np.diagonal(alike).copy()
    apart = alike[~np.eye(n, dtype=bool)]
    spread = max(float(apart.std()), _LEAST_SPREAD)
    excess = (float(same.mean()) - float(apart.mean())) / spread * np.sqrt(n)
    return MarkAgreement(
        marks=n,
        mean=float(same.mean()),
        excess=round(float(excess), 4),
        likeness=same,
        boxes=common.astype(np.int32),
        of=max(len(one.index), len(other.index)),
    )


def field_agreement(one: FieldInk, other: FieldInk) -> tuple[float, float]:
    """How alike two pictures of ink are over shifts, small turns and sizes.

    Both are band-passed to the width of strokes, so paper, shade and the mere outline of
    what is written count for nothing.

    Returns:
        Likeness in [-1, 1], and, where both are alike, by how much the ratio of their ink
        changes over the picture (deviation of its logarithm at 1 mm, 1 where not measured):
        impressions of one seal have the same lines and different ink, scans of one impression
        have the same ink.
    """
    # The smaller picture first, so that both orders of a pair answer the same.
    if (other.ink.shape, other.ink.tobytes()) < (one.ink.shape, one.ink.tobytes()):
        one, other = other, one
    a, b = _strokes_of(one), _strokes_of(other)
    shape = (max(a.shape[0], b.shape[0]) + 4, max(a.shape[1], b.shape[1]) + 4)
    reach = (shape[0] // 3, shape[1] // 4)
    wide = (shape[0] + 2 * reach[0], shape[1] + 2 * reach[1])
    ground = _placed(a, wide, 0.0, 1.0)
    norm = float(np.linalg.norm(ground))
    best, pose = -1.0, (0.0, 1.0, 0, 0)
    for turn, size in _POSES:
        piece = _placed(b, shape, turn, size)
        length = float(np.linalg.norm(piece)) * norm
        if length < 1e-6:
            continue
        _, value, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(ground, piece, cv2.TM_CCORR))
        if value / length > best:
            best, pose = value / length, (turn, size, x, y)
        if best < _WORTH_TURNING:
            break
    if best < _SAME_LINES:
        return round(best, 4), 1.0
    turn, size, x, y = pose
    inks = (_placed(_rimmed(one), wide, 0.0, 1.0), _placed(_rimmed(other), shape, turn, size))
    first = inks[0][y : y + shape[0], x : x + shape[1]]
    return round(best, 4), round(_unevenness(first, inks[1], one.px_per_mm), 4)


def _unevenness(a: NDArray[np.float32], b: NDArray[np.float32], px_per_mm: float) -> float:
    soft = [cv2.GaussianBlur(ink, (0, 0), _INK_MM * px_per_mm) for ink in (a, b)]
    total = soft[0] + soft[1]
    inked = total > 0.12 * float(total.max())
    ratio = np.log((soft[0][inked] + 0.02) / (soft[1][inked] + 0.02))
    level = np.log(total[inked])
    # What goes with the level is the scanners' tone.
    level = level - level.mean()
    slope = float((level * ratio).sum()) / max(float((level**2).sum()), 1e-6)
    return float((ratio - slope * level).std())


def _rimmed(field: FieldInk) -> NDArray[np.float32]:
    return np.pad(field.ink.astype(np.float32) / LEVELS, round(_RIM_MM * field.px_per_mm))


def _strokes_of(field: FieldInk) -> NDArray[np.float32]:
    """The picture band-passed to the width of strokes, with a rim: float32 ``(h, w)``."""
    scale = field.px_per_mm
    ink = _rimmed(field)
    fine = cv2.GaussianBlur(ink, (0, 0), max(_FINE_MM * scale, _FINE_PX))
    return np.asarray(fine - cv2.GaussianBlur(ink, (0, 0), _BROAD_MM * scale), np.float32)


def _placed(
    picture: NDArray[np.float32], shape: tuple[int, int], turn: float, size: float
) -> NDArray[np.float32]:
    """The picture in the middle of a canvas, turned and resized."""
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn, size)
    matrix[:, 2] += ((shape[1] - width) / 2, (shape[0] - height) / 2)
    return np.asarray(cv2.warpAffine(picture, matrix, (shape[1], shape[0])), np.float32)

"""The marks of two pages laid over each other: how far they are the same lines.

Marks are compared by what is their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scans.likeness.cells import CELL, MarkCells

__all__ = ["FEWEST_MARKS", "MarkAgreement", "agreement", "own_lines"]

FEWEST_MARKS = 4
"""Fewer common marks could agree by chance."""

# What is left of a mark without the page's mean, as a share of the mark: less is print, or a box
# filled so evenly that only scanner noise tells it from the next.
_LEAST_OWN = 0.04
# Likeness of lines that are not the same spreads by no less than this, however few they are.
_LEAST_SPREAD = 0.12


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

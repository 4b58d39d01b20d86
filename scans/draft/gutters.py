"""The blank between two columns of questions, which share no line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scans.draft.types import Found, Sheet

__all__ = ["gutter"]

_PRINT = 170  # level below which flat paper is print
_BLANK_MM = 4.0
_ABOVE_MM = 9.0  # a question's words stand so far above its first box
_MARGIN = 0.25, 0.75  # of the width: where the middle of a page may be
_LINE_MM = 1.2  # a line of words is as high at least
_EDGE_MM = 6.0
_RULE_MM = 1.5
_ALONE = 2  # lines of words without a box, on both sides: questions


def gutter(sheet: Sheet, boxes: Sequence[Found]) -> float | None:
    """Where the second column of questions begins, in mm from the left; ``None`` for one column.

    A blank from the first box to the last, with questions of their own on both sides: lines of
    words in which no box stands. The blanks between the boxes of a grid, and between options
    that a tab sets below each other, have none on their right.
    """
    if len(boxes) < 4:
        return None
    scale = sheet.scale
    top = min(b.box_mm[1] for b in boxes) - _ABOVE_MM
    bottom = max(b.box_mm[1] + b.box_mm[3] for b in boxes) + 1.0
    rows = slice(max(0, round(top * scale)), round(bottom * scale))
    dark = sheet.flat[rows] < _PRINT
    # A rule between the columns is no print of either.
    dark = dark & ~_upright_rules(dark, scale)
    blank = np.asarray(~dark.any(axis=0), dtype=np.bool_)
    for start, end in _runs(blank):
        left, right = start / scale, end / scale
        middle = (left + right) / 2
        inside = _MARGIN[0] < middle / sheet.size_mm[0] < _MARGIN[1]
        if not inside or right - left < _BLANK_MM:
            continue
        sides = (
            [b for b in boxes if b.middle[0] < middle],
            [b for b in boxes if b.middle[0] > middle],
        )
        parts = (dark[:, :start], 0.0), (dark[:, end:], right)
        if all(
            side and _questions(part, side, max(0.0, top), edge, scale) >= _ALONE
            for (part, edge), side in zip(parts, sides, strict=True)
        ):
            return right - 0.5
    return None


def _upright_rules(dark: NDArray[np.bool_], scale: float) -> NDArray[np.bool_]:
    """Columns of rules, also of those that lean a little: narrow, and printed all the way."""
    found = np.asarray(dark.mean(axis=0) > 0.6, dtype=np.bool_)
    for start, end in _runs(np.asarray(dark.any(axis=0), dtype=np.bool_)):
        if end - start <= _RULE_MM * scale and dark[:, start:end].any(axis=1).mean() > 0.6:
            found[start:end] = True
    return found


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches of ``True``, as ``(from, to)``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _questions(
    dark: NDArray[np.bool_], boxes: Sequence[Found], top: float, left: float, scale: float
) -> int:
    """Lines of words in which no box stands, and that begin where the boxes do or left of them."""
    begin = min(b.box_mm[0] for b in boxes) + _EDGE_MM
    inked = np.asarray(dark.any(axis=1), dtype=np.bool_)
    count = 0
    for start, end in _runs(inked):
        high, low = top + start / scale, top + end / scale
        beside = any(b.box_mm[1] < low and b.box_mm[1] + b.box_mm[3] > high for b in boxes)
        # Heads of a table's columns stand farther in.
        edge = left + int(dark[start:end].any(axis=0).argmax()) / scale < begin
        count += low - high >= _LINE_MM and edge and not beside
    return count

"""The words that belong to boxes: beside options, above columns, left of rows, inside boxes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from detectors.instrument import BoxMm
from scans.draft.types import Found, Group, Phrase, Sheet

__all__ = [
    "NEXT_LINE",
    "column_heads",
    "inside_words",
    "option_words",
    "question_above",
    "starts_a_question",
]

_BESIDE_MM = 4.5  # an option's words start no farther from its box
_FAR_MM = 75.0  # unless all options stand at the left of boxes in columns
_ABOVE_MM = 14.0  # a heading of a group of rows may stand between the heads and the first row
NEXT_LINE = 1.95
"""Of a phrase's height: lines of one paragraph are no farther apart."""
_QUESTION_MM = 9.0
_STARTS = re.compile(
    r"^\(?([A-ZĐ]{1,3}[-.]?\d{1,3}|\d{1,3}|[A-ZĐ]|[IVX]{1,4}|[a-z])[.):/]\s*\S"
    r"|^[A-ZĐ]{1,3}-?\d{1,3}\b|^(phần|mục|câu|part|section|question)\b",
    re.IGNORECASE,
)


def starts_a_question(text: str) -> bool:
    """Whether a line begins as questions and headings do: ``A1.``, ``4.``, ``B.``, ``Phần II``."""
    return _STARTS.match(text) is not None


def inside_words(sheet: Sheet, row: Sequence[Found]) -> list[str]:
    """What is printed inside each box of a row: ``A`` to ``E``, ``1`` to ``5``."""
    return [sheet.text_in(_grown(box.box_mm, -0.1)) for box in row]


def column_heads(sheet: Sheet, row: Sequence[Found], top: float) -> list[str]:
    """Words above each column, nearest paragraph only.

    Args:
        sheet: The page.
        row: Boxes of the first row.
        top: Upper edge of the row in mm.
    """
    step = row[1].middle[0] - row[0].middle[0] if len(row) > 1 else 10.0
    wide = min(step, 30.0)
    columns = [_stacked(sheet, box.middle[0], wide, top) for box in row]
    nearest = min((c[-1].middle[1] for c in columns if c), default=0.0)
    # One column's words may end lower than another's, but all stand on one level.
    kept = [[p for p in c if nearest - 14.0 < p.middle[1]] for c in columns]
    return [" ".join(p.text for p in c).strip() for c in kept]


def _stacked(sheet: Sheet, middle: float, wide: float, top: float) -> list[Phrase]:
    """Phrases above a column, from the top down, as far as they follow each other."""
    fitting = [
        p
        for p in sheet.phrases
        if abs(p.middle[0] - middle) < 0.5 * wide
        and p.box_mm[2] < 1.15 * wide + 1.0
        and top - 26.0 < p.middle[1] < top + 0.5
    ]
    fitting.sort(key=lambda p: (-round(p.middle[1], 1), -p.box_mm[0]))
    chosen: list[Phrase] = []
    for phrase in fitting:
        below = chosen[-1].middle[1] if chosen else top
        reach = _ABOVE_MM if not chosen else 2.3 * phrase.box_mm[3] + 0.5
        if below - phrase.middle[1] > reach:
            break
        chosen.append(phrase)
    return chosen[::-1]


def option_words(sheet: Sheet, group: Group) -> list[str]:
    """The words of each option of a list, in the order of its boxes; empty where none is."""
    if not sheet.phrases:
        return ["" for row in group.rows for _ in row]
    boxes = [box for row in group.rows for box in row]
    right = [_right_of(sheet, box, boxes) for box in boxes]
    left = [_left_of(sheet, box, boxes) for box in boxes]
    if _side(right) < _side(left):
        return [p.text if p else "" for p, _ in left]
    if any(phrase is None for phrase, _ in right):
        far = [_far_left_of(sheet, box, boxes) for box in boxes]
        told = [phrase for phrase in far if phrase is not None]
        # Boxes in a column or at tab stops after their words: only if it is so for all of them.
        if len(told) == len(boxes) and len({p.box_mm for p in told}) == len(boxes):
            return [phrase.text for phrase in told]
    words = []
    for number, (box, (phrase, _)) in enumerate(zip(boxes, right, strict=True)):
        following = boxes[number + 1] if number + 1 < len(boxes) else None
        words.append(_whole(sheet, box, phrase, following) if phrase else "")
    return words


def _side(found: Sequence[tuple[Phrase | None, float]]) -> tuple[int, float]:
    """How well words on one side fit: as many as can be, as near as can be."""
    gaps = [gap for phrase, gap in found if phrase is not None]
    return len(gaps), -float(np.median(gaps)) if gaps else -99.0


def _right_of(sheet: Sheet, box: Found, boxes: Sequence[Found]) -> tuple[Phrase | None, float]:
    edge = box.box_mm[0] + box.box_mm[2]
    best: tuple[Phrase | None, float] = (None, 99.0)
    for phrase in _level(sheet, box):
        gap = phrase.box_mm[0] - edge
        if -0.6 < gap < min(_BESIDE_MM, best[1]):
            best = (phrase, gap)
    return best


def _left_of(sheet: Sheet, box: Found, boxes: Sequence[Found]) -> tuple[Phrase | None, float]:
    best: tuple[Phrase | None, float] = (None, 99.0)
    for phrase in _level(sheet, box):
        gap = box.box_mm[0] - phrase.box_mm[0] - phrase.box_mm[2]
        if -0.6 < gap < min(_BESIDE_MM, best[1]):
            best = (phrase, gap)
    return best


def _far_left_of(sheet: Sheet, box: Found, boxes: Sequence[Found]) -> Phrase | None:
    """The last words before a box on its line, no other box between."""
    edge = box.box_mm[0]
    start = max(
        (
            b.box_mm[0] + b.box_mm[2]
            for b in boxes
            if b.middle[0] < edge and abs(b.middle[1] - box.middle[1]) < box.box_mm[3]
        ),
        default=edge - _FAR_MM,
    )
    before = [
        p for p in _level(sheet, box) if start <= p.box_mm[0] and p.box_mm[0] + p.box_mm[2] < edge
    ]
    return max(before, key=lambda p: p.box_mm[0], default=None)


def _level(sheet: Sheet, box: Found) -> list[Phrase]:
    middle, height = box.middle[1], box.box_mm[3]
    return [p for p in sheet.phrases if abs(p.middle[1] - middle) < 0.5 * max(height, p.box_mm[3])]


def _whole(sheet: Sheet, box: Found, first: Phrase, following: Found | None) -> str:
    """An option's words with what follows on its line, and on the next where they wrap."""
    end = sheet.size_mm[0]
    wraps = following is None or following.middle[1] > box.middle[1] + 2.0
    if following is not None and not wraps:
        end = following.box_mm[0]
    words = [first]
    for phrase in sorted(_level(sheet, box), key=lambda p: p.box_mm[0]):
        gap = phrase.box_mm[0] - words[-1].box_mm[0] - words[-1].box_mm[2]
        if 0 <= gap < 3.0 and phrase.box_mm[0] < end and phrase is not first:
            words.append(phrase)
    if wraps:
        words += _wrapped(sheet, words[-1], box, following)
    return " ".join(p.text for p in words)


def _wrapped(sheet: Sheet, last: Phrase, box: Found, following: Found | None) -> list[Phrase]:
    """The start of the next line, where a line went on without a new question or box before."""
    pitch = NEXT_LINE * last.box_mm[3]
    lower = [
        p
        for p in sheet.phrases
        if 0.6 * last.box_mm[3] < p.middle[1] - last.middle[1] < pitch
        and p.box_mm[0] < box.box_mm[0] - 1.0
    ]
    if not lower:
        # Words that stand below themselves: a second line of an option of its own column.
        lower = [
            p
            for p in sheet.phrases
            if 0.6 * last.box_mm[3] < p.middle[1] - last.middle[1] < pitch
            and abs(p.box_mm[0] - last.box_mm[0]) < 1.5
        ]
        if following is not None and following.middle[1] - box.middle[1] < pitch + 1.0:
            return []
    if not lower:
        return []
    start = min(lower, key=lambda p: p.box_mm[0])
    if starts_a_question(start.text):
        return []
    if following is not None and start.box_mm[0] > following.box_mm[0]:
        return []
    return [start]


def question_above(sheet: Sheet, group: Group) -> str:
    """The line above a list whose options stand below their question."""
    first = group.rows[0][0]
    x, y = first.box_mm[0], first.box_mm[1]
    lines = [
        p
        for p in sheet.phrases
        if 0 < y + 0.3 - p.box_mm[1] - p.box_mm[3] < _QUESTION_MM
        and group.left_mm <= p.box_mm[0] < x + 12.0
    ]
    if not lines:
        return ""
    lowest = max(p.middle[1] for p in lines)
    same = sorted((p for p in lines if lowest - p.middle[1] < 1.5), key=lambda p: p.box_mm[0])
    words = [same[0]]
    for before, after in pairwise(same):
        if after.box_mm[0] - before.box_mm[0] - before.box_mm[2] > 6.0:
            break
        words.append(after)
    return " ".join(p.text for p in words)


def _grown(box: BoxMm, by: float) -> BoxMm:
    return (box[0] - by, box[1] - by, box[2] + 2 * by, box[3] + 2 * by)

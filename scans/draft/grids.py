"""Boxes into rows, rows into grids and lists: which boxes answer one question.

A rating grid has bare paper between the boxes of a row; a list of options has its words
there. A list goes on in the next line until a new question's words stand to its left or
above it. What the words say is not needed, so a scanned blank without text is understood
as well as a drawn one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.draft.gutters import gutter
from scans.draft.labels import NEXT_LINE, starts_a_question
from scans.draft.types import Found, Group, Sheet

__all__ = ["group_boxes", "left_of"]

_PRINT = 170  # level below which flat paper is print
_TEXT = 0.006  # share of a gap that words cover at least
_RULE_MM, _BEYOND_MM, _RULED = 1.0, 1.2, 0.7  # a rule: how wide, how much longer, how dark
_NEXT_MM = 12.5  # lines of one list are no farther apart
_COLUMN_MM = 0.7  # boxes of one column stand below each other to this
_TWO_LISTS_MM = 70.0  # options so far apart are two lists side by side
_DIGITS = 8  # so many options in a line are digits: a number to be coded, line by line
_CLUSTER_MM = 5.0  # blank between a question and its first option, where labels stand left


def group_boxes(sheet: Sheet, boxes: Sequence[Found]) -> list[Group]:
    """Groups in reading order.

    Args:
        sheet: The page, straight.
        boxes: Its boxes.
    """
    middle = gutter(sheet, boxes)
    left = [b for b in boxes if middle is None or b.middle[0] < middle]
    groups = _grouped(sheet, left, 0.0)
    if middle is not None:
        groups += _grouped(sheet, [b for b in boxes if b.middle[0] >= middle], middle)
    return groups


def _grouped(sheet: Sheet, boxes: Sequence[Found], begin: float) -> list[Group]:
    """Groups of a column of the page, which begins at ``begin`` mm."""
    groups: list[Group] = []
    lists: list[Group] = []
    for line in _lines(boxes):
        start = begin  # what stands left of this belongs to another part of the line
        for part in _parts(sheet, line):
            if len(part) > 1 and not any(
                _words_between(sheet, a, b) for a, b in itertools.pairwise(part)
            ):
                _into_grids(groups, part, start)
            else:
                _into_lists(sheet, groups, lists, part, start)
            start = part[-1].box_mm[0] + part[-1].box_mm[2]
    alone = [g for g in groups if sum(map(len, g.rows)) == 1 or _column_beside(g, groups)]
    for group in alone:
        for box in [b for row in group.rows for b in row]:
            if not _joins_a_row(groups, box):
                x, y = box.middle
                sheet.notes.append(f"a box at {x:.0f}, {y:.0f} mm belongs to no question found")
    return [g for g in groups if g not in alone]


def _column_beside(group: Group, groups: Sequence[Group]) -> bool:
    """Whether a list is one column right of a grid, line by line: an answer outside the scale."""
    if group.kind != "list" or any(len(row) != 1 for row in group.rows):
        return False
    return all(_row_left_of(groups, row[0]) is not None for row in group.rows)


def _row_left_of(groups: Sequence[Group], box: Found) -> list[Found] | None:
    """The grid row that a box stands at the end of, not farther than two of its steps."""
    for group in groups:
        for row in group.rows if group.kind == "grid" else []:
            step = row[1].middle[0] - row[0].middle[0]
            level = abs(row[0].middle[1] - box.middle[1]) < 0.35 * box.box_mm[3]
            right = box.middle[0] - row[-1].middle[0]
            if level and 0 < right < 2.2 * step and _same_size(row[0], box):
                return row
    return None


def _joins_a_row(groups: Sequence[Group], box: Found) -> bool:
    row = _row_left_of(groups, box)
    if row is None:
        return False
    row.append(box)
    return True


def _lines(boxes: Sequence[Found]) -> list[list[Found]]:
    lines: list[list[Found]] = []
    for box in sorted(boxes, key=lambda b: (b.middle[1], b.middle[0])):
        for line in lines:
            last = line[-1]
            near = abs(last.middle[1] - box.middle[1]) < 0.35 * min(last.box_mm[3], box.box_mm[3])
            if near and last.shape == box.shape and _same_size(last, box):
                line.append(box)
                break
        else:
            lines.append([box])
    return [sorted(line, key=lambda b: b.middle[0]) for line in lines]


def _same_size(one: Found, other: Found) -> bool:
    return all(
        abs(a - b) < max(0.5, 0.2 * a)
        for a, b in zip(one.box_mm[2:], other.box_mm[2:], strict=True)
    )


def _parts(sheet: Sheet, line: list[Found]) -> list[list[Found]]:
    """A line cut where bare grids and worded options meet, or two grids stand side by side."""
    parts = [[line[0]]]
    for before, box in itertools.pairwise(line):
        worded = _words_between(sheet, before, box)
        current = parts[-1]
        if worded and box.middle[0] - before.middle[0] > _TWO_LISTS_MM:
            parts.append([box])
            continue
        if len(current) > 1:
            was_worded = _words_between(sheet, current[-2], current[-1])
            if was_worded != worded and len(current) > 2:
                parts.append([box])
                continue
        current.append(box)
    return parts


def _words_between(sheet: Sheet, left: Found, right: Found) -> bool:
    """Whether something other than rules is printed between two boxes of a line."""
    x0 = left.box_mm[0] + left.box_mm[2] + 0.25
    x1 = right.box_mm[0] - 0.25
    y, height = left.box_mm[1], left.box_mm[3]
    return _words(sheet, (x0, y + 0.05 * height, x1 - x0, 0.9 * height))


def _words(sheet: Sheet, box: BoxMm) -> bool:
    """Whether words stand in a region; lines that cross the whole of it are none."""
    x0, y0, w, h = (v * sheet.scale for v in box)
    part = sheet.flat[
        max(0, round(y0)) : max(0, round(y0 + h)), max(0, round(x0)) : max(0, round(x0 + w))
    ]
    if part.size == 0 or min(part.shape) < 2:
        return False
    dark = part < _PRINT
    columns = (dark.mean(axis=0) < 0.85) & ~_upright_rules(sheet, box, dark)
    rows = dark.mean(axis=1) < 0.85
    rest = dark[np.ix_(rows, columns)]
    return bool(rest.size and rest.sum() > _TEXT * part.size)


def _upright_rules(sheet: Sheet, box: BoxMm, dark: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Columns of a region that belong to an upright rule, which a bad copy breaks and bends.

    It is narrow and goes on above and below the region, as no letter does.
    """
    inked = np.concatenate([[False], dark.any(axis=0), [False]])
    edges = np.flatnonzero(np.diff(inked.astype(np.int8)))
    found = np.zeros(dark.shape[1], dtype=bool)
    first, top = max(0, round(box[0] * sheet.scale)), (box[1] - _BEYOND_MM) * sheet.scale
    rows = slice(max(0, round(top)), round((box[1] + box[3] + _BEYOND_MM) * sheet.scale))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start <= _RULE_MM * sheet.scale:
            longer = sheet.flat[rows, first + start : first + end] < _PRINT
            found[start:end] = longer.any(axis=1).mean() > _RULED
    return found


def _into_grids(groups: list[Group], row: list[Found], start: float) -> None:
    for group in reversed(groups):
        if group.kind != "grid":
            continue
        last = group.rows[-1]
        down = row[0].middle[1] - last[0].middle[1]
        if 0 < down < 45 and _same_columns(last, row):
            group.rows.append(row)
            return
    groups.append(Group([row], "grid", start))


def _same_columns(last: list[Found], row: list[Found]) -> bool:
    """One of two rows may have one box more: a last column that not every item has."""
    if abs(len(last) - len(row)) > 1:
        return False
    if not _same_size(last[0], row[0]) and not _cells(last, row):
        return False
    return all(abs(a.middle[0] - b.middle[0]) < _COLUMN_MM for a, b in zip(last, row, strict=False))


def _cells(last: list[Found], row: list[Found]) -> bool:
    """Rows of a table answered in its cells: as wide, but as high as their questions are long."""
    wide = last[0].box_mm[2]
    touching = all(len(r) > 1 and r[1].middle[0] - r[0].middle[0] < wide + 1.2 for r in (last, row))
    return touching and abs(wide - row[0].box_mm[2]) < 0.5


def _into_lists(
    sheet: Sheet, groups: list[Group], lists: list[Group], row: list[Found], start: float
) -> None:
    for group in reversed(lists):
        last = group.rows[-1]
        down = row[0].middle[1] - last[0].middle[1]
        if 0 < down < _NEXT_MM and _goes_on(sheet, last, row, start):
            group.rows.append(row)
            return
    new = Group([row], "list", start)
    groups.append(new)
    lists.append(new)


def _goes_on(sheet: Sheet, last: list[Found], row: list[Found], start: float) -> bool:
    """Whether a line carries on the options of the line above."""
    if len(row) > len(last) or len(row) >= _DIGITS or not _same_size(last[0], row[0]):
        return False
    if len(last) > 1 and _wraps(sheet, last, row, start):
        return True
    columns = [b.middle[0] for b in last]
    # One option that did not fit its line stands anywhere in the next.
    if len(row) > 1 or left_of(sheet, (start, row[0].box_mm[1], row[0].box_mm[0] - start, 4.0)):
        if not all(min(abs(b.middle[0] - c) for c in columns) < _COLUMN_MM for b in row):
            return False
        if abs(row[0].middle[0] - columns[0]) > _COLUMN_MM:
            return False
    above, below = last[0].box_mm, row[0].box_mm
    y0, y1 = above[1] + above[3] + 1.2, below[1] - 1.2
    span = max(25.0, row[-1].middle[0] - row[0].middle[0] + 20.0)
    if y1 - y0 > 1.5 and _words(sheet, (below[0] - 4.0, y0, span, y1 - y0)):
        return False
    return not _asks(sheet, row, start)


def _wraps(sheet: Sheet, last: list[Found], row: list[Found], start: float) -> bool:
    """Whether a line begins with the rest of the option before, as a paragraph that wraps does."""
    x, y = row[0].box_mm[0], row[0].middle[1]
    left = [
        p
        for p in sheet.phrases
        if abs(p.middle[1] - y) < 0.5 * p.box_mm[3] and start <= p.box_mm[0] < x
    ]
    if not left:
        return False
    first = min(left, key=lambda p: p.box_mm[0])
    close = y - last[0].middle[1] < NEXT_LINE * first.box_mm[3]
    # A table may stand beside the questions: its words come first in the line.
    return close and not any(starts_a_question(p.text) for p in left)


def _asks(sheet: Sheet, row: list[Found], start: float) -> bool:
    """Whether a question's words stand left of a line's first box, besides an option's."""
    x, y, _, height = row[0].box_mm
    left = sheet.ink((x - 3.5, y, 3.2, height)) > _TEXT
    last = row[-1].box_mm
    right = sheet.ink((last[0] + last[2] + 0.3, y, 3.2, height)) > _TEXT
    clusters = left_of(sheet, (start, y, x - start, height))
    if right and not left:
        return bool(clusters)
    return len(clusters) > 1


def left_of(sheet: Sheet, box: BoxMm) -> list[tuple[float, float]]:
    """Stretches of print in a band, as ``(from, to)`` in mm, parted by blanks of 5 mm."""
    x, y, width, height = box
    scale = sheet.scale
    rows = slice(max(0, round(y * scale)), max(1, round((y + height) * scale)))
    margin = 4.0 if x <= 0 else 0.5  # the rim of the sheet may be dark
    columns = slice(round((x + margin) * scale), max(0, round((x + width - 0.5) * scale)))
    dark = sheet.flat[rows, columns] < _PRINT
    if dark.size == 0:
        return []
    full = dark.mean(axis=0)
    inked = np.flatnonzero((full > 0) & (full < 0.85))
    if not len(inked):
        return []
    breaks = np.flatnonzero(np.diff(inked) > _CLUSTER_MM * scale)
    starts = np.concatenate([[inked[0]], inked[breaks + 1]])
    ends = np.concatenate([inked[breaks], [inked[-1]]])
    offset = x + margin
    spans = [(offset + a / scale, offset + b / scale) for a, b in zip(starts, ends, strict=True)]
    return [s for s in spans if s[1] - s[0] > 0.6]

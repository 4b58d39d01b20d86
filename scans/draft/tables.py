"""Cells of ruled tables: those that are answered in themselves, and combs to write in."""

from __future__ import annotations

from collections.abc import Sequence

from detectors.instrument import BoxMm
from scans.draft.outlines import Outlines
from scans.draft.types import Found, Sheet

__all__ = ["answer_cells", "combs", "in_a_row"]

_NARROWEST_MM, _WIDEST_MM = 6.0, 34.0
_LOWEST_MM, _HIGHEST_MM = 4.5, 30.0
_EMPTY = 0.003  # share of a cell's inside that may be dark


def answer_cells(sheet: Sheet, outlines: Outlines) -> list[Found]:
    """Empty cells, three by three or more on common columns, where a page has no boxes.

    Rows of a table differ in height, as their questions take one line or two; columns do not
    differ in width.
    """
    if outlines.boxes:
        return []
    empty = [c for c in [*outlines.cells, *outlines.frames] if _answerable(sheet, c)]
    rows = [row for row in _rows(empty) if len(row) >= 3]
    chosen = []
    for row in rows:
        for cell in row:
            column = [
                o
                for other in rows
                for o in other
                if abs(o.box_mm[0] - cell.box_mm[0]) < 0.5
                and abs(o.box_mm[2] - cell.box_mm[2]) < 0.5
            ]
            if len(column) >= 3:
                chosen.append(cell)
    if chosen:
        sheet.notes.append(
            "cells of a table were taken for answer boxes: delete them if they are written in"
        )
    return chosen


def _answerable(sheet: Sheet, cell: Found) -> bool:
    x, y, w, h = cell.box_mm
    fits = _NARROWEST_MM <= w <= _WIDEST_MM and _LOWEST_MM <= h <= _HIGHEST_MM
    return fits and cell.shape == "box" and sheet.ink((x + 0.6, y + 0.6, w - 1.2, h - 1.2)) < _EMPTY


def _rows(cells: Sequence[Found]) -> list[list[Found]]:
    """Cells of one height that stand beside each other, each touching the next."""
    rows: list[list[Found]] = []
    for cell in sorted(cells, key=lambda c: (round(c.middle[1], 1), c.box_mm[0])):
        for row in rows:
            last = row[-1]
            level = abs(last.middle[1] - cell.middle[1]) < 0.5
            same = abs(last.box_mm[3] - cell.box_mm[3]) < 0.5
            like = abs(last.box_mm[2] - cell.box_mm[2]) < 0.25 * last.box_mm[2]
            if level and same and like and cell.box_mm[0] - last.box_mm[0] - last.box_mm[2] < 1.2:
                row.append(cell)
                break
        else:
            rows.append([cell])
    return rows


def in_a_row(box: BoxMm, cells: Sequence[Found]) -> bool:
    """Whether a frame stands in a row of three or more of its size that share lines."""
    row = next((r for r in _rows(cells) if any(c.box_mm == box for c in r)), [])
    return len(row) >= 3


def combs(outlines: Outlines) -> list[BoxMm]:
    """Rows of touching small cells, as one box each."""
    small = sorted(
        (c for c in outlines.cells if c.box_mm[2] < 9 and c not in outlines.boxes),
        key=lambda c: (round(c.middle[1]), c.middle[0]),
    )
    rows: list[list[Found]] = []
    for cell in small:
        last = rows[-1][-1] if rows else None
        if (
            last is not None
            and abs(cell.middle[1] - last.middle[1]) < 0.6
            and cell.box_mm[0] - last.box_mm[0] - last.box_mm[2] < 8.0
        ):
            rows[-1].append(cell)
        else:
            rows.append([cell])
    found = []
    for row in rows:
        if len(row) >= 3:
            x, y = row[0].box_mm[:2]
            right = row[-1].box_mm[0] + row[-1].box_mm[2]
            found.append((x, y, right - x, row[0].box_mm[3]))
    return found

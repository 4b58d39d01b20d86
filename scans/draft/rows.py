"""Which words belong to which row of a grid: by the table's cells, by ids, or half-way between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scans.draft.labels import starts_a_question
from scans.draft.types import Found, Phrase, Sheet
from scans.draft.wording import item_id, row_text

__all__ = ["factor_names", "row_texts"]

_CELL_MM = 60.0  # no row of a table is higher
_AROUND_MM = 16.0
_OFF_MM = 4.0  # a box stands no farther beside the words of its row
_HEADING = re.compile(r"^\(?([A-ZĐ])[.):]\s*(\S.{2,})$")


def row_texts(
    sheet: Sheet, rows: Sequence[Sequence[Found]], left: float, holders: Sequence[Found]
) -> list[str]:
    """The words of every row.

    Args:
        sheet: The page.
        rows: Boxes of a grid, row by row.
        left: Where the grid's part of the page begins, in mm.
        holders: Cells of tables that hold boxes.
    """
    if not sheet.phrases:
        return ["" for _ in rows]
    cells = [_cell(row, rows, holders) for row in rows]
    if all(cell is not None for cell in cells):
        return [
            row_text(sheet, row, cell.box_mm[1] - 0.3, cell.box_mm[1] + cell.box_mm[3], left)
            for row, cell in zip(rows, cells, strict=True)
            if cell is not None
        ]
    blocks = _by_ids(sheet, rows, left)
    if blocks is not None:
        return blocks
    middles = [row[0].middle[1] for row in rows]
    texts = []
    for number, row in enumerate(rows):
        above, below = _reach(middles, number, row[0].box_mm[3])
        texts.append(row_text(sheet, row, above, below, left))
    return texts


def _cell(
    row: Sequence[Found], rows: Sequence[Sequence[Found]], holders: Sequence[Found]
) -> Found | None:
    """The smallest cell around a row's first box that holds no other row."""
    around = [h for h in holders if h.box_mm[3] < _CELL_MM and _holds(h, row[0])]
    cell = min(around, key=lambda h: h.box_mm[3], default=None)
    if cell is None or any(o is not row and _level(cell, o[0]) for o in rows):
        return None
    return cell


def _holds(cell: Found, box: Found) -> bool:
    x, y, w, h = cell.box_mm
    return x < box.middle[0] < x + w and y < box.middle[1] < y + h


def _level(cell: Found, box: Found) -> bool:
    return cell.box_mm[1] < box.middle[1] < cell.box_mm[1] + cell.box_mm[3]


@dataclass(eq=False)
class _Block:
    """Lines that belong together, from the top down."""

    lines: list[list[Phrase]]

    @property
    def text(self) -> str:
        return " ".join(" ".join(p.text for p in line) for line in self.lines)

    def away(self, y: float) -> float:
        """How far a height is off the block's lines."""
        top = min(p.box_mm[1] for p in self.lines[0])
        bottom = max(p.box_mm[1] + p.box_mm[3] for p in self.lines[-1])
        return max(0.0, top - y, y - bottom)


def _by_ids(sheet: Sheet, rows: Sequence[Sequence[Found]], left: float) -> list[str] | None:
    """Text by blocks that begin with an id, where every row has one of its own."""
    right = min(row[0].box_mm[0] for row in rows)
    top = rows[0][0].middle[1] - _AROUND_MM
    bottom = rows[-1][0].middle[1] + _AROUND_MM
    inside = [
        p
        for p in sheet.phrases
        if left <= p.middle[0] < right and top < p.middle[1] < bottom and p.box_mm[0] < right - 2
    ]
    blocks = _blocks(inside)
    named = [b for b in blocks if item_id(b.text)[0] is not None]
    texts: list[str] = []
    used: set[int] = set()
    for row in rows:
        near = [b for b in named if id(b) not in used and b.away(row[0].middle[1]) < _OFF_MM]
        best = min(near, key=lambda b: b.away(row[0].middle[1]), default=None)
        if best is None:
            return None
        used.add(id(best))
        texts.append(best.text)
    return texts


def _blocks(phrases: Sequence[Phrase]) -> list[_Block]:
    lines: list[list[Phrase]] = []
    for phrase in sorted(phrases, key=lambda p: (p.middle[1], p.box_mm[0])):
        last = lines[-1][0] if lines else None
        if last is not None and abs(last.middle[1] - phrase.middle[1]) < 0.5 * last.box_mm[3]:
            lines[-1].append(phrase)
        else:
            lines.append([phrase])
    blocks: list[_Block] = []
    for line in lines:
        line.sort(key=lambda p: p.box_mm[0])
        before = blocks[-1].lines[-1][0] if blocks else None
        far = before is None or line[0].middle[1] - before.middle[1] > 2.2 * before.box_mm[3]
        if far or starts_a_question(" ".join(p.text for p in line)):
            blocks.append(_Block([line]))
        else:
            blocks[-1].lines.append(line)
    return blocks


def _reach(middles: Sequence[float], number: int, height: float) -> tuple[float, float]:
    """From where to where the words of a row reach: half-way to its neighbours, 6 mm at most."""
    middle = middles[number]
    up = (middle - middles[number - 1]) / 2 if number else 6.0
    down = (middles[number + 1] - middle) / 2 if number + 1 < len(middles) else 6.0
    least = height / 2 + 0.5
    # One side alone would take a heading in: the nearer neighbour rules both.
    both = min(6.0, up, down) if len(middles) > 1 else 4.0
    return middle - max(least, both), middle + max(least, both)


def factor_names(sheet: Sheet, factors: Sequence[str]) -> dict[str, str]:
    """Names of factors that stand as headings: ``A. Tiếp cận dịch vụ``."""
    names: dict[str, str] = {}
    for phrase in sheet.phrases:
        match = _HEADING.match(phrase.text)
        if match is not None and match[1] in factors and match[1] not in names:
            names[match[1]] = match[2].strip(" .:")
    return names

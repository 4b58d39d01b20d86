"""Rows of an office's index sheet: fields, criteria, sums, and what only explains.

Fields are numbered with Roman or whole numbers, criteria within them (``1``, ``1.1``), parts of a
criterion deeper or with a dash. A row of sums says so in words. A row with points that is none
of these is told, and the workbook is not used: it might be a criterion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.intake._cells import to_text
from audit.intake._index_header import Grid, Header
from audit.intake._workbook import fold

__all__ = ["Line", "lines_of"]

_ROMAN = re.compile(r"(X{0,2})(IX|IV|V?I{0,3})")
_DIGITS = {"I": 1, "V": 5, "X": 10}
_DASH = re.compile(r"[-–—+•*]|[a-zđ][.)]?")
_DOTTED = re.compile(r"\d{1,2}(\.\d{1,2}){0,3}")
_SUMS = re.compile(r"tong( cong| diem| so)?( .*)?|cong( diem)?|.*\b(tong diem|tong cong)\b.*")
_PERCENT = re.compile(r"(chi so|ty le|ti le)\b.*")
_TIER = re.compile(r"xep loai.*")
_RANK = re.compile(r"(xep hang|thu hang).*")


@dataclass(frozen=True, slots=True)
class Line:
    """One row under the header.

    Attributes:
        row: Its number.
        kind: ``field``, ``criterion``, ``sum``, ``percent``, ``tier``, ``rank``, ``text``, or
            ``unclear``: with points, and none of these.
        id: Number of the field or criterion, with that of its field before it.
        field: The field it stands in.
        name: Its words.
    """

    row: int
    kind: str
    id: str
    field: str
    name: str


def roman(text: str) -> int | None:
    """``IV`` is 4; ``None`` if it is no Roman number up to 29."""
    plain = text.strip().rstrip(".")
    if not plain or _ROMAN.fullmatch(plain) is None:
        return None
    values = [_DIGITS[letter] for letter in plain]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-one if one < after else one for one, after in pairs)


def lines_of(grid: Grid, header: Header, points: list[int]) -> Iterator[Line]:
    """Rows under the header that hold anything, told apart.

    Args:
        grid: The sheet.
        header: Its header.
        points: Columns with points.
    """
    number, name = header.one("number"), header.one("name")
    numbers = [
        _number(grid, row, number.index if number else None, name.index if name else None)
        for row in range(header.bottom + 1, grid.rows + 1)
    ]
    by_roman = any(roman(text) is not None for text, _ in numbers)
    # Whole numbers under Roman ones: each field counts its criteria from 1.
    restarts = by_roman and any(
        text.isdigit() and not _numbering(grid, header, header.bottom + 1 + offset)
        for offset, (text, _) in enumerate(numbers)
    )
    field, last, parts = "", "", 0
    for offset, (text, words) in enumerate(numbers):
        row = header.bottom + 1 + offset
        there = any(_points(grid, row, column) for column in points)
        if not text and not words and not there:
            continue
        if _numbering(grid, header, row):
            continue
        # "Tỷ lệ hồ sơ đúng hạn" with a number is a criterion like any other.
        numbered = _DOTTED.fullmatch(text) is not None or roman(text) is not None
        kind = None if numbered else _in_words(words or text)
        if kind is not None:
            yield Line(row, kind, "", field, words or text)
        elif by_roman and (found := roman(text)) is not None:
            field, last = str(found), ""
            yield Line(row, "field", field, field, words)
        elif _DOTTED.fullmatch(text):
            if not by_roman and "." not in text:
                field, last = text, ""
                yield Line(row, "field", field, field, words)
                continue
            last, parts = (f"{field}.{text}" if restarts else text), 0
            if by_roman and not field:
                yield Line(row, "unclear" if there else "text", text, "", words)
                continue
            yield Line(row, "criterion", last, last.split(".")[0], words)
        elif there and last and (_DASH.fullmatch(text.casefold()) or not text):
            parts += 1
            yield Line(row, "criterion", f"{last}.{parts}", field, words)
        else:
            yield Line(row, "unclear" if there else "text", "", field, words or text)


def _number(grid: Grid, row: int, number: int | None, name: int | None) -> tuple[str, str]:
    """Number and words of a row; where they share a cell they are parted."""
    text = "" if number is None else to_text(grid.value(row, number)) or ""
    words = "" if name is None else to_text(grid.value(row, name)) or ""
    text = text.strip().rstrip(".")
    if text and not words and not _DOTTED.fullmatch(text) and roman(text) is None:
        return _parted(text)
    if not text and words:
        return _parted(words)
    return text, " ".join(words.split())


def _parted(text: str) -> tuple[str, str]:
    found = re.match(r"(\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5})[.)]?\s+(\S.*)$", text, re.DOTALL)
    if found is None:
        dash = re.match(r"([-–+•])\s*(\S.*)$", text, re.DOTALL)
        return (dash[1], " ".join(dash[2].split())) if dash else ("", " ".join(text.split()))
    return found[1], " ".join(found[2].split())


def _points(grid: Grid, row: int, column: int) -> bool:
    """Whether points stand there, or what was meant for them; a signature holds no digit."""
    if (row, column) in grid.formulas:
        return True
    value = grid.value(row, column)
    return value is not None and (not isinstance(value, str) or any(c.isdigit() for c in value))


def _numbering(grid: Grid, header: Header, row: int) -> bool:
    """Whether a row only numbers the columns: ``(1) (2) (3)``, ``A B 1 2 3``."""
    if row > header.bottom + 2:
        return False
    found = [str(cell.value).strip("() ") for _, cell in grid.filled(row)]
    digits = [int(text) for text in found if text.isdigit()]
    return (
        len(found) >= 3
        and len(digits) >= len(found) - 2
        and (digits == list(range(digits[0], digits[0] + len(digits))))
    )


def _in_words(text: str) -> str | None:
    plain = fold(text)
    for kind, pattern in (("sum", _SUMS), ("percent", _PERCENT), ("tier", _TIER), ("rank", _RANK)):
        if pattern.fullmatch(plain):
            return kind
    return None

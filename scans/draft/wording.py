"""What the words of a form say: items' ids and texts, values of columns, how it is filled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from detectors.instrument import Marks, Value
from scans.draft.types import Found, Sheet

__all__ = [
    "column_values",
    "factor_titles",
    "filling",
    "item_id",
    "option_texts",
    "row_text",
    "title_of",
]

_CODE = re.compile(r"^\(?([A-ZĐ]{1,3}[-.]?\d{1,3})\b[.):]?\s*(.*)$", re.DOTALL)
_NUMBER = re.compile(r"^\(?(\d{1,3}|[a-zA-Z])[.)]\s*(.*)$", re.DOTALL)
_BEST = re.compile(
    r"^(rất (hài lòng|tốt|đồng ý|hiệu quả)|tốt|hoàn toàn đồng ý|strongly agree"
    r"|very (good|satisfied)|excellent|extremely|always)\b",
    re.IGNORECASE,
)
_WORST = re.compile(
    r"^(rất (không hài lòng|kém|không đồng ý)|không hài lòng|kém|hoàn toàn không|chưa tốt"
    r"|strongly disagree|very (poor|bad|dissatisfied)|poor|not at all|never)\b",
    re.IGNORECASE,
)
_MISSING = re.compile(r"\bN/?A\b|không (có|áp dụng|biết)|not applicable", re.IGNORECASE)
_STYLES = (
    ("fill", r"\btô\b|\bfill (in )?(one|the|completely)|\bblacken\b|fill the circles"),
    ("tick", r"✓|✔|☑|\btick\b|đánh dấu v\b"),
    ("cross", r"\bX\b|dấu ?x|cross"),
)
_WRONG = r"(?:nhầm|sai|wrong|mistake)"
_CORRECTIONS = (
    ("circle", r"khoanh(?: tròn)?|circle"),
    ("fill", r"tô kín|blacken|fill"),
    ("strike", r"gạch|strike|cross (?:it )?out"),
)


def row_text(
    sheet: Sheet, row: Sequence[Found], above: float, below: float, start: float = 0.0
) -> str:
    """Words left of a row's first box, between two heights and right of ``start``, in mm."""
    first = row[0].box_mm
    words = sheet.text_in((start, above, first[0] - 0.3 - start, below - above))
    return re.sub(r"^[\s.·:]+|\s+$", "", words)


def item_id(text: str) -> tuple[str | None, str]:
    """An id that the form prints, and the rest of the words.

    ``A1`` and ``D-3`` are ids; ``4.`` becomes ``Q04``; a letter, as in ``b)``, tells none.
    """
    match = _CODE.match(text)
    if match is not None:
        return match[1].replace("Đ", "D"), match[2].strip()
    match = _NUMBER.match(text)
    if match is not None and match[1].isdigit():
        return f"Q{int(match[1]):02d}", match[2].strip()
    return None, match[2].strip() if match is not None else text


def column_values(
    sheet: Sheet, row: Sequence[Found], top: float
) -> tuple[list[Value], Value | None, bool]:
    """Values of a grid's columns, from the words above them.

    Returns:
        A value for each column; the value of a last column that means "not applicable";
        whether the words told the direction.
    """
    count = len(row)
    step = row[1].middle[0] - row[0].middle[0] if count > 1 else 10.0
    heads = []
    for box in row:
        x, width = box.middle[0], min(step, 26.0)
        heads.append(sheet.text_in((x - width / 2, top - 22.0, width, 21.8)))
    missing: Value | None = None
    core = count
    if count > 2 and _MISSING.search(heads[-1]) and not _MISSING.search(heads[0]):
        core, missing = count - 1, 9 if count - 1 < 9 else 99
    numbers = [re.findall(r"(?<!\d)\d{1,2}(?!\d)", head) for head in heads[:core]]
    tail: list[Value] = [] if missing is None else [missing]
    printed = [int(n[-1]) for n in numbers if n]
    if len(printed) == core and len(set(printed)) == core:
        return [*printed, *tail], missing, True
    first, last = heads[0].strip(), heads[core - 1].strip()
    if _BEST.search(first) or _WORST.search(last):
        return [*range(core, 0, -1), *tail], missing, True
    told = bool(_WORST.search(first) or _BEST.search(last))
    return [*range(1, core + 1), *tail], missing, told


def option_texts(sheet: Sheet, rows: Sequence[Sequence[Found]]) -> list[str]:
    """Words right of each box, up to the next box of its row; empty where there are none.

    Args:
        sheet: The page.
        rows: Boxes of one question, each row from left to right.
    """
    found = []
    for row in rows:
        for box, after in zip(row, [*row[1:], None], strict=True):
            x, y, width, height = box.box_mm
            start = x + width
            end = sheet.size_mm[0] if after is None else after.box_mm[0]
            words = sheet.text_in((start, y - 0.6, end - start, height + 1.2))
            found.append(re.sub(r"^[\s.·:]+|[\s.·:]+$", "", words))
    return found


def factor_titles(sheets: Iterable[Sheet], factors: Iterable[str]) -> dict[str, str]:
    """What the form prints after the letter of a factor: ``A. Access`` or ``A) Access``."""
    phrases = [phrase.text for sheet in sheets for phrase in sheet.phrases]
    found = {}
    for factor in factors:
        heading = re.compile(rf"^{re.escape(factor)}\s?[.):]\s*(?=\S*[^\W\d_]{{2}})(.+)$")
        match = next((m for text in phrases if (m := heading.match(text.strip()))), None)
        if match is not None:
            found[factor] = " ".join(match[1].split())
    return found


def filling(sheets: Sequence[Sheet], shape: str) -> tuple[Marks, list[str]]:
    """How the form says it is filled and corrected, and what of it is a guess."""
    words = " ".join(p.text for s in sheets for p in s.phrases)
    notes = []
    style = next((name for name, p in _STYLES if re.search(p, words, re.IGNORECASE)), None)
    if style is None:
        style = "any"
        notes.append('style: the form was not seen to say; "any" takes every mark')
    correction = "none"
    found = re.search(_WRONG + r"([^.]{0,60})", words, re.IGNORECASE)
    if found:
        rule = found[1]
        correction = next(
            (name for name, p in _CORRECTIONS if re.search(p, rule, re.IGNORECASE)), "none"
        )
    if correction == "none":
        notes.append("correction: no rule was found; nothing is taken for a correction")
    return Marks(shape=shape, style=style, correction=correction), notes


def title_of(sheet: Sheet) -> str:
    """The words in the largest letters of the page's upper part."""
    upper = [p for p in sheet.phrases if p.middle[1] < 0.45 * sheet.size_mm[1]]
    upper = [p for p in upper if len(p.text) > 5 and re.search(r"[^\W\d]{3}", p.text)]
    if not upper:
        return ""
    size = max(p.box_mm[3] for p in upper)
    large = [p for p in upper if p.box_mm[3] > 0.85 * size]
    start = min(large, key=lambda p: p.middle[1]).middle[1]
    large = [p for p in large if p.middle[1] < start + 4 * size]
    large.sort(key=lambda p: (round(p.middle[1]), p.box_mm[0]))
    return " ".join(" ".join(p.text for p in large).split())

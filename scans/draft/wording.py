"""What the words of a form say: items' ids and texts, values of columns, how it is filled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detectors.instrument import Marks, Value
from scans.draft.labels import column_heads, inside_words
from scans.draft.types import Found, Sheet

__all__ = ["Columns", "column_values", "filling", "item_id", "row_text", "title_of"]

_CODE = re.compile(r"^\(?([A-ZĐ]{1,3}[-.]?\d{1,3})\b[.):]?\s*(.*)$", re.DOTALL)
_NUMBER = re.compile(r"^\(?(\d{1,3}|[a-zA-Z])[.)]\s*(.*)$", re.DOTALL)
_BEST = re.compile(
    r"^(rất (hài lòng|tốt|đồng ý|hiệu quả)|tốt|hoàn toàn (đồng ý|hài lòng)|strongly agree"
    r"|very (good|satisfied)|excellent|extremely|always)\b",
    re.IGNORECASE,
)
_WORST = re.compile(
    r"^(rất (không hài lòng|kém|không đồng ý|không tốt|xấu|tệ)|không (hài lòng|tốt|đạt)|kém|yếu"
    r"|hoàn toàn không|chưa (tốt|đạt|hài lòng)"
    r"|strongly disagree|very (poor|bad|dissatisfied)|poor|not at all|never)\b",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"\bN/?A\b|\bKC\b|không (có|áp dụng|biết|ý kiến)|khó trả lời|not applicable|no opinion"
    r"|don.t know",
    re.IGNORECASE,
)
_STYLES = (
    ("fill", r"\btô\b|\bfill (in )?(one|the|completely)|\bblacken\b|fill the circles"),
    ("tick", r"✓|✔|☑|\btick\b|đánh dấu v\b"),
    ("cross", r"\bX\b|dấu ?x|cross"),
)
_AROUND = re.compile(
    r"(?<!sai: )(?<!nhầm: )khoanh( tròn)? (vào )?(một|1|chữ|số|đáp án|ô|phương án)"
    r"|\bcircle (one|the|a) (number|letter|answer|option)",
    re.IGNORECASE,
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
    """Words left of a row's first box, between two heights and right of ``start``, in mm.

    What stands left of a printed id is of another cell, one over all rows of a group.
    """
    first = row[0].box_mm
    ids = [
        p.box_mm[0]
        for p in sheet.phrases
        if start <= p.middle[0] < first[0] and above <= p.middle[1] < below and _CODE.match(p.text)
    ]
    start = max(start, min(ids, default=0.0) - 0.5)
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


@dataclass(frozen=True)
class Columns:
    """What the columns of a grid stand for.

    Attributes:
        values: One for each column, from left to right.
        words: Likewise, empty where none were found.
        missing: The value of a last column that means "not applicable".
        told: Whether the words told the direction.
    """

    values: tuple[Value, ...]
    words: tuple[str, ...]
    missing: Value | None
    told: bool


def column_values(sheet: Sheet, row: Sequence[Found], top: float) -> Columns:
    """Values of a grid's columns, from the words above them or the letters inside the boxes."""
    count = len(row)
    heads, inside = column_heads(sheet, row, top), inside_words(sheet, row)
    missing: Value | None = None
    core = count
    if count > 2 and _MISSING.search(heads[-1]) and not _MISSING.search(heads[0]):
        core, missing = count - 1, 9 if count - 1 < 9 else 99
    tail: list[Value] = [] if missing is None else [missing]
    words = tuple(_bare(head) or word for head, word in zip(heads, inside, strict=True))
    for told in (heads[:core], inside[:core]):
        numbers = [re.findall(r"(?<!\d)\d{1,2}(?!\d)", text) for text in told]
        printed = [int(n[-1]) for n in numbers if n]
        if len(printed) == core and len(set(printed)) == core:
            return Columns((*printed, *tail), words, missing, told=True)
    first, last = _bare(heads[0]), _bare(heads[core - 1])
    if _BEST.search(first) or _WORST.search(last):
        return Columns((*range(core, 0, -1), *tail), words, missing, told=True)
    directed = bool(_WORST.search(first) or _BEST.search(last))
    return Columns((*range(1, core + 1), *tail), words, missing, told=directed)


def _bare(head: str) -> str:
    """The words of a head without its number."""
    return re.sub(r"^[\s\d().:=–-]+|[\s().:=–-]+$|\s*\(\d+\)$", "", head)


def filling(sheets: Sequence[Sheet], shape: str) -> tuple[Marks, list[str]]:
    """How the form says it is filled and corrected, and what of it is a guess."""
    words = " ".join(p.text for s in sheets for p in s.phrases)
    notes = []
    style = next((name for name, p in _STYLES if re.search(p, words, re.IGNORECASE)), None)
    if style is None:
        style = "any"
        notes.append('style: the form was not seen to say; "any" takes every mark')
    if _AROUND.search(re.sub(_WRONG + r"[^.]{0,60}", " ", words, flags=re.IGNORECASE)):
        notes.append(
            "style: answers seem to be circled around; what is read is ink inside the printed "
            "outline, so try filled sheets before you rely on it, or print boxes to be crossed"
        )
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

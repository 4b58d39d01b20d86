"""Laying out an instrument that has no geometry yet: rows, boxes, rules, places to sign.

Page by page from the top: head, how to answer, facts about the respondent, ratings by
factor, places to write in. Every drawn box is noted, so the finished instrument is what was
printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detectors.instrument import Instrument, Item
from scans.press.drawing import Drawing, text_width, wrapped
from scans.press.page import FIELD_KINDS, LEFT, RIGHT, SERIAL_AT, Look, Press, words_of
from scans.press.places import set_places
from scans.press.rows import set_block, set_fact

__all__ = ["FIELD_KINDS", "SERIAL_AT", "Look", "Printed", "lay_out"]

_HOW = {
    "cross": ("Đánh dấu X vào MỘT ô cho mỗi dòng.", "Mark ONE box in each row with an X."),
    "tick": ("Đánh dấu ✓ vào MỘT ô cho mỗi dòng.", "Tick ONE box in each row."),
    "fill": ("Tô kín MỘT ô cho mỗi dòng.", "Fill ONE box in each row."),
    "any": ("Đánh dấu vào MỘT ô cho mỗi dòng.", "Mark ONE box in each row."),
}
_AGAIN = {
    "circle": (
        "Nếu đánh nhầm: KHOANH TRÒN ô sai rồi đánh dấu ô khác.",
        "Wrong box: circle it, then mark another.",
    ),
    "fill": (
        "Nếu đánh nhầm: TÔ KÍN ô sai rồi đánh dấu ô khác.",
        "Wrong box: blacken it, then mark another.",
    ),
    "strike": (
        "Nếu đánh nhầm: GẠCH NGANG ô sai rồi đánh dấu ô khác.",
        "Wrong box: strike it out, then mark another.",
    ),
    "none": (
        "Nếu đánh nhầm: xin phiếu khác, phiếu cũ được thu lại.",
        "Wrong box: ask for another sheet; the first one is taken back.",
    ),
}
_NEVER = (
    "Không tẩy, không dùng bút xóa, không dán giấy.",
    "No erasing, no correction fluid, no pasted paper.",
)


@dataclass(frozen=True, eq=False)
class Printed:
    """A form that was laid out.

    Attributes:
        instrument: With geometry; blank pictures are named, not made.
        drawings: A page each, without serial and code.
    """

    instrument: Instrument
    drawings: tuple[Drawing, ...]


def lay_out(form: Instrument, look: Look, output: Path) -> Printed:
    """Lay out an instrument on A4.

    Args:
        form: Its items, marks and title are used; geometry that it has is not.
        look: What is printed besides.
        output: Where the finished instrument will stand: names the blank pictures.
    """
    form = replace(form, path=output)
    press = Press(form, look)
    _head(press)
    _rules(press)
    facts = [item for item in form.items if not item.is_rating]
    ratings = [item for item in form.items if item.is_rating]
    for item in facts:
        set_fact(press, item)
    if facts:
        press.y += 2.0
    for factor, items in _blocks(ratings):
        set_block(press, factor, items)
    set_places(press)
    press.end()
    for number, drawing in enumerate(press.drawings, start=1):
        drawing.text((105, 287), f"Trang {number}/{len(press.drawings)}", 6.5, anchor="center")
    finished = replace(form, pages=tuple(press.pages), sha256="")
    return Printed(finished, tuple(press.drawings))


def _blocks(items: Sequence[Item]) -> list[tuple[str | None, list[Item]]]:
    """Items of one factor and scale that follow each other."""
    blocks: list[tuple[str | None, list[Item]]] = []
    for item in items:
        last = blocks[-1] if blocks else None
        if last and last[0] == item.factor and last[1][0].ordered_scale == item.ordered_scale:
            last[1].append(item)
        else:
            blocks.append((item.factor, [item]))
    return blocks


def _head(press: Press) -> None:
    draw, form = press.draw, press.form
    left = press.look.agency or "." * 34
    draw.text((54, 13.5), "CƠ QUAN, ĐƠN VỊ", 7.6, anchor="center")
    draw.fitted((54 - min(29.0, text_width(left, 7.8, "-Bold") / 2), 18.2), left, 7.8, 58.0,
                style="-Bold")  # fmt: skip
    draw.text((126, 13.5), "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 7.6, style="-Bold",
              anchor="center")  # fmt: skip
    draw.text((126, 18.2), "Độc lập - Tự do - Hạnh phúc", 7.8, style="-Bold", anchor="center")
    draw.line((110, 20.8), (142, 20.8))
    y = 38.0
    title = words_of(form.title, "vi") or words_of(form.title, "en") or form.id
    for line in wrapped(title.upper(), 12.5, 150, "-Bold"):
        draw.text((105, y), line, 12.5, style="-Bold", anchor="center")
        y += 6.0
    english = words_of(form.title, "en")
    if english and english != title:
        draw.text((105, y - 0.8), f"({english})", 7.0, style="-Oblique", anchor="center")
        y += 3.6
    press.y = y + 0.5


def _rules(press: Press) -> None:
    draw, marks = press.draw, press.form.marks
    how, again = _HOW[marks.style], _AGAIN[marks.correction]
    if marks.style == "fill" and marks.correction == "fill":
        again = _AGAIN["strike"]
    draw.outline((LEFT, press.y, RIGHT - LEFT, 16.0), 0.25)
    draw.fitted((24, press.y + 3.2), f"CÁCH TRẢ LỜI: {how[0]} {again[0]}", 7.0, 162, style="-Bold")
    draw.fitted((24, press.y + 7.6), _NEVER[0], 7.0, 162, style="-Bold")
    draw.fitted((24, press.y + 12.2), f"{how[1]} {again[1]} {_NEVER[1]}", 6.2, 162,
                style="-Oblique")  # fmt: skip
    press.y += 20.0

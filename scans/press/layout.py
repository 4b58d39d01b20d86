"""Laying out an instrument that has no geometry yet: rows, boxes, rules, places to sign.

Page by page from the top: head, how to answer, facts about the respondent, ratings by
factor, places to write in. Every drawn box is noted, so the finished instrument is what was
printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detectors.instrument import Box, BoxMm, Code, Field, Instrument, Item, Page, Value
from scans.press.drawing import Drawing, text_width, wrapped
from scans.press.pattern import pattern_svg

__all__ = ["FIELD_KINDS", "Look", "Printed", "lay_out"]

SIZE = (210.0, 297.0)
_CORNERS = ((14.0, 14.0), (196.0, 14.0), (14.0, 283.0), (196.0, 283.0))
_FIDUCIAL = 7.0
_CODE: BoxMm = (168.0, 11.0, 20.0, 20.0)
_LEFT, _RIGHT, _BOTTOM = 22.0, 188.0, 274.0
_BOX, _ROW = 5.0, 7.8
_TEXT = 7.6
SERIAL_AT = (86.0, 28.0)
FIELD_KINDS = ("agency", "comment", "date", "signature", "seal")

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


@dataclass(frozen=True)
class Look:
    """What is printed besides the questions.

    Attributes:
        agency: Whose form it is: the line under the head's left side.
        levels: Words above the columns, worst to best; empty prints the values alone.
        fields: Places to write in at the end, of :data:`FIELD_KINDS`.
        pattern: What is printed under the answers, of :data:`scans.press.pattern.KINDS`.
    """

    agency: str = ""
    levels: tuple[str, ...] = ()
    fields: tuple[str, ...] = ("comment", "date", "signature")
    pattern: str = "guilloche"


@dataclass(frozen=True, eq=False)
class Printed:
    """A form that was laid out.

    Attributes:
        instrument: With geometry; blank pictures are named, not made.
        drawings: A page each, without serial and code.
    """

    instrument: Instrument
    drawings: tuple[Drawing, ...]


class _Press:
    """The page that is being filled, and those that are full."""

    def __init__(self, form: Instrument, look: Look) -> None:
        self.form, self.look = form, look
        self.pages: list[Page] = []
        self.drawings: list[Drawing] = []
        self.ellipse = form.marks.shape == "ellipse"
        self.start()

    def start(self) -> None:
        self.draw = Drawing()
        self.boxes: list[Box] = []
        self.fields: list[Field] = []
        self.y = 34.0
        for x, y in _CORNERS:
            half = _FIDUCIAL / 2
            self.draw.fill((x - half, y - half, _FIDUCIAL, _FIDUCIAL), "#101010")
        version = f"Mẫu: {self.form.id}   Phiên bản: {self.form.version}   Số seri:"
        self.draw.fitted((24.0, SERIAL_AT[1]), version, 7.6, SERIAL_AT[0] - 26.0)

    def end(self) -> None:
        number = len(self.pages) + 1
        name = Path(f"{self.form.path.stem}-p{number}.png")
        self.pages.append(
            Page(
                number=number,
                size_mm=SIZE,
                blank=self.form.path.parent / name,
                boxes=tuple(self.boxes),
                fields=tuple(self.fields),
                fiducials_mm=_CORNERS,
                fiducial_size_mm=_FIDUCIAL,
                code=Code("qr", _CODE, "serial"),
            )
        )
        self.drawings.append(self.draw)

    def room(self, height: float) -> bool:
        """Whether ``height`` mm fit; a new page is begun where they do not."""
        if self.y + height <= _BOTTOM:
            return True
        self.end()
        self.start()
        return False

    def box(self, item: str, value: Value, place: BoxMm) -> None:
        self.boxes.append(Box(item, value, place, self.form.marks.shape))
        self.draw.outline(place, 0.3, ellipse=self.ellipse)


def lay_out(form: Instrument, look: Look, output: Path) -> Printed:
    """Lay out an instrument on A4.

    Args:
        form: Its items, marks and title are used; geometry that it has is not.
        look: What is printed besides.
        output: Where the finished instrument will stand: names the blank pictures.
    """
    form = replace(form, path=output)
    press = _Press(form, look)
    _head(press)
    _rules(press)
    facts = [item for item in form.items if not item.is_rating]
    ratings = [item for item in form.items if item.is_rating]
    for item in facts:
        _fact(press, item)
    if facts:
        press.y += 2.0
    for factor, items in _blocks(ratings):
        _block(press, factor, items)
    _fields(press)
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


def _words(text: Mapping[str, str] | None, language: str) -> str:
    return (text or {}).get(language, "")


def _head(press: _Press) -> None:
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
    title = _words(form.title, "vi") or _words(form.title, "en") or form.id
    for line in wrapped(title.upper(), 12.5, 150, "-Bold"):
        draw.text((105, y), line, 12.5, style="-Bold", anchor="center")
        y += 6.0
    english = _words(form.title, "en")
    if english and english != title:
        draw.text((105, y - 0.8), f"({english})", 7.0, style="-Oblique", anchor="center")
        y += 3.6
    press.y = y + 0.5


def _rules(press: _Press) -> None:
    draw, marks = press.draw, press.form.marks
    how, again = _HOW[marks.style], _AGAIN[marks.correction]
    if marks.style == "fill" and marks.correction == "fill":
        again = _AGAIN["strike"]
    draw.outline((_LEFT, press.y, _RIGHT - _LEFT, 16.0), 0.25)
    draw.fitted((24, press.y + 3.2), f"CÁCH TRẢ LỜI: {how[0]} {again[0]}", 7.0, 162, style="-Bold")
    draw.fitted((24, press.y + 7.6), _NEVER[0], 7.0, 162, style="-Bold")
    draw.fitted((24, press.y + 12.2), f"{how[1]} {again[1]} {_NEVER[1]}", 6.2, 162,
                style="-Oblique")  # fmt: skip
    press.y += 20.0


def _fact(press: _Press, item: Item) -> None:
    """A question of facts: its values are words beside their boxes."""
    labels = [_words(item.label(value), "vi") or str(value) for value in item.scale]
    wide = max(text_width(label, 7.0) for label in labels) + 10.0
    columns = max(1, min(len(labels), int(106.0 / wide)))
    step = 106.0 / columns
    lines = (len(labels) - 1) // columns + 1
    words = wrapped(_words(item.text, "vi") or _words(item.text, "en"), 7.4, 48.0)
    height = max(6.2 * lines, 3.4 * len(words) + 1.0)
    press.room(height)
    draw, y = press.draw, press.y
    draw.text((_LEFT, y + 2.2), item.id, 6.6, style="-Bold")
    for k, line in enumerate(words):
        draw.text((32.0, y + 2.2 + 3.4 * k), line, 7.4)
    for number, value in enumerate(item.scale):
        row, column = divmod(number, columns)
        x, top = 82.0 + column * step, y + row * 6.2
        press.box(item.id, value, (x, top, 4.2, 4.2))
        # Clear of what is looked at for ink beside a box.
        draw.fitted((x + 6.5, top + 2.1), labels[number], 7.0, step - 7.9)
    press.y += height


def _grid_of(item: Item) -> tuple[float, float]:
    """Where the first box stands, and the step to the next."""
    others = item.not_applicable is not None
    count = len(item.scale) + others
    step = 9.0 if count <= 6 else max(6.4, 60.0 / count)
    right = 166.0 if others else 176.0
    return right - _BOX - (len(item.scale) - 1) * step, step


def _block(press: _Press, factor: str | None, items: Sequence[Item]) -> None:
    missing = [item.not_applicable for item in items if item.not_applicable is not None]
    like = replace(items[0], not_applicable=missing[0]) if missing else items[0]
    x0, step = _grid_of(like)
    rows = [(_row_height(item, x0), item) for item in items]
    press.room(12.0 + rows[0][0])
    _columns(press, like, factor, x0, step, some=bool(missing))
    start = 0
    while start < len(rows):
        taken, y = start, press.y
        while taken < len(rows) and y + rows[taken][0] <= _BOTTOM:
            y += rows[taken][0]
            taken += 1
        if taken == start:
            press.room(1e3)
            _columns(press, like, factor, x0, step, some=bool(missing))
            continue
        _rows(press, rows[start:taken], x0, step)
        start = taken
    press.y += 2.5


def _columns(
    press: _Press, item: Item, factor: str | None, x0: float, step: float, *, some: bool
) -> None:
    """Name of the factor and heads of the columns."""
    draw, scale = press.draw, item.ordered_scale
    y = press.y
    levels = press.look.levels if len(press.look.levels) == len(scale) else ()
    if levels:
        words = "   ".join(f"{v} {w}" for v, w in zip(scale, levels, strict=True))
        draw.fitted((_LEFT, y + 2.0), words, 6.4, x0 - _LEFT - 4.0, style="-Oblique")
    else:
        words = f"{scale[0]} = mức thấp nhất / lowest … {scale[-1]} = mức cao nhất / highest"
        draw.fitted((_LEFT, y + 2.0), words, 6.4, x0 - _LEFT - 4.0, style="-Oblique")
    for column, value in enumerate(scale):
        middle = x0 + column * step + _BOX / 2
        draw.text((middle, y + 2.0), str(value), 8.5, style="-Bold", anchor="center")
    if some:
        middle = x0 + (len(scale) - 1) * step + 10.0 + _BOX / 2
        draw.text((middle, y + 2.0), "KC", 6.5, style="-Bold", anchor="center")
        draw.text((_RIGHT, y - 1.2), "KC: không có ý kiến / N/A", 5.0, anchor="right")
    draw.line((_LEFT - 2, y + 4.6), (_RIGHT + 2, y + 4.6), 0.25)
    press.y = y + 5.4
    named = press.form.factor_names.get(factor or "")
    if named:
        words = _words(named, "vi") or _words(named, "en")
        english = _words(named, "en")
        title = words if english in ("", words) else f"{words} ({english})"
        draw.fitted((_LEFT, press.y + 2.0), f"{factor}. {title}", 7.6, 166, style="-Bold")
        press.y += 4.6
    elif factor and len(factor) > 2:  # a letter says nothing that the items do not say
        draw.text((_LEFT, press.y + 2.0), factor, 7.6, style="-Bold")
        press.y += 4.6


def _row_height(item: Item, x0: float) -> float:
    vietnamese, english = _lines(item, x0)
    return max(_ROW, 3.3 * len(vietnamese) + 2.8 * len(english) + 1.6)


def _lines(item: Item, x0: float) -> tuple[list[str], list[str]]:
    width = x0 - 32.0 - 5.0
    vietnamese = wrapped(_words(item.text, "vi") or _words(item.text, "en"), _TEXT, width)
    english = _words(item.text, "en") if _words(item.text, "vi") else ""
    return vietnamese, wrapped(english, 5.8, width, "-Oblique")


def _rows(press: _Press, rows: Sequence[tuple[float, Item]], x0: float, step: float) -> None:
    """Rows that stand together on one patch of pattern; at one step if they fit."""
    draw, top = press.draw, press.y
    # One height for all rows of a patch keeps the boxes a grid.
    height = max(h for h, _ in rows)
    even = top + height * len(rows) <= _BOTTOM
    heights = [height if even else h for h, _ in rows]
    patch = (x0 - 3.0, top - 0.3, _RIGHT + 1.0 - x0 + 3.0, sum(heights) - 0.4)
    under = pattern_svg(press.look.pattern, patch, f"{press.form.id} {press.form.version}")
    if under is not None:
        draw.svg(patch, under)
    y = top
    for (_, item), tall in zip(rows, heights, strict=True):
        middle = y + (tall - 1.2) / 2
        vietnamese, english = _lines(item, x0)
        text = y + 1.9 + (tall - 1.6 - 3.3 * len(vietnamese) - 2.8 * len(english)) / 2
        draw.text((_LEFT, middle), item.id, 7.0, style="-Bold")
        for line in vietnamese:
            draw.text((32.0, text), line, _TEXT)
            text += 3.3
        for line in english:
            draw.text((32.0, text - 0.2), line, 5.8, style="-Oblique")
            text += 2.8
        for column, value in enumerate(item.ordered_scale):
            press.box(item.id, value, (x0 + column * step, middle - _BOX / 2, _BOX, _BOX))
        if item.not_applicable is not None:
            right = x0 + (len(item.scale) - 1) * step + 10.0
            press.box(item.id, item.not_applicable, (right, middle - _BOX / 2, _BOX, _BOX))
        draw.text((_RIGHT + 1.0, middle), item.id, 4.8, anchor="right")
        draw.fill((10.2, middle - 0.6, 3.2, 1.2))
        draw.line((_LEFT - 2, y + tall - 0.6), (_RIGHT + 2, y + tall - 0.6), 0.1)
        y += tall
    press.y = y


def _fields(press: _Press) -> None:
    wanted = press.look.fields
    if "agency" in wanted:
        press.room(9.0)
        press.draw.text((_LEFT, press.y + 4.0), "Cơ quan, tổ chức trả lời:", 7.6)
        press.draw.line((62.0, press.y + 5.6), (_RIGHT, press.y + 5.6), 0.3, dotted=True)
        press.fields.append(Field("agency", "handwriting", (61.0, press.y - 0.6, 127.0, 7.0)))
        press.y += 9.0
    if "comment" in wanted:
        press.room(30.0)
        press.draw.text((_LEFT, press.y + 2.0), "Ý kiến khác / Other comments:", 7.6, style="-Bold")
        box = (24.0, press.y + 4.5, 162.0, 24.0)
        press.draw.outline(box, 0.25)
        press.fields.append(Field("comment", "handwriting", box))
        press.y += 31.0
    if {"date", "signature", "seal"} & set(wanted):
        _signed(press)


def _signed(press: _Press) -> None:
    wanted = press.look.fields
    seal = "seal" in wanted
    height = (46.0 if seal else 31.0) if {"signature", "seal"} & set(wanted) else 8.0
    press.room(height)
    draw, y = press.draw, press.y
    if "date" in wanted:
        draw.text((24.0, y + 3.0), "Ngày / Date:", 7.6)
        draw.text((48.0, y + 3.0), "........ / ........ / 20 ........", 9.0)
        press.fields.append(Field("date", "date", (46.0, y - 0.8, 48.0, 6.6)))
    if "signature" in wanted or seal:
        head = "THỦ TRƯỞNG CƠ QUAN" if seal else "Ký tên (không bắt buộc) / Signature"
        draw.text((146.0, y + 2.0), head, 7.4, style="-Bold" if seal else "", anchor="center")
        if seal:
            draw.text((146.0, y + 5.6), "(ký, ghi rõ họ tên, đóng dấu)", 6.6, style="-Oblique",
                      anchor="center")  # fmt: skip
    if "signature" in wanted:
        box = (122.0, y + 8.0, 62.0, 32.0) if seal else (118.0, y + 4.5, 66.0, 24.0)
        if not seal:
            draw.outline(box, 0.25)
        press.fields.append(Field("signature", "signature", box))
    if seal:
        press.fields.append(Field("seal", "seal", (102.0, y + 5.0, 40.0, 40.0)))
    press.y += height

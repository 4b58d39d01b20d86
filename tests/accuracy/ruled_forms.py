"""Forms that are ruled tables: the cells themselves are the places to answer in.

Every seed draws a table of its own: how many rows and columns, how wide and high the cells, how
heavy the lines, what is printed. Four kinds: *plain*, empty cells; *numbered* and *worded*, a
number or a word is printed in each cell; *uneven*, rows of unequal height under headings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["KINDS", "PX_PER_MM", "SIZE_MM", "Floats", "Form", "Place", "blank_of", "write_form"]

Floats = NDArray[np.float32]
Place = tuple[float, float, float, float]

PX_PER_MM = 10.0
SIZE_MM = (210.0, 297.0)
KINDS = ("plain", "numbered", "worded", "uneven")
_LOWEST_MM = 225.0
_WORDS = [
    *("thái độ", "phục vụ", "cán bộ", "thời gian", "giải quyết", "hồ sơ", "đúng hẹn", "hướng dẫn"),
    *("rõ ràng", "đầy đủ", "nơi", "tiếp dân", "sạch sẽ", "dễ tìm", "kết quả", "chính xác"),
    *("phí", "lệ phí", "công khai", "thủ tục", "niêm yết", "góp ý", "của", "và"),
]
_SCALES = {
    3: ("Chưa tốt", "Được", "Tốt"),
    4: ("Kém", "Tạm", "Khá", "Tốt"),
    5: ("Rất kém", "Kém", "Tạm", "Tốt", "Rất tốt"),
}


@dataclass(frozen=True)
class Form:
    """A table drawn by a seed.

    Attributes:
        kind: Of :data:`KINDS`.
        seed: What it was drawn by.
        cells: Place of each item's cells, in mm, worst answer first.
        headings: Place of headings between rows.
        inside: What is printed in the cells: nothing, ``number``, ``corner`` or ``word``.
        rule_mm: Width of the lines.
        correction: How a wrong mark is taken back.
        comment: Where words are written.
        signature: Where the sheet is signed.
    """

    kind: str
    seed: int
    cells: tuple[tuple[Place, ...], ...]
    headings: tuple[Place, ...]
    inside: str
    rule_mm: float
    correction: str
    comment: Place
    signature: Place

    @staticmethod
    def of(kind: str, seed: int) -> Form:
        """The form of a kind that a seed draws."""
        chance = np.random.default_rng([seed, 61, KINDS.index(kind)])
        values = int(chance.choice([3, 4, 5, 5, 5]))
        width = float(chance.uniform(12.0, min(20.0, 100.0 / values)))
        height = float(chance.uniform(7.0, 12.0))
        right, y = float(chance.uniform(190.0, 197.0)), float(chance.uniform(68.0, 84.0))
        left = right - values * width
        rows: list[tuple[Place, ...]] = []
        headings: list[Place] = []
        wanted = int(chance.integers(11, 17))
        while len(rows) < wanted and y < _LOWEST_MM - 13.0:
            if kind == "uneven":
                if len(rows) % 5 == 0:
                    headings.append((14.0, y, right - 14.0, 7.0))
                    y += 7.0
                height = float(chance.choice([7.0, 8.0, 9.5, 12.0]))
            rows.append(tuple((left + v * width, y, width, height) for v in range(values)))
            y += height
        number = str(chance.choice(["number", "corner"]))
        inside = {"numbered": number, "worded": "word"}.get(kind, "")
        return Form(
            kind=kind,
            seed=seed,
            cells=tuple(rows),
            headings=tuple(headings),
            inside=inside,
            rule_mm=float(chance.uniform(0.2, 0.5)),
            correction=str(chance.choice(["circle", "strike"])),
            comment=(20.0, y + 9.0, 170.0, 20.0),
            signature=(130.0, y + 38.0, 60.0, 20.0),
        )

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the rows."""
        return tuple(f"R{k + 1}" for k in range(len(self.cells)))

    @property
    def values(self) -> int:
        """How many answers a row offers."""
        return len(self.cells[0])


@lru_cache(maxsize=8)
def _font(size_mm: float, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / name
    return ImageFont.truetype(str(path), round(size_mm * PX_PER_MM))


class _Sheet:
    """Pillow in millimetres."""

    def __init__(self) -> None:
        self.picture = Image.new("L", tuple(round(side * PX_PER_MM) for side in SIZE_MM), 255)
        self.draw = ImageDraw.Draw(self.picture)

    def write(
        self, x: float, y: float, text: str, size: float, *, bold: bool = False, anchor: str = "la"
    ) -> None:
        at = (x * PX_PER_MM, y * PX_PER_MM)
        self.draw.text(at, text, font=_font(round(size, 1), bold=bold), fill=0, anchor=anchor)

    def frame(self, place: Place, rule: float) -> None:
        """Lines on the four sides of a place, their middle on its edge."""
        x, y, w, h = place
        half = rule / 2
        for a, b, c, d in (
            (x - half, y - half, x + w + half, y + half),
            (x - half, y + h - half, x + w + half, y + h + half),
            (x - half, y - half, x + half, y + h + half),
            (x + w - half, y - half, x + w + half, y + h + half),
        ):
            edges = tuple(round(v * PX_PER_MM) for v in (a, b, c, d))
            self.draw.rectangle((edges[0], edges[1], edges[2] - 1, edges[3] - 1), fill=0)


@lru_cache(maxsize=4)
def blank_of(form: Form) -> Floats:
    """The printed form, 0 black to 1 white."""
    chance, sheet = np.random.default_rng([form.seed, 62]), _Sheet()
    sheet.write(105, 22, "PHIẾU LẤY Ý KIẾN NGƯỜI DÂN", 5.4, bold=True, anchor="ma")
    take_back = {
        "circle": "Đánh dấu nhầm: khoanh tròn dấu đó và đánh dấu ô khác.",
        "strike": "Đánh dấu nhầm: gạch ngang dấu đó và đánh dấu ô khác.",
    }[form.correction]
    sheet.write(20, 34, "Xin Ông/Bà đánh dấu vào một ô ở mỗi dòng. " + take_back, 3.0)
    sheet.write(20, 41, "Đơn vị: ………………………………………   Ngày …… tháng …… năm ………", 3.2)
    first = form.cells[0]
    top = min([first[0][1], *(h[1] for h in form.headings[:1])])
    for v, (cell, label) in enumerate(zip(first, _SCALES[form.values], strict=True)):
        sheet.frame((cell[0], top - 9.0, cell[2], 9.0), form.rule_mm)
        text = f"{v + 1}" if form.inside == "word" else label
        sheet.write(cell[0] + cell[2] / 2, top - 4.5, text, 2.6, anchor="mm")
    sheet.frame((14.0, top - 9.0, first[0][0] - 14.0, 9.0), form.rule_mm)
    sheet.write(30, top - 4.5, "Nội dung", 3.0, bold=True, anchor="lm")
    for k, heading in enumerate(form.headings):
        sheet.frame(heading, form.rule_mm)
        words = " ".join(chance.choice(_WORDS, 5))
        sheet.write(17, heading[1] + 3.5, f"{'ABCDEF'[k]}. {words}", 3.0, bold=True, anchor="lm")
    for k, row in enumerate(form.cells):
        left, y, _, height = row[0]
        sheet.frame((14.0, y, 9.0, height), form.rule_mm)
        sheet.frame((23.0, y, left - 23.0, height), form.rule_mm)
        sheet.write(18.5, y + height / 2, str(k + 1), 3.0, anchor="mm")
        room = max(3, int((left - 27.0) / 13.0))
        lines = 2 if height >= 9.5 and chance.random() < 0.6 else 1
        for line in range(lines):
            words = " ".join(chance.choice(_WORDS, room))
            sheet.write(25, y + height * (line + 1) / (lines + 1), words, 2.8, anchor="lm")
        for v, cell in enumerate(row):
            sheet.frame(cell, form.rule_mm)
            _inside(sheet, form, v, cell)
    x, y, w, h = form.comment
    sheet.write(x, y - 5.0, "Ý kiến khác:", 3.2)
    for k in range(3):
        sheet.frame((x, y + h * (k + 1) / 3, w, 0.0), 0.15)
    sheet.write(form.signature[0] + 30, form.signature[1] - 5, "Người cho ý kiến", 3.2, anchor="ma")
    return np.asarray(sheet.picture, np.float32) / 255.0


def _inside(sheet: _Sheet, form: Form, value: int, cell: Place) -> None:
    x, y, w, h = cell
    if form.inside == "number":
        sheet.write(x + w / 2, y + h / 2, str(value + 1), 3.4, anchor="mm")
    elif form.inside == "corner":
        sheet.write(x + 0.8, y + 0.7, str(value + 1), 2.0)
    elif form.inside == "word":
        sheet.write(x + w / 2, y + h / 2, _SCALES[form.values][value], 2.4, anchor="mm")


def write_form(form: Form, folder: Path) -> Path:
    """Instrument file and blank page."""
    name = f"{form.kind}-{form.seed}"
    cv2.imwrite(str(folder / f"{name}.png"), (blank_of(form) * 255).astype(np.uint8))
    values = list(range(1, form.values + 1))
    lines = [f'id = "{name}"', 'version = "1"', 'title = { vi = "Phiếu kẻ bảng" }']
    for item in form.items:
        lines += ["[[item]]", f'id = "{item}"', f"scale = {values}"]
    lines += ["[marks]", 'shape = "box"', 'style = "any"', f'correction = "{form.correction}"']
    lines += ["[[page]]", "number = 1", f"size_mm = {list(SIZE_MM)}", f'blank = "{name}.png"']
    for item, row in zip(form.items, form.cells, strict=True):
        for value, cell in zip(values, row, strict=True):
            box = [round(v, 3) for v in cell]
            lines += ["[[page.box]]", f'item = "{item}"', f"value = {value}", f"box_mm = {box}"]
    for kind, place in (("handwriting", form.comment), ("signature", form.signature)):
        box = [round(v, 3) for v in place]
        lines += ["[[page.field]]", f'id = "{kind}"', f'kind = "{kind}"', f"box_mm = {box}"]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

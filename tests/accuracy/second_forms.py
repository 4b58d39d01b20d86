"""Forms of the second maker: drawn with Pillow, a grid of boxes and a place to sign."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = [
    "DPI",
    "FORMS",
    "PX_PER_MM",
    "SIZE_MM",
    "Floats",
    "Form",
    "Place",
    "blank_of",
    "write_form",
]

Floats = NDArray[np.float32]
Place = tuple[float, float, float, float]

DPI = 300
PX_PER_MM = DPI / 25.4
SIZE_MM = (210.0, 297.0)
_WORDS = [
    "the",
    "staff",
    "office",
    "answer",
    "waiting",
    "time",
    "clear",
    "polite",
    "form",
    "fee",
    "result",
    "desk",
    "room",
]


@dataclass(frozen=True)
class Form:
    """A grid of boxes, ``items`` by ``values``, with a place to sign."""

    name: str
    items: int
    values: int
    first: tuple[float, float]
    pitch: tuple[float, float]
    box: tuple[float, float]
    shape: str
    style: str
    field: Place = (120.0, 240.0, 70.0, 25.0)

    def place(self, item: int, value: int) -> Place:
        """Box of an item and a value, both from 0, in mm."""
        x = self.first[0] + value * self.pitch[0]
        return (x, self.first[1] + item * self.pitch[1], *self.box)


FORMS = {
    "squares": Form("squares", 14, 5, (128, 62), (13.5, 11), (4.6, 4.6), "box", "cross"),
    "ovals": Form("ovals", 18, 4, (120, 50), (17, 9.4), (6.0, 3.6), "ellipse", "fill"),
}


def _font(size_mm: float, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    name = "DejaVuSerif-Bold.ttf" if bold else "DejaVuSerif.ttf"
    return ImageFont.truetype(str(folder / name), round(size_mm * PX_PER_MM))


@cache
def blank_of(name: str) -> Floats:
    """Printed form at 300 dpi, 0 black to 1 white."""
    form, chance = FORMS[name], np.random.default_rng(sum(name.encode()))
    size = (round(SIZE_MM[0] * PX_PER_MM), round(SIZE_MM[1] * PX_PER_MM))
    picture = Image.new("L", size, 255)
    draw = ImageDraw.Draw(picture)
    draw.text(
        (20 * PX_PER_MM, 16 * PX_PER_MM),
        f"Survey of services: {name}",
        font=_font(6, bold=True),
        fill=0,
    )
    for k in range(3):
        line = " ".join(chance.choice(_WORDS, 12))
        draw.text((20 * PX_PER_MM, (27 + 5 * k) * PX_PER_MM), line, font=_font(3.2), fill=0)
    for item in range(form.items):
        y = form.first[1] + item * form.pitch[1]
        words = " ".join(chance.choice(_WORDS, 7))
        draw.text(
            (18 * PX_PER_MM, (y + 0.2) * PX_PER_MM), f"{item + 1}. {words}", font=_font(3.4), fill=0
        )
        rule = (y + form.pitch[1] - 2.0) * PX_PER_MM
        draw.line([(16 * PX_PER_MM, rule), (196 * PX_PER_MM, rule)], fill=90, width=2)
        for value in range(form.values):
            x, top, w, h = (v * PX_PER_MM for v in form.place(item, value))
            edge = (x, top, x + w, top + h)
            if form.shape == "ellipse":
                draw.ellipse(edge, outline=0, width=3)
            else:
                draw.rectangle(edge, outline=0, width=3)
    for value in range(form.values):
        x = form.place(0, value)[0]
        draw.text(
            ((x + 1) * PX_PER_MM, (form.first[1] - 7) * PX_PER_MM),
            str(value + 1),
            font=_font(3.6),
            fill=0,
        )
    x, y, w, h = form.field
    draw.text((x * PX_PER_MM, (y - 5) * PX_PER_MM), "Signature", font=_font(3.2), fill=0)
    draw.line(
        [(x * PX_PER_MM, (y + h) * PX_PER_MM), ((x + w) * PX_PER_MM, (y + h) * PX_PER_MM)],
        fill=0,
        width=2,
    )
    return np.asarray(picture, np.float32) / 255.0


def write_form(name: str, folder: Path) -> Path:
    """Instrument file and blank page."""
    form = FORMS[name]
    blank = (blank_of(name) * 255).astype(np.uint8)
    cv2.imwrite(str(folder / f"{name}.png"), blank)
    values = list(range(1, form.values + 1))
    items = [f"Q{k + 1}" for k in range(form.items)]
    lines = [f'id = "{name}"', 'version = "1"', 'title = { en = "Second form" }']
    for item in items:
        lines += ["[[item]]", f'id = "{item}"', f"scale = {values}"]
    lines += [
        "[marks]",
        f'shape = "{form.shape}"',
        f'style = "{form.style}"',
        'correction = "none"',
    ]
    lines += ["[[page]]", "number = 1", f"size_mm = {list(SIZE_MM)}", f'blank = "{name}.png"']
    lines += ["[[page.grid]]", f"items = {items}".replace("'", '"'), f"values = {values}"]
    lines += [f"first_box_mm = {[*form.first, *form.box]}", f"pitch_mm = {list(form.pitch)}"]
    lines += ["[[page.field]]", 'id = "signature"', 'kind = "signature"']
    lines += [f"box_mm = {list(form.field)}"]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

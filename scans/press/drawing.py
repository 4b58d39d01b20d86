"""Print in millimetres, gathered as typst source and set as a vector PDF.

Typst embeds the fonts and keeps text as text; the layout is ours, so that the geometry of
the instrument is what was drawn and not what a typesetter decided.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from detectors.instrument import BoxMm

__all__ = ["Drawing", "set_pdf", "text_width", "wrapped"]

Point = tuple[float, float]
_INK = "#221f21"
_STYLES = {
    "": ("regular", "normal"),
    "-Bold": ("bold", "normal"),
    "-Oblique": ("regular", "oblique"),
}
_HEAD = """#set page(width: {w}mm, height: {h}mm, margin: 0mm, fill: {fill})
#set document(title: {title}, date: none)
#set text(font: "DejaVu Sans", fill: rgb("{ink}"), hyphenate: false)
#set text(top-edge: "cap-height", bottom-edge: "baseline")
#let t(x, y, size, body, at: left, weight: "regular", style: "normal", fill: rgb("{ink}")) = {{
  let wide = 400mm
  let back = if at == left {{ 0mm }} else if at == center {{ wide / 2 }} else {{ wide }}
  place(top + left, dx: x * 1mm - back, dy: y * 1mm - 20mm,
    block(width: wide, height: 40mm, align(at + horizon,
      text(size: size * 1pt, weight: weight, style: style, fill: fill, body))))
}}
#let at(x, y, body) = place(top + left, dx: x * 1mm, dy: y * 1mm, body)
"""


@lru_cache(maxsize=16)
def _face(style: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_fonts() / f"DejaVuSans{style}.ttf"), 1000)


def _fonts() -> Path:
    from matplotlib import get_data_path  # only for the path of its fonts; slow to import

    return Path(get_data_path()) / "fonts" / "ttf"


def text_width(text: str, points: float, style: str = "") -> float:
    """Width of a line in mm."""
    return float(_face(style).getlength(text)) / 1000 * points * 25.4 / 72


def wrapped(text: str, points: float, width: float, style: str = "") -> list[str]:
    """A text as lines no wider than ``width`` mm; a word that is wider stands alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", points, style) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


class Drawing:
    """One page under the press; places in mm from its top-left corner."""

    def __init__(self) -> None:
        """A bare page."""
        self._lines: list[str] = []

    def text(
        self,
        at: Point,
        text: str,
        points: float,
        *,
        style: str = "",
        anchor: str = "left",
        colour: str = _INK,
    ) -> None:
        """A line; ``anchor`` is left, center or right of ``at``, whose height is its middle."""
        weight, slant = _STYLES[style]
        self._lines.append(
            f"#t({at[0]:.3f}, {at[1]:.3f}, {points:.2f}, {quoted(text)}, at: {anchor}, "
            f'weight: "{weight}", style: "{slant}", fill: rgb("{colour}"))'
        )

    def fitted(self, at: Point, text: str, points: float, width: float, *, style: str = "") -> None:
        """A line, in smaller letters where it would be wider than ``width`` mm."""
        wide = text_width(text, points, style)
        self.text(at, text, points * min(1.0, width / max(wide, 1e-6)), style=style)

    def line(self, start: Point, end: Point, width: float = 0.2, *, dotted: bool = False) -> None:
        """A straight line, ``width`` in mm."""
        dash = ', dash: (0mm, 1.15mm), cap: "round"' if dotted else ""
        dx, dy = end[0] - start[0], end[1] - start[1]
        self._lines.append(
            f"#at({start[0]:.3f}, {start[1]:.3f}, line(end: ({dx:.3f}mm, {dy:.3f}mm), "
            f'stroke: (paint: rgb("{_INK}"), thickness: {width:.3f}mm{dash})))'
        )

    def outline(self, box: BoxMm, width: float = 0.3, *, ellipse: bool = False) -> None:
        """The outline of a rectangle or ellipse; the line lies inside ``box``."""
        x, y, w, h = box
        shape = "ellipse" if ellipse else "rect"
        self._lines.append(
            f"#at({x + width / 2:.3f}, {y + width / 2:.3f}, {shape}(width: {w - width:.3f}mm, "
            f'height: {h - width:.3f}mm, stroke: {width:.3f}mm + rgb("{_INK}")))'
        )

    def fill(self, box: BoxMm, colour: str = _INK) -> None:
        """A filled rectangle."""
        x, y, w, h = box
        self._lines.append(
            f"#at({x:.3f}, {y:.3f}, rect(width: {w:.3f}mm, height: {h:.3f}mm, "
            f'fill: rgb("{colour}"), stroke: none))'
        )

    def svg(self, box: BoxMm, picture: str) -> None:
        """A vector picture stretched over ``box``."""
        x, y, w, h = box
        self._lines.append(
            f'#at({x:.3f}, {y:.3f}, image(bytes({quoted(picture)}), format: "svg", '
            f'width: {w:.3f}mm, height: {h:.3f}mm, fit: "stretch"))'
        )

    def source(self) -> str:
        """Typst source of the page's content."""
        return "\n".join(self._lines)


def quoted(text: str) -> str:
    """A string of typst: control characters have no place in print."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    return json.dumps(clean, ensure_ascii=False)


def set_pdf(
    pages: list[Drawing], size_mm: Point, title: str, *, transparent: bool = False
) -> bytes:
    """A PDF of the pages; the same pages give the same bytes.

    Args:
        pages: In order.
        size_mm: Width and height of all of them.
        title: Of the document.
        transparent: No white ground, for laying over other pages.
    """
    import typst

    fill = "none" if transparent else "white"
    head = _HEAD.format(w=size_mm[0], h=size_mm[1], fill=fill, title=quoted(title), ink=_INK)
    body = "\n#pagebreak()\n".join(page.source() or "#at(0, 0, [])" for page in pages)
    faces = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[_fonts()]
    )
    compiler = typst.Compiler((head + body).encode(), font_paths=faces, ignore_system_fonts=True)
    made = compiler.compile(format="pdf", timestamp=0, pdf_tags=False)
    assert isinstance(made, bytes)
    return made


def rendered(pdf: bytes, page: int, dpi: int) -> NDArray[np.uint8]:
    """A page of a PDF as uint8 ``(height, width, 3)`` BGR; ``page`` from 0."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        picture = document[page].render(scale=dpi / 72.0, rev_byteorder=False)
        return np.array(picture.to_numpy()[:, :, :3], dtype=np.uint8)
    finally:
        document.close()

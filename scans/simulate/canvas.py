"""Drawing print in millimetres: what a laser printer puts on the blank form."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from detectors.instrument import BoxMm

__all__ = ["DPI", "INK", "Canvas", "font", "page_pixels"]

DPI = 300
_OVERSAMPLING = 2
INK = (34, 32, 33)  # toner is not quite black
Colour = tuple[int, int, int]


def page_pixels(size_mm: tuple[float, float], dpi: float = DPI) -> tuple[int, int]:
    """Width and height of a page in whole pixels."""
    return round(size_mm[0] * dpi / 25.4), round(size_mm[1] * dpi / 25.4)


@lru_cache(maxsize=64)
def font(style: str, pixels: int) -> ImageFont.FreeTypeFont:
    """DejaVu, which covers Vietnamese, as matplotlib ships it; no system font is needed.

    Args:
        style: Tail of the file name, e.g. ``Sans``, ``Sans-Bold``, ``SansMono-Bold``.
        pixels: Size of the em square.
    """
    from matplotlib import get_data_path  # only for the path of its fonts; slow to import

    path = Path(get_data_path()) / "fonts" / "ttf" / f"DejaVu{style}.ttf"
    return ImageFont.truetype(str(path), pixels)


class Canvas:
    """A page in the printer, drawn at twice the resolution of the blank.

    All places are in mm from the page's top-left corner.
    """

    def __init__(self, size_mm: tuple[float, float]) -> None:
        """Start with white paper."""
        self.size_mm = size_mm
        width, height = page_pixels(size_mm)
        self._pixels = (width, height)
        self._image = Image.new(
            "RGB", (width * _OVERSAMPLING, height * _OVERSAMPLING), (255, 255, 255)
        )
        self._draw = ImageDraw.Draw(self._image)
        self._sx = width * _OVERSAMPLING / size_mm[0]
        self._sy = height * _OVERSAMPLING / size_mm[1]

    def _xy(self, x: float, y: float) -> tuple[float, float]:
        return x * self._sx, y * self._sy

    def text(
        self,
        at: tuple[float, float],
        text: str,
        points: float,
        *,
        style: str = "Sans",
        anchor: str = "lm",
        colour: Colour = INK,
    ) -> float:
        """Print a line of text; ``anchor`` as in Pillow. Returns its width in mm."""
        face = font(style, round(points * 25.4 / 72 * self._sy))
        self._draw.text(self._xy(*at), text, font=face, anchor=anchor, fill=colour)
        return float(face.getlength(text)) / self._sx

    def fitted(
        self, at: tuple[float, float], text: str, points: float, width: float, style: str = "Sans"
    ) -> None:
        """Print a line of text, smaller if it would be wider than ``width`` mm."""
        face = font(style, round(points * 25.4 / 72 * self._sy))
        length = float(face.getlength(text)) / self._sx
        self.text(at, text, points * min(1.0, width / max(length, 1e-6)), style=style)

    def line(
        self, start: tuple[float, float], end: tuple[float, float], width: float = 0.2
    ) -> None:
        """A straight line, ``width`` in mm."""
        points = [self._xy(*start), self._xy(*end)]
        self._draw.line(points, fill=INK, width=max(1, round(width * self._sx)))

    def dotted(self, start: tuple[float, float], length: float, step: float = 1.1) -> None:
        """A dotted line to write on, to the right of ``start``."""
        radius = 0.16
        for x in np.arange(start[0], start[0] + length, step):
            self.disc((float(x), start[1]), radius)

    def disc(self, centre: tuple[float, float], radius: float, colour: Colour = INK) -> None:
        """A filled disc."""
        x, y = self._xy(*centre)
        r = radius * self._sx
        self._draw.ellipse([x - r, y - r, x + r, y + r], fill=colour)

    def fill(self, box: BoxMm, colour: Colour = INK) -> None:
        """A filled rectangle."""
        left, top = self._xy(box[0], box[1])
        right, bottom = self._xy(box[0] + box[2], box[1] + box[3])
        corners = [round(left), round(top), round(right) - 1, round(bottom) - 1]
        self._draw.rectangle(corners, fill=colour)

    def outline(self, box: BoxMm, line: float = 0.3, *, ellipse: bool = False) -> None:
        """The outline of a rectangle or ellipse; the line lies inside ``box``."""
        left, top = self._xy(box[0], box[1])
        right, bottom = self._xy(box[0] + box[2], box[1] + box[3])
        corners = [round(left), round(top), round(right) - 1, round(bottom) - 1]
        draw = self._draw.ellipse if ellipse else self._draw.rectangle
        draw(corners, outline=INK, width=max(1, round(line * self._sx)))

    def guilloche(self, box: BoxMm, colour: Colour = (203, 222, 232)) -> None:
        """A light pattern of waves and microdots, which erasing breaks and pasting shifts."""
        x0, y0, width, height = box
        xs = np.linspace(x0, x0 + width, int(width * 3))
        for number, base in enumerate(np.arange(y0 + 0.8, y0 + height - 0.8, 1.6)):
            wave = base + 0.7 * np.sin(xs / 3.1 + number * 0.55) * np.sin(xs / 11.0 + number * 0.21)
            inside = np.clip(wave, y0, y0 + height)
            points = [self._xy(float(x), float(y)) for x, y in zip(xs, inside, strict=True)]
            self._draw.line(points, fill=colour, width=2)
        for y in np.arange(y0 + 1.6, y0 + height, 3.2):
            for x in np.arange(x0 + 1.2, x0 + width, 3.2):
                self.disc((float(x), float(y)), 0.14, colour)

    def to_array(self) -> NDArray[np.uint8]:
        """The printed page, uint8 ``(height, width, 3)`` BGR at 300 dpi."""
        rgb = np.asarray(self._image, dtype=np.uint8)
        small = cv2.resize(rgb, self._pixels, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), dtype=np.uint8)

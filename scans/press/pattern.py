"""The print under the answer boxes: fine waves, or letters too small for an office copier.

Whoever rubs, scrapes, covers or glues over a box breaks them. They are light, so that a mark
stands out and a 1-bit scan drops them, and they differ along the sheet, so that a strip from
another row does not fit. :mod:`scans.measure.light_print` holds them against the blank.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

import numpy as np

from detectors.instrument import BoxMm
from scans.press.drawing import text_width

__all__ = ["KINDS", "guilloche", "microtext", "pattern_svg"]

KINDS = ("guilloche", "microtext", "none")
COLOUR = "#c3d8e4"
_STEP_MM = 1.1  # from wave to wave
_LINE_MM = 0.13
# Capitals of 0.55 mm: clear under a glass on a printer of 600 dpi, a grey thread on a copy.
_LETTER_MM, _LEADING_MM = 0.75, 1.0
_LETTER_COLOUR = "#a9c4d4"


def guilloche(box: BoxMm, colour: str = COLOUR, line_mm: float = _LINE_MM) -> str:
    """Waves over a region as an SVG of the same size.

    Args:
        box: In mm on the page: the phase follows the place, so no two rows are the same.
        colour: Of the lines.
        line_mm: Their width.
    """
    x0, y0, width, height = box
    xs = np.linspace(0.0, width, max(8, int(width * 2.5)))
    paths = []
    for number, base in enumerate(np.arange(0.5, height - 0.2, _STEP_MM)):
        across = xs + x0
        lead = y0 + base
        wave = base + 0.55 * np.sin(across / 2.3 + lead * 0.83) * np.cos(across / 9.0 + lead * 0.31)
        if number % 2:
            wave = base + 0.55 * np.cos(across / 2.9 - lead * 0.61)
        wave = np.clip(wave, 0.1, height - 0.1)
        points = " ".join(f"{x:.2f},{y:.2f}" for x, y in zip(xs, wave, strict=True))
        paths.append(f'<polyline points="{points}"/>')
    return _svg(
        width,
        height,
        f'<g fill="none" stroke="{colour}" stroke-width="{line_mm}">{"".join(paths)}</g>',
    )


def microtext(box: BoxMm, words: str, colour: str = _LETTER_COLOUR) -> str:
    """Lines of tiny letters over a region as an SVG of the same size.

    Args:
        box: In mm on the page: each line begins elsewhere, so no two rows are the same.
        words: What is repeated, e.g. the form's name and version.
        colour: Of the letters.
    """
    x0, y0, width, height = box
    once = f"{words} · KHÔNG TẨY XÓA · "
    wide = text_width(once, _LETTER_MM * 72 / 25.4)
    line = escape(once * (int(width / wide) + 2))
    rows = []
    for base in np.arange(0.8, height - 0.05, _LEADING_MM):
        back = (0.37 * x0 + 2.9 * (y0 + base)) % wide
        rows.append(f'<text x="{-back:.2f}" y="{base:.2f}">{line}</text>')
    style = f'font-size="{_LETTER_MM}" font-family="DejaVu Sans" fill="{colour}"'
    return _svg(width, height, f"<g {style}>{''.join(rows)}</g>")


def pattern_svg(kind: str, box: BoxMm, words: str) -> str | None:
    """The pattern of a name of :data:`KINDS` over a region; ``None`` for ``none``."""
    if kind == "guilloche":
        return guilloche(box)
    return microtext(box, words) if kind == "microtext" else None


def _svg(width: float, height: float, inside: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.2f} {height:.2f}" '
        f'preserveAspectRatio="none">{inside}</svg>'
    )

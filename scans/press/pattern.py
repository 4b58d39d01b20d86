"""The print under the answer boxes: fine waves and lines of letters too small to copy.

Whoever rubs, scrapes, bleaches, covers or glues over a box breaks the waves. They are light,
so that a mark stands out and a 1-bit scan drops them, and they differ along the sheet, so
that a strip from another row does not fit.
"""

from __future__ import annotations

import numpy as np

from detectors.instrument import BoxMm

__all__ = ["KINDS", "guilloche"]

KINDS = ("guilloche", "none")
COLOUR = "#c3d8e4"
_STEP_MM = 1.1  # from wave to wave
_LINE_MM = 0.13


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
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.2f} {height:.2f}" '
        f'preserveAspectRatio="none"><g fill="none" stroke="{colour}" '
        f'stroke-width="{line_mm}">{"".join(paths)}</g></svg>'
    )

"""Pieces of a chart as SVG text: lines, words, scales and the frame around them.

Numbers are written with two decimals at most and ids come from the content, so the same
chart is the same text every time and many charts can stand on one page.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from reports.clean import printable

__all__ = [
    "GRID",
    "INK",
    "MAIN",
    "PALE",
    "SOFT",
    "WARN",
    "WIDTH",
    "Percent",
    "Scale",
    "axis",
    "ceiling",
    "diamond",
    "frame",
    "grid",
    "label",
    "line",
    "num",
    "rect",
    "scale",
    "sizes",
    "text",
    "ticks",
]

Percent = Callable[[float], str]
"""Writes a share in [0, 1] on an axis."""

Scale = Callable[[float], float]
"""Value to position."""

INK, SOFT, GRID = "#1d2b36", "#586874", "#d5dce1"
MAIN, PALE, WARN = "#1f5673", "#c9dbe5", "#9a3b1b"
WIDTH = 680.0
"""Width of every chart in its own units; it is scaled to the page."""


def frame(parts: Sequence[str], height: float, title: str, describe: str) -> Markup:
    """Wrap the parts; ids come from the content, so that a page holds many charts."""
    body = "".join(parts)
    heading, description = _words(title), _words(describe)
    key = "c" + hashlib.sha256(f"{heading}|{description}|{body}".encode()).hexdigest()[:10]
    body = body.replace("#hatch", f"#{key}h")
    hatch = (
        f'<defs><pattern id="{key}h" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<path d="M0 6L6 0" stroke="{SOFT}" stroke-width="1.2"/></pattern></defs>'
        if f"#{key}h" in body
        else ""
    )
    return Markup(
        f'<svg class="chart" role="img" viewBox="0 0 {num(WIDTH)} {num(height)}" '
        f'aria-labelledby="{key}t {key}d" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{key}t">{heading}</title><desc id="{key}d">{description}</desc>'
        f"{hatch}{body}</svg>"
    )


def axis(values: Sequence[float]) -> tuple[float, float]:
    """Round ends around shares in [0, 1], at least two points wide."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    step = _step(max(high - low, 0.02))
    low, high = math.floor(low / step - 1e-9) * step, math.ceil(high / step + 1e-9) * step
    return max(0.0, low), min(1.0, max(high, low + 2 * step))


def _step(span: float) -> float:
    return next((s for s in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if span / s <= 6), 0.25)


def ceiling(value: float) -> float:
    """Round upper end of an axis of rates that starts at zero."""
    return next((c for c in (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5) if value <= c), 1.0)


def ticks(low: float, high: float) -> list[float]:
    """Round values between the ends of an axis."""
    step = _step(high - low)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def sizes(low: int, high: int) -> list[int]:
    """Round numbers of forms for a logarithmic axis."""
    series = [f * 10**e for e in range(8) for f in (1, 2, 5)]
    return [s for s in series if low / 1.25 <= s <= high * 1.25]


def scale(low: float, high: float, first: float, last: float) -> Scale:
    """Linear scale from ``[low, high]`` to ``[first, last]``."""
    span = (high - low) or 1.0
    return lambda value: first + (last - first) * (value - low) / span


def grid(
    low: float, high: float, x: Scale, top: float, bottom: float, percent: Percent
) -> list[str]:
    """Vertical lines with the value of each below."""
    return [
        line(x(v), top, x(v), bottom, GRID, 1) + text(x(v), bottom + 17, percent(v), "middle")
        for v in ticks(low, high)
    ]


def line(
    x1: float, y1: float, x2: float, y2: float, stroke: str, width: float, dash: str = ""
) -> str:
    """A straight line."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{num(x1)}" y1="{num(y1)}" x2="{num(x2)}" y2="{num(y2)}" '
        f'stroke="{stroke}" stroke-width="{num(width)}"{dashes}/>'
    )


def rect(
    x: float, y: float, width: float, height: float, fill: str, stroke: str | None = None
) -> str:
    """A filled rectangle."""
    edge = f' stroke="{stroke}"' if stroke else ""
    return (
        f'<rect x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}" '
        f'fill="{fill}"{edge}/>'
    )


def diamond(x: float, y: float, r: float) -> str:
    """A hollow diamond of half-width ``r``."""
    return (
        f'<path d="M{num(x)} {num(y - r)}L{num(x + r)} {num(y)}'
        f'L{num(x)} {num(y + r)}L{num(x - r)} {num(y)}Z" '
        f'fill="#fff" stroke="{INK}" stroke-width="1.8"/>'
    )


def text(
    x: float, y: float, words: str, anchor: str = "start", fill: str = INK, size: float = 12.5
) -> str:
    """Words, cleaned and escaped."""
    return (
        f'<text x="{num(x)}" y="{num(y)}" text-anchor="{anchor}" font-size="{num(size)}" '
        f'fill="{fill}">{_words(words)}</text>'
    )


def _words(text: str) -> str:
    return str(escape(printable(text)))


def label(x: float, y: float, words: str, most: int = 34) -> str:
    """Words that end at ``x``, on two lines where one is too short for them."""
    words = printable(words)
    if len(words) <= most:
        return text(x, y, words, "end")
    cut = words.rfind(" ", 0, most)
    cut = cut if cut > 0 else most
    rest = words[cut:].strip()
    rest = rest if len(rest) <= most else rest[: most - 1].rstrip() + "…"
    return text(x, y - 6, words[:cut], "end", size=11.5) + text(x, y + 7, rest, "end", size=11.5)


def num(value: float) -> str:
    """A coordinate with two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")

"""How people put a mark in a box, and how they take it back.

The kinds span what real crops show: crosses, ticks, fills, single lines in every
direction, marks that hardly touch the box.
"""

from __future__ import annotations

import numpy as np

from detectors.instrument import Box
from scans.simulate.strokes import Stroke
from scans.simulate.writer import Writer

__all__ = ["MARK_KINDS", "cancel", "mark"]

MARK_KINDS: tuple[str, ...] = (
    *("cross", "tick", "fill", "scribble", "diagonal", "horizontal", "vertical"),
    *("partial", "dot", "edge"),
)
_Points = list[tuple[float, float]]


def mark(box: Box, kind: str, writer: Writer, rng: np.random.Generator) -> list[Stroke]:
    """Strokes of one mark of a kind in a box, by a writer."""
    lines = _SHAPES[kind](writer, rng)
    if box.shape == "ellipse" and kind in ("fill", "scribble", "partial"):
        lines = [[(x * (1 - 0.62 * min(abs(y), 1.0) ** 2), y) for x, y in line] for line in lines]
    return _place(lines, box, writer, rng)


def cancel(box: Box, how: str, writer: Writer, rng: np.random.Generator) -> list[Stroke]:
    """Strokes that take a mark back as the form allows: ``circle``, ``fill`` or ``strike``."""
    if how == "circle":
        return _place([_circle(writer, rng)], box, writer, rng, wander=0.06)
    if how == "fill":
        dense = [_zigzag(rng, 1.0, 11, lean) for lean in (0.25, -0.3)]
        return _place([*dense, _zigzag(rng, 0.92, 9, 0.1)], box, writer, rng, pressure=1.12)
    lines = []
    for number in range(int(rng.integers(1, 4))):
        y = rng.normal(0.1 * number - 0.1, 0.22)
        reach = rng.uniform(1.4, 1.9)
        lines.append(
            [(-reach, y + rng.normal(0, 0.15)), (0.0, y), (reach, y - rng.normal(0.1, 0.15))]
        )
    return _place(lines, box, writer, rng)


def _place(
    lines: list[_Points],
    box: Box,
    writer: Writer,
    rng: np.random.Generator,
    *,
    wander: float | None = None,
    pressure: float = 1.0,
) -> list[Stroke]:
    """Lay lines given in half-box units over a box, off centre as the writer is."""
    x, y, width, height = box.box_mm
    spread = writer.aim if wander is None else wander
    cx = x + width / 2 + rng.normal(0, spread) * width
    cy = y + height / 2 + rng.normal(0, spread) * height
    size = writer.size * rng.normal(1, 0.08)
    strokes = []
    for line in lines:
        points = np.array(line) * size
        points[:, 0] -= writer.slant * points[:, 1]
        points = points * np.array([width / 2, height / 2]) + np.array([cx, cy])
        points += rng.normal(0, 0.025 * width, points.shape)
        strokes.append(writer.stroke(points, rng, pressure=pressure))
    return strokes


def _cross(writer: Writer, rng: np.random.Generator) -> list[_Points]:
    reach = writer.overshoot
    a, b, c, d = (reach * rng.normal(1, 0.13) for _ in range(4))
    bend = rng.normal(0, 0.10, 2)
    first: _Points = [(-a, -a * 0.95), (bend[0], bend[0]), (b, b)]
    second: _Points = [(c, -c), (bend[1], -bend[1] * 0.5), (-d, d * 0.95)]
    if rng.random() < 0.12:  # the pen is not lifted between the two lines
        return [[*first, (b * 1.1, 0.1), *second]]
    return [first, second]


def _tick(writer: Writer, rng: np.random.Generator) -> list[_Points]:
    reach = writer.overshoot
    low = (rng.normal(-0.15, 0.12), rng.normal(0.65, 0.12))
    start = (rng.normal(-0.75, 0.15), rng.normal(-0.05, 0.2))
    end = (rng.normal(1.25, 0.2) * reach, -rng.normal(1.35, 0.25) * reach)
    bow = ((low[0] + end[0]) / 2 - 0.12, (low[1] + end[1]) / 2 + rng.normal(0.05, 0.08))
    return [[start, low, bow, end]]


def _zigzag(
    rng: np.random.Generator, reach: float, turns: int, lean: float, ratio: float = 1.0
) -> _Points:
    points: _Points = []
    for i in range(turns * 2):
        side = -1 if i % 2 else 1
        y = -0.9 * reach + 1.8 * reach * i / (turns * 2 - 1)
        x = side * reach * ratio * rng.normal(0.86, 0.09)
        points.append((x, y + side * lean * 0.5 + rng.normal(0, 0.05)))
    return points


def _fill(writer: Writer, rng: np.random.Generator) -> list[_Points]:
    neat = rng.uniform(0.68, 1.0)
    lines = [_zigzag(rng, neat, int(rng.integers(6, 10)), rng.normal(0.15, 0.15))]
    if rng.random() < 0.6:
        lines.append(_zigzag(rng, neat * 0.9, int(rng.integers(5, 9)), rng.normal(-0.2, 0.2)))
    angle = np.linspace(0, 2 * np.pi, 11)
    ring = [(0.72 * neat * np.cos(a), 0.72 * neat * np.sin(a)) for a in angle]
    lines.append([(float(x), float(y)) for x, y in ring])
    return lines


def _scribble(writer: Writer, rng: np.random.Generator) -> list[_Points]:
    reach = rng.uniform(0.9, 1.5)
    return [_zigzag(rng, reach, int(rng.integers(3, 6)), rng.normal(0.4, 0.3), 1.15)]


def _diagonal(writer: Writer, rng: np.random.Generator) -> list[_Points]:
    a, b = (rng.uniform(0.6, 1.7) for _ in range(2))
    return [[(-a, a * 0.8), (rng.normal(0, 0.08), 0.0), (b, -b * 0.9)]]


def _horizontal(writer: Writer, rng: np.random.Generator) -> list[_Points]:
    a, b = (rng.uniform(0.8, 1.8) for _ in range(2))
    return [[(-a, rng.normal(0.1, 0.2)), (0.0, rng.normal(0, 0.15)), (b, rng.normal(-0.1, 0.2))]]


def _vertical(writer: Writer, rng: np.random.Generator) -> list[_Points]:
    a, b = (rng.uniform(0.8, 1.6) for _ in range(2))
    return [[(rng.normal(0.1, 0.15), -a), (rng.normal(0, 0.1), 0.0), (rng.normal(-0.1, 0.15), b)]]


def _partial(writer: Writer, rng: np.random.Generator) -> list[_Points]:
    side = rng.choice([-1, 1])
    points = _zigzag(rng, 0.8, int(rng.integers(3, 6)), rng.normal(0.2, 0.2), 0.5)
    return [[(x + 0.35 * side, y) for x, y in points]]


def _dot(writer: Writer, rng: np.random.Generator) -> list[_Points]:
    angle = np.linspace(0, 4 * np.pi, 12)
    radius = rng.uniform(0.12, 0.3)
    cx, cy = rng.normal(0, 0.2, 2)
    return [[(cx + radius * np.cos(a), cy + radius * np.sin(a)) for a in angle]]


def _edge(writer: Writer, rng: np.random.Generator) -> list[_Points]:
    """A mark that hangs on the outline of the box."""
    dx, dy = rng.choice([-1, 1], 2) * rng.uniform(0.35, 0.6, 2)
    return [[(x + dx, y + dy) for x, y in line] for line in _tick(writer, rng)]


def _circle(writer: Writer, rng: np.random.Generator) -> _Points:
    start = rng.uniform(0, 2 * np.pi)
    angle = start + np.linspace(0, 2 * np.pi * rng.uniform(0.97, 1.15), 15)
    rx, ry = rng.uniform(1.5, 1.95), rng.uniform(1.45, 1.8)
    drift = np.linspace(0, rng.normal(0, 0.12), 15)
    return [
        (float((rx + d) * np.cos(a)), float((ry + d) * np.sin(a)))
        for a, d in zip(angle, drift, strict=True)
    ]


_SHAPES = {
    "cross": _cross,
    "tick": _tick,
    "fill": _fill,
    "scribble": _scribble,
    "diagonal": _diagonal,
    "horizontal": _horizontal,
    "vertical": _vertical,
    "partial": _partial,
    "dot": _dot,
    "edge": _edge,
}

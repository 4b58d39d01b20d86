"""Hands that fill ruled tables: strokes of changing width, inks that let light through.

A stroke is a path in mm with a density along it; the light that comes back from inked paper is
the ink's colour to the power of the density, so lines that cross are darker there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.accuracy.ruled_forms import PX_PER_MM, Floats, Place

__all__ = [
    *("INKS", "MARKS", "Hand", "Layer", "Path"),
    *("curve", "drawn", "mark", "ring", "strike", "writing"),
]

Path = NDArray[np.float64]


@dataclass(frozen=True)
class _Ink:
    """Light let through at density 1 (BGR), width in mm, grain of paper in it, how often taken."""

    colour: tuple[float, float, float]
    width: float
    grain: float
    often: float


INKS = {
    "ballpoint blue": _Ink((0.66, 0.24, 0.20), 0.42, 0.25, 0.32),
    "ballpoint black": _Ink((0.20, 0.19, 0.19), 0.42, 0.25, 0.16),
    "navy": _Ink((0.36, 0.17, 0.14), 0.50, 0.15, 0.10),
    "gel black": _Ink((0.10, 0.10, 0.10), 0.55, 0.04, 0.10),
    "gel blue": _Ink((0.72, 0.30, 0.10), 0.55, 0.04, 0.08),
    "red": _Ink((0.24, 0.20, 0.78), 0.45, 0.20, 0.04),
    "green": _Ink((0.32, 0.46, 0.12), 0.45, 0.20, 0.02),
    "felt": _Ink((0.30, 0.18, 0.16), 0.95, 0.03, 0.03),
    "pencil": _Ink((0.36, 0.35, 0.35), 0.50, 0.75, 0.11),
    "hard pencil": _Ink((0.58, 0.57, 0.57), 0.40, 0.60, 0.04),
}
MARKS = ("cross", "tick", "small tick", "ring", "dot", "scribble")
_OFTEN = (0.28, 0.27, 0.15, 0.12, 0.08, 0.10)


@dataclass(frozen=True)
class Hand:
    """A person with a pen.

    Attributes:
        ink: Of :data:`INKS`.
        width: Of its line, in mm.
        density: How firmly it presses.
        shake: Tremor, in mm.
        size: Half the size of a mark, in mm.
        marks: How it marks, of :data:`MARKS`.
        aside: How far from the middle of a cell, as a share of it.
    """

    ink: str
    width: float
    density: float
    shake: float
    size: float
    marks: str
    aside: float

    @staticmethod
    def of(chance: np.random.Generator, *, pen: bool = False) -> Hand:
        """A hand by chance; with ``pen`` none that writes in pencil."""
        often = np.array([0.0 if pen and "pencil" in n else i.often for n, i in INKS.items()])
        ink = str(chance.choice(list(INKS), p=often / often.sum()))
        return Hand(
            ink=ink,
            width=INKS[ink].width * float(chance.uniform(0.8, 1.25)),
            density=float(chance.uniform(0.75, 1.2)),
            shake=float(chance.uniform(0.03, 0.12)),
            size=float(chance.uniform(1.5, 3.4)),
            marks=str(chance.choice(MARKS, p=_OFTEN)),
            # One person in six hardly looks where the cell is.
            aside=0.17 if chance.random() < 1 / 6 else 0.08,
        )


@dataclass(frozen=True, eq=False)
class Layer:
    """Ink in a window of the sheet: float32 ``(rows, columns)`` of density."""

    rows: slice
    columns: slice
    density: Floats
    ink: str

    def on(self, sheet: Floats) -> None:
        """Take the ink's colour out of the light of a sheet ``(h, w, 3)``."""
        light = np.log(np.array(INKS[self.ink].colour, np.float32))
        sheet[self.rows, self.columns] *= np.exp(self.density[..., None] * light)


def curve(points: Sequence[tuple[float, float]], *, sharp: bool = False) -> Path:
    """A path through points: straight, or rounded by cutting corners (Chaikin)."""
    path = np.array(points, np.float64)
    for _ in range(0 if sharp else 3):
        a, b = path[:-1], path[1:]
        between = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], 1).reshape(-1, 2)
        path = np.concatenate([path[:1], between, path[-1:]])
    return path


def drawn(paths: Sequence[Path], hand: Hand, chance: np.random.Generator) -> Layer:
    """The ink of strokes."""
    every = np.concatenate(paths)
    low = np.floor((every.min(axis=0) - 1.5) * PX_PER_MM).astype(int)
    high = np.ceil((every.max(axis=0) + 1.5) * PX_PER_MM).astype(int)
    low = np.maximum(low, 0)
    shape = (max(1, int(high[1] - low[1])), max(1, int(high[0] - low[0])))
    density = np.zeros(shape, np.float32)
    pressed = hand.density * chance.uniform(0.92, 1.08)
    for path in paths:
        density += _stroke(path, hand, low, shape, chance) * np.float32(pressed)
    grain = INKS[hand.ink].grain
    if grain:
        tooth = cv2.GaussianBlur(chance.standard_normal(shape, dtype=np.float32), (0, 0), 0.9)
        density *= np.clip(1.0 + grain * 2.2 * tooth, 0.0, 1.6)
    rows = slice(int(low[1]), int(low[1]) + shape[0])
    return Layer(rows, slice(int(low[0]), int(low[0]) + shape[1]), density, hand.ink)


def _stroke(
    path: Path, hand: Hand, low: NDArray[np.intp], shape: tuple[int, int],
    chance: np.random.Generator,
) -> Floats:  # fmt: skip
    """Density of one stroke: thinner and lighter at its end, shaken by slow tremor."""
    lengths = np.hypot(*np.diff(path, axis=0).T)
    total = float(lengths.sum())
    steps = max(6, int(total / 0.4))
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    at = np.linspace(0.0, along[-1], steps)
    points = np.stack([np.interp(at, along, path[:, axis]) for axis in (0, 1)], 1)
    tremor = cv2.GaussianBlur(chance.normal(0, 1, (steps, 2)), (1, 9), 2.0)
    points = (points + hand.shake * 2.2 * tremor) * PX_PER_MM - low
    speed = np.linspace(-1.0, 1.0, steps)
    width = hand.width * PX_PER_MM * (1.08 - 0.28 * np.maximum(speed, 0) ** 3)
    width *= 1.0 + 0.10 * cv2.GaussianBlur(chance.normal(0, 1, (steps, 1)), (1, 9), 2.0)[:, 0]
    layer = np.zeros((2 * shape[0], 2 * shape[1]), np.uint8)
    fine = np.rint(points * 2 * 16).astype(int)
    for (x0, y0), (x1, y1), wide in zip(fine[:-1], fine[1:], width, strict=False):
        thick = max(1, round(2 * float(wide)))
        cv2.line(layer, (x0, y0), (x1, y1), 255, thick, cv2.LINE_AA, shift=4)
    small = cv2.resize(layer, shape[::-1], interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), 0.6)
    return np.asarray(soft, np.float32) / 255.0


def mark(
    kind: str, at: tuple[float, float], size: float, chance: np.random.Generator
) -> list[Path]:
    """Strokes of a mark around a place, in mm."""
    x, y = at

    def near(*points: tuple[float, float], sharp: bool = False) -> Path:
        off = chance.normal(0, 0.10 * size, (len(points), 2))
        moved = [
            (x + size * px + dx, y + size * py + dy)
            for (px, py), (dx, dy) in zip(points, off, strict=True)
        ]
        return curve(moved, sharp=sharp)

    if kind == "cross":
        return [
            near((-0.9, -0.8), (0.0, 0.05), (0.9, 0.8)),
            near((0.9, -0.9), (0.0, 0.0), (-0.9, 0.8)),
        ]
    if kind in ("tick", "small tick"):
        size = size if kind == "tick" else min(0.55 * size, 1.3)
        long = chance.uniform(1.1, 1.9)
        return [near((-0.8, -0.1), (-0.25, 0.75), (0.5, -0.3), (long, -long * 0.75), sharp=True)]
    if kind == "ring":
        return [ring((x, y), (size * chance.uniform(0.8, 1.1), size * 0.8), chance)]
    if kind == "dot":
        radius = float(chance.uniform(0.25, 0.55))
        turns = np.linspace(0, 2.5 * 2 * np.pi, 24)
        spiral = np.stack([np.cos(turns), np.sin(turns)], 1) * (radius * turns / turns[-1])[:, None]
        return [spiral + np.array([x, y])]
    rows = np.linspace(-0.7, 0.7, int(chance.integers(6, 11)))
    zigzag = [(0.8 * (-1) ** k, float(row)) for k, row in enumerate(np.repeat(rows, 2)[1:-1])]
    return [near(*zigzag, sharp=True)]


def ring(at: tuple[float, float], radii: tuple[float, float], chance: np.random.Generator) -> Path:
    """A line drawn round a place, not quite closed or a little over."""
    start, over = chance.uniform(0, 2 * np.pi), chance.uniform(-0.1, 0.5)
    angles = start + np.linspace(0, 2 * np.pi + over, 26)
    drift = np.linspace(1.0, chance.uniform(0.9, 1.15), 26)
    tilt = chance.uniform(-0.15, 0.15)
    x, y = radii[0] * np.cos(angles) * drift, radii[1] * np.sin(angles) * drift
    return np.stack([at[0] + x, at[1] + y + tilt * x], 1)


def strike(extent: Place, chance: np.random.Generator) -> Path:
    """A level line through what stands in a place, a few millimetres longer on both sides."""
    x, y, w, h = extent
    more = chance.uniform(1.5, 4.0, 2)
    middle = y + h * chance.uniform(0.42, 0.58)
    return curve(
        [
            (x - more[0], middle + chance.normal(0, 0.35)),
            (x + w / 2, middle + chance.normal(0, 0.2)),
            (x + w + more[1], middle + chance.normal(0, 0.35)),
        ]
    )


def writing(place: Place, chance: np.random.Generator) -> list[Path]:
    """Words by chance on the lines of a field."""
    x, y, w, h = place
    words, line, left = [], 1, x + 1.0
    for _ in range(int(chance.integers(3, 14))):
        long = float(chance.uniform(6.0, 18.0))
        if left + long > x + w:
            line, left = line + 1, x + 1.0
        if line > 3:
            break
        n = int(long / 1.1)
        tall = chance.choice([0.5, 0.9, 1.6], n)
        up = np.where(np.arange(n) % 2 == 0, 0.0, -tall)
        base = y + h * line / 3 - 0.8
        points = zip(np.linspace(left, left + long, n), base + 1.3 * up, strict=True)
        words.append(curve([(float(px), float(py)) for px, py in points]))
        left += long + float(chance.uniform(2.0, 4.0))
    return words

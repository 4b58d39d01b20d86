"""People who fill forms: their hand, their pen, their signature and letters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.simulate.ink import Pen, some_pen
from scans.simulate.strokes import Stroke, trace

__all__ = ["Writer", "handwriting", "numerals", "signature", "some_writer"]

_DIGITS: dict[str, tuple[tuple[float, float], ...]] = {
    "0": ((0.5, 0.0), (0.1, 0.4), (0.3, 1.0), (0.8, 0.8), (0.85, 0.3), (0.5, 0.0)),
    "1": ((0.3, 0.25), (0.6, 0.0), (0.55, 1.0)),
    "2": ((0.1, 0.2), (0.5, 0.0), (0.8, 0.3), (0.1, 1.0), (0.9, 0.95)),
    "3": ((0.1, 0.1), (0.8, 0.1), (0.45, 0.45), (0.85, 0.75), (0.1, 1.0)),
    "4": ((0.6, 0.0), (0.1, 0.6), (0.9, 0.6), (0.65, 0.3), (0.62, 1.0)),
    "5": ((0.85, 0.0), (0.2, 0.05), (0.2, 0.45), (0.8, 0.6), (0.5, 1.0), (0.1, 0.9)),
    "6": ((0.7, 0.0), (0.15, 0.6), (0.4, 1.0), (0.8, 0.75), (0.2, 0.65)),
    "7": ((0.1, 0.05), (0.9, 0.05), (0.4, 1.0)),
    "8": ((0.7, 0.2), (0.3, 0.1), (0.75, 0.7), (0.4, 1.0), (0.3, 0.65), (0.75, 0.15)),
    "9": ((0.75, 0.3), (0.3, 0.4), (0.4, 0.05), (0.75, 0.2), (0.6, 1.0)),
    "/": ((0.8, -0.1), (0.2, 1.1)),
}


@dataclass(frozen=True)
class Writer:
    """A hand.

    Attributes:
        seed: Makes signature and letters its own.
        pen: What it writes with.
        habit: The kind of mark it makes, see :data:`scans.simulate.marks.MARK_KINDS`.
        tremor: Shaking in mm.
        slant: Shift in x a unit of height.
        size: Of marks, 1 is to the edge of the box.
        overshoot: Reach of crosses and ticks in half boxes.
        pressure: 1 is normal.
        aim: Deviation of a mark's centre, in boxes.
    """

    seed: int
    pen: Pen
    habit: str = "cross"
    tremor: float = 0.03
    slant: float = 0.1
    size: float = 1.0
    overshoot: float = 1.0
    pressure: float = 1.0
    aim: float = 0.07

    def stroke(
        self, points: NDArray[np.float64], rng: np.random.Generator, *, pressure: float = 1.0
    ) -> Stroke:
        """A line of this hand through ``(n, 2)`` points in mm."""
        return trace(
            points,
            rng,
            width=self.pen.width_mm,
            pressure=self.pressure * pressure,
            tremor=self.tremor,
            gaps=self.pen.gaps,
        )

    def with_pen(self, pen: Pen) -> Writer:
        """The same hand with another pen."""
        return replace(self, pen=pen)


def some_writer(
    rng: np.random.Generator, *, style: str = "cross", pen: str | None = None
) -> Writer:
    """A person drawn at random who more or less follows the form's ``style`` of marking."""
    follows = {"cross": "cross", "tick": "tick", "fill": "fill", "any": "tick"}[style]
    habit = follows
    if rng.random() < 0.15:
        habit = str(rng.choice(["cross", "tick", "diagonal", "scribble", "vertical", "horizontal"]))
    return Writer(
        seed=int(rng.integers(2**31)),
        pen=some_pen(rng, pen),
        habit=habit,
        tremor=float(np.clip(rng.gamma(3.0, 0.012), 0.012, 0.09)),
        slant=float(rng.normal(0.12, 0.12)),
        size=float(np.clip(rng.normal(1.0, 0.14), 0.65, 1.35)),
        overshoot=float(np.clip(rng.normal(1.0, 0.2), 0.6, 1.6)),
        pressure=float(np.clip(rng.normal(1.0, 0.14), 0.55, 1.35)),
        aim=float(np.clip(rng.gamma(3.0, 0.025), 0.02, 0.2)),
    )


def signature(writer: Writer, box: BoxMm, rng: np.random.Generator) -> list[Stroke]:
    """One signing: the writer's own curve, never twice the same."""
    own = np.random.default_rng([writer.seed, 77])
    lines = [_own_curve(own, rng)]
    if own.random() < 0.7:
        start, low = own.uniform(0.0, 0.3), own.normal(0.8, 0.06)
        swing = np.column_stack([np.linspace(0.95, start, 5), low + own.normal(0, 0.07, 5)])
        lines.append(swing + rng.normal(0, 0.025, swing.shape))
    if own.random() < 0.5:
        x = own.uniform(0.0, 0.2)
        tall = np.column_stack([x + own.normal(0, 0.06, 5), np.linspace(-0.15, 1.05, 5)])
        lines.append(tall + rng.normal(0, 0.02, tall.shape))
    scale = rng.normal(1.0, 0.06, 2) * np.array([box[2] * 0.62, box[3] * 0.62])
    turn = rng.normal(-0.06, 0.05)
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corner = np.array(
        [box[0] + box[2] * rng.uniform(0.12, 0.25), box[1] + box[3] * rng.uniform(0.12, 0.28)]
    )
    strokes = []
    for line in lines:
        again = line.copy()
        again[:, 0] -= writer.slant * (again[:, 1] - 0.5)
        strokes.append(writer.stroke((again * scale) @ rotate.T + corner, rng, pressure=0.95))
    return strokes


def _own_curve(own: np.random.Generator, rng: np.random.Generator) -> NDArray[np.float64]:
    """Loops that run to the right: the writer's own series, a little off at each signing."""
    loops = own.uniform(3.5, 7.0)
    t = np.linspace(0, 1, int(loops * 9))
    x, y = t.copy(), np.full(len(t), 0.5)
    for k in (0.5, 1.0, 1.6):
        weight, phase, lag = own.uniform(0.3, 1.0), own.uniform(0, 2 * np.pi), own.normal(1.4, 0.4)
        turn = 2 * np.pi * loops * k * t * (1 + rng.normal(0, 0.01)) + phase + rng.normal(0, 0.12)
        x += 0.075 * weight * np.cos(turn + lag)
        y += 0.24 * weight * (1.15 - 0.6 * t) * np.cos(turn) * (1 + rng.normal(0, 0.1))
    drift = rng.normal(0, 0.03, (4, 2))
    knots = np.linspace(0, 1, 4)
    shift = np.column_stack([np.interp(t, knots, drift[:, i]) for i in range(2)])
    return np.asarray(np.column_stack([x, y]) + shift)


def handwriting(
    writer: Writer, box: BoxMm, rng: np.random.Generator, *, lines: int, fullness: float = 0.8
) -> list[Stroke]:
    """Lines of short words that look like writing and say nothing."""
    strokes: list[Stroke] = []
    pitch = min(box[3] / (lines + 0.4), 8.5)
    height = min(0.42 * pitch, 3.2) * writer.size
    for row in range(lines):
        x = box[0] + rng.uniform(1.5, 4.0)
        base = box[1] + (row + 0.85) * pitch
        end = box[0] + box[2] * (fullness if row == lines - 1 else rng.uniform(0.88, 0.98))
        while x < end - 2.5 * height:
            letters = int(rng.integers(1, 6))
            points: list[tuple[float, float]] = []
            for _ in range(letters):
                x = _letter(points, writer, rng, x, base, height)
            strokes.append(writer.stroke(np.array(points), rng))
            if rng.random() < 0.55:  # the tone and vowel signs of Vietnamese
                ax = x - height * rng.uniform(0.4, 1.2)
                ay = base - height * rng.uniform(1.35, 1.75)
                sign = [(ax, ay), (ax + 0.35 * height, ay + rng.normal(0, 0.35) * height)]
                strokes.append(writer.stroke(np.array(sign), rng))
            x += height * rng.uniform(0.6, 1.1)
    return strokes


def _letter(
    points: list[tuple[float, float]],
    writer: Writer,
    rng: np.random.Generator,
    x: float,
    base: float,
    height: float,
) -> float:
    """Append one letter of the writer's own alphabet to a word; returns the new x."""
    glyph = np.random.default_rng([writer.seed, int(rng.integers(22))])
    n = int(glyph.integers(3, 6))
    wide = float(glyph.uniform(0.55, 0.95)) * height
    tall = 1.8 if glyph.random() < 0.2 else 1.0
    drop = 0.8 if glyph.random() < 0.15 else 0.0
    gx = np.linspace(0, 1, n) + glyph.normal(0, 0.16, n)
    gy = np.where(np.arange(n) % 2 == 0, 0.0, 1.0) * glyph.uniform(0.5, 1.0, n)
    gy[1] *= tall
    gy[-1] -= drop
    gx, gy = gx + rng.normal(0, 0.05, n), gy + rng.normal(0, 0.07, n)
    for u, v in zip(gx, gy, strict=True):
        points.append((x + wide * u + writer.slant * v * height, base - v * height))
    return x + wide * 1.1


def numerals(
    text: str, writer: Writer, box: BoxMm, rng: np.random.Generator, *, spread: float = 1.25
) -> list[Stroke]:
    """Digits and slashes written from the left of a box."""
    height = min(box[3] * 0.62, 4.2) * float(np.clip(writer.size, 0.8, 1.15))
    x = box[0] + 1.5
    y = box[1] + (box[3] - height) / 2
    strokes = []
    for character in text:
        if character in _DIGITS:
            points = np.array(_DIGITS[character]) + rng.normal(
                0, 0.035, (len(_DIGITS[character]), 2)
            )
            points[:, 0] += writer.slant * (0.5 - points[:, 1])
            at = points * np.array([height * 0.62, height]) + np.array([x, y])
            strokes.append(writer.stroke(at, rng))
        x += height * 0.62 * spread
    return strokes

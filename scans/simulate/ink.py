"""Pens, and the density that their strokes leave on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.simulate.sheet import Patch
from scans.simulate.strokes import Stroke

__all__ = ["PENS", "Pen", "density", "grain", "some_pen", "transmittance"]

_FINE = 3  # strokes are drawn on a grid so much finer than the sheet
_SHIFT = 4  # binary places of a coordinate handed to OpenCV


@dataclass(frozen=True)
class Pen:
    """What a hand writes with.

    Attributes:
        absorbance: Optical density of a full line in blue, green and red.
        width_mm: Of a line.
        gaps: Share of a line where no ink runs.
        grain: Unevenness of the density, 0 to 1; pencil catches the tooth of the paper.
        erasable: What takes it off: ``rubber``, ``abrasive`` or ``heat``.
    """

    kind: str
    absorbance: tuple[float, float, float]
    width_mm: float
    gaps: float
    grain: float
    erasable: str


PENS: dict[str, Pen] = {
    "ball_blue": Pen("ball_blue", (0.42, 1.15, 1.75), 0.38, 0.04, 0.22, "abrasive"),
    "ball_black": Pen("ball_black", (1.45, 1.50, 1.55), 0.38, 0.04, 0.22, "abrasive"),
    "gel_blue": Pen("gel_blue", (0.55, 1.65, 2.3), 0.50, 0.0, 0.08, "heat"),
    "gel_black": Pen("gel_black", (2.1, 2.1, 2.1), 0.50, 0.0, 0.08, "abrasive"),
    "ball_violet": Pen("ball_violet", (0.55, 1.35, 1.15), 0.36, 0.05, 0.22, "abrasive"),
    "pencil": Pen("pencil", (0.80, 0.81, 0.83), 0.50, 0.0, 0.55, "rubber"),
    "hard_pencil": Pen("hard_pencil", (0.42, 0.43, 0.44), 0.36, 0.0, 0.6, "rubber"),
}


def some_pen(rng: np.random.Generator, kind: str | None = None) -> Pen:
    """A pen of a kind (or of any common kind), a little different from the next one."""
    kind = kind or str(
        rng.choice(["ball_blue", "ball_black", "gel_blue", "gel_black", "pencil"],
                   p=[0.52, 0.16, 0.14, 0.08, 0.10])
    )  # fmt: skip
    pen = PENS[kind]
    hue = 0.06 if "blue" in kind or "violet" in kind else 0.012  # black and graphite are grey
    tone = rng.normal(1.0, 0.08) * rng.normal(1.0, hue, 3)
    b, g, r = (float(v) for v in np.array(pen.absorbance) * tone)
    width = float(pen.width_mm * np.clip(rng.normal(1.0, 0.12), 0.7, 1.4))
    return replace(pen, absorbance=(b, g, r), width_mm=width)


def density(
    strokes: Sequence[Stroke], patch: Patch, pen: Pen, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Ink on a patch, 1 where a line of normal pressure ran, more where lines cross.

    Returns:
        float32 of the patch's shape.
    """
    height, width = patch.shape
    total = np.zeros((height * _FINE, width * _FINE), dtype=np.float32)
    layer = np.empty(total.shape, dtype=np.uint8)
    scale = patch.scale[0] * _FINE
    for stroke in strokes:
        layer.fill(0)
        places = patch.to_px(stroke[:, :2], _FINE) * (1 << _SHIFT)
        whole = np.round(places).astype(np.int32)
        thick = np.maximum(1, np.round(stroke[:, 2] * scale)).astype(int)
        force = np.clip(stroke[:, 3] * 150, 0, 255).astype(int)
        if len(whole) == 1:
            whole, thick, force = (np.repeat(a, 2, axis=0) for a in (whole, thick, force))
        for i in range(len(whole) - 1):
            cv2.line(
                layer,
                (int(whole[i, 0]), int(whole[i, 1])),
                (int(whole[i + 1, 0]), int(whole[i + 1, 1])),
                int(force[i]),
                int(thick[i]),
                cv2.LINE_8,
                _SHIFT,
            )
        # A second line over the first adds less than the first: the paper is covered.
        total += layer * np.float32(1 / 150) * (1.0 - 0.55 * np.minimum(total, 1.0))
    small = cv2.resize(total, (width, height), interpolation=cv2.INTER_AREA)
    rough = 1.0 + pen.grain * grain(small.shape, rng)
    return np.asarray(np.clip(small * np.clip(rough, 0.0, 2.0), 0.0, 2.2), dtype=np.float32)


def grain(
    shape: tuple[int, ...], rng: np.random.Generator, size: float = 0.8
) -> NDArray[np.float32]:
    """Noise of deviation 1 whose grains are ``size`` pixels."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), size)
    deviation = float(soft.std())
    return np.asarray(soft / max(deviation, 1e-6), dtype=np.float32)


def transmittance(amount: NDArray[np.float32], pen: Pen) -> NDArray[np.float32]:
    """Share of light that ink of a density lets through, ``(height, width, 3)`` BGR."""
    absorb = np.array(pen.absorbance, dtype=np.float32)
    return np.asarray(np.exp(-amount[:, :, None] * absorb), dtype=np.float32)

"""Lines that a hand draws: smooth, trembling, with pressure that comes and goes.

A stroke is float64 ``(n, 4)``: x and y in mm on the page, width in mm, pressure (1 is
normal). Points lie about 0.15 mm apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stroke", "catmull_rom", "smooth_noise", "trace"]

Stroke = NDArray[np.float64]
_STEP_MM = 0.15


def smooth_noise(
    rng: np.random.Generator, length_mm: float, wave_mm: float, n: int
) -> NDArray[np.float64]:
    """``n`` values of noise (deviation about 1) that change over ``wave_mm``."""
    knots = rng.normal(size=max(2, int(length_mm / wave_mm) + 2))
    at = np.linspace(0, len(knots) - 1, n)
    return np.asarray(np.interp(at, np.arange(len(knots)), knots))


def catmull_rom(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """A smooth curve through ``(n, 2)`` points, sampled at about 0.15 mm."""
    if len(points) < 2:
        return points
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        n = max(2, int(np.hypot(*(c - b)) / _STEP_MM) + 1)
        t = np.linspace(0, 1, n, endpoint=False)[:, None]
        pieces.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2)
            + 0.5 * (3 * b - a - 3 * c + d) * t**3
        )
    return np.vstack([*pieces, points[-1:]])


def trace(
    points: Sequence[tuple[float, float]] | NDArray[np.float64],
    rng: np.random.Generator,
    *,
    width: float,
    pressure: float = 1.0,
    tremor: float = 0.03,
    gaps: float = 0.0,
    taper: float = 0.35,
) -> Stroke:
    """Draw a line through control points as a hand does.

    Args:
        points: In mm.
        rng: Chance.
        width: Of the line, in mm.
        pressure: Mean pressure, 1 is normal.
        tremor: Deviation of the shaking, in mm; 0.03 is steady, 0.2 an old hand.
        gaps: Share of the way where the ink fails to run.
        taper: How far the pressure falls towards the end, 0 to 1.
    """
    line = catmull_rom(np.asarray(points, dtype=np.float64).reshape(-1, 2))
    n = len(line)
    length = max(float(np.hypot(*np.diff(line, axis=0).T).sum()), 0.2) if n > 1 else 0.2
    shake = np.column_stack([smooth_noise(rng, length, 0.9, n) for _ in range(2)])
    place = line + tremor * shake
    along = np.linspace(0, 1, n)
    start = np.clip(along * length / 0.5 + 0.55, 0, 1)
    end = 1.0 - taper * np.clip((along - 0.72) / 0.28, 0, 1)
    force = pressure * start * end * (1 + 0.12 * smooth_noise(rng, length, 1.6, n))
    if gaps > 0:
        force = np.where(smooth_noise(rng, length, 0.5, n) < _quantile(gaps), 0.12 * force, force)
    broad = width * (1 + 0.08 * smooth_noise(rng, length, 2.0, n)) * (0.72 + 0.28 * force)
    return np.column_stack([place, np.clip(broad, 0.08, None), np.clip(force, 0, 1.6)])


def _quantile(share: float) -> float:
    """The normal quantile of a small share, by a fit good to 0.05 for 0.01 to 0.5."""
    t = float(np.sqrt(-2 * np.log(max(share, 1e-4))))
    return -(t - (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t))

"""Ink band-passed to the width of strokes, and how much of it is its own.

What is crossed out, blacked or looped over and over is one dense bar: it agrees with any other
such bar, and with itself moved along. Lines that a hand wrote do not.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["RIM_MM", "rimmed", "self_likeness", "solid_share", "strokes"]

Picture = NDArray[np.float32]

RIM_MM = 2.5
"""Paper around a picture's ink, so that it can be moved."""

# Strokes are told from their surroundings between these widths, in mm.
_FINE_MM, _BROAD_MM = 0.35, 1.6
_FINEST_MM, _FINE_PX = 0.25, 0.7
# Ink that covers so much of a square this wide is no line of a pen.
_SOLID_MM, _SOLID = 1.2, 0.75
# Moved by less, every line still lies on itself.
_MOVED_MM = 1.5


def rimmed(ink: NDArray[np.uint8], full: int, px_per_mm: float) -> Picture:
    """The picture with paper around it, 1 where ink is ``full``: float32 ``(h, w)``."""
    return np.pad(ink.astype(np.float32) / full, round(RIM_MM * px_per_mm))


def strokes(ink: Picture, px_per_mm: float, *, finest: bool = False) -> Picture:
    """A picture with a rim, band-passed: float32 ``(h, w)``, 0 on bare paper.

    Args:
        ink: What is written.
        px_per_mm: Its resolution.
        finest: Whether what lies beside each other by less than a pen's width counts, too.
    """
    width = _FINEST_MM if finest else _FINE_MM
    fine = cv2.GaussianBlur(ink, (0, 0), max(width * px_per_mm, _FINE_PX))
    return np.asarray(fine - cv2.GaussianBlur(ink, (0, 0), _BROAD_MM * px_per_mm), np.float32)


def self_likeness(lines: Picture, px_per_mm: float) -> float:
    """How like itself a picture of strokes is after a move of 1.5 mm or more, in [-1, 1].

    The largest value of its autocorrelation there (Wiener-Khinchin).
    """
    height, width = lines.shape
    tall, long = (cv2.getOptimalDFTSize(2 * side) for side in (height, width))
    wide = np.zeros((tall, long), np.float32)
    wide[:height, :width] = lines
    spectrum = cv2.dft(wide)
    power = cv2.mulSpectrums(spectrum, spectrum, 0, conjB=True)
    likeness = cv2.idft(power)
    if likeness[0, 0] <= 0:
        return 1.0
    down, right = (np.minimum(np.arange(n), n - np.arange(n)) for n in (tall, long))
    far = np.hypot(down[:, None], right[None, :]) >= _MOVED_MM * px_per_mm
    return float(likeness[far].max() / likeness[0, 0])


def solid_share(ink: Picture, px_per_mm: float) -> float:
    """Share in [0, 1] of a picture's ink that is too thick for lines: blacked or looped over."""
    side = max(1, round(_SOLID_MM * px_per_mm))
    full = cv2.blur(ink, (side, side)) > _SOLID
    solid = cv2.dilate(full.view(np.uint8), np.ones((side, side), np.uint8)) > 0
    return float(ink[solid].sum()) / max(float(ink.sum()), 1e-9)

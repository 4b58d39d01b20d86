"""A photocopier: what comes out is print again."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.simulate.ink import grain
from scans.simulate.sheet import Sheet, noise_field

__all__ = ["grey_piece", "photocopy"]


def photocopy(
    sheet: Sheet, rng: np.random.Generator, *, contrast: float = 1.0
) -> NDArray[np.uint8]:
    """The toner that a copier puts on white paper, seeing a sheet.

    Grey tones come out as a fine screen, light ones vanish, edges thicken, a few specks of
    toner fall beside. The copy is turned and scaled a little.

    Args:
        sheet: The original.
        rng: Chance.
        contrast: 1 is a copier in order; more loses light print.

    Returns:
        uint8 ``(height, width, 3)`` like the print of a form.
    """
    grey = np.asarray(cv2.cvtColor(sheet.image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    height, width = grey.shape
    zoom = float(rng.normal(1.0, 0.003))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.normal(0, 0.35)), zoom)
    matrix[:, 2] = matrix[:, 2] + rng.normal(0, 6, 2)
    seen = cv2.warpAffine(grey, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=255)
    seen = cv2.GaussianBlur(seen, (5, 5), 0.9)
    y, x = np.mgrid[0:8, 0:8]
    cell = np.cos(2 * np.pi * (x + y) / 4.0) + np.cos(2 * np.pi * (x - y) / 4.0)
    screen = np.tile((cell * 16).astype(np.int8), (height // 8 + 1, width // 8 + 1))
    rough = cv2.add(screen[:height, :width], noise_field(rng, (height, width), 9.0))
    level = cv2.add(seen, np.ascontiguousarray(rough), dtype=cv2.CV_8U)
    steps = np.arange(256, dtype=np.float64)
    tone = 255 / (1 + np.exp(-(steps - 168 - 8 * contrast) / (11.0 / contrast)))
    table = np.clip(28 + tone * (227 / 255), 0, 255).astype(np.uint8)
    toner = np.asarray(cv2.LUT(level, table), dtype=np.uint8)
    for _ in range(int(rng.poisson(14))):
        at = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(toner, at, int(rng.integers(1, 3)), int(rng.integers(40, 170)), -1)
    soft = cv2.GaussianBlur(toner, (3, 3), 0.5)
    return np.asarray(cv2.merge([soft, soft, soft]), dtype=np.uint8)


def grey_piece(piece: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A small photocopied piece, ``(height, width, 3)`` in and out, on slightly other paper."""
    grey = piece.mean(axis=2)
    tone = 255 / (1 + np.exp(-(grey - 172) / 12.0))
    speckle = 5.0 * grain(grey.shape, rng, 0.8)
    copy = np.clip(34 + tone * (212 / 255) + speckle * (tone < 200), 0, 252)
    return np.asarray(np.repeat(copy[:, :, None], 3, axis=2), dtype=np.float32)

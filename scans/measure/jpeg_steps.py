"""Which compression a page went through before its last: quality, steps and evidence.

Coefficients that were multiples of one table's steps once still gather at them after another
save; what would be expected without it is read off the counts themselves.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.jpeg_blocks import COEFFICIENTS, Blocks, levels_of

__all__ = ["COARSER", "MOST_STEPS", "SAMPLE", "earlier_steps", "standard_table"]

# ITU-T T.81, table K.1: nearly every device scales this one by a quality.
_LUMINANCE = np.array(
    [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
     14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
     18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
     49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
)  # fmt: skip
_QUALITIES = range(30, 99)
# An earlier step must exceed the later one by this much to be seen through it.
COARSER = 1.3
# Blocks looked at for an earlier compression; all of them only where there was one.
SAMPLE = 2500
MOST_STEPS = 100
_MOST_STEP = 64
_ROWS = np.arange(14)
# Nats that the best of 64 steps has by chance, and by which another one is preferred.
_BY_CHANCE, _CLEARLY = 6.0, 10.0
_WIDTHS = (1.0, 1.5, 2.5, 4.0, 7.0, 12.0)


def standard_table(quality: int) -> NDArray[np.float64]:
    """Luminance table of libjpeg at ``quality`` 1 to 100: float64 ``(64,)``, row by row."""
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    return np.clip(np.floor((_LUMINANCE * scale + 50) / 100), 1, 255).astype(np.float64)


def earlier_steps(
    blocks: Blocks, steps: NDArray[np.float64]
) -> tuple[int, NDArray[np.float64], float]:
    """Quality, table and evidence in nats of the compression before the last one.

    The standard table that fits the page's coefficients best, corrected where a coefficient
    clearly prefers another step: some devices have tables of their own.
    """
    few = np.count_nonzero(blocks.clipped, axis=1) <= 8
    pixels = blocks.pixels[few] if few.sum() > 400 else blocks.pixels
    levels = np.minimum(levels_of(pixels[:SAMPLE], steps), MOST_STEPS + 1)
    last = steps[COEFFICIENTS]
    counts = np.stack([np.bincount(of, minlength=MOST_STEPS + 2)[1:-1] for of in levels.T])
    smooth = _smoothed(counts)
    gains = np.zeros((14, _MOST_STEP + 1))
    for c in range(14):
        gains[c] = _gains(counts[c].astype(np.float64), smooth[c], float(last[c]))
    every = np.arange(_MOST_STEP + 1)[None, :]
    gains[(every <= COARSER * last[:, None]) | (every >= 40 * last[:, None])] = 0.0
    every_quality = gains[_ROWS, _all_low_steps()].sum(axis=1)
    best = _QUALITIES[int(every_quality.argmax())] if every_quality.max() > 0.0 else 50
    low = _low_steps(best)
    own = gains.argmax(axis=1)
    low = np.where(gains[_ROWS, own] > gains[_ROWS, low] + _CLEARLY, own, low)
    first = standard_table(best)
    first[COEFFICIENTS] = low
    evidence = np.maximum(gains[_ROWS, low] - _BY_CHANCE, 0.0)
    return best, np.maximum(first, 1.0), float(evidence.sum())


@lru_cache(maxsize=128)
def _low_steps(quality: int) -> NDArray[np.int64]:
    """Steps of the standard table for the low coefficients, at most 64."""
    low = standard_table(quality)[COEFFICIENTS].astype(np.int64)
    return np.asarray(np.minimum(low, _MOST_STEP), np.int64)


@lru_cache(maxsize=1)
def _all_low_steps() -> NDArray[np.int64]:
    """The same for all qualities: ``(qualities, 14)``."""
    return np.stack([_low_steps(quality) for quality in _QUALITIES])


def _smoothed(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Shares of the sizes of 14 coefficients, smoothed: ``(14, len(_WIDTHS), sizes)``."""
    logs = np.log(counts.astype(np.float32) + 0.5)
    smooth = [
        # Along the sizes of one coefficient only, as far as OpenCV goes by itself.
        cv2.GaussianBlur(logs, (round(8 * w + 1) | 1, 1), w, borderType=cv2.BORDER_REFLECT)
        for w in _WIDTHS
    ]
    shares = np.exp(np.stack(smooth, axis=1))
    shares /= shares.sum(axis=2, keepdims=True)
    return np.asarray(shares, np.float32)


def _gains(
    counts: NDArray[np.float64], smooth: NDArray[np.float32], last: float
) -> NDArray[np.float64]:
    """Evidence in nats for each earlier step 0 to 64 of one coefficient, signed.

    What is expected on its multiples without an earlier compression is read off the
    counts themselves, smoothed over their period.
    """
    gains = np.zeros(_MOST_STEP + 1)
    total = float(counts.sum())
    if total < 60:
        return gains
    on, width = _multiples(last)
    expected = (on @ smooth.T)[np.arange(len(on)), width]
    expected = np.clip(expected, 1e-6, 1 - 1e-6)
    seen = (on @ counts + 0.5) / (total + 1)
    nats = seen * np.log(seen / expected)
    nats += (1 - seen) * np.log(np.maximum(1 - seen, 1e-9) / (1 - expected))
    return np.where(expected > 0.85, 0.0, total * nats * np.sign(seen - expected))


@lru_cache(maxsize=256)
def _multiples(last: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sizes 1 to 100 that multiples of each earlier step fall on, and the width to smooth by."""
    first = np.maximum(np.arange(_MOST_STEP + 1), 1)[:, None]
    size = np.arange(1, MOST_STEPS + 1)[None, :] * last
    # Lossless files carry the rounding of pixels, a fraction of one level a coefficient.
    slack = last / 2 if last > 1 else 1.0
    on = np.abs(size - first * np.rint(size / first)) <= slack
    width = np.argmin(np.abs(0.6 * first / last - np.array(_WIDTHS)[None, :]), axis=1)
    return on.astype(np.float64), width.astype(np.int64)

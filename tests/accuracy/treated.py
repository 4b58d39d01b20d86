"""What offices, telephones and programs do to honest pages after they were scanned.

Each is one function of a picture; it shares no code with the simulator, and none with the checks.
These change pixels only; what files, messengers and copiers do is in `tests/accuracy/refiled.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

__all__ = ["TREATED", "Picture", "Treatment", "blurred", "grey_of", "resized", "to_bytes"]

Picture = np.ndarray[Any, np.dtype[np.uint8]]
Treatment = Callable[[Picture, np.random.Generator], Picture]

_A4_MM = 297.0


def to_bytes(values: Any) -> Picture:
    """Rounded and clipped to 0 to 255."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def grey_of(image: Picture) -> Picture:
    return (
        image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    )


def resized(image: Picture, by: float, how: int = cv2.INTER_AREA) -> Picture:
    return np.asarray(cv2.resize(image, None, fx=by, fy=by, interpolation=how), np.uint8)


def blurred(image: Picture, deviation: float) -> Any:
    return cv2.GaussianBlur(image, (0, 0), deviation).astype(np.float32)


# ---- tones


def _lighter(image: Picture, rng: np.random.Generator) -> Picture:
    bent = 255.0 * (image / 255.0) ** float(rng.uniform(0.7, 1.4))
    low, high = rng.uniform(0, 25), rng.uniform(230, 255)
    return np.asarray(np.clip(255.0 * (bent - low) / (high - low), 0, 255), np.uint8)


def _auto_levels(image: Picture, rng: np.random.Generator) -> Picture:
    """The ends of each channel, or of all alike, are stretched to black and white."""
    share = float(rng.uniform(0.1, 2.0))
    axis = (0, 1) if rng.integers(2) else None
    low, high = np.percentile(image[::4, ::4], (share, 100 - share), axis=axis)
    return to_bytes(255.0 * (image - low) / np.maximum(high - low, 1.0))


def _equalised(image: Picture, rng: np.random.Generator) -> Picture:
    """Local contrast, as "enhance" does."""
    how = cv2.createCLAHE(float(rng.uniform(1.0, 2.5)), (8, 8))
    if image.ndim == 2:
        return np.asarray(how.apply(image), np.uint8)
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB)
    lab[..., 0] = how.apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), np.uint8)


def _whitened_hard(image: Picture, rng: np.random.Generator) -> Picture:
    """Background removal of feeders: what is lighter than a level becomes white."""
    paper = float(np.median(grey_of(image)[::8, ::8]))
    level = paper - float(rng.uniform(8, 45))
    light = image.min(axis=2, keepdims=True) if image.ndim == 3 else image
    return np.where(light >= level, np.uint8(255), image)


def _whitened_soft(image: Picture, rng: np.random.Generator) -> Picture:
    """The same with a knee: what is between two levels is drawn up."""
    paper = float(np.median(grey_of(image)[::8, ::8]))
    knee, white = paper - float(rng.uniform(50, 90)), paper - float(rng.uniform(5, 25))
    drawn = knee + (255.0 - knee) * (image - knee) / max(white - knee, 1.0)
    return to_bytes(np.where(image <= knee, image, drawn))


def _background(image: Picture) -> Any:
    """Light on the paper: print closed over, smoothed, per channel."""
    small = resized(image, 0.125)
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
    smooth = cv2.GaussianBlur(cv2.medianBlur(closed, 5), (0, 0), 5)
    size = (image.shape[1], image.shape[0])
    return np.maximum(cv2.resize(smooth, size).astype(np.float32), 1.0)


def _divided(image: Picture, rng: np.random.Generator) -> Picture:
    """Scanning apps, "document": divided by its background."""
    return to_bytes(float(rng.uniform(240, 262)) * image / _background(image))


def _magic_colour(image: Picture, rng: np.random.Generator) -> Picture:
    """Scanning apps, "magic colour": divided, stretched, sharpened, colours made stronger."""
    flat = image / _background(image)
    low, high = rng.uniform(0.1, 0.35), rng.uniform(0.82, 0.97)
    found = to_bytes(255.0 * (flat - low) / (high - low))
    found = _sharper(found, rng)
    if found.ndim == 2:
        return found
    hsv = cv2.cvtColor(found, cv2.COLOR_BGR2HSV).astype(np.float32)
    hsv[..., 1] *= float(rng.uniform(1.1, 1.6))
    return np.asarray(cv2.cvtColor(to_bytes(hsv), cv2.COLOR_HSV2BGR), np.uint8)


def _other_profile(image: Picture, rng: np.random.Generator) -> Picture:
    """Colours of one profile taken for another's: Adobe RGB for sRGB, or the reverse."""
    if image.ndim == 2:
        return _lighter(image, rng)
    to = np.array([[1.398, -0.398, 0.0], [0.0, 1.0, 0.0], [0.0, -0.043, 1.043]])
    matrix = to if rng.integers(2) else np.linalg.inv(to)
    linear = (image[..., ::-1] / 255.0).astype(np.float32) ** 2.2
    mixed = np.clip(linear @ matrix.T.astype(np.float32), 0, 1) ** (1 / 2.2)
    return to_bytes(255.0 * mixed[..., ::-1])


def _to_grey(image: Picture, rng: np.random.Generator) -> Picture:
    return grey_of(image)


# ---- edges and grain


def _sharper(image: Picture, rng: np.random.Generator) -> Picture:
    """Unsharp mask."""
    soft = blurred(image, float(rng.uniform(0.6, 2.5)))
    return to_bytes(image + float(rng.uniform(0.4, 1.8)) * (image - soft))


def _median(image: Picture, rng: np.random.Generator) -> Picture:
    """ "Remove dust": median of three pixels."""
    return np.asarray(cv2.medianBlur(image, 3), np.uint8)


def _despeckled(image: Picture, rng: np.random.Generator) -> Picture:
    """Small dark spots are painted over with the paper."""
    grey = grey_of(image)
    paper = np.median(image[::8, ::8], axis=(0, 1))
    dark = np.asarray(grey < 0.8 * float(np.median(grey[::8, ::8])), np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    most = (float(rng.uniform(0.1, 0.35)) * max(image.shape[:2]) / _A4_MM) ** 2
    small = np.zeros(count, np.bool_)
    small[1:] = stats[1:, cv2.CC_STAT_AREA] < most
    spots = cv2.dilate(small[labels].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    found = image.copy()
    found[spots] = paper.astype(np.uint8)
    return found


def _descreened(image: Picture, rng: np.random.Generator) -> Picture:
    soft = to_bytes(blurred(image, float(rng.uniform(0.8, 1.6))))
    return to_bytes(soft + float(rng.uniform(0.3, 0.9)) * (soft - blurred(soft, 1.5)))


def _denoised(image: Picture, rng: np.random.Generator) -> Picture:
    """Smoothed within edges, as telephones and apps do."""
    spread = float(rng.uniform(10, 35))
    return np.asarray(cv2.bilateralFilter(image, 5, spread, 3.0), np.uint8)


# ---- two levels


def _two_levels(image: Picture, rng: np.random.Generator) -> Picture:
    window, less = 2 * int(rng.integers(10, 26)) + 1, float(rng.uniform(8, 20))
    how = cv2.ADAPTIVE_THRESH_GAUSSIAN_C
    found = cv2.adaptiveThreshold(grey_of(image), 255, how, cv2.THRESH_BINARY, window, less)
    return np.asarray(found, np.uint8)


def _one_threshold(image: Picture, rng: np.random.Generator) -> Picture:
    level = 0.01 * rng.uniform(50, 80) * float(np.median(grey_of(image)[::8, ::8]))
    return np.asarray(np.where(grey_of(image) > level, 255, 0), np.uint8)


TREATED: dict[str, Treatment] = {
    "made lighter or darker by a program": _lighter,
    "with automatic levels": _auto_levels,
    "with local contrast": _equalised,
    "whitened by a feeder, hard": _whitened_hard,
    "whitened by a feeder, softly": _whitened_soft,
    "divided by their background": _divided,
    "in magic colour by an app": _magic_colour,
    "in another colour profile": _other_profile,
    "made grey": _to_grey,
    "sharpened": _sharper,
    "with a median of three": _median,
    "with specks removed": _despeckled,
    "descreened": _descreened,
    "denoised": _denoised,
    "made two levels by a program": _two_levels,
    "made two levels at one threshold": _one_threshold,
}
"""What programs do to the pixels of pages, in the words of the lab."""

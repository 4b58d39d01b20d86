"""Honest pages that lie otherwise than the simulator lays them.

Turned by quarters, as a feeder takes them; cut, as a cover that is open or a program that
crops leaves them; off the glass; set straight or enlarged by a program. What is done to the
picture here shares no code with the simulator.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from tests.accuracy.treated import Picture, Treatment

__all__ = ["LAID"]


def _mm(image: Picture) -> float:
    return max(image.shape[:2]) / 297.0


def _paper(image: Picture) -> Any:
    return tuple(int(v) for v in np.atleast_1d(np.median(image[::16, ::16], axis=(0, 1))))


def _turned(image: Picture, rng: np.random.Generator) -> Picture:
    return np.ascontiguousarray(np.rot90(image, int(rng.integers(1, 4))))


def _cut(image: Picture, rng: np.random.Generator) -> Picture:
    left, top, right, bottom = (rng.uniform(0, 15, 4) * _mm(image)).astype(int).tolist()
    return image[top : image.shape[0] - bottom, left : image.shape[1] - right]


def _aside(image: Picture, rng: np.random.Generator) -> Picture:
    move = np.hstack([np.eye(2), rng.uniform(-15, 15, (2, 1)) * _mm(image)])
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpAffine(image, move, size, borderValue=_paper(image)), np.uint8)


def _straightened(image: Picture, rng: np.random.Generator) -> Picture:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-4, 4)), 1.0)
    found = cv2.warpAffine(image, turn, (width, height), borderValue=_paper(image))
    return np.asarray(found, np.uint8)


def _resized(image: Picture, rng: np.random.Generator) -> Picture:
    by = float(rng.uniform(0.7, 1.4))
    return np.asarray(cv2.resize(image, None, fx=by, fy=by, interpolation=cv2.INTER_AREA), np.uint8)


def _askew(image: Picture, rng: np.random.Generator) -> Picture:
    """Turned by some degrees, the corners filled with white or black."""
    height, width = image.shape[:2]
    degrees = float(rng.uniform(1, 3) * rng.choice([-1, 1]))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    ground = (255,) * 3 if rng.integers(2) else (0,) * 3
    return np.asarray(cv2.warpAffine(image, turn, (width, height), borderValue=ground), np.uint8)


LAID: dict[str, Treatment] = {
    "turned by quarters": _turned,
    "cut by up to 15 mm a side": _cut,
    "up to 15 mm off the glass": _aside,
    "set straight by a program": _straightened,
    "made larger or smaller": _resized,
    "turned by degrees, corners filled": _askew,
}
"""How pages lie, in the words of the lab."""

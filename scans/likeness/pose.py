"""Where one picture of strokes lies over another best: pixels, a turn and a size.

All turns and sizes that a second scan or a print can have are tried roughly; the best is refined.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Pose", "finely", "placed", "roughly"]

Picture = NDArray[np.float32]

Pose = tuple[float, ...]
"""Pixels to the right and down, a turn in degrees, a size."""

# Turns in degrees and sizes, the plainest first: what is not alike there at all is not turned.
_TURNS, _SIZES = (0.0, -1.0, 1.0, -2.0, 2.0), (1.0, 0.98, 1.02)
_POSES = tuple((turn, size) for turn in _TURNS for size in _SIZES)
_WORTH_TURNING = 0.5
# The best of these poses is refined in steps of pixels, pixels, degrees and size.
_FINER = ((0.5, 0.5, 0.5, 0.01), (0.25, 0.25, 0.25, 0.005), (0.12, 0.12, 0.12, 0.0025))
_BETTER = 1e-4


def roughly(ground: Picture, piece: Picture, shape: tuple[int, int]) -> tuple[float, Pose]:
    """The best likeness over the coarse poses, and its pose as in :func:`placed`."""
    norm = float(np.linalg.norm(ground))
    best, pose = -1.0, (0.0, 0.0, 0.0, 1.0)
    for turn, size in _POSES:
        laid = placed(piece, shape, 0.0, 0.0, turn, size)
        length = float(np.linalg.norm(laid)) * norm
        if length < 1e-6:
            continue
        _, value, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(ground, laid, cv2.TM_CCORR))
        if value / length > best:
            right = x - (ground.shape[1] - shape[1]) / 2
            down = y - (ground.shape[0] - shape[0]) / 2
            best, pose = value / length, (right, down, turn, size)
        if best < _WORTH_TURNING:
            break
    return best, pose


def finely(ground: Picture, piece: Picture, pose: Pose) -> tuple[float, Pose]:
    """The best likeness near a pose: a copy's lies between the coarse ones."""
    norm = float(np.linalg.norm(ground))

    def likeness(at: Pose) -> float:
        laid = placed(piece, (ground.shape[0], ground.shape[1]), *at)
        length = float(np.linalg.norm(laid)) * norm
        return float(np.vdot(ground, laid)) / max(length, 1e-6)

    best = likeness(pose)
    for steps in _FINER:
        for _ in range(2):
            before = best
            for k, step in enumerate(steps):
                for way in (step, -step):
                    tried = (*pose[:k], pose[k] + way, *pose[k + 1 :])
                    value = likeness(tried)
                    if value > best + _BETTER:
                        best, pose = value, tried
                        break
            if best == before:
                break
    return best, pose


def placed(
    picture: Picture,
    shape: tuple[int, int],
    right: float = 0.0,
    down: float = 0.0,
    turn: float = 0.0,
    size: float = 1.0,
) -> Picture:
    """The picture in the middle of a canvas, moved by pixels, turned and resized."""
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn, size)
    matrix[:, 2] += ((shape[1] - width) / 2 + right, (shape[0] - height) / 2 + down)
    return np.asarray(cv2.warpAffine(picture, matrix, (shape[1], shape[0])), np.float32)

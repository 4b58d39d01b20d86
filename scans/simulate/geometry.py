"""Where a point of the sheet lands in the scan: skew, feeder stretch, perspective."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["PageMapping", "camera_matrix", "feeder_warp", "flat_matrix"]

_NODE_MM = 4.0
_LATTICE_PX = 16


@dataclass(frozen=True, eq=False)
class PageMapping:
    """The true place of everything: what registration is measured against.

    A scan pixel shows the sheet at ``u + warp(u)`` with ``u = matrix⁻¹ · px``.

    Attributes:
        matrix: float64 ``(3, 3)``: homogeneous mm -> scan px (centres at whole numbers).
        warp: float64 ``(rows, columns, 2)`` in mm on nodes 4 mm apart from the corner.
    """

    matrix: NDArray[np.float64]
    warp: NDArray[np.float64]

    def shift(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """The warp at ``(n, 2)`` points, bilinear between nodes."""
        rows, columns = self.warp.shape[:2]
        u = np.clip(points_mm[:, 0] / _NODE_MM, 0, columns - 1.001)
        v = np.clip(points_mm[:, 1] / _NODE_MM, 0, rows - 1.001)
        i, j = v.astype(int), u.astype(int)
        a, b = (u - j)[:, None], (v - i)[:, None]
        w = self.warp
        upper = w[i, j] * (1 - a) + w[i, j + 1] * a
        lower = w[i + 1, j] * (1 - a) + w[i + 1, j + 1] * a
        return np.asarray(upper * (1 - b) + lower * b)

    def to_px(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scan position of ``(n, 2)`` points in mm."""
        target = np.asarray(points_mm, dtype=np.float64).reshape(-1, 2)
        u = target
        for _ in range(6):  # the warp is a contraction: its slope is a few per cent
            u = target - self.shift(u)
        lifted = np.column_stack([u, np.ones(len(u))]) @ self.matrix.T
        return np.asarray(lifted[:, :2] / lifted[:, 2:3])

    def to_mm(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sheet's mm shown at ``(n, 2)`` scan positions."""
        lifted = np.column_stack([points_px, np.ones(len(points_px))])
        back = lifted @ np.linalg.inv(self.matrix).T
        u = back[:, :2] / back[:, 2:3]
        return np.asarray(u + self.shift(u))

    def sampling(
        self, width: int, height: int, scale: tuple[float, float]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Maps for ``cv2.remap`` from a sheet of ``scale`` px a mm to a scan of that size.

        Computed on a lattice and interpolated: both transforms are smooth.
        """
        step = _LATTICE_PX
        columns, rows = width // step + 3, height // step + 3
        x = (np.arange(columns) - 1 + 0.5) * step - 0.5
        y = (np.arange(rows) - 1 + 0.5) * step - 0.5
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        places = self.to_mm(grid) * np.array(scale) - 0.5
        coarse = places.reshape(rows, columns, 2).astype(np.float32)
        big = cv2.resize(coarse, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)[
            step : step + height, step : step + width
        ]
        return np.ascontiguousarray(big[:, :, 0]), np.ascontiguousarray(big[:, :, 1])


def flat_matrix(
    scale: float,
    size_mm: tuple[float, float],
    *,
    skew_deg: float = 0.0,
    offset_mm: tuple[float, float] = (0.0, 0.0),
    stretch: tuple[float, float] = (1.0, 1.0),
) -> NDArray[np.float64]:
    """Mm -> px of a flat scanner at ``scale`` px a mm, turned about the page's middle."""
    angle = np.radians(skew_deg)
    c, s = np.cos(angle), np.sin(angle)
    cx, cy = size_mm[0] / 2, size_mm[1] / 2
    middle = np.array([[1, 0, -cx], [0, 1, -cy], [0, 0, 1.0]])
    turn = np.array([[c * stretch[0], -s, 0], [s, c * stretch[1], 0], [0, 0, 1.0]])
    back = np.array([[1, 0, cx + offset_mm[0]], [0, 1, cy + offset_mm[1]], [0, 0, 1.0]])
    pixels = np.array([[scale, 0, -0.5], [0, scale, -0.5], [0, 0, 1.0]])
    return np.asarray(pixels @ back @ turn @ middle, dtype=np.float64)


def camera_matrix(
    size_px: tuple[int, int],
    size_mm: tuple[float, float],
    rng: np.random.Generator,
    *,
    tilt: float = 0.05,
    turn_deg: float = 4.0,
) -> NDArray[np.float64]:
    """Mm -> px of a hand-held camera that sees the whole sheet.

    Args:
        size_px: Width and height of the photo.
        size_mm: Of the sheet.
        rng: Chance.
        tilt: How far corners move, as a share of the sheet.
        turn_deg: Deviation of the rotation.
    """
    width, height = size_mm
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    angle = np.radians(rng.normal(0, turn_deg / 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = (corners - corners.mean(axis=0)) @ turn.T
    seen += rng.uniform(-tilt, tilt, (4, 2)) * np.array(size_mm)
    seen -= (seen.max(axis=0) + seen.min(axis=0)) / 2
    room = np.array(size_px) * rng.uniform(0.88, 0.95)
    seen *= float((room / (seen.max(axis=0) - seen.min(axis=0))).min())
    seen += np.array(size_px) / 2 + rng.normal(0, 0.005, 2) * np.array(size_px)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), seen.astype(np.float32))
    return np.asarray(matrix, dtype=np.float64)


def no_warp(size_mm: tuple[float, float]) -> NDArray[np.float64]:
    """A warp that moves nothing."""
    rows, columns = (int(np.ceil(s / _NODE_MM)) + 2 for s in (size_mm[1], size_mm[0]))
    return np.zeros((rows, columns, 2))


def feeder_warp(
    size_mm: tuple[float, float], rng: np.random.Generator, *, along: float, across: float
) -> NDArray[np.float64]:
    """The uneven pull of a feeder: speed changes along the page, and it wanders sideways.

    Args:
        size_mm: Of the sheet.
        rng: Chance.
        along: Largest shift along the feed, in mm.
        across: Largest shift across, in mm.
    """
    warp = no_warp(size_mm)
    rows, columns = warp.shape[:2]
    pull = _smooth(rng, rows, 5) * along
    wander = _smooth(rng, rows, 4) * across
    lean = np.linspace(-1, 1, columns)[None, :] * (_smooth(rng, rows, 4) * across * 0.5)[:, None]
    warp[:, :, 1] = pull[:, None] + lean
    warp[:, :, 0] = wander[:, None]
    return warp


def _smooth(rng: np.random.Generator, n: int, waves: int) -> NDArray[np.float64]:
    """A smooth curve of ``n`` points within -1 and 1."""
    t = np.linspace(0, np.pi, n)
    curve = np.zeros(n)
    for k in range(1, waves):
        curve = curve + rng.normal() / k * np.cos(k * t + rng.uniform(0, 2 * np.pi))
    curve -= curve.mean()
    return np.asarray(curve / max(float(np.abs(curve).max()), 1e-9) * rng.uniform(0.4, 1.0))

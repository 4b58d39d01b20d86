"""Cut straight patches of the form out of a scan, at a fixed resolution.

Only what is looked at is rectified: 125 box patches cost a tenth of warping the page.
Fine scans are halved first, so that a step between samples never skips pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.halvings import Halvings, halved
from scans.types import Registration

__all__ = ["Rectifier"]

# A cell of the sampling map is bent no more than this by the local displacement field
# (nodes lie centimetres apart), so the map is computed here and stretched between.
_MAP_STEP_MM = 4.0


@dataclass(frozen=True, eq=False)
class Rectifier:
    """Samples one picture through one registration.

    Attributes:
        image: uint8 ``(height, width)`` or ``(height, width, 3)``.
        registration: Millimetres to pixels of the scan as received.
        scale: Pixels of ``image`` per pixel of the scan: 1, 1/2, 1/4, …
    """

    image: NDArray[np.uint8]
    registration: Registration
    scale: float = 1.0

    @staticmethod
    def of(
        scan: NDArray[np.uint8] | Halvings, registration: Registration, px_per_mm: float
    ) -> Rectifier:
        """A sampler for patches at ``px_per_mm``, halving the scan while it is far finer."""
        image = scan.at(0) if isinstance(scan, Halvings) else scan
        times = 0
        while registration.px_per_mm >= 1.9 * px_per_mm * 2.0**times and min(image.shape[:2]) > 1:
            times += 1
            image = scan.at(times) if isinstance(scan, Halvings) else halved(image)
        return Rectifier(image, registration, 0.5**times)

    def patches(
        self, corners_mm: NDArray[np.float64], shape: tuple[int, int], px_per_mm: float
    ) -> NDArray[np.uint8]:
        """Equal patches, each small against the displacement field.

        Args:
            corners_mm: float64 ``(n, 2)``: top-left corner of each patch.
            shape: ``(height, width)`` of a patch in pixels.
            px_per_mm: Resolution of the patches.

        Returns:
            uint8 ``(n, height, width)`` or ``(n, height, width, 3)``; what lies off the
            scan is white, as paper is.
        """
        count, (height, width) = len(corners_mm), shape
        if count == 0:
            return np.empty((0, height, width, *self.image.shape[2:]), np.uint8)
        # Three corners of a patch fix an affine map: exact for a flatbed, and a box is too small
        # for perspective or an uneven feed to bend it by a tenth of a pixel. The fourth
        # corner is met in the mean.
        span = np.array([max(width - 1, 1), max(height - 1, 1)], dtype=np.float64)
        start = corners_mm + 0.5 / px_per_mm
        across, down = np.array([span[0], 0.0]) / px_per_mm, np.array([0.0, span[1]]) / px_per_mm
        corners = np.concatenate([start, start + across, start + down, start + across + down])
        a, b, c, d = self._to_image(corners).reshape(4, count, 2)
        maps = np.empty((count, 2, 3), dtype=np.float64)
        maps[:, :, 0] = (b - a + d - c) / (2.0 * span[0])
        maps[:, :, 1] = (c - a + d - b) / (2.0 * span[1])
        middle = (a + b + c + d) / 4.0
        half = (span / 2.0)[None, :]
        maps[:, :, 2] = middle - np.einsum("nij,nj->ni", maps[:, :, :2], np.repeat(half, count, 0))
        result = np.empty((count, height, width, *self.image.shape[2:]), np.uint8)
        for k in range(count):
            cv2.warpAffine(
                self.image,
                maps[k],
                (width, height),
                dst=result[k],
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=(255, 255, 255),
            )
        return result

    def region(
        self, box_mm: tuple[float, float, float, float], px_per_mm: float
    ) -> NDArray[np.uint8]:
        """One region of any size, as ``(height, width)`` or ``(height, width, 3)`` uint8."""
        x, y, w, h = box_mm
        width, height = max(1, round(w * px_per_mm)), max(1, round(h * px_per_mm))
        # One node in the middle of every cell and a rim of cells outside, cut off after
        # stretching: so the map is linear between nodes up to the region's edge.
        cell = max(1, round(_MAP_STEP_MM * px_per_mm))
        across, down = -(-width // cell), -(-height // cell)
        columns = x + (np.arange(-1, across + 1) + 0.5) * cell / px_per_mm
        rows = y + (np.arange(-1, down + 1) + 0.5) * cell / px_per_mm
        lattice = np.empty((len(rows), len(columns), 2))
        lattice[:, :, 0], lattice[:, :, 1] = columns, rows[:, None]
        nodes = self._to_image(lattice.reshape(-1, 2))
        coarse = nodes.reshape(len(rows), len(columns), 2).astype(np.float32)
        size = (cell * len(columns), cell * len(rows))
        inner = (slice(cell, cell + height), slice(cell, cell + width))
        x_map, y_map = (
            cv2.resize(axis, size, interpolation=cv2.INTER_LINEAR)[inner]
            for axis in cv2.split(coarse)
        )
        sampled = cv2.remap(
            self.image,
            x_map,
            y_map,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(255, 255, 255),
        )
        return np.asarray(sampled, np.uint8)

    def _to_image(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        px = self.registration.to_px(points_mm)
        result: NDArray[np.float64] = (px + 0.5) * self.scale - 0.5
        return result

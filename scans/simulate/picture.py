"""A scan that is opened in an editor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.simulate.geometry import PageMapping

__all__ = ["Picture"]

Field = NDArray[np.float32]


@dataclass
class Picture:
    """A decoded scan being edited, and where the sheet is in it.

    Attributes:
        image: uint8 ``(height, width)`` or ``(height, width, 3)``; changed in place.
    """

    image: NDArray[np.uint8]
    mapping: PageMapping

    def rect(self, box: BoxMm, margin: float = 0.0) -> tuple[slice, slice]:
        """Rows and columns that hold a box in mm, cut at the picture's edge."""
        x, y, w, h = box
        left, top, right, bottom = x - margin, y - margin, x + w + margin, y + h + margin
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        px = self.mapping.to_px(corners)
        height, width = self.image.shape[:2]
        low = np.floor(px.min(axis=0)).astype(int)
        high = np.ceil(px.max(axis=0)).astype(int) + 1
        return (
            slice(int(np.clip(low[1], 0, height - 2)), int(np.clip(high[1], 1, height))),
            slice(int(np.clip(low[0], 0, width - 2)), int(np.clip(high[0], 1, width))),
        )

    def box(self, rect: tuple[slice, slice]) -> BoxMm:
        """The box in mm around a rectangle of pixels."""
        rows, columns = rect
        corners = [(x, y) for x in (columns.start - 0.5, columns.stop - 0.5)
                   for y in (rows.start - 0.5, rows.stop - 0.5)]  # fmt: skip
        mm = self.mapping.to_mm(np.array(corners))
        low, size = mm.min(axis=0), np.ptp(mm, axis=0)
        return (float(low[0]), float(low[1]), float(size[0]), float(size[1]))

    def mm(self, rect: tuple[slice, slice]) -> NDArray[np.float64]:
        """Mm on the sheet of every pixel of a rectangle, ``(rows, columns, 2)``."""
        ys, xs = np.mgrid[rect[0], rect[1]]
        points = np.column_stack([xs.ravel(), ys.ravel()]).astype(np.float64)
        return self.mapping.to_mm(points).reshape(*ys.shape, 2)

    def paper(self, rect: tuple[slice, slice]) -> Field:
        """Colour of the bare paper in a rectangle: a high quantile of each channel."""
        part = self.image[rect].reshape(-1, self.channels)
        return np.asarray(np.percentile(part, 75, axis=0), dtype=np.float32)

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        return 1 if self.image.ndim == 2 else 3

    @property
    def bitonal(self) -> bool:
        """Whether only black and white occur."""
        part = self.image[::7, ::7]
        return bool(np.all((part == 0) | (part == 255)))

    def put(self, rect: tuple[slice, slice], values: Field, cover: Field) -> None:
        """Blend ``values`` ``(rows, columns, channels)`` in where ``cover`` is 1."""
        two_levels = self.bitonal
        part = self.image[rect]
        old = part.reshape(*part.shape[:2], self.channels).astype(np.float32)
        mixed = old + (values - old) * cover[:, :, None]
        if two_levels:
            mixed = np.where(mixed < 128, 0.0, 255.0).astype(np.float32)
        self.image[rect] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8).reshape(part.shape)

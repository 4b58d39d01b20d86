"""Bare paper in and around the fields that are signed or stamped: its level and its grain.

Measured on the pixels as received, in small blocks without ink; resampling would level the
grain of one scan's paper with another's.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.quantiles import percentile
from scans.types import Registration

__all__ = ["FieldPaper", "field_paper"]

_BLOCK_MM = 1.4
_AROUND_MM = 12.0
# Blocks whose darkest pixel is this much of the way from paper to print hold ink.
_INKED = 0.12


@dataclass(frozen=True, eq=False)
class FieldPaper:
    """Blocks of a rectangle of the scan around fields.

    Attributes:
        level: float32 ``(rows, columns, channels)``: mean of each block.
        grain: float32 ``(rows, columns)``: mean absolute difference of a block's pixels from
            their neighbourhood, in grey levels.
        bare: bool ``(rows, columns)``: blocks without ink in them or beside them.
        place_mm: float64 ``(rows, columns, 2)``: centres of the blocks on the form.
    """

    level: NDArray[np.float32]
    grain: NDArray[np.float32]
    bare: NDArray[np.bool_]
    place_mm: NDArray[np.float64]


def field_paper(
    image: NDArray[np.uint8],
    registration: Registration,
    box_mm: BoxMm,
    page_mm: tuple[float, float],
    black: float,
) -> FieldPaper:
    """Cut the surroundings of ``box_mm`` into blocks; ``black`` is the level of print."""
    x, y, w, h = box_mm
    left, top = max(2.0, x - _AROUND_MM), max(2.0, y - _AROUND_MM)
    right = min(page_mm[0] - 2.0, x + w + _AROUND_MM)
    bottom = min(page_mm[1] - 2.0, y + h + _AROUND_MM)
    corners = np.array([[left, top], [right, top], [left, bottom], [right, bottom]], np.float64)
    px = registration.to_px(corners)
    limit = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(px.min(axis=0)).astype(int), 0, limit - 1)
    high = np.clip(np.ceil(px.max(axis=0)).astype(int), low + 1, limit)
    side = max(4, round(_BLOCK_MM * registration.px_per_mm))
    columns, rows = np.maximum((high - low) // side, 1)
    part = image[low[1] : low[1] + rows * side, low[0] : low[0] + columns * side]
    colour = part if part.ndim == 3 else part[:, :, None]
    grey = np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), np.uint8) if part.ndim == 3 else part
    size = (int(columns), int(rows))
    # Grain is a level or less: a mean of bytes would round it away.
    rough = cv2.absdiff(grey, cv2.blur(grey, (3, 3))).astype(np.float32)
    grain = cv2.resize(rough, size, interpolation=cv2.INTER_AREA)
    level = cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
    paper = percentile(grey[::8, ::8], 70)
    dark = (grey < paper - _INKED * max(paper - black, 40.0)).astype(np.uint8) * 255
    inked = cv2.resize(dark, size, interpolation=cv2.INTER_AREA) > 0
    beside = cv2.dilate(inked.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    bare = ~np.asarray(beside, np.bool_)
    to_mm = _back(px, corners)
    xs = low[0] + (np.arange(columns) + 0.5) * side - 0.5
    ys = low[1] + (np.arange(rows) + 0.5) * side - 0.5
    grid = np.stack([*np.meshgrid(xs, ys), np.ones((rows, columns))], axis=-1)
    return FieldPaper(
        np.asarray(level, np.float32).reshape(rows, columns, -1),
        np.asarray(grain, np.float32),
        bare,
        np.asarray(grid @ to_mm, np.float64),
    )


def _back(px: NDArray[np.float64], mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Plane map from homogeneous px to mm, exact enough over a field."""
    design = np.column_stack([px, np.ones(len(px))])
    return np.asarray(np.linalg.lstsq(design, mm, rcond=None)[0], np.float64)

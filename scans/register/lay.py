"""Bringing a scan to the page: the picture that cells are compared in."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.register.cells import Cells, soften
from scans.register.geometry import Matrix, apply, px_per_mm, to_template_px
from scans.register.picture import ScanPicture
from scans.types import DisplacementField

__all__ = ["lay", "on_scan"]

# 4 mm at the finest resolution; nodes of a field are 5 mm apart.
_LATTICE_PX = 16


def lay(
    picture: ScanPicture,
    matrix: Matrix,
    field: DisplacementField | None,
    size_mm: tuple[float, float],
    resolution: float,
    margin_px: int,
) -> NDArray[np.uint8]:
    """The scan as the page would look, softened, with a margin around; white off the scan."""
    middle = px_per_mm(matrix, (size_mm[0] / 2, size_mm[1] / 2))
    level = picture.for_resolution(middle, resolution)
    width = round(size_mm[0] * resolution) + 2 * margin_px
    height = round(size_mm[1] * resolution) + 2 * margin_px
    to_page_mm = np.linalg.inv(to_template_px(resolution)) @ np.array(
        [[1.0, 0, -margin_px], [0, 1.0, -margin_px], [0, 0, 1.0]]
    )
    whole = level.from_full @ matrix
    if field is None:
        page = cv2.warpPerspective(
            level.image,
            whole @ to_page_mm,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=255,
        )
    else:
        x, y = _maps(whole, field, to_page_mm, (width, height))
        page = cv2.remap(
            level.image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=255
        )
    return soften(np.asarray(page, dtype=np.uint8))


def _maps(
    whole: Matrix, field: DisplacementField, to_page_mm: Matrix, size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each pixel of the page comes from: exact on a lattice, linear between."""
    step = _LATTICE_PX
    width, height = size
    across, down = -(-width // step), -(-height // step)
    # One node in the middle of each lattice cell and one more on each side: stretching the
    # lattice by its step then puts every node on its pixel.
    x = (np.arange(-1, across + 1) + 0.5) * step - 0.5
    y = (np.arange(-1, down + 1) + 0.5) * step - 0.5
    nodes = apply(to_page_mm, np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
    px = apply(whole, nodes + field.at(nodes)).astype(np.float32)
    px = px.reshape(down + 2, across + 2, 2)
    full = ((across + 2) * step, (down + 2) * step)
    inner = (slice(step, step + height), slice(step, step + width))
    x_map, y_map = (
        cv2.resize(axis, full, interpolation=cv2.INTER_LINEAR)[inner] for axis in cv2.split(px)
    )
    return np.asarray(x_map, np.float32), np.asarray(y_map, np.float32)


def on_scan(
    cells: Cells, matrix: Matrix, field: DisplacementField | None, scan_px: tuple[int, int]
) -> NDArray[np.bool_]:
    """Which cells lie wholly on the scan: bool ``(n,)``."""
    corner = cells.corner / cells.resolution
    side = cells.side / cells.resolution
    ends = (0.0, side)
    points = np.concatenate([corner + np.array([dx, dy]) for dx in ends for dy in ends])
    if field is not None:
        points = points + field.at(points)
    p = apply(matrix, points)
    good = ((p >= 0) & (p <= np.array(scan_px) - 1.0)).reshape(4, -1, 2).all(axis=(0, 2))
    return np.asarray(good, np.bool_)

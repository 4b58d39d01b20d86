"""The blank page cut into cells of print, and how each is found again in a scan.

A cell is a square of the page that carries print. It is compared with the scan by
normalised cross-correlation over small shifts: the peak says whether the print is there,
the place of the peak how far it has moved. Shifts belong to the centre of the cell's
print, not of its square, and count only along the axes that the print fixes (a ruled line
fixes one).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.template import PageTemplate

__all__ = ["COARSE", "FINE", "Cells", "Measured", "Raster", "measure", "page_cells", "soften"]


@dataclass(frozen=True)
class Raster:
    """How a page is cut into cells.

    Attributes:
        px_per_mm: Of the pictures that are compared; less on paper beyond A3.
        cell_mm: Side of a cell.
        step_mm: From one cell to the next; less than the side, so that cells overlap.
    """

    px_per_mm: float
    cell_mm: float
    step_mm: float

    def resolution(self, size_mm: tuple[float, float]) -> float:
        """Pixels a millimetre on a page of that size."""
        return min(self.px_per_mm, 425.0 * self.px_per_mm / max(size_mm))


COARSE = Raster(px_per_mm=2.0, cell_mm=12.0, step_mm=10.0)
FINE = Raster(px_per_mm=4.0, cell_mm=9.0, step_mm=7.5)

# Less ink than a single digit of 8 pt type (about 0.4 mm²) makes no cell.
_LEAST_INK_MM2 = 0.4
# An axis is fixed when edges across it carry at least this share of the cell's edges; a
# rule with ragged ends stays near 0.02, text is between 0.3 and 0.7.
_FIXED = 0.12


def soften(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blur by less than a stroke, so that pen width and sub-pixel phase do not matter."""
    return np.asarray(cv2.GaussianBlur(image, (3, 3), 0.9), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Cells:
    """Print-bearing squares of one blank page.

    Attributes:
        resolution: px a mm of the pictures below.
        corner: int ``(n, 2)``: top-left px of each square on the page.
        side: Side of a square, px.
        patches: uint8 ``(side, side)`` each: the print, softened.
        centre_mm: float64 ``(n, 2)``: centre of the print.
        fixes: float64 ``(n, 2)``: 0 to 1, how well print fixes the shift in x and y.
    """

    resolution: float
    corner: NDArray[np.intp]
    side: int
    patches: tuple[NDArray[np.uint8], ...]
    centre_mm: NDArray[np.float64]
    fixes: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.patches)


@dataclass(frozen=True, eq=False)
class Measured:
    """Cells found again in a scan.

    Attributes:
        shift_mm: float64 ``(n, 2)``: where print is found minus where it was expected.
        score: float64 ``(n,)``: correlation at the peak, -1 to 1; NaN where the cell lies
            outside the scan.
    """

    shift_mm: NDArray[np.float64]
    score: NDArray[np.float64]


@lru_cache(maxsize=128)
def page_cells(template: PageTemplate, raster: Raster) -> Cells:
    """Cut a blank page into cells; once a template, raster and process."""
    resolution = raster.resolution(template.page.size_mm)
    page = soften(template.at(resolution))
    side = round(raster.cell_mm * resolution)
    step = raster.step_mm * resolution
    height, width = page.shape
    corners, patches, centres, fixes = [], [], [], []
    for top in np.arange(0, max(height - side, 0) + 1, step).round().astype(int):
        for left in np.arange(0, max(width - side, 0) + 1, step).round().astype(int):
            patch = np.ascontiguousarray(page[top : top + side, left : left + side])
            ink = (255.0 - patch) / 255.0
            if ink.sum() / resolution**2 < _LEAST_INK_MM2 or patch.std() < 4.0:
                continue
            corners.append((left, top))
            patches.append(patch)
            centre, fixed = _print_centre(patch)
            centres.append((centre + np.array([left, top]) + 0.5) / resolution)
            fixes.append(fixed)
    return Cells(
        resolution,
        np.array(corners, dtype=np.intp).reshape(-1, 2),
        side,
        tuple(patches),
        np.array(centres, dtype=np.float64).reshape(-1, 2),
        np.array(fixes, dtype=np.float64).reshape(-1, 2),
    )


def _print_centre(patch: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre of the edges of a patch in px, and how well they fix x and y."""
    across = cv2.Sobel(patch, cv2.CV_32F, 1, 0).astype(np.float64) ** 2
    down = cv2.Sobel(patch, cv2.CV_32F, 0, 1).astype(np.float64) ** 2
    both = across + down
    total = both.sum() + 1e-9
    rows, columns = np.indices(patch.shape)
    centre = np.array([(both * columns).sum(), (both * rows).sum()]) / total
    share = np.array([across.sum(), down.sum()]) / total
    return centre, np.clip(share / _FIXED, 0.0, 1.0) * (share > _FIXED / 2)


def measure(
    page: NDArray[np.uint8], inside: NDArray[np.bool_], cells: Cells, radius_mm: float
) -> Measured:
    """Find each cell in a scan that was brought to the page.

    Args:
        page: uint8, the scan at the cells' resolution with ``margin`` px of surroundings.
        inside: bool ``(n,)``: cells that lie on the scan.
        cells: What to find.
        radius_mm: How far to look in each direction; ``page`` has this margin around it.
    """
    radius = max(2, round(radius_mm * cells.resolution))
    n = len(cells)
    peaks, around = np.zeros((n, 2)), np.zeros((n, 5))
    # The nearer of two equal peaks is meant: rules repeat themselves along their length.
    offset = np.arange(-radius, radius + 1, dtype=np.float32) / radius
    prior = np.asarray(0.03 * (offset[:, None] ** 2 + offset[None, :] ** 2), dtype=np.float32)
    span, last = cells.side + 2 * radius, 2 * radius
    for i in np.flatnonzero(inside):
        left, top = cells.corner[i]
        window = page[top : top + span, left : left + span]
        surface = cv2.matchTemplate(window, cells.patches[i], cv2.TM_CCOEFF_NORMED)
        _, _, _, (x, y) = cv2.minMaxLoc(surface - prior)
        peaks[i] = x, y
        around[i] = (
            surface[y, x],
            surface[y, max(x - 1, 0)],
            surface[y, min(x + 1, last)],
            surface[max(y - 1, 0), x],
            surface[min(y + 1, last), x],
        )
    inner = (peaks > 0) & (peaks < last)
    vertex = np.column_stack([_vertex(around[:, [0, 1, 2]]), _vertex(around[:, [0, 3, 4]])])
    shift = (peaks + np.where(inner, vertex, 0.0) - radius) / cells.resolution
    score = np.where(inside, np.minimum(around[:, 0], 1.0), np.nan)
    return Measured(np.where(inside[:, None], shift, 0.0), score)


def _vertex(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place of the top of parabolas through ``(n, 3)`` values at 0, -1 and 1: -0.5 to 0.5."""
    centre, before, after = values.T
    bend = np.minimum(before - 2.0 * centre + after, -1e-6)
    return np.asarray(np.clip(0.5 * (before - after) / bend, -0.5, 0.5), dtype=np.float64)

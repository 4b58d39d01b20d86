"""The blank page cut into cells of print, and how each is found again in a scan.

A cell is a square of the page that carries print. It is compared with the scan by
normalised cross-correlation over small shifts: the peak says whether the print is there,
the place of the peak how far it has moved. Shifts belong to the centre of the cell's
print, not of its square, and count only along the axes that the print fixes (a ruled line
fixes one).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.compiled import check_inside
from scans.register.correlation import correlations
from scans.template import PageTemplate

__all__ = [
    *("COARSE", "FINE", "Cells", "Measured", "Raster"),
    *("measure", "page_cells", "soft_blank", "soften"),
]


@dataclass(frozen=True)
class Raster:
    """How a page is cut into cells.

    Attributes:
        px_per_mm: Of the pictures that are compared; less on paper beyond A3.
        cell_mm: Side of a cell.
        step_mm: From one cell to the next; less than the side, so that cells overlap.
        block_mm: Only the best cell of each square block of this side is kept; 0 keeps all.
    """

    px_per_mm: float
    cell_mm: float
    step_mm: float
    block_mm: float = 0.0

    def resolution(self, size_mm: tuple[float, float]) -> float:
        """Pixels a millimetre on a page of that size."""
        return min(self.px_per_mm, 425.0 * self.px_per_mm / max(size_mm))


COARSE = Raster(px_per_mm=2.0, cell_mm=12.0, step_mm=10.0, block_mm=20.0)
FINE = Raster(px_per_mm=4.0, cell_mm=10.0, step_mm=9.0)

# Print that is met within this share of the radius, as like as this, is there; on a page that was
# guessed well. On others much else looks like what stands further off.
_NEAR, _SURE, _MOST_SURE = 0.4, 0.8, 0.75
# Less ink than a single digit of 8 pt type (about 0.4 mm²) makes no cell.
_LEAST_INK_MM2 = 0.4
# An axis is fixed when edges across it carry at least this share of the cell's edges; a
# rule with ragged ends stays near 0.02, text is between 0.3 and 0.7.
_FIXED = 0.12


def soften(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blur by less than a stroke, so that pen width and sub-pixel phase do not matter."""
    return np.asarray(cv2.GaussianBlur(image, (3, 3), 0.9), dtype=np.uint8)


@lru_cache(maxsize=256)
def soft_blank(template: PageTemplate, resolution: float) -> NDArray[np.uint8]:
    """The blank as a softened scan of it would look."""
    return soften(template.at(resolution))


@dataclass(frozen=True, eq=False)
class Cells:
    """Print-bearing squares of one blank page.

    Attributes:
        resolution: px a mm of the pictures below.
        corner: int ``(n, 2)``: top-left px of each square on the page.
        side: Side of a square, px.
        patches: uint8 ``(n, side, side)``: the print, softened.
        centre_mm: float64 ``(n, 2)``: centre of the print.
        fixes: float64 ``(n, 2)``: 0 to 1, how well print fixes the shift in x and y.
    """

    resolution: float
    corner: NDArray[np.intp]
    side: int
    patches: NDArray[np.uint8]
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
        at_edge: bool ``(n, 2)``: the peak stands on the edge of what was searched in x or
            y: the print is further off, and something else was met.
    """

    shift_mm: NDArray[np.float64]
    score: NDArray[np.float64]
    at_edge: NDArray[np.bool_]


@lru_cache(maxsize=128)
def page_cells(template: PageTemplate, raster: Raster) -> Cells:
    """Cut a blank page into cells; once a template, raster and process."""
    resolution = raster.resolution(template.page.size_mm)
    page = soft_blank(template, resolution)
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
    cells = Cells(
        resolution,
        np.array(corners, dtype=np.intp).reshape(-1, 2),
        side,
        np.array(patches, dtype=np.uint8).reshape(-1, side, side),
        np.array(centres, dtype=np.float64).reshape(-1, 2),
        np.array(fixes, dtype=np.float64).reshape(-1, 2),
    )
    return _best_of_blocks(cells, raster.block_mm) if raster.block_mm else cells


def _best_of_blocks(cells: Cells, block_mm: float) -> Cells:
    """Of each square block of the page the cell that fixes both axes best."""
    spread = cells.patches.std(axis=(1, 2))
    order = np.lexsort((-spread, -cells.fixes.min(axis=1)))
    block = (cells.centre_mm[order] / block_mm).astype(np.intp)
    _, first = np.unique(block, axis=0, return_index=True)
    kept = np.sort(order[first])
    return replace(
        cells,
        corner=cells.corner[kept],
        patches=cells.patches[kept],
        centre_mm=cells.centre_mm[kept],
        fixes=cells.fixes[kept],
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
    page: NDArray[np.uint8],
    margin: int,
    inside: NDArray[np.bool_],
    cells: Cells,
    radius_mm: float,
) -> Measured:
    """Find each cell in a scan that was brought to the page.

    All cells are summed by one compiled loop (:mod:`scans.register.correlation`): 7 us a cell of
    10 mm, where ``cv2.matchTemplate`` and what it takes around it need 110.

    Args:
        page: uint8, the scan at the cells' resolution with ``margin`` px of surroundings.
        margin: At least the radius.
        inside: bool ``(n,)``: cells that lie on the scan.
        cells: What to find.
        radius_mm: How far to look in each direction.
    """
    radius = min(margin, max(2, round(radius_mm * cells.resolution)))
    n, chosen = len(cells), np.flatnonzero(inside)
    shift, score = np.zeros((n, 2)), np.full(n, np.nan)
    at_edge = np.zeros((n, 2), dtype=np.bool_)
    near = round(_NEAR * radius)
    if len(chosen) and 1 < near < radius:
        # Print that stands where it should is not looked for all around.
        surface = _surfaces(page, margin - near, cells, chosen, near)
        moved, top, edge = _peaks(surface, radius)
        sure = (top >= _SURE) & ~edge.any(axis=1)
        if sure.mean() >= _MOST_SURE:
            shift[chosen[sure]], score[chosen[sure]] = moved[sure], top[sure]
            chosen = chosen[~sure]
    if len(chosen):
        surface = _surfaces(page, margin - radius, cells, chosen, radius)
        shift[chosen], score[chosen], at_edge[chosen] = _peaks(surface, radius)
    return Measured(shift / cells.resolution, np.minimum(score, 1.0), at_edge)


def _peaks(
    surface: NDArray[np.float32], radius: int
) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.bool_]]:
    """Place in px ``(n, 2)`` and height ``(n,)`` of each peak, and where it is the edge's.

    The nearer of two equal peaks is meant: rules repeat themselves along their length.
    """
    last = surface.shape[1] - 1
    offset = (np.arange(last + 1, dtype=np.float32) - last // 2) / radius
    prior = np.asarray(0.03 * (offset[:, None] ** 2 + offset[None, :] ** 2), dtype=np.float32)
    y, x = np.divmod((surface - prior).reshape(len(surface), -1).argmax(axis=1), last + 1)
    one = np.arange(len(surface))
    top = surface[one, y, x]
    along = (surface[one, y, np.maximum(x - 1, 0)], surface[one, y, np.minimum(x + 1, last)])
    down = (surface[one, np.maximum(y - 1, 0), x], surface[one, np.minimum(y + 1, last), x])
    peak = np.column_stack([x, y])
    vertex = np.column_stack([_vertex(top, *along), _vertex(top, *down)])
    at_edge = (peak == 0) | (peak == last)
    vertex[at_edge] = 0.0
    return peak + vertex - last // 2, top, at_edge


def _surfaces(
    page: NDArray[np.uint8], skip: int, cells: Cells, chosen: NDArray[np.intp], radius: int
) -> NDArray[np.float32]:
    """Normalised correlation of ``n`` chosen cells at ``(n, shifts down, shifts across)``."""
    side, shifts = cells.side, 2 * radius + 1
    prints = _prints(cells, side + 2 * radius)
    # Mostly all cells lie on the scan: then nothing is copied.
    some = slice(None) if len(chosen) == len(cells) else chosen
    corner = np.ascontiguousarray(cells.corner[some] + skip, np.int64)
    rows, mean, norm = prints.rows[some], prints.mean[some], prints.norm[some]
    surface = np.empty((len(chosen), shifts, shifts), np.float32)
    check_inside(page, corner, (side + 2 * radius, side + 2 * radius))
    correlations(np.ascontiguousarray(page), corner, rows, mean, norm, side, surface)
    return surface


@dataclass(frozen=True, eq=False)
class _Prints:
    """Cells ready for correlation: rows of darkness, as wide as what they are looked for in."""

    rows: NDArray[np.int16]
    mean: NDArray[np.float64]
    norm: NDArray[np.float64]


@lru_cache(maxsize=128)
def _prints(cells: Cells, span: int) -> _Prints:
    dark = 255.0 - cells.patches.astype(np.float64)
    count, side = len(dark), cells.side
    mean = dark.mean(axis=(1, 2))
    norm = np.sqrt(((dark - mean[:, None, None]) ** 2).sum(axis=(1, 2)))
    rows = np.zeros((count, side, span), np.int16)
    rows[:, :, :side] = dark
    flat = np.ascontiguousarray(rows.reshape(count, -1)[:, : side * span - span + side])
    return _Prints(flat, mean, np.maximum(norm, 1e-3))


def _vertex(
    centre: NDArray[np.float32], before: NDArray[np.float32], after: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Place of the top of parabolas through ``(n,)`` values at 0, -1 and 1: -0.5 to 0.5."""
    bend = np.minimum(before - 2.0 * centre + after, -1e-6)
    return np.asarray(np.clip(0.5 * (before - after) / bend, -0.5, 0.5), dtype=np.float64)

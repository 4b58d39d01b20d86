"""From a rough guess to a measured registration: cells, global fit, local field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scans.register.cells import Cells, Measured, measure, page_cells
from scans.register.displacement import empty_field, fit_field, robust_weight
from scans.register.geometry import (
    Matrix,
    apply,
    fit_affine,
    fit_homography,
    is_plausible,
)
from scans.register.lay import lay, on_scan
from scans.register.picture import ScanPicture
from scans.template import PageTemplate
from scans.types import DisplacementField

__all__ = ["Laid", "first_pass", "second_pass"]

# The first guess is off by up to the corners' tolerance plus what a feeder does.
WIDE_MM = 3.0
NEAR_MM = 1.0
STIFFNESS = 0.03
ORDINARY_MM = 0.08


@dataclass(frozen=True, eq=False)
class Laid:
    """A page laid over the scan, with what was measured on it."""

    template: PageTemplate
    matrix: Matrix
    field: DisplacementField
    cells: Cells
    seen: Measured
    left_mm: NDArray[np.float64]


def trust(seen: Measured, cells: Cells) -> NDArray[np.float64]:
    """``(n, 2)`` say of each cell in x and y: none below a correlation of 0.4."""
    score = np.nan_to_num(seen.score, nan=0.0)
    return np.clip((score - 0.4) / 0.4, 0.0, 1.0)[:, None] * cells.fixes


def first_pass(
    picture: ScanPicture,
    template: PageTemplate,
    matrix: Matrix,
    *,
    photo: bool,
    radius_mm: float = WIDE_MM,
) -> Laid:
    """Look for each cell widely around the guess, then fit globally and locally."""
    size = template.page.size_mm
    cells = page_cells(template)
    margin = max(2, round(radius_mm * cells.resolution))
    page = lay(picture, matrix, None, size, cells.resolution, margin)
    inside = on_scan(cells, matrix, None, picture.size)
    seen = measure(page, inside, cells, radius_mm)
    weight = trust(seen, cells)
    better = _global_fit(cells, seen, weight, matrix, photo=photo)
    if not is_plausible(better, size, picture.size, photo=True):
        better = matrix
    found = apply(np.linalg.inv(better) @ matrix, cells.centre_mm + seen.shift_mm)
    left = found - cells.centre_mm
    field = fit_field(
        cells.centre_mm, left, weight, size, stiffness=STIFFNESS, scale_mm=2 * ORDINARY_MM
    )
    return Laid(template, better, field, cells, seen, left - field.at(cells.centre_mm))


def _global_fit(
    cells: Cells, seen: Measured, weight: NDArray[np.float64], matrix: Matrix, *, photo: bool
) -> Matrix:
    """Plane transform of the cells that agree; stays as it is with too few of them."""
    both = weight.min(axis=1)
    if np.count_nonzero(both > 0) < 8:
        return matrix
    source = cells.centre_mm
    target = source + seen.shift_mm
    say = both.copy()
    for _ in range(4):
        step = fit_affine(source, target, say)
        distance = np.linalg.norm(apply(step, source) - target, axis=1)
        scale = max(0.15, 1.4826 * float(np.median(distance[both > 0])))
        say = both * robust_weight(distance, scale)
        if np.count_nonzero(say > 0) < 8:
            return matrix
    if photo or abs(matrix[2, 0]) + abs(matrix[2, 1]) > 0:
        bent = fit_homography(source, target, say * (say > 0.1))
        if bent is not None:
            step = bent
    result = matrix @ step
    return np.asarray(result / result[2, 2], dtype=np.float64)


def second_pass(picture: ScanPicture, laid: Laid, radius_mm: float = NEAR_MM) -> Laid:
    """Measure again through the field and mend it."""
    size = laid.template.page.size_mm
    cells = laid.cells
    margin = max(2, round(radius_mm * cells.resolution))
    page = lay(picture, laid.matrix, laid.field, size, cells.resolution, margin)
    inside = on_scan(cells, laid.matrix, laid.field, picture.size)
    seen = measure(page, inside, cells, radius_mm)
    weight = trust(seen, cells)
    # The cell was met at p + field(p); it stands at q + field(q) with q = p + shift.
    q = cells.centre_mm + seen.shift_mm
    total = q + laid.field.at(q) - cells.centre_mm
    field = fit_field(
        cells.centre_mm, total, weight, size, stiffness=STIFFNESS, scale_mm=ORDINARY_MM, rounds=2
    )
    left = total - field.at(cells.centre_mm)
    return Laid(laid.template, laid.matrix, field, cells, seen, left)

"""From a rough guess to a measured registration: global fit, local field, residual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.quantiles import median, percentile
from scans.register.cells import COARSE, FINE, Cells, Measured, Raster, measure, page_cells
from scans.register.displacement import FieldBasis, field_basis, fit_field, robust_weight
from scans.register.geometry import Matrix, apply, fit_affine, fit_homography, is_plausible
from scans.register.lay import lay, on_scan
from scans.register.picture import ScanPicture
from scans.template import PageTemplate
from scans.types import DisplacementField

__all__ = ["Laid", "Overlay", "coarse_pass", "fine_pass", "likenesses", "overlay_of"]

# A guess from content is off by its tolerance (2 mm) plus what a feeder does (1.5 mm); one
# from a code, whose corners span a tenth of the page, by as much again.
_WIDE_MM = 5.0
# Waves shorter than the coarse cells and nodes can follow leave up to 0.6 mm.
_NEAR_MM = 1.25
# Below this a correlation says nothing: letters of other words reach it.
_SCORE_FLOOR = 0.4
_ORDINARY_MM = 0.08
# A coarse cell has 20 mm for itself, a fine one 9: its marks must not bend the page alone.
_COARSE_STIFFNESS = 20.0
# Surroundings of the page that are laid, too: print that stands beside its place is looked
# for in them.
_MARGIN_MM = 5.0
# A form's few unmatched cells reach an edge by chance.
_MUCH_BEYOND = 0.05
_MOST_REPEATS = 6
# A feeder's waves apart, print lies on the plane to this.
_PLANE_MM = 0.6
# What an affine map may leave of a flat sheet that sways in a feeder, and how much less of it a
# perspective has to leave to be taken for one.
_FLAT_MM, _BENT = 0.7, 0.6
# Half a pixel of the finest picture: print seen through one field is seen as well through
# another that differs by no more. Up to a pixel and a half it is seen as well a whole pixel
# aside: a tile is so small against the waves of a feeder that all of it moves alike.
_SAME_MM, _ASIDE_MM = 0.15, 0.4
_MOST_ASIDE_MM = 1.0


@dataclass(frozen=True, eq=False)
class Overlay:
    """The scan brought to the page.

    Attributes:
        image: uint8, softened, at the resolution of the fine cells.
        margin: px of surroundings on each side of the page.
        drift: How far the field has moved since the picture was laid; ``None`` for less than
            half a pixel.
    """

    image: NDArray[np.uint8]
    margin: int
    drift: DisplacementField | None = None

    def aside(self, points_mm: NDArray[np.float64], resolution: float) -> NDArray[np.intp]:
        """Whole px ``(n, 2)`` by which what belongs to points of the page stands aside."""
        if self.drift is None:
            return np.zeros((len(points_mm), 2), dtype=np.intp)
        moved = np.clip(self.drift.at(points_mm), -_MOST_ASIDE_MM, _MOST_ASIDE_MM)
        return np.rint(moved * resolution).astype(np.intp)


@dataclass(frozen=True, eq=False)
class Laid:
    """A page laid over the scan, with what was measured on it.

    Attributes:
        template: The page.
        matrix: mm -> full-size px.
        field: Displacement on top of it.
        cells: The cells that were looked for.
        seen: What was measured when the field was fitted.
        overlay: The scan as the page would look, where it was laid as ``field`` says.
        left_mm: ``(n, 2)`` what the field leaves of the shifts of its own cells.
    """

    template: PageTemplate
    matrix: Matrix
    field: DisplacementField
    cells: Cells
    seen: Measured
    left_mm: NDArray[np.float64]
    overlay: Overlay | None = None

    @property
    def before_mm(self) -> float:
        """95th percentile of the shifts that were measured before the field was fitted."""
        sure = np.nan_to_num(self.seen.score) > 0.6
        if not sure.any():
            return float("inf")
        moved = np.linalg.norm(self.seen.shift_mm * (self.cells.fixes > 0), axis=1)
        return percentile(moved[sure], 95)

    @property
    def beyond(self) -> float:
        """Share of cells that were met on the edge of what was searched."""
        return _beyond(self.cells, self.seen)

    @property
    def fit(self) -> float:
        """Mean correlation of all cells, those off the scan counted as 0."""
        if not len(self.cells):
            return 0.0
        return float(np.clip(np.nan_to_num(self.seen.score, nan=0.0), 0.0, 1.0).mean())


def _trust(seen: Measured, cells: Cells) -> NDArray[np.float64]:
    """``(n, 2)`` say of each cell in x and y, 0 to 1."""
    score = np.nan_to_num(seen.score, nan=0.0)
    say = np.clip((score - _SCORE_FLOOR) / (0.8 - _SCORE_FLOOR), 0.0, 1.0)
    # Along an axis that its print does not fix, a peak may stand anywhere.
    say *= ~(seen.at_edge & (cells.fixes > 0)).any(axis=1)
    return np.asarray(say[:, None] * cells.fixes, dtype=np.float64)


def likenesses(picture: ScanPicture, guesses: Sequence[tuple[PageTemplate, Matrix]]) -> list[float]:
    """Correlation of the whole page with the blank at a millimetre a pixel, -1 to 1.

    Enough to tell a page from itself upside down in a millisecond. Pages of one form mostly
    share their guesses: the scan is looked at once for each.
    """
    looks: dict[tuple[bytes, tuple[float, float]], NDArray[np.float32]] = {}
    ranks = []
    for template, matrix in guesses:
        size = template.page.size_mm
        key = (matrix.tobytes(), size)
        if key not in looks:
            page = lay(picture, matrix, None, size, 1.0, 0)
            blurred = cv2.GaussianBlur(page, (0, 0), 2.0).astype(np.float32).ravel()
            blurred -= blurred.mean()
            looks[key] = blurred / np.float32(max(float(np.linalg.norm(blurred)), 1e-6))
        ranks.append(float(looks[key] @ _rough(template)))
    return ranks


@lru_cache(maxsize=128)
def _rough(template: PageTemplate) -> NDArray[np.float32]:
    """The blank as :func:`likenesses` sees it, flat, without its mean, of length 1."""
    blurred = cv2.GaussianBlur(template.at(1.0), (0, 0), 2.0).astype(np.float32).ravel()
    blurred -= blurred.mean()
    unit: NDArray[np.float32] = blurred / max(float(np.linalg.norm(blurred)), 1e-6)
    return unit


def coarse_pass(
    picture: ScanPicture, template: PageTemplate, matrix: Matrix, *, photo: bool
) -> Laid:
    """Look for some large cells widely around the guess, fit globally, then locally.

    Repeated from the better matrix while that finds more print, or while much of it lies
    beyond what was searched.
    """
    best = _coarse_once(picture, template, matrix, photo=photo)
    for _ in range(_MOST_REPEATS):
        if best.fit > 0.8 and best.beyond < _MUCH_BEYOND:
            break
        again = _coarse_once(picture, template, best.matrix, photo=photo)
        if again.fit <= best.fit + 0.02 and again.beyond >= best.beyond:
            break
        best = again
    return best


def _coarse_once(
    picture: ScanPicture, template: PageTemplate, matrix: Matrix, *, photo: bool
) -> Laid:
    size = template.page.size_mm
    cells = page_cells(template, COARSE)
    margin = max(2, round(_WIDE_MM * cells.resolution))
    page = lay(picture, matrix, None, size, cells.resolution, margin)
    inside = on_scan(cells, matrix, None, picture.size)
    seen = measure(page, margin, inside, cells, _WIDE_MM)
    weight = _trust(seen, cells)
    better = _global_fit(cells, seen, weight, matrix, photo=photo)
    if not is_plausible(better, size, picture.size, photo=True):
        better = matrix
    found = apply(np.linalg.inv(better) @ matrix, cells.centre_mm + seen.shift_mm)
    left = found - cells.centre_mm
    field = fit_field(
        _basis(template, COARSE),
        left,
        weight,
        scale_mm=2 * _ORDINARY_MM,
        rounds=3,
        stiffness=_COARSE_STIFFNESS,
    )
    return Laid(template, better, field, cells, seen, left - field.at(cells.centre_mm))


@lru_cache(maxsize=128)
def _basis(template: PageTemplate, raster: Raster) -> FieldBasis:
    return field_basis(page_cells(template, raster).centre_mm, template.page.size_mm)


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
    if _beyond(cells, seen) >= _MUCH_BEYOND:
        # Print that was not reached met other print, all of it to one side: least squares
        # would start from between the two.
        say *= _agree_on_a_plane(source, target, both > 0)
    for _ in range(5):
        step = fit_affine(source, target, say)
        distance = np.linalg.norm(apply(step, source) - target, axis=1)
        scale = max(0.15, 1.4826 * median(distance[both > 0]))
        say = both * robust_weight(distance, scale)
        if np.count_nonzero(say > 0) < 8:
            return matrix
    known_bent = photo or abs(matrix[2, 0]) + abs(matrix[2, 1]) > 0
    left = _left_by(step, source, target, both > 0)
    if known_bent or left > _FLAT_MM:
        bent = fit_homography(source[both > 0.3], target[both > 0.3], 1.0)
        # A program makes a photo black and white: what it was is told by its perspective alone.
        if bent is not None and (
            known_bent or _left_by(bent, source, target, both > 0) < _BENT * left
        ):
            step = bent
    result = matrix @ step
    return np.asarray(result / result[2, 2], dtype=np.float64)


def _left_by(
    step: Matrix,
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    usable: NDArray[np.bool_],
) -> float:
    """Three in four of the usable places lie at most so far, in mm, from where a map puts them."""
    off = apply(step, source[usable]) - target[usable]
    return percentile(np.linalg.norm(off, axis=1), 75)


def _beyond(cells: Cells, seen: Measured) -> float:
    """Share of cells that were met on the edge of what was searched, 0 to 1."""
    lost = seen.at_edge & (cells.fixes > 0)
    return float(np.asarray(lost.any(axis=1)).mean()) if len(lost) else 0.0


def _agree_on_a_plane(
    source: NDArray[np.float64], target: NDArray[np.float64], usable: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """1 for the places that the affine map of the largest number explains, else 0."""
    kept = np.zeros(len(source))
    _, inliers = cv2.estimateAffine2D(
        source[usable], target[usable], method=cv2.RANSAC, ransacReprojThreshold=_PLANE_MM
    )
    kept[usable] = 1.0 if inliers is None else inliers.ravel()
    return kept


def fine_pass(picture: ScanPicture, laid: Laid) -> Laid:
    """Measure small cells through the coarse field and fit the final one."""
    template = laid.template
    cells = page_cells(template, FINE)
    overlay = overlay_of(picture, laid, cells.resolution)
    inside = on_scan(cells, laid.matrix, laid.field, picture.size)
    seen = measure(overlay.image, overlay.margin, inside, cells, _NEAR_MM)
    # The cell was met at q + field(q) with q = centre + shift; it belongs to its centre.
    met = cells.centre_mm + seen.shift_mm
    total = met + laid.field.at(met) - cells.centre_mm
    field = fit_field(
        _basis(template, FINE), total, _trust(seen, cells), scale_mm=_ORDINARY_MM, rounds=2
    )
    final = field.at(cells.centre_mm)
    moved = np.linalg.norm(final - laid.field.at(cells.centre_mm), axis=1)
    most = percentile(moved, 95) if len(moved) else 0.0
    kept: Overlay | None = overlay
    if most >= _ASIDE_MM:
        kept = None
    elif most >= _SAME_MM:
        drift = replace(field, shift_mm=field.shift_mm - laid.field.shift_mm)
        kept = replace(overlay, drift=drift)
    return Laid(template, laid.matrix, field, cells, seen, total - final, kept)


def overlay_of(picture: ScanPicture, laid: Laid, resolution: float) -> Overlay:
    """The scan as the page would look."""
    margin = round(_MARGIN_MM * resolution)
    size = laid.template.page.size_mm
    image = lay(picture, laid.matrix, laid.field, size, resolution, margin)
    return Overlay(image, margin)

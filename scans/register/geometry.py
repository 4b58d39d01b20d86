"""Plane transforms between the page in mm and the scan in px, and whether one is possible.

Matrices are float64 ``(3, 3)``, homogeneous, mm -> full-size px unless said otherwise.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "apply",
    "fit_affine",
    "fit_homography",
    "invert",
    "is_plausible",
    "px_per_mm",
    "to_template_px",
]

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]


def apply(matrix: Matrix, points: Points) -> Points:
    """Map ``(n, 2)`` points."""
    x, y = points[:, 0], points[:, 1]
    result: Points = np.empty((len(points), 2))
    result[:, 0] = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
    result[:, 1] = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    result /= (matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2])[:, None]
    return result


def invert(matrix: Matrix) -> Matrix:
    """The inverse, px -> mm."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def to_template_px(resolution: float) -> Matrix:
    """Mm -> px of a template drawn at ``resolution`` px a mm (pixel 0 covers 0 to 1/r mm)."""
    return np.array([[resolution, 0, -0.5], [0, resolution, -0.5], [0, 0, 1.0]])


def px_per_mm(matrix: Matrix, at_mm: tuple[float, float]) -> float:
    """Resolution at a point: the root of the area that one square millimetre covers."""
    x, y = at_mm
    around = np.array([[x - 0.5, y], [x + 0.5, y], [x, y - 0.5], [x, y + 0.5]])
    p = apply(matrix, around)
    across, down = p[1] - p[0], p[3] - p[2]
    return float(np.sqrt(abs(across[0] * down[1] - across[1] * down[0])))


def is_plausible(
    matrix: Matrix, page_mm: tuple[float, float], scan_px: tuple[int, int], *, photo: bool
) -> bool:
    """Whether a page of paper can lie like this in a scan of that size.

    Not mirrored, no corner behind the camera, convex; the page no smaller than a fifth of
    the scan's long side and no more than a third of it beyond the scan. Scales and angles of
    the sides may differ by what perspective (``photo``) or a feeder does, no more.
    """
    if not np.all(np.isfinite(matrix)):
        return False
    width, height = page_mm
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    depth = corners @ matrix[2, :2] + matrix[2, 2]
    if np.any(depth <= 1e-9):
        return False
    p = apply(matrix, corners)
    edges = np.roll(p, -1, axis=0) - p
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    if np.any(turns <= 0):
        return False
    lengths = np.linalg.norm(edges, axis=1)
    scales = lengths / np.array([width, height, width, height])
    corner_sines = turns / (lengths * np.roll(lengths, -1))
    # Perspective foreshortens up to about 1 : 3; feeders and crops of the page edge do not
    # bend angles and stretch by a few per cent only.
    limit, sine = (3.0, 0.5) if photo else (1.12, 0.98)
    if scales.max() / scales.min() > limit or corner_sines.min() < sine:
        return False
    long_side = max(scan_px)
    if lengths.max() < 0.2 * long_side:
        return False
    inside = np.clip(p, 0, np.array(scan_px, dtype=np.float64))
    return bool(np.abs(inside - p).max() <= 0.34 * lengths.max())


def fit_affine(source: Points, target: Points, weight: NDArray[np.float64]) -> Matrix:
    """Weighted least squares affine map of ``(n, 2)`` points, ``n >= 3``."""
    total = max(float(weight.sum()), 1e-12)
    middle, goal = weight @ source / total, weight @ target / total
    apart = source - middle
    weighed = apart.T * weight
    gram = weighed @ apart
    if np.linalg.det(gram) > 1e-9 * np.trace(gram) ** 2:
        # A tenth of the time that least squares take for any case.
        turn = np.linalg.solve(gram, weighed @ (target - goal)).T
        matrix = np.eye(3)
        matrix[:2, :2], matrix[:2, 2] = turn, goal - turn @ middle
        return matrix
    design = np.column_stack([source, np.ones(len(source))])
    root = np.sqrt(weight)[:, None]
    solution, *_ = np.linalg.lstsq(design * root, target * root, rcond=None)
    matrix = np.eye(3)
    matrix[:2] = solution.T
    return matrix


def fit_homography(source: Points, target: Points, tolerance: float) -> Matrix | None:
    """Robust homography of ``(n, 2)`` points; ``None`` where fewer than eight agree."""
    if len(source) < 8:
        return None
    _, mask = cv2.findHomography(
        source, target, cv2.USAC_MAGSAC, tolerance, maxIters=2000, confidence=0.999
    )
    if mask is None or np.count_nonzero(mask) < 8:
        return None
    chosen = mask.ravel() > 0
    matrix, _ = cv2.findHomography(source[chosen], target[chosen], 0)
    return None if matrix is None else np.asarray(matrix, dtype=np.float64)

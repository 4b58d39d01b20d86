"""A first guess of where the page lies, from printed content alone.

Corners of print (ORB, Rublee et al. 2011) are matched between the blank and the scan; a
robust fit (RANSAC for a stiff
map, MAGSAC++, Barath et al. 2020, for a photo's) keeps the matches that one plane transform
explains. Rotation-invariant, so an upside-down or sideways page needs nothing special.
The count of such matches ranks guesses, and no more: it does not tell a form from a near
miss (323 against 270 on real sheets), which is left to the comparison of print.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.register.geometry import Matrix, apply, fit_affine, invert, is_plausible
from scans.register.picture import ScanPicture
from scans.template import PageTemplate

__all__ = ["QUICK", "THOROUGH", "Effort", "Features", "Guess", "guess", "scan_features"]


@dataclass(frozen=True)
class Effort:
    """How hard to look.

    Attributes:
        long_side: Of the picture that is looked at, px; between this and its half.
        features: At most so many corners a picture.
        threshold: Contrast that makes a corner, grey levels.
    """

    long_side: int
    features: int
    threshold: int


QUICK = Effort(long_side=1200, features=500, threshold=12)
THOROUGH = Effort(long_side=2400, features=2500, threshold=7)

# Corners that agree within this distance on the page follow the same transform; feeders
# move content by up to 1.5 mm against any plane transform.
_TOLERANCE_MM = 2.0
_FEWEST = 8


@dataclass(frozen=True, eq=False)
class Features:
    """Corners of print.

    Attributes:
        points: float64 ``(n, 2)``: mm for a blank, full-size px for a scan.
        descriptors: uint8 ``(n, 32)``.
    """

    points: NDArray[np.float64]
    descriptors: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Guess:
    """A page of the form laid roughly over the scan.

    Attributes:
        template: The page.
        matrix: mm -> px.
        support: How many matches, fiducials or code corners carry it.
        method: ``fiducials``, ``code`` or ``content``.
    """

    template: PageTemplate
    matrix: Matrix
    support: int
    method: str


def _detect(image: NDArray[np.uint8], effort: Effort) -> Features:
    orb = cv2.ORB.create(
        nfeatures=effort.features,
        scaleFactor=1.25,
        nlevels=6,
        edgeThreshold=16,
        fastThreshold=effort.threshold,
    )
    key_points, descriptors = orb.detectAndCompute(image, None)
    if not key_points:
        return Features(np.zeros((0, 2)), np.zeros((0, 32), np.uint8))
    points = np.array([k.pt for k in key_points], dtype=np.float64)
    return Features(points, np.asarray(descriptors, dtype=np.uint8))


def scan_features(picture: ScanPicture, effort: Effort) -> Features:
    """Corners of the scan, in full-size px."""
    level = picture.with_long_side(effort.long_side)
    found = _detect(level.image, effort)
    return Features(apply(invert(level.from_full), found.points), found.descriptors)


@lru_cache(maxsize=64)
def _template_features(template: PageTemplate, effort: Effort) -> Features:
    # Three quarters of the largest scan: in the middle of what halving leaves.
    resolution = 0.75 * effort.long_side / max(template.page.size_mm)
    found = _detect(template.at(resolution), effort)
    return Features((found.points + 0.5) / resolution, found.descriptors)


def guess(
    scan: Features, template: PageTemplate, scan_px: tuple[int, int], effort: Effort, *, photo: bool
) -> Guess | None:
    """Where ``template`` would lie in the scan, ``None`` where matches agree on nothing."""
    blank = _template_features(template, effort)
    if len(scan.points) < _FEWEST or len(blank.points) < _FEWEST:
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(
        blank.descriptors, scan.descriptors
    )
    if len(matches) < _FEWEST:
        return None
    pairs = np.array([(m.queryIdx, m.trainIdx) for m in matches], dtype=np.intp)
    source, target = blank.points[pairs[:, 0]], scan.points[pairs[:, 1]]
    best: Guess | None = None
    # A flatbed's page is bent by no lens: the looser fit must explain clearly more.
    needed = 1.0 if photo else 1.3
    for matrix, support in _robust_fits(source, target, template, scan_px, photo=photo):
        if support >= _FEWEST and (best is None or support > needed * best.support):
            best = Guess(template, matrix, support, "content")
    return best


def _robust_fits(
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    template: PageTemplate,
    scan_px: tuple[int, int],
    *,
    photo: bool,
) -> list[tuple[Matrix, int]]:
    """Plausible transforms and how many matches carry each, the stiffer first."""
    # The scan's resolution is not known yet: a page that fills the scan is the upper bound.
    tolerance = _TOLERANCE_MM * max(scan_px) / max(template.page.size_mm)
    cv2.setRNGSeed(1)
    fits: list[tuple[Matrix, int]] = []
    stiff, _ = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=1.5 * tolerance, maxIters=3000
    )
    if stiff is not None:
        matrix, support = _grown(np.vstack([stiff, [0.0, 0.0, 1.0]]), source, target, tolerance)
        if is_plausible(matrix, template.page.size_mm, scan_px, photo=photo):
            fits.append((matrix, support))
    homography, inliers = cv2.findHomography(
        source, target, cv2.USAC_MAGSAC, tolerance, maxIters=5000, confidence=0.999
    )
    if homography is not None:
        matrix = np.asarray(homography, dtype=np.float64)
        matrix = matrix / matrix[2, 2]
        if is_plausible(matrix, template.page.size_mm, scan_px, photo=True):
            fits.append((matrix, int(np.count_nonzero(inliers))))
    return fits


def _grown(
    matrix: Matrix, source: NDArray[np.float64], target: NDArray[np.float64], tolerance: float
) -> tuple[Matrix, int]:
    """An affine map of all matches near a stiff one, and how many agree with it.

    A consensus of few points settles on one corner of a page that the feeder has bent; the
    tolerance is wide at first, so that the rest of the page is heard.
    """
    near = np.zeros(len(source), dtype=np.bool_)
    for width in (3.0, 3.0, 2.0, 1.0):
        near = np.linalg.norm(apply(matrix, source) - target, axis=1) < width * tolerance
        if np.count_nonzero(near) < _FEWEST:
            break
        if width > 1.0:
            matrix = fit_affine(source[near], target[near], np.ones(int(near.sum())))
    return matrix, int(np.count_nonzero(near))

"""A first guess of where the page lies, from its printed black squares.

Squares are found on a small picture of the whole page (a few milliseconds; their corner
zones alone would save two and miss sideways, shifted and photographed pages). Which of
them are the form's is decided together: any two that could be two of the fiducials say
where the others must be, and the hypothesis that finds the most, never fewer than three,
is kept. A missing one is left out, not guessed. Layouts that look the same when turned
give one guess a turn; print decides between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.quantiles import percentile
from scans.register.content import Guess
from scans.register.geometry import Matrix, apply, fit_affine, invert, is_plausible, px_per_mm
from scans.register.picture import ScanPicture
from scans.template import PageTemplate

__all__ = ["Squares", "fiducial_guesses", "find_squares", "same_fiducials"]

# Marks that respondents fill look like squares too; more than these are a filled grid,
# and the largest are kept.
_MOST_SQUARES = 80
# A square in a scan, rotated by anything, covers at least this much of its least rectangle;
# a disc covers 0.785.
_SQUARENESS = 0.83
# How far a fiducial may be from where two others say, as a share of their distance: skew of
# a feeder, perspective of a photo.
_SLACK = {False: 0.02, True: 0.12}


@dataclass(frozen=True, eq=False)
class Squares:
    """Black squares of a scan.

    Attributes:
        centre: float64 ``(n, 2)``: full-size px.
        side: float64 ``(n,)``: full-size px.
    """

    centre: NDArray[np.float64]
    side: NDArray[np.float64]


def find_squares(picture: ScanPicture, least_share: float) -> Squares:
    """All solid dark squares whose side is at least ``least_share`` of the scan's long side."""
    # Eight pixels are needed to tell a square from a disc.
    level = picture.with_long_side(max(700, min(int(8.0 / least_share), 2500)))
    image = level.image
    long_side = max(image.shape)
    reach = max(15, round(long_side / 24)) | 1
    paper = cv2.blur(image, (reach * 2 + 1, reach * 2 + 1))
    dark = (image < cv2.LUT(paper, _dark_from())).view(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=4)
    least = max(4.0, 0.7 * least_share * long_side)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    area = stats[:, cv2.CC_STAT_AREA]
    likely = (
        (np.minimum(width, height) >= least)
        & (np.maximum(width, height) <= 0.12 * long_side)
        & (np.minimum(width, height) >= 0.6 * np.maximum(width, height))
        & (area >= 0.45 * width * height)
        & (np.arange(count) > 0)
    )
    chosen = np.flatnonzero(likely)
    chosen = chosen[np.argsort(-area[chosen], kind="stable")][:_MOST_SQUARES]
    centres, sides = [], []
    for label in chosen:
        x, y, w, h = stats[label, :4]
        mask = np.asarray(labels[y : y + h, x : x + w] == label, dtype=np.uint8)
        rows, columns = np.nonzero(mask)
        hull = np.column_stack([columns, rows]).astype(np.float32)
        _, (long, short), _ = cv2.minAreaRect(hull)
        long, short = max(long, short) + 1.0, min(long, short) + 1.0
        if area[label] < _SQUARENESS * long * short or short < 0.6 * long:
            continue
        centres.append(_weighted_centre(image, (x, y, w, h)))
        sides.append(float(np.sqrt(long * short)) * level.factor)
    points = np.array(centres, dtype=np.float64).reshape(-1, 2)
    return Squares(apply(invert(level.from_full), points), np.array(sides))


@lru_cache(maxsize=1)
def _dark_from() -> NDArray[np.uint8]:
    """For each level of paper the first that is not dark."""
    low = np.minimum(np.arange(256, dtype=np.float32) * np.float32(0.7), np.float32(150.0))
    return np.asarray(np.ceil(low), np.uint8)


def _weighted_centre(
    image: NDArray[np.uint8], box: tuple[int, int, int, int]
) -> tuple[float, float]:
    """Centre of darkness around a square, to a fraction of a pixel."""
    x, y, w, h = (int(v) for v in box)
    left, top = max(0, x - 2), max(0, y - 2)
    part = image[top : y + h + 2, left : x + w + 2].astype(np.float64)
    dark = np.clip(percentile(part, 95) * 0.85 - part, 0.0, None)
    rows, columns = np.indices(part.shape)
    total = max(dark.sum(), 1e-9)
    return left + float((dark * columns).sum() / total), top + float((dark * rows).sum() / total)


def fiducial_guesses(
    picture: ScanPicture, template: PageTemplate, squares: Squares, *, photo: bool
) -> list[Guess]:
    """Every way to lay the page on the most squares, three at least; best first."""
    page = template.page
    expected = np.array(page.fiducials_mm, dtype=np.float64).reshape(-1, 2)
    if len(expected) < 3 or len(squares.side) < 3 or page.fiducial_size_mm is None:
        return []
    found: dict[tuple[tuple[int, int], ...], tuple[float, Matrix]] = {}
    mm = expected[:, 0] + 1j * expected[:, 1]
    px = squares.centre[:, 0] + 1j * squares.centre[:, 1]
    for start in _starts(expected, squares, page.fiducial_size_mm):
        pairs = _companions(mm, px, squares.side, start, _SLACK[photo])
        if len(pairs) < 3 or pairs in found:
            continue
        error, matrix = _fit(expected, squares, pairs, photo=photo)
        if is_plausible(matrix, page.size_mm, picture.size, photo=photo):
            found[pairs] = (error, matrix)
    most = max((len(pairs) for pairs in found), default=0)
    kept = sorted((error, pairs) for pairs, (error, _) in found.items() if len(pairs) == most)
    return [Guess(template, found[pairs][1], most, "fiducials") for _, pairs in kept[:8]]


def same_fiducials(first: PageTemplate, second: PageTemplate) -> bool:
    """Whether two pages lie alike on the same squares."""
    a, b = first.page, second.page
    return (a.fiducials_mm, a.fiducial_size_mm, a.size_mm) == (
        b.fiducials_mm,
        b.fiducial_size_mm,
        b.size_mm,
    )


def _starts(
    expected: NDArray[np.float64], squares: Squares, side_mm: float
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Pairs (fiducial, square) two by two whose distance fits the squares' own size."""
    n = len(squares.side)
    i, j = np.nonzero(~np.eye(n, dtype=np.bool_))
    apart = np.linalg.norm(squares.centre[i] - squares.centre[j], axis=1)
    starts = []
    for a in range(len(expected)):
        for b in range(a + 1, len(expected)):
            scale = apart / np.linalg.norm(expected[a] - expected[b])
            ratio_i = squares.side[i] / (scale * side_mm)
            ratio_j = squares.side[j] / (scale * side_mm)
            fits = np.flatnonzero(
                (np.minimum(ratio_i, ratio_j) > 0.75) & (np.maximum(ratio_i, ratio_j) < 1.35)
            )
            starts += [((a, int(i[k])), (b, int(j[k]))) for k in fits]
    return starts


def _companions(
    mm: NDArray[np.complex128],
    px: NDArray[np.complex128],
    side: NDArray[np.float64],
    start: tuple[tuple[int, int], tuple[int, int]],
    slack: float,
) -> tuple[tuple[int, int], ...]:
    """All pairs (fiducial, square) that agree with two of them, as a turn and a scale say.

    Args:
        mm: Places of the fiducials on the form, y as the imaginary part.
        px: Places of the squares in the scan.
        side: Their sides.
        start: The two.
        slack: How far others may be off, as a share of the distance of the two.
    """
    (a, i), (b, j) = start
    turn = (px[j] - px[i]) / (mm[b] - mm[a])
    reach = slack * abs(px[j] - px[i])
    gap = np.abs(px - (px[i] + turn * (mm - mm[a]))[:, None])
    ratio = side / side[i]
    pairs = [
        (c, k)
        for c, k in enumerate(gap.argmin(axis=1).tolist())
        if gap[c, k] <= reach and 0.7 < ratio[k] < 1.43
    ]
    return tuple(pairs) if len({k for _, k in pairs}) == len(pairs) else ()


def _fit(
    expected: NDArray[np.float64],
    squares: Squares,
    pairs: tuple[tuple[int, int], ...],
    *,
    photo: bool,
) -> tuple[float, Matrix]:
    """Mean error in mm and the transform: affine, a homography for a photo with four."""
    source = expected[[c for c, _ in pairs]]
    target = squares.centre[[k for _, k in pairs]]
    matrix = fit_affine(source, target, np.ones(len(source)))
    if photo and len(pairs) >= 4:
        bent, _ = cv2.findHomography(source, target, 0)
        if bent is not None:
            matrix = np.asarray(bent / bent[2, 2], dtype=np.float64)
    middle = source.mean(axis=0)
    gap = np.linalg.norm(apply(matrix, source) - target, axis=1).mean()
    return float(gap / px_per_mm(matrix, (float(middle[0]), float(middle[1])))), matrix

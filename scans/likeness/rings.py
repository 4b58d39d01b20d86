"""Round seals in pictures without colour, told by their rim: a long arc of one circle.

Where the scan has colour a seal is told by its hue (:mod:`scans.likeness.fields`). In shades of
grey its ink is as dark as a pen's, and two seals over one signature hide that it is one
signature. No hand draws a third of a circle this wide to half a millimetre.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["holds_a_rim", "without_seals"]

# Radii of seals, in mm, and the resolution at which they are looked for.
_RADII_MM = tuple(np.arange(13.0, 21.1, 0.4).tolist())
_PX_PER_MM = 1.0
# A rim is this wide, and an arc of it this long is in the field.
_RIM_MM, _LEAST_ARC_MM, _BESIDE_MM = 1.2, 26.0, 2.0
# Which share of the arc is inked at least, how much less is inside and outside of it, and how many
# mm are inked: of a rim, and of what might be a worn one.
_SURE, _MAYBE = (0.6, 0.25, 16.0), (0.4, 0.1, 28.0)
_SOME = 0.1
# Ink from this level on counts fully.
_LEVEL = 5.0
# A found rim is fitted within so much, on a picture softened so much; the outermost of its circles
# lies at most so far outside and is inked at least this much as the most complete one.
_NEAR_MM, _STEP_MM, _SOFT_MM, _OUTSIDE_MM, _COMPLETE, _POINTS = 0.9, 0.3, 0.3, 1.8, 0.8, 180
# Of a seal over another: mm inked beyond the other, share inked, how much less beyond it.
_CRESCENT = (9.0, 0.55, 0.35)
# What lies so far beyond the rim is still the seal's, and so many seals overlap at most.
_BEYOND_MM, _MOST = 0.9, 3


def without_seals(ink: NDArray[np.uint8], px_per_mm: float) -> NDArray[np.uint8] | None:
    """The ink outside all round seals.

    Args:
        ink: uint8 ``(h, w)``: a whole field in sixteen steps.
        px_per_mm: Its resolution.

    Returns:
        The same picture with the seals blanked, or ``None`` where there is no seal.
    """
    full, shape, margin = _laid_out(ink.astype(np.float32) / np.float32(_LEVEL), px_per_mm)
    bare, seals = full.copy(), []
    for _ in range(_MOST):
        found = _best(full, shape, *_SURE)
        if found is None:
            break
        seals.append(_exact(ink, px_per_mm, found))
        # Only the rim is taken away here: the rim of the next may cross this seal.
        x, y, radius = found
        place = (round(x * _PX_PER_MM + margin - 0.5), round(y * _PX_PER_MM + margin - 0.5))
        cv2.circle(full, place, round(radius * _PX_PER_MM), 0.0, 2)
    if not seals:
        return None
    for _ in range(_MOST):
        _blank(bare, _PX_PER_MM, margin, seals)
        found = _crescent(bare, shape, seals)
        if found is None:
            break
        seals.append(_exact(ink, px_per_mm, found))
    kept = ink.copy()
    _blank(kept, px_per_mm, 0, seals)
    return kept


def holds_a_rim(ink: NDArray[np.float32], px_per_mm: float, *, cut: bool = False) -> bool:
    """Whether ink might be a seal's: much of it lies along an arc of one circle.

    Args:
        ink: float32 ``(h, w)``, a third is full.
        px_per_mm: Its resolution.
        cut: Whether a shorter arc counts too, where it is as complete as a sure rim's.
    """
    rows, columns = (np.flatnonzero((ink > _SOME).any(axis=k)) for k in (1, 0))
    if not len(rows) or not len(columns):
        return False
    # A field may cut a seal: the rim is looked for where there is ink.
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    full, shape, _ = _laid_out(np.asarray(3.0 * part, np.float32), px_per_mm)
    rims = (_MAYBE, _SURE) if cut else (_MAYBE,)
    return any(_best(full, shape, *rim) is not None for rim in rims)


def _blank(
    picture: NDArray[np.uint8] | NDArray[np.float32],
    px_per_mm: float,
    margin: int,
    seals: list[tuple[float, float, float]],
) -> None:
    """Take away what lies within seals."""
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(np.float32)
    for x, y, radius in seals:
        right = (columns - margin + 0.5) / px_per_mm - x
        down = (rows - margin + 0.5) / px_per_mm - y
        picture[np.hypot(right, down) < radius + _BEYOND_MM] = 0


def _exact(
    ink: NDArray[np.uint8], px_per_mm: float, about: tuple[float, float, float]
) -> tuple[float, float, float]:
    """The outermost complete circle near one that was found roughly: centre and radius in mm."""
    soft = cv2.GaussianBlur(
        np.minimum(ink, _LEVEL).astype(np.float32), (0, 0), _SOFT_MM * px_per_mm
    )
    moves = np.arange(-_NEAR_MM, _NEAR_MM + 1e-6, _STEP_MM, dtype=np.float32)
    sizes = np.arange(-_NEAR_MM, _OUTSIDE_MM + 1e-6, _STEP_MM, dtype=np.float32)
    x, y, radius = (
        np.float32(v) + move for v, move in zip(about, (moves, moves, sizes), strict=True)
    )
    down, right, size = (k.ravel() for k in np.meshgrid(y, x, radius, indexing="ij"))
    angle = np.linspace(0, 2 * np.pi, _POINTS, endpoint=False, dtype=np.float32)
    across = (right[:, None] + size[:, None] * np.cos(angle)) * px_per_mm - 0.5
    along = (down[:, None] + size[:, None] * np.sin(angle)) * px_per_mm - 0.5
    seen = cv2.remap(soft, across, along, cv2.INTER_LINEAR, borderValue=0.0)
    inside = (across > 0) & (across < ink.shape[1] - 1) & (along > 0) & (along < ink.shape[0] - 1)
    share = seen.sum(axis=1) / np.maximum(inside.sum(axis=1), 1) / _LEVEL
    # A seal has circles within its rim: the widest of those that are about as complete.
    wide = np.where(share >= _COMPLETE * share.max(), size, 0.0)
    best = int(np.lexsort((share, wide))[-1])
    return float(right[best]), float(down[best]), float(size[best])


def _crescent(
    bare: NDArray[np.float32], shape: tuple[int, int], seals: list[tuple[float, float, float]]
) -> tuple[float, float, float] | None:
    """Another seal of the same size of which the ones before left but a crescent."""
    margin = round(max(_RADII_MM) * _PX_PER_MM)
    open_ = np.pad(np.ones(shape, np.float32), margin)
    _blank(open_, _PX_PER_MM, margin, seals)
    best: tuple[float, tuple[float, float, float]] | None = None
    step = _RADII_MM[1] - _RADII_MM[0]
    outside = round(_BESIDE_MM / step)
    for radius in sorted({r for _, _, size in seals for r in _RADII_MM if abs(r - size) < 1.0}):
        k = _RADII_MM.index(radius)
        seen, inked = (cv2.filter2D(f, cv2.CV_32F, _ring(k), borderType=0) for f in (open_, bare))
        share = inked / np.maximum(seen, 1.0)
        if k + outside < len(_RADII_MM):
            beyond, room = (
                cv2.filter2D(f, cv2.CV_32F, _ring(k + outside), borderType=0) for f in (bare, open_)
            )
            free = share - beyond / np.maximum(room, 1.0)
        else:
            free = share
        fits = (seen * share >= _CRESCENT[0]) & (share >= _CRESCENT[1]) & (free >= _CRESCENT[2])
        worth = np.where(fits, seen * share * free, 0.0)
        row, column = np.unravel_index(int(worth.argmax()), worth.shape)
        if worth[row, column] > (best[0] if best else 0.0):
            x, y = ((int(v) - margin + 0.5) / _PX_PER_MM for v in (column, row))
            best = float(worth[row, column]), (x, y, radius)
    return None if best is None else best[1]


def _laid_out(
    ink: NDArray[np.float32], px_per_mm: float
) -> tuple[NDArray[np.float32], tuple[int, int], int]:
    """The picture at the resolution of the search within a margin, its own shape, the margin."""
    scale = _PX_PER_MM / px_per_mm
    shape = (max(1, round(ink.shape[0] * scale)), max(1, round(ink.shape[1] * scale)))
    size, whole = (shape[1], shape[0]), np.minimum(ink, np.float32(1.0))
    small = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32)
    margin = round(max(_RADII_MM) * _PX_PER_MM)
    # A line thinner than a pixel inks a part of it.
    return np.pad(np.minimum(2 * small, np.float32(1.0)), margin), shape, margin


def _best(
    full: NDArray[np.float32],
    shape: tuple[int, int],
    least: float,
    less_beside: float,
    inked_mm: float,
) -> tuple[float, float, float] | None:
    """Centre and radius in mm of the most complete rim."""
    every = np.stack([_share(full, shape, k) for k in range(len(_RADII_MM))])
    step = _RADII_MM[1] - _RADII_MM[0]
    beside = round(_BESIDE_MM / step)
    inside = np.concatenate([np.zeros_like(every[:beside]), every[:-beside]])
    outside = np.concatenate([every[beside:], np.zeros_like(every[:beside])])
    seen = np.stack([_seen(shape, k) for k in range(len(_RADII_MM))])
    long_ = (seen >= _LEAST_ARC_MM) & (seen * every >= inked_mm)
    rim = long_ & (every >= least) & (every - np.maximum(inside, outside) >= less_beside)
    if not rim.any():
        return None
    worth = np.where(rim, every - 0.5 * (inside + outside), -1.0)
    k, row, column = np.unravel_index(int(worth.argmax()), worth.shape)
    margin = round(max(_RADII_MM) * _PX_PER_MM)
    centre = ((int(v) - margin + 0.5) / _PX_PER_MM for v in (column, row))
    return next(centre), next(centre), _RADII_MM[int(k)]


def _share(full: NDArray[np.float32], shape: tuple[int, int], k: int) -> NDArray[np.float32]:
    """Which share of the visible rim of one radius is inked, about every centre."""
    inked = cv2.filter2D(full, cv2.CV_32F, _ring(k), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(inked / np.maximum(_seen(shape, k), 1.0), np.float32)


@lru_cache(maxsize=256)
def _seen(shape: tuple[int, int], k: int) -> NDArray[np.float32]:
    """Length of the rim that lies in the field, in mm, about every centre."""
    margin = round(max(_RADII_MM) * _PX_PER_MM)
    field = np.pad(np.ones(shape, np.float32), margin)
    return np.asarray(cv2.filter2D(field, cv2.CV_32F, _ring(k), borderType=cv2.BORDER_CONSTANT))


@lru_cache(maxsize=64)
def _ring(k: int) -> NDArray[np.float32]:
    """A rim that sums to its length in mm."""
    radius = _RADII_MM[k]
    reach = int(np.ceil((radius + _RIM_MM) * _PX_PER_MM))
    far = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) / _PX_PER_MM
    ring = np.clip((_RIM_MM / 2 - np.abs(far - radius)) * _PX_PER_MM + 0.5, 0.0, 1.0)
    return np.asarray(ring * (2 * np.pi * radius / ring.sum()), np.float32)

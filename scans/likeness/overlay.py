"""Two pictures of a field's ink laid over each other: whether they are the same lines.

A copy is the same lines moved as a whole: where toner or a threshold lost parts of them, or other
ink was added, what is left still lies where it lay. Who writes again moves every stroke a little
against the next. So beside the likeness it is measured how much of what is lacking in it would
be found by moving parts of the picture, each on its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.likeness.ink import ALL_INK, LEVELS, FieldInk
from scans.likeness.pose import Pose, finely, placed, roughly
from scans.likeness.rings import holds_a_rim
from scans.likeness.strokes import rimmed, strokes

__all__ = ["FieldAgreement", "field_agreement"]

Picture = NDArray[np.float32]

# Ink of seals is softened so much; this share of it that goes best with a tone is looked at.
_INK_MM, _ALIKE_SHARE, _TRIMMED = 1.0, 0.9, 4
_WORTH_REFINING = 0.6
# Ink of one picture is looked for in the other so far around it; it must not be a scrap of the
# other's.
_AROUND_MM, _INKED, _LEAST_SHARE = 1.3, 0.25, 0.5
# Parts this wide are moved this far each on its own, on a grid this fine, per mm.
_PART_MM, _MOVE_MM, _GRID = 2.0, 0.9, 3.0
# Below this likeness nobody asks whether it is the same ink.
_WORTH_MOVING = 0.7
_SAME_SEAL = 0.75
# Pictures are softened so much to tell their common ink, which runs every way from this ratio on.
_COMMON_MM, _EVERY_WAY = 0.53, 0.4
# Half a turn is cut into so many sectors; lines of a signature take up this many of them.
_WAYS, _MANY_WAYS = 18, 9.0


@dataclass(frozen=True, slots=True)
class FieldAgreement:
    """How two pictures of ink agree where they lie over each other best.

    Attributes:
        alike: Likeness of the strokes in [-1, 1]. What one of them has beyond the other's
            strokes is left out where it is the lesser part: a seal, or lines lost in printing.
        moved: Share in [0, 1] of what is lacking in likeness that is found by moving parts by
            up to .9 mm; 1 where it was not measured, which is below likeness .7 and for
            pictures with every ink.
        content: mm2 of ink that both have where it runs this way and that; ink that runs one way
            only, or few ways, counts for less: two straight lines always lie over each other, a
            tick and a line below often do. 0 where not measured.
        uneven: Where seals are alike, or the common ink may be a seal's in part, by how much the
            ratio of their ink changes over the picture (deviation of its logarithm at 1 mm, without
            the tenth that is farthest from a common tone): impressions of one die have the same
            lines and different ink, scans of one impression the same ink. 1 where not measured.
        stamped: Whether the common ink of two signatures may be a seal's in part.
        fine: Whether strokes were compared down to half a pen's width.
    """

    alike: float
    moved: float = 1.0
    content: float = 0.0
    uneven: float = 1.0
    stamped: bool = False
    fine: bool = False


def field_agreement(one: FieldInk, other: FieldInk) -> FieldAgreement:
    """How alike two pictures of ink are over shifts, small turns and sizes.

    Both are band-passed to the width of strokes, so paper, shade and the mere outline of
    what is written count for nothing.
    """
    # The smaller picture first, so that both orders of a pair answer the same.
    if (other.ink.shape, other.ink.tobytes()) < (one.ink.shape, one.ink.tobytes()):
        one, other = other, one
    common = min(one.px_per_mm, other.px_per_mm)
    one, other = one.at(common), other.at(common)
    p, q = one.coarse, other.coarse
    a, b = (strokes(_rimmed(ink), ink.px_per_mm) for ink in (p, q))
    shape = (max(a.shape[0], b.shape[0]) + 4, max(a.shape[1], b.shape[1]) + 4)
    wide = (shape[0] + 2 * (shape[0] // 3), shape[1] + 2 * (shape[1] // 4))
    ground = placed(a, wide)
    best, pose = roughly(ground, b, shape)
    if one.kind == "seal":
        return _of_seals(p, q, best, pose, wide)
    if best < _WORTH_REFINING:
        return FieldAgreement(round(best, 4))
    # Where a stamp may be in it, lines that have not moved against each other are those of a die.
    if one.shows == ALL_INK:
        if one.kind != "signature":
            return FieldAgreement(round(best, 4))
        inks = placed(_rimmed(p), wide), placed(_rimmed(q), wide, *pose)
        content = round(_content(*inks, p.px_per_mm), 2)
        return _guarded(FieldAgreement(round(best, 4), content=content), p, inks)
    best, pose = finely(ground, b, pose)
    if one.fine:
        size = one.px_per_mm / p.px_per_mm
        wide = (round(size * wide[0]), round(size * wide[1]))
        a, b = (strokes(_rimmed(ink), ink.px_per_mm, finest=True) for ink in (one, other))
        ground = placed(a, wide)
        best, pose = finely(ground, b, (size * pose[0], size * pose[1], *pose[2:]))
    laid = placed(b, wide, *pose)
    inks = placed(_rimmed(one), wide), placed(_rimmed(other), wide, *pose)
    alike = max(best, *_either(ground, laid, inks, one.px_per_mm))
    if alike < _WORTH_MOVING:
        return FieldAgreement(round(alike, 4), fine=one.fine)
    moved = _moved(ground, laid, one.px_per_mm)
    content = _content(*inks, one.px_per_mm)
    found = FieldAgreement(round(alike, 4), round(moved, 4), round(content, 2), fine=one.fine)
    return _guarded(found, one, inks)


def _guarded(found: FieldAgreement, one: FieldInk, inks: tuple[Picture, Picture]) -> FieldAgreement:
    """What was found of a signature, and how uneven its ink is where it may be a seal's."""
    # Of the pen's ink sure rims are taken away before.
    cut = one.shows == ALL_INK
    if not holds_a_rim(np.minimum(*inks), one.px_per_mm, cut=cut):
        return found
    return replace(found, uneven=round(_unevenness(*inks, one.px_per_mm), 4), stamped=True)


def _either(a: Picture, b: Picture, inks: tuple[Picture, Picture], px_per_mm: float) -> list[float]:
    """Likeness around the ink of the one, and around that of the other."""
    side = 2 * max(1, round(_AROUND_MM * px_per_mm)) + 1
    reach = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    found = []
    for ink, beyond in (inks, inks[::-1]):
        near = cv2.dilate((ink > _INKED).astype(np.uint8), reach) > 0
        if float(beyond[near].sum()) < _LEAST_SHARE * float(beyond.sum()):
            continue
        p, q = a[near], b[near]
        length = float(np.linalg.norm(p)) * float(np.linalg.norm(q))
        found.append(float(np.vdot(p, q)) / max(length, 1e-6))
    return found or [-1.0]


def _content(a: Picture, b: Picture, px_per_mm: float) -> float:
    """Common ink in mm2, weighted by how much of it runs across the way of most of it."""
    soft = _COMMON_MM * px_per_mm
    common = np.minimum(*(cv2.GaussianBlur(ink, (0, 0), soft) for ink in (a, b)))
    across = cv2.Sobel(common, cv2.CV_32F, 1, 0)
    along = cv2.Sobel(common, cv2.CV_32F, 0, 1)
    # Eigenvalues of the structure tensor: the lesser against the greater.
    steep = across * across + along * along
    mean = float(steep.sum()) / 2
    apart = np.hypot(
        float((across * across - along * along).sum()) / 2, float((across * along).sum())
    )
    ratio = (mean - float(apart)) / max(mean + float(apart), 1e-9)
    ways = min(1.0, _ways(across, along, steep) / _MANY_WAYS)
    return float(common.sum()) / px_per_mm**2 * min(1.0, ratio / _EVERY_WAY) * ways**2


def _ways(across: NDArray[Any], along: NDArray[Any], steep: NDArray[Any]) -> float:
    """How many of :data:`_WAYS` equal sectors of half a turn lines take up (inverse Simpson)."""
    at = np.arctan2(along, across).ravel() % np.pi * (_WAYS / np.pi)
    below = np.floor(at)
    part, weight = at - below, steep.ravel()
    sector = below.astype(np.intp) % _WAYS
    share = np.bincount(sector, weight * (1.0 - part), _WAYS)
    share += np.bincount((sector + 1) % _WAYS, weight * part, _WAYS)
    return float(share.sum()) ** 2 / max(float((share**2).sum()), 1e-9)


def _moved(a: Picture, b: Picture, px_per_mm: float) -> float:
    """Share of what is lacking in likeness that moving parts would find."""
    fine = max(1.0, round(_GRID / px_per_mm))
    p, q = _cut_to_both(a, b, round((2 * _PART_MM + _MOVE_MM) * px_per_mm))
    if fine > 1:
        p, q = (_finer(picture, fine) for picture in (p, q))
    width = _PART_MM * px_per_mm * fine
    reach = max(1, round(_MOVE_MM * px_per_mm * fine))
    own, their = (cv2.GaussianBlur(k * k, (0, 0), width) for k in (p, q))
    floor = 1e-4 * float(own.max()) * float(their.max())
    height, length = p.shape
    still = most = np.zeros(0)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if down * down + right * right > reach * reach:
                continue
            shift = np.array([[1, 0, right], [0, 1, down]], np.float32)
            there, weight = (cv2.warpAffine(k, shift, (length, height)) for k in (q, their))
            alike = cv2.GaussianBlur(p * there, (0, 0), width) / np.sqrt(own * weight + floor)
            most = np.maximum(most, alike) if most.size else np.maximum(alike, 0.0)
            if down == right == 0:
                still = alike
    share = np.sqrt(own * their)
    share /= float(share.sum())
    lacking = 1.0 - float((share * still).sum())
    return float((share * (most - still)).sum()) / max(lacking, 1e-3)


def _finer(picture: Picture, times: float) -> Picture:
    how = cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=times, fy=times, interpolation=how), np.float32)


def _cut_to_both(a: Picture, b: Picture, margin: int) -> tuple[Picture, Picture]:
    """Both where both have ink, and so many pixels around."""
    both = np.abs(a * b) > 0
    rows, columns = (np.flatnonzero(both.any(axis=k)) for k in (1, 0))
    top, left = max(0, int(rows[0]) - margin), max(0, int(columns[0]) - margin)
    cut = np.s_[top : int(rows[-1]) + margin + 1, left : int(columns[-1]) + margin + 1]
    return a[cut], b[cut]


def _of_seals(
    one: FieldInk,
    other: FieldInk,
    alike: float,
    pose: Pose,
    wide: tuple[int, int],
) -> FieldAgreement:
    if alike < _SAME_SEAL:
        return FieldAgreement(round(alike, 4))
    # A pixel beside its place, an edge of ink is what pressure could have left.
    a, b = (strokes(_rimmed(ink), ink.px_per_mm) for ink in (one, other))
    alike, pose = finely(placed(a, wide), b, pose)
    inks = placed(_rimmed(one), wide), placed(_rimmed(other), wide, *pose)
    return FieldAgreement(round(alike, 4), uneven=round(_unevenness(*inks, one.px_per_mm), 4))


def _unevenness(a: Picture, b: Picture, px_per_mm: float) -> float:
    soft = [cv2.GaussianBlur(ink, (0, 0), _INK_MM * px_per_mm) for ink in (a, b)]
    total = soft[0] + soft[1]
    inked = total > 0.12 * float(total.max())
    ratio = np.log((soft[0][inked] + 0.02) / (soft[1][inked] + 0.02))
    level = np.log(total[inked])
    # What goes with the level is the scanners' tone; where another pen lies over one of them the
    # ratio says nothing.
    kept = np.ones(len(ratio), np.bool_)
    rest = np.zeros_like(ratio)
    for _ in range(_TRIMMED):
        about = level - level[kept].mean()
        slope = float((about * ratio)[kept].sum()) / max(float((about[kept] ** 2).sum()), 1e-6)
        rest = ratio - ratio[kept].mean() - slope * about
        kept = np.abs(rest) <= np.quantile(np.abs(rest), _ALIKE_SHARE)
    return float(rest[kept].std())


def _rimmed(field: FieldInk) -> Picture:
    return rimmed(field.ink, LEVELS, field.px_per_mm)

"""Which boxes do not lie where the boxes around them say: pieces of paper that moved.

A feeder stretches and sways a whole sheet smoothly, so where a box should be is foretold
from the others by a Gaussian process: a plane, plus a smooth warp, plus the noise of a
measurement. Strength and length of the warp and the noise are the page's own. For a set of
boxes, the best common shift and tilt against that expectation and its error come in closed
form from the inverse covariance: one product of matrices serves all sets at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scans.measure.jump_fits import (
    BOX_MM,
    LEAST_NOISE_MM,
    MARKED_BOX_MM,
    Fit,
    SetShift,
    again,
    fitted,
    set_shift,
)

__all__ = ["Jumps", "jumps", "precisions"]

Floats = NDArray[np.float64]

# Warps that are tried: variance in units of the noise's, and length in mm. With the least
# noise that is believed they leave a foretelling across a gap of 50 mm as unsure as it is on
# real scans, where print, feeder and the blank at hand agree to 0.1 or 0.2 mm.
_WARPS = ((2500.0, 70.0), (2500.0, 40.0), (10000.0, 40.0))
# A plane is free: its terms (in mm, and in mm a 100 mm) may be as large as this.
_PLANE_MM = 5.0
# Boxes off by so many errors do not say where others should be.
_OUTLYING = 5.0
_MOST_OUTLYING = 0.4
# A slip of the feeder is believed when it explains so much (squared errors), and nearly as
# much as the best set does. Boxes this near in height stand in one row.
_SLIP_GAIN, _SLIP_SHARE, _MOST_SLIP_MM, _SAME_ROW_MM = 20.0, 0.8, 0.5, 3.0
# A set says more than a box: honest sets score half as high.
_SET_WEIGHT = 2.0
# Sets that score no more than this need no second look; others get it so many at a time.
_ORDINARY_SET, _AT_A_TIME = 1.5, 12
# Of sets that score nearly as high as the worst the one that explains most is meant.
_STILL_WORST = 0.55


@dataclass(frozen=True, eq=False)
class Jumps:
    """What moved.

    Attributes:
        box: float64 ``(n,)``: score of each box, in errors; 0 where one cannot tell.
        box_mm: float64 ``(n, 2)``: its move against what the others foretell.
        sets: float64 ``(m,)``: score of each set of boxes, on the scale of ``box``.
        set_mm: float64 ``(m, 2)``: their common move.
        tilt: float64 ``(m,)``: and tilt, in radians.
    """

    box: Floats
    box_mm: Floats
    sets: Floats
    set_mm: Floats
    tilt: Floats


def precisions(centre_mm: Floats) -> tuple[Floats, ...]:
    """Inverse covariances ``(n, n)`` of offsets at ``(n, 2)`` places, one for each warp."""
    apart = ((centre_mm[:, None] - centre_mm[None]) ** 2).sum(axis=2)
    place = (centre_mm - centre_mm.mean(axis=0)) / 100.0
    plane = _PLANE_MM**2 / LEAST_NOISE_MM**2 * 1e-3 * (1.0 + place @ place.T)
    noise = np.eye(len(centre_mm))
    return tuple(
        np.linalg.inv(plane + noise + size * np.exp(-0.5 * apart / length**2))
        for size, length in _WARPS
    )


def jumps(
    inverse: tuple[Floats, ...],
    centre_mm: Floats,
    offset_mm: Floats,
    doubt_mm: Floats,
    most_mm: Floats,
    marked: NDArray[np.bool_],
    sets: NDArray[np.bool_],
) -> Jumps:
    """Score every box and every set of boxes.

    Args:
        inverse: Of :func:`precisions` at the same places.
        centre_mm: ``(n, 2)`` places of the boxes.
        offset_mm: ``(n, 2)`` where they were found.
        doubt_mm: ``(n, 2)``: by how much parts of a box disagree about its move.
        most_mm: ``(n, 2)``: the most that a box alone is believed to have moved.
        marked: ``(n,)``: boxes whose ink may pull at their outline.
        sets: ``(m, n)``: which boxes form a set.
    """
    member = sets.astype(np.float64)
    best = [fitted(inverse, offset_mm[:, a]) for a in (0, 1)]
    without = _without_slip(best, centre_mm, offset_mm, member)
    if without is not None:
        offset_mm, best = without, [best[0], fitted(inverse, without[:, 1])]
    clean = offset_mm
    # What stands out must not say what is ordinary: it is laid back and all is fitted again.
    for _ in range(2):
        before, clean = clean, _laid_back(best, offset_mm, clean, member, centre_mm)
        if np.array_equal(before, clean):
            break
        best = [fitted(inverse, clean[:, a]) for a in (0, 1)]
    floor = np.where(marked, MARKED_BOX_MM, BOX_MM)
    moved = np.stack([fit.foretold(offset_mm[:, a] - clean[:, a]) for a, fit in enumerate(best)], 1)
    sure = np.minimum(np.maximum(np.abs(moved) - doubt_mm, 0.0), most_mm)
    error = np.stack([np.hypot(fit.error, floor) for fit in best], axis=1)
    box = np.hypot(*(sure / error).T)
    if not len(sets):
        none = np.zeros(0)
        return Jumps(box, moved, none, np.zeros((0, 2)), none)
    beyond = offset_mm - clean
    shifts = _motions(best, beyond, member, centre_mm)
    score, _ = _without_any_one(shifts, best, beyond, member, centre_mm)
    return Jumps(
        box,
        moved,
        _SET_WEIGHT * score,
        np.stack([s.shift for s in shifts], axis=1),
        shifts[1].tilt / 100.0,
    )


def _motions(
    fits: list[Fit], beyond: Floats, member: Floats, centre_mm: Floats
) -> tuple[SetShift, SetShift]:
    """Motion of ``(m, n)`` sets along x, and along y with their tilt."""
    lever = _levers(member, centre_mm)
    return (
        set_shift(fits[0], beyond[:, 0], member, lever, tilted=False),
        set_shift(fits[1], beyond[:, 1], member, lever, tilted=True),
    )


def _levers(member: Floats, centre_mm: Floats) -> Floats:
    mean_x = (member @ centre_mm[:, 0]) / np.maximum(member.sum(axis=1), 1.0)
    result: Floats = member * (centre_mm[None, :, 0] - mean_x[:, None]) / 100.0
    return result


def _without_any_one(
    shifts: tuple[SetShift, SetShift],
    fits: list[Fit],
    beyond: Floats,
    member: Floats,
    centre_mm: Floats,
) -> tuple[Floats, Floats]:
    """Scores and gains of sets, each without the box that does most for it.

    A mark that pulls at one outline moves one box; a piece of paper moves all it holds. Only
    sets that may be the worst are looked at twice; the others keep what they have at most.
    """
    score = np.sqrt(shifts[0].square + shifts[1].square)
    gain = shifts[0].gain + shifts[1].gain
    lone = member.sum(axis=1) < 3
    score[lone], gain[lone] = 0.0, 0.0
    order = np.argsort(-score, kind="stable")
    done = 0.0
    for start in range(0, len(order), _AT_A_TIME):
        chosen = order[start : start + _AT_A_TIME]
        enough = max(_STILL_WORST * done, _ORDINARY_SET)
        if score[chosen[0]] <= enough:
            rest = order[start:]
            score[rest] = np.minimum(score[rest], enough)
            gain[rest] = 0.0
            break
        row, left_out = np.nonzero(member[chosen])
        fewer = member[chosen][row]
        fewer[np.arange(len(row)), left_out] = 0.0
        x, y = _motions(fits, beyond, fewer, centre_mm)
        for total, part in ((score, np.sqrt(x.square + y.square)), (gain, x.gain + y.gain)):
            least = np.full(len(chosen), np.inf)
            np.minimum.at(least, row, part)
            total[chosen] = np.minimum(total[chosen], np.where(np.isfinite(least), least, 0.0))
        done = max(done, float(score[chosen].max()))
    return score, gain


def _without_slip(
    fits: list[Fit], centre_mm: Floats, offset_mm: Floats, member: Floats
) -> Floats | None:
    """Offsets without the step that a feeder leaves when it slips; ``None`` if it did not.

    All print below a line is shifted along the page then, and neither aside nor turned.
    A piece of paper is a step there and one back, or is off sideways: its set explains more.
    """
    fit = fits[1]
    heights = np.unique(np.round(centre_mm[:, 1] / _SAME_ROW_MM) * _SAME_ROW_MM)
    if len(heights) < 4:
        return None
    edges = (heights[1:-2] + heights[2:-1]) / 2.0
    below = (centre_mm[None, :, 1] > edges[:, None]).astype(np.float64)
    weight = np.maximum(((below @ fit.inverse) * below).sum(axis=1), 1e-9)
    pull = below @ fit.pull
    gain = pull**2 / weight / fit.noise**2
    best = int(np.argmax(gain))
    step = float(pull[best] / weight[best])
    if gain[best] < _SLIP_GAIN or abs(step) > _MOST_SLIP_MM:
        return None
    x, y = _motions(fits, np.zeros_like(offset_mm), member, centre_mm)
    if gain[best] < _SLIP_SHARE * float((x.gain + y.gain).max(initial=0.0)):
        return None
    laid = offset_mm.copy()
    laid[:, 1] -= step * below[best]
    return laid


def _laid_back(
    fits: list[Fit], offset: Floats, clean: Floats, member: Floats, centre_mm: Floats
) -> Floats:
    """Offsets with the most moved set, and boxes far off, put where the others say."""
    beyond, back = offset - clean, clean.copy()
    if len(member):
        shifts = _motions(fits, beyond, member, centre_mm)
        score = np.sqrt(shifts[0].square + shifts[1].square)
        if score.max() > _OUTLYING / _SET_WEIGHT:
            score, gain = _without_any_one(shifts, fits, beyond, member, centre_mm)
            score = np.where(score >= _STILL_WORST * score.max(), score, 0.0)
            worst = int(np.argmax(np.where(score > 0, gain, 0.0)))
        else:
            worst = int(np.argmax(score))
        inside = member[worst] > 0
        if score[worst] > _OUTLYING / _SET_WEIGHT:
            lever = _levers(member[worst : worst + 1], centre_mm)[0]
            for a, s in enumerate(shifts):
                motion = s.shift[worst] + s.tilt[worst] * lever
                back[inside, a] = (offset[:, a] - motion)[inside]
            fits = [again(fit, back[:, a]) for a, fit in enumerate(fits)]
            beyond[inside] = 0.0
    moved = np.stack([fit.foretold(beyond[:, a]) for a, fit in enumerate(fits)], axis=1)
    error = np.stack([np.hypot(fit.error, BOX_MM) for fit in fits], axis=1)
    off = np.hypot(*(moved / error).T)
    limit = max(_OUTLYING, float(np.quantile(off, 1.0 - _MOST_OUTLYING)))
    far = off > limit
    back[far] -= (moved - beyond)[far]
    return back

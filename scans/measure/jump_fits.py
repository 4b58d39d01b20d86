"""How boxes foretell each other along one axis, and how a set of them moves against that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BOX_MM",
    "LEAST_NOISE_MM",
    "MARKED_BOX_MM",
    "Fit",
    "SetShift",
    "again",
    "fitted",
    "set_shift",
]

Floats = NDArray[np.float64]

# Noise below this is not believed, nor a move of a single box or of a set that is as small
# as printing and paper make by themselves, nor a tilt (in mm over 100 mm).
LEAST_NOISE_MM = 0.004
BOX_MM, MARKED_BOX_MM = 0.015, 0.06
_SET_MM, _TILT = 0.025, 0.12


@dataclass(frozen=True, eq=False)
class Fit:
    """One axis: the warp that suits it."""

    inverse: Floats
    pull: Floats  # inverse times offsets
    noise: float
    error: Floats  # (n,) of foretelling each box from all others

    def foretold(self, beyond: Floats) -> Floats:
        """Move of each box against the others, ``beyond`` added to its own offset."""
        result: Floats = self.pull / np.diag(self.inverse) + beyond
        return result


def fitted(inverse: tuple[Floats, ...], offset: Floats) -> Fit:
    """The warp under which the boxes foretell each other best, robustly."""
    best: tuple[float, Fit] | None = None
    for matrix in inverse:
        pull = matrix @ offset
        own = np.diag(matrix)
        spread = 1.4826 * float(np.median(np.abs(pull) / np.sqrt(own)))
        noise = max(spread, 1e-4)
        cost = float(-0.5 * np.log(own).sum() + len(offset) * np.log(noise))
        if best is None or cost < best[0] - 1e-9:
            noise = max(noise, LEAST_NOISE_MM)
            best = (cost, Fit(matrix, pull, noise, noise / np.sqrt(own)))
    assert best is not None
    return best[1]


def again(fit: Fit, offset: Floats) -> Fit:
    """The same warp under other offsets."""
    return Fit(fit.inverse, fit.inverse @ offset, fit.noise, fit.error)


@dataclass(frozen=True, eq=False)
class SetShift:
    """Common motion of each of ``m`` sets along one axis."""

    shift: Floats  # (m,) mm
    tilt: Floats  # (m,) mm over 100 mm
    square: Floats  # (m,) squared score
    gain: Floats  # (m,) what the motion explains, in squared errors of noise alone


def set_shift(fit: Fit, beyond: Floats, member: Floats, lever: Floats, *, tilted: bool) -> SetShift:
    """Common shift along one axis, and tilt, that suit each set best.

    ``beyond`` is what a box's offset exceeds the one in ``fit``: it counts for the set that
    is looked at, not for the boxes that foretell it.
    """
    weighed = (member @ fit.inverse) * member
    s11, u1 = weighed.sum(axis=1), member @ fit.pull + weighed @ beyond
    noise = fit.noise**2
    s11 = np.maximum(s11, 1e-9)
    if not tilted:
        shift = u1 / s11
        square = shift**2 / (noise / s11 + _SET_MM**2)
        return SetShift(shift, np.zeros_like(shift), square, shift * u1 / noise)
    levered = lever @ fit.inverse
    s12, s22 = (levered * member).sum(axis=1), (levered * lever).sum(axis=1)
    u2 = lever @ fit.pull + (levered * member) @ beyond
    # Sets of one column have no lever: a strong pull to no tilt.
    s22 = s22 + noise / _TILT**2 * 1e-3 + 1e-9
    wide = (lever**2).sum(axis=1) > 0.005
    det = np.maximum(s11 * s22 - s12**2, 1e-12)
    shift = np.where(wide, (s22 * u1 - s12 * u2) / det, u1 / s11)
    tilt = np.where(wide, (s11 * u2 - s12 * u1) / det, 0.0)
    # Errors of both, each with what is not believed added.
    error1 = noise * np.where(wide, s22 / det, 1.0 / s11) + _SET_MM**2
    error2 = noise * s11 / det + _TILT**2
    square = shift**2 / error1 + tilt**2 / error2
    return SetShift(shift, tilt, square, (shift * u1 + tilt * u2) / noise)

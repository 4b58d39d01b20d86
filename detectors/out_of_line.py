"""Parts of a composite index that lie out of line with a unit's other parts and its group.

For each part (a field, a criterion) the units' shares of its points are held against the
shares of all their other points: a line through the group (Theil-Sen), a robust spread around
it, a Student's t for each tail whose freedom all parts together tell, Benjamini-Hochberg over
everything tested. A unit that is good
throughout is out of line nowhere; one whose single part leaps above the rest is.

Small groups, parts that most units have alike and parts with a handful of values are not
judged: nothing could be told there from chance.

Assumption: the group's units scatter about normally around the line on logits, or with
lighter tails than the t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.multiplicity import q_values
from detectors.units._peers import FEWEST_PEERS, Peers, robust_line

__all__ = ["FEWEST_PEERS", "FLAGGED_Q", "OutOfLine", "gaps_out_of_line", "parts_out_of_line"]

FLAGGED_Q = 0.05
MOST_ALIKE = 0.5
FEWEST_VALUES = 6
CEILING = 0.25
FEWEST_TAIL = 100  # residuals of one side
SAFE_FREEDOM = 5.0
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class OutOfLine:
    """What the test says, ``(units, parts)`` each.

    Attributes:
        expected: Share of the points that the unit's other parts and its group foretell.
        z: Standardised distance, positive above; NaN where not testable.
        p_value: Two-sided; NaN where not testable.
        q_value: Benjamini-Hochberg over all that was tested.
        reasons: ``(parts,)``: why a part could not be tested; empty where it could.
    """

    expected: Vector
    z: Vector
    p_value: Vector
    q_value: Vector
    reasons: tuple[str, ...]

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """``(units, parts)``: out of line at q <= .05."""
        with np.errstate(invalid="ignore"):
            out: NDArray[np.bool_] = self.q_value <= FLAGGED_Q
        return out


def parts_out_of_line(points: Vector, maximum: Vector) -> OutOfLine:
    """Which parts are out of line with the unit's other parts.

    Args:
        points: float64 ``(units, parts)``: points reached; NaN where not known.
        maximum: float64 ``(parts,)``: points that can be reached, positive.
    """
    units, parts = points.shape
    expected, z = np.full((units, parts), np.nan), np.full((units, parts), np.nan)
    free = np.full(parts, np.nan)
    reasons = []
    for part in range(parts):
        others = np.delete(np.arange(parts), part)
        if others.size == 0:
            reasons.append("it is the only part")
            continue
        whole = np.isfinite(points).all(axis=1)
        mine = points[whole, part] / maximum[part]
        reason = _reason(mine)
        reasons.append(reason)
        if reason:
            continue
        rest = points[whole][:, others].sum(axis=1) / maximum[others].sum()
        y, x = _logit(mine, maximum[part]), _logit(rest, maximum[others].sum())
        slope, offset = robust_line(x, y)
        line = offset + slope * x
        found = _tested(y - line)
        expected[whole, part] = 1.0 / (1.0 + np.exp(-line))
        z[whole, part], freedom = found
        free[part] = freedom
    p = _tails(z, free)
    return OutOfLine(expected, z, p, q_values(p.ravel()).reshape(p.shape), tuple(reasons))


def gaps_out_of_line(gap: Vector) -> OutOfLine:
    """Which gaps between self-score and appraised score lie out of line with the group's.

    Args:
        gap: float64 ``(units,)``: self-score less appraised score, over the maximum; NaN where
            not known. One column is made of it.
    """
    known = np.isfinite(gap)
    shape = (gap.size, 1)
    expected, z = np.full(shape, np.nan), np.full(shape, np.nan)
    p = np.full(shape, np.nan)
    reason = _reason(gap[known])
    if not reason:
        centre = float(np.median(gap[known]))
        expected[known, 0] = centre
        z[known, 0], freedom = _tested(gap[known] - centre)
        p = _tails(z, np.array([freedom]))
    return OutOfLine(expected, z, p, q_values(p.ravel()).reshape(p.shape), (reason,))


def _reason(values: Vector) -> str:
    if values.size < FEWEST_PEERS:
        return f"fewer than {FEWEST_PEERS} units in the group"
    rounded = np.round(values, 6)
    distinct, times = np.unique(rounded, return_counts=True)
    if times.max() > MOST_ALIKE * values.size:
        return "most units have the same points"
    if distinct.size < FEWEST_VALUES:
        return f"fewer than {FEWEST_VALUES} different values in the group"
    if (rounded >= 1.0).mean() > CEILING:
        return "more than a quarter of the units have all points"
    return ""


def _logit(share: Vector, maximum: float) -> Vector:
    """Logit of a share, drawn in by a tenth of a point at either end."""
    inner = (share * maximum + 0.1) / (maximum + 0.2)
    value: Vector = np.log(inner / (1.0 - inner))
    return value


def _tested(residual: Vector) -> tuple[Vector, float]:
    """Standardised residuals, and the degrees of freedom that their spread is worth."""
    # Points carry no sampling error of their own; all spread is that of the group.
    error = np.full(residual.size, max(float(np.std(residual)) * 1e-3, 1e-9))
    peers = Peers.of(residual, error)
    return peers.z(residual, error, float(residual.size)), peers.freedom


def _tails(z: Vector, free: Vector) -> Vector:
    """Two-sided p-values; each side of all parts together says how heavy its tail is.

    Points of indices lean: units that fall behind fall further than others get ahead. So each
    side has a scale and a freedom of its own, the latter by maximum likelihood.
    """
    from scipy.stats import t

    p = np.full(z.shape, np.nan)
    known = np.isfinite(z)
    for side in (known & (z >= 0), known & (z < 0)):
        size = np.abs(z[side])
        if size.size == 0:
            continue
        scale, freedom = 1.0, SAFE_FREEDOM
        if size.size >= FEWEST_TAIL:
            scale, freedom = _half_t(size)
        own = np.broadcast_to(free, z.shape)[side]
        p[side] = np.maximum(2.0 * t.sf(size / max(scale, 1.0), np.minimum(own, freedom)), 1e-12)
    return p


def _half_t(size: Vector) -> tuple[float, float]:
    """Scale and freedom of a half Student's t: the scale by the median, the rest by likelihood."""
    from scipy.stats import t

    best = (-np.inf, 1.0, SAFE_FREEDOM)
    for freedom in (3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 30.0):
        scale = float(np.median(size)) / float(t.ppf(0.75, freedom))
        fit = float(t.logpdf(size / scale, freedom).sum()) - size.size * float(np.log(scale))
        best = max(best, (fit, scale, freedom))
    return best[1], best[2]

"""Seconds per item or page: how fast a person is for what is asked, and how much is rapid.

The log of a time is taken as the item's intensity less the person's speed, plus an error of
the item's own deviation; speeds are normal (van der Linden 2006, Journal of Educational and
Behavioral Statistics 31, 181-204). Negative times are passed over, and times of 0 where a
logarithm is needed.
Reference for rapid answers: Wise & Kong (2005), Applied Measurement in Education 18, 163-183
(response-time effort; insufficient-effort 1.13.1 ``response_time_effort``); Wise & Ma (2012),
the NT10 threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from detectors.indices._shared import Matrix, Vector, as_rows

__all__ = ["LognormalTimes", "lognormal_times", "normative_thresholds", "rapid_share"]


@dataclass(frozen=True)
class LognormalTimes:
    """Speed of persons and intensity of items in log seconds.

    Attributes:
        intensity: ``(items,)``: mean log seconds; NaN for an item without a time.
        deviation: ``(items,)``: standard deviation of log seconds given the speed.
        speed_deviation: Standard deviation of the speeds, 0 or more.
        speed: ``(n,)``: how much faster than the mean in log units, items weighted by
            their precision; NaN without a time.
        residuals: ``(n, items)``: in their own deviations, given the person's speed; below
            0 is faster than that speed. NaN where there is no time or no other.
    """

    intensity: Vector
    deviation: Vector
    speed_deviation: float
    speed: Vector
    residuals: Matrix

    @property
    def misfit(self) -> Vector:
        """``(n,)``: mean squared residual, 1 on average; NaN below two times.

        After Marianti, Fox, Avetisyan, Veldkamp & Tijmstra (2014), Journal of Educational
        and Behavioral Statistics 39, 426-451. High is irregular; near 0 is more regular
        than people are.
        """
        known = ~np.isnan(self.residuals)
        square = np.where(known, self.residuals, 0.0) ** 2
        return _ratio(square.sum(axis=1), known.sum(axis=1).astype(np.float64))


def lognormal_times(seconds: Matrix) -> LognormalTimes:
    """Fit intensities, deviations and speeds by maximum likelihood.

    The deviations come from the covariances of the log times over the pairs of times there
    are; items must have two times and vary to take part.

    Args:
        seconds: ``(n, items or pages)``.
    """
    rows = as_rows(seconds)
    known = rows > 0
    log = np.log(np.where(known, rows, 1.0))
    intensity = _ratio((log * known).sum(axis=0), known.sum(axis=0).astype(np.float64))
    centred = np.where(known, log - np.nan_to_num(intensity), 0.0)
    both = known.T.astype(np.float64) @ known
    covariance = centred.T @ centred / np.maximum(both - 1.0, 1.0)
    varied = np.diag(covariance) > 1e-12
    deviation = np.full(rows.shape[1], np.nan)
    deviation[varied], spread = _components(covariance[np.ix_(varied, varied)])
    precision = np.where(known & varied, 1.0 / np.where(varied, deviation, 1.0) ** 2, 0.0)
    weight = precision.sum(axis=1)
    speed = -_ratio((centred * precision).sum(axis=1), weight)
    # a time's own weight in the speed takes that part of its variance away
    variance = (
        _ratio(np.ones_like(precision), precision) - _ratio(np.ones(len(rows)), weight)[:, None]
    )
    enough = variance > 1e-9
    error = centred + np.nan_to_num(speed)[:, None]
    residuals = np.where(enough, error / np.sqrt(np.where(enough, variance, 1.0)), np.nan)
    return LognormalTimes(intensity, deviation, spread, speed, residuals)


def _components(covariance: Matrix) -> tuple[Vector, float]:
    """Deviation of each item's error and of the speed that all items share.

    Expectation-maximisation of a factor model with all loadings 1 on the covariances; an
    error keeps at least a thousandth of its item's variance.
    """
    total = np.diag(covariance).copy()
    k = total.size
    if k < 2:
        return np.sqrt(total), 0.0
    shared = max(float((covariance.sum() - total.sum()) / (k * (k - 1))), 1e-6)
    error = np.maximum(total - shared, 0.1 * total)
    for _ in range(2000):
        posterior = 1.0 / (1.0 / shared + (1.0 / error).sum())
        weight = posterior / error
        with_speed = covariance @ weight
        before, shared = shared, posterior + float(weight @ with_speed)
        updated = np.maximum(total - 2.0 * with_speed + shared, 1e-3 * total)
        change = np.abs(updated - error).max() + abs(shared - before)
        error = updated
        if change < 1e-10:
            break
    return np.sqrt(error), float(np.sqrt(shared))


def normative_thresholds(
    seconds: Matrix,
    fraction: float = 0.1,
    highest: float = 10.0,
    centre: Literal["mean", "median"] = "mean",
) -> Vector:
    """``(items,)``: seconds below which an answer is rapid; NaN for an item without times.

    Args:
        seconds: ``(n, items or pages)``.
        fraction: Of the item's mean time: 0.1 is NT10.
        highest: No threshold is above it, in seconds.
        centre: The median does not move with the few who left the page open.
    """
    from detectors.indices._time_kernels import item_means

    rows = as_rows(seconds)
    if centre == "mean":
        middle = item_means(rows)
    else:
        columns = (column[column >= 0] for column in rows.T)
        middle = np.array([np.median(c) if c.size else np.nan for c in columns])
    return np.minimum(fraction * middle, highest)


def rapid_share(seconds: Matrix, thresholds: Vector | None = None) -> Vector:
    """``(n,)``: share of a record's times below the thresholds (NT10 by default), 0..1.

    1 less the response-time effort of Wise & Kong. NaN without a time.
    """
    from detectors.indices._time_kernels import share_below

    rows = as_rows(seconds)
    limits = normative_thresholds(rows) if thresholds is None else thresholds
    return share_below(rows, np.ascontiguousarray(limits, dtype=np.float64))


def _ratio(above: Matrix, below: Matrix) -> Matrix:
    ratio: Matrix = np.full(above.shape, np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio

"""Answers that move in a repeating way: 1-2-3-2-1-2-3, zig-zag, drifting columns.

Reproduces responsePatterns 0.1.1 (Gottfried, Jezek, Kralova & Rihacek, 2022,
Practical Assessment, Research & Evaluation 27): autocorrelation and repeated patterns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.indices._shared import Matrix, Vector, as_rows

__all__ = [
    "Autocorrelation",
    "RepeatedPatterns",
    "autocorrelation",
    "percentile_rank",
    "repeated_patterns",
]

FEWEST = 3


@dataclass(frozen=True)
class Autocorrelation:
    """How records go with themselves some items on.

    Attributes:
        by_lag: ``(n, lags)``: correlations, -1..1; NaN where a part does not vary.
        sum_abs: ``(n,)``: sum of their absolute values.
        max_abs: ``(n,)``: the largest of them; NaN if none is known.
        lag: ``(n,)``: the lag of the largest, 1..lags; 0 if none is known.
        failed: ``(n,)``: lags without a correlation.
    """

    by_lag: Matrix
    sum_abs: Vector
    max_abs: Vector
    lag: NDArray[np.intp]
    failed: NDArray[np.intp]


def autocorrelation(x: Matrix, lags: int) -> Autocorrelation:
    """Correlation of each record with itself 1..lags items on, over pairs answered.

    A record of one and the same answer counts as 1 at every lag, as in the peer. A
    correlation of fewer than three pairs is NaN.

    Raises:
        ValueError: If ``lags`` is below 1.

    Reference: responsePatterns ``rp.acors``.
    """
    from detectors.indices._row_kernels import autocorrelations

    if lags < 1:
        raise ValueError(f"{lags} lags")
    by_lag = autocorrelations(as_rows(x), lags, FEWEST)
    size = np.nan_to_num(np.abs(by_lag), nan=-1.0)
    largest = size.max(axis=1)
    known = largest >= 0
    return Autocorrelation(
        by_lag=by_lag,
        sum_abs=np.where(known, np.maximum(size, 0.0).sum(axis=1), np.nan),
        max_abs=np.where(known, largest, np.nan),
        lag=np.where(known, size.argmax(axis=1) + 1, 0),
        failed=(size < 0).sum(axis=1),
    )


@dataclass(frozen=True)
class RepeatedPatterns:
    """How often a record repeats its own movement.

    Attributes:
        by_length: ``(n, lengths)``: for patterns of 2, 3, … answers, pairs of places with
            the same movement divided by places less one.
        score: ``(n,)``: their sum as a share of what a record of one answer has, 0..1; NaN
            without two answers side by side.
    """

    by_length: Matrix
    score: Vector


def repeated_patterns(x: Matrix, longest: int | None = None) -> RepeatedPatterns:
    """Patterns of 2 answers up to ``longest`` (half the items) that come again in a record.

    Patterns are equal if they move alike, whatever their level: 1-2-1 and 3-4-3. A pattern
    with a missing answer equals none.

    Raises:
        ValueError: If ``longest`` is not in 2..items - 1.

    Reference: responsePatterns ``rp.patterns(std.patterns=TRUE)``.
    """
    from detectors.indices._row_kernels import repeats

    rows = as_rows(x)
    n, k = rows.shape
    if k < 4 and longest is None:
        return RepeatedPatterns(np.full((n, 0), np.nan), np.full(n, np.nan))
    longest = k // 2 if longest is None else longest
    if not 2 <= longest < k:
        raise ValueError(f"patterns of 2 to {longest} answers in {k} items")
    lengths = np.arange(2, longest + 1)
    by_length = repeats(rows, longest) / (k - lengths)
    score: Vector = by_length.sum(axis=1) / ((k - lengths + 1) / 2.0).sum()
    score[np.isnan(np.diff(rows, axis=1)).all(axis=1)] = np.nan
    return RepeatedPatterns(by_length, score)


def percentile_rank(values: Vector) -> Vector:
    """``(n,)``: mean rank among the known values, in percent; NaN stays NaN.

    Reference: the percentiles of responsePatterns, which are these rounded down.
    """
    known = ~np.isnan(values)
    ordered = np.sort(values[known])
    below = np.searchsorted(ordered, values, side="left")
    at_most = np.searchsorted(ordered, values, side="right")
    rank = (below + 1 + at_most) / 2.0
    share: Vector = np.where(known, 100.0 * rank / max(ordered.size, 1), np.nan)
    return share

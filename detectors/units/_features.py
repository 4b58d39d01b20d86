"""What shape tests look at in a record, as vectors of one number a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.table import RecordTable

__all__ = ["Features", "features_of", "features_of_codes"]

COMPILED_FROM = 20_000

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Features:
    """Counts of a record's answers, and how they spread.

    Attributes:
        asked: Number of answers.
        level: Mean level, 0..1; NaN without answers.
        not_best: Number of answers that are not the best value.
        low: Number of answers below the two best values, items with two values left out.
        all_best: 1 where every answer is the best value, else 0; NaN without answers.
        spread: Standard deviation within the record, levels on 0..1; NaN without answers.
        top_two: Number of answers at one of the two best values.
    """

    asked: NDArray[np.int16]
    level: Vector
    not_best: NDArray[np.int16]
    low: NDArray[np.int16]
    all_best: Vector
    spread: Vector
    top_two: Vector


def features_of(table: RecordTable) -> Features:
    """Worked out once a table, item by item so that no wide copy is made."""
    return table.memo("features", lambda: _features(table))


def _features(table: RecordTable) -> Features:
    return features_of_codes(table.codes, table.levels)


def features_of_codes(codes: NDArray[np.integer[Any]], levels: NDArray[np.intp]) -> Features:
    """Features of records given as ``(n, items)`` positions, 0 for no answer."""
    n = len(codes)
    best, second, low, asked = (np.zeros(n, dtype=np.int16) for _ in range(4))
    total, square = np.zeros(n), np.zeros(n)
    if n >= COMPILED_FROM:
        from detectors.units._loops import count_answers

        count_answers(codes, levels, best, second, low, asked, total, square)
    for j, most in enumerate(levels.tolist() if n < COMPILED_FROM else ()):
        code = codes[:, j]
        asked += code > 0
        best += code == most
        second += (code == most - 1) & (code > 0)
        if most > 2:
            low += (code > 0) & (code <= most - 2)
        scaled = np.maximum(np.arange(most + 1) - 1.0, 0.0) / (most - 1.0)
        total += scaled[code]
        square += (scaled**2)[code]
    rated = asked > 0
    level = np.divide(total, asked, out=np.full(n, np.nan), where=rated)
    mean = np.divide(square, asked, out=np.full(n, np.nan), where=rated)
    return Features(
        asked=asked,
        level=level,
        not_best=(asked - best).astype(np.int16),
        low=low,
        all_best=np.where(rated, (best == asked).astype(np.float64), np.nan),
        spread=np.sqrt(np.maximum(mean - level**2, 0.0)),
        top_two=(best + second).astype(np.float64),
    )

"""What shape tests look at in a record, as vectors of one number a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.table import RecordTable

__all__ = ["Features", "features_of"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Features:
    """Counts of a record's answers, and how they spread.

    Attributes:
        not_best: Number of answers that are not the best value.
        low: Number of answers below the two best values, items with two values left out.
        all_best: 1 where every answer is the best value, else 0; NaN without answers.
        spread: Standard deviation within the record, levels on 0..1; NaN without answers.
        top_two: Number of answers at one of the two best values.
    """

    not_best: NDArray[np.int16]
    low: NDArray[np.int16]
    all_best: Vector
    spread: Vector
    top_two: Vector


def features_of(table: RecordTable) -> Features:
    """Worked out once a table, item by item so that no wide copy is made."""
    return table.memo("features", lambda: _features(table))


def _features(table: RecordTable) -> Features:
    n = len(table)
    best, second, low = (np.zeros(n, dtype=np.int16) for _ in range(3))
    square = np.zeros(n)
    for j, levels in enumerate(table.levels.tolist()):
        code = table.codes[:, j]
        best += code == levels
        second += (code == levels - 1) & (code > 0)
        if levels > 2:
            low += (code > 0) & (code <= levels - 2)
        scaled = (np.arange(levels + 1) - 1.0) / (levels - 1.0)
        scaled[0] = 0.0
        square += (scaled**2)[code]
    asked = table.answered
    rated = asked > 0
    mean = np.divide(square, asked, out=np.full(n, np.nan), where=rated)
    spread = np.sqrt(np.maximum(mean - table.level**2, 0.0))
    return Features(
        not_best=(asked - best).astype(np.int16),
        low=low,
        all_best=np.where(rated, (best == asked).astype(np.float64), np.nan),
        spread=spread,
        top_two=(best + second).astype(np.float64),
    )

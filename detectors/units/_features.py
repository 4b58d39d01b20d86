"""What shape tests look at in a record, as vectors of one number a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.table import RecordTable

__all__ = ["Features", "features_of"]


@dataclass(frozen=True, eq=False)
class Features:
    """Shares of a record's answers; NaN for a record without answers.

    Attributes:
        best: Share of answers at the best value.
        second: Share at the second best.
        low: Share below the two best values, items with two values left out.
        all_best: 1 where every answer is the best value, else 0.
        spread: Standard deviation within the record, levels on 0..1.
        top_two: Number of answers at one of the two best values.
    """

    best: NDArray[np.float64]
    second: NDArray[np.float64]
    low: NDArray[np.float64]
    all_best: NDArray[np.float64]
    spread: NDArray[np.float64]
    top_two: NDArray[np.float64]


def features_of(table: RecordTable) -> Features:
    """Worked out once a table."""
    return table.memo("features", lambda: _features(table))


def _features(table: RecordTable) -> Features:
    answers, levels = table.answers, table.levels
    count = table.answered.astype(np.float64)
    rated = table.answered > 0
    graded = levels > 2
    graded_count = np.isfinite(answers[:, graded]).sum(axis=1).astype(np.float64)

    def share(hits: NDArray[np.float64], of: NDArray[np.float64]) -> NDArray[np.float64]:
        answer: NDArray[np.float64] = np.full(len(table), np.nan)
        np.divide(hits, of, out=answer, where=of > 0)
        return answer

    best = (answers == levels).sum(axis=1).astype(np.float64)
    second = (answers == levels - 1).sum(axis=1).astype(np.float64)
    low = (answers[:, graded] <= levels[graded] - 2).sum(axis=1).astype(np.float64)
    scaled = (answers - 1.0) / (levels - 1.0)
    centred = np.where(np.isfinite(scaled), scaled - table.level[:, None], 0.0)
    spread = np.sqrt(share((centred**2).sum(axis=1), count))
    return Features(
        best=share(best, count),
        second=share(second, count),
        low=share(low, graded_count),
        all_best=np.where(rated, (best == count).astype(np.float64), np.nan),
        spread=spread,
        top_two=best + second,
    )

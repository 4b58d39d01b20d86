"""Loops over all pairs of answers of one record; imported where they are used."""

from __future__ import annotations

import numpy as np

from detectors.indices._shared import Matrix, Vector, compiled

__all__ = ["mean_roots", "shares"]


@compiled
def shares(x: Matrix) -> tuple[Vector, Vector]:
    """Share of the most frequent answer, and 1 less the sum of squared shares."""
    n, k = x.shape
    highest = np.empty(n)
    variation = np.empty(n)
    for i in range(n):
        row = x[i]
        answered = most = alike = 0
        for j in range(k):
            if row[j] != row[j]:
                continue
            answered += 1
            same = 0
            for other in range(k):
                same += row[other] == row[j]
            most = max(most, same)
            alike += same  # summed over answers: the squares of the counts
        highest[i] = most / answered if answered else np.nan
        variation[i] = 1.0 - alike / (answered * answered) if answered else np.nan
    return highest, variation


@compiled
def mean_roots(x: Matrix) -> Vector:
    """Mean root of the absolute differences of all pairs of answers."""
    n, k = x.shape
    out = np.empty(n)
    for i in range(n):
        row = x[i]
        total = 0.0
        pairs = 0
        for j in range(k):
            for other in range(j):
                apart = abs(row[j] - row[other])
                if apart == apart:
                    total += np.sqrt(apart)
                    pairs += 1
        out[i] = total / pairs if pairs else np.nan
    return out

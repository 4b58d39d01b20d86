"""Coherence of a record: do its answers keep the company that peers' answers keep?

The lift of two answers is how often they are given together against how often that
would happen if items were independent; a record's coherence is the sum of its log lifts,
a pairwise composite likelihood ratio (Lindsay 1988; Varin, Reid & Firth 2011).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["lift_scores", "lift_table"]

PRIOR_PAIRS = 2.0
BLOCK = 4096
COMPILED_FROM = 20_000

Codes = NDArray[np.integer]


def lift_table(codes: Codes, states: int) -> NDArray[np.float32]:
    """``(items x states, items x states)`` log lifts; 0 within an item and for no answer.

    Args:
        codes: ``(n, items)``, 0 = no answer.
        states: One more than the largest code.
    """
    items = codes.shape[1]
    together = np.zeros((items * states, items * states))
    for start in range(0, len(codes), BLOCK):
        marks = _marks(codes[start : start + BLOCK], states)
        together += marks.T @ marks
    alone = np.diag(together).reshape(items, states)
    total = alone.sum(axis=1, keepdims=True)
    share = np.divide(alone, total, out=np.zeros_like(alone), where=total > 0).ravel()
    both = together.reshape(items, states, items, states).sum(axis=(1, 3))
    expected = np.outer(share, share) * np.kron(both, np.ones((states, states)))
    table = np.log((together + PRIOR_PAIRS) / (expected + PRIOR_PAIRS))
    item = np.repeat(np.arange(items), states)
    table[item[:, None] == item] = 0.0
    return table.astype(np.float32)


def lift_scores(codes: Codes, table: NDArray[np.float32]) -> NDArray[np.float64]:
    """``(n,)`` sums of log lifts over pairs of items."""
    states = len(table) // max(codes.shape[1], 1)
    score = np.empty(len(codes))
    if len(codes) >= COMPILED_FROM:
        from detectors.units._loops import sum_of_lifts

        sum_of_lifts(np.ascontiguousarray(codes), table, states, score)
        return score
    for start in range(0, len(codes), BLOCK):
        marks = _marks(codes[start : start + BLOCK], states)
        score[start : start + BLOCK] = ((marks @ table) * marks).sum(axis=1) / 2.0
    return score


def _marks(codes: Codes, states: int) -> NDArray[np.float32]:
    """One-hot answers, nothing for a blank."""
    n, items = codes.shape
    marks = np.zeros((n, items * states), dtype=np.float32)
    rows, columns = np.nonzero(codes)
    marks[rows, columns * states + codes[rows, columns]] = 1.0
    return marks

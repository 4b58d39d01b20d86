"""Coherence of a record: do its answers keep the company that peers' answers keep?

The lift of two answers is how often they are given together against how often that
would happen if items were independent. A record has two sums of log lifts: over all pairs
of items, a pairwise composite likelihood ratio (Lindsay 1988; Varin, Reid & Firth 2011),
which is ruled by what all items have in common; and over the pairs of the tree that says
most about the items (Chow & Liu 1968), the likelihood ratio of that tree against
independence, which is ruled by what items of one kind have in common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Lift", "lift_of", "lift_scores", "one_hot"]

PRIOR_PAIRS = 2.0
BLOCK = 4096
COMPILED_FROM = 20_000

Codes = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Lift:
    """What is known of the company that answers keep.

    Attributes:
        table: ``(items x states, items x states)`` log lifts; 0 within an item and for no
            answer.
        tree: ``(items - 1, 2)``: pairs of items that span them all, the first one smaller.
    """

    table: NDArray[np.float32]
    tree: NDArray[np.intp]


def lift_of(codes: Codes, states: int) -> Lift:
    """Learn the lifts.

    Args:
        codes: ``(n, items)``, 0 = no answer.
        states: One more than the largest code.
    """
    items = codes.shape[1]
    together = np.zeros((items * states, items * states))
    for start in range(0, len(codes), BLOCK):
        marks = one_hot(codes[start : start + BLOCK], states)
        together += marks.T @ marks
    alone = np.diag(together).reshape(items, states)
    total = alone.sum(axis=1, keepdims=True)
    share = np.divide(alone, total, out=np.zeros_like(alone), where=total > 0).ravel()
    both = together.reshape(items, states, items, states).sum(axis=(1, 3))
    expected = np.outer(share, share) * np.kron(both, np.ones((states, states)))
    table = np.log((together + PRIOR_PAIRS) / (expected + PRIOR_PAIRS))
    item = np.repeat(np.arange(items), states)
    table[item[:, None] == item] = 0.0
    told = (together * table).reshape(items, states, items, states).sum(axis=(1, 3))
    return Lift(table.astype(np.float32), _tree(told))


def _tree(told: NDArray[np.float64]) -> NDArray[np.intp]:
    """The spanning tree of the pairs that tell most of each other (Prim)."""
    items = len(told)
    pairs = np.zeros((max(items - 1, 0), 2), dtype=np.intp)
    best, partner = told[0].copy(), np.zeros(items, dtype=np.intp)
    best[0] = -np.inf
    for k in range(items - 1):
        new = int(np.argmax(best))
        pairs[k] = sorted((int(partner[new]), new))
        closer = (told[new] > best) & (best > -np.inf)
        best[closer], partner[closer] = told[new][closer], new
        best[new] = -np.inf
    return pairs


def lift_scores(codes: Codes, lift: Lift) -> NDArray[np.float64]:
    """``(n, 2)`` sums of log lifts: over all pairs of items, and over those of the tree."""
    table, items = lift.table, codes.shape[1]
    states = len(table) // max(items, 1)
    score = np.zeros((len(codes), 2))
    if len(codes) >= COMPILED_FROM:
        from detectors.units._loops import sum_of_lifts

        sum_of_lifts(np.ascontiguousarray(codes), table, lift.tree, states, score)
        return score
    for start in range(0, len(codes), BLOCK):
        part = slice(start, start + BLOCK)
        marks = one_hot(codes[part], states)
        score[part, 0] = ((marks @ table) * marks).sum(axis=1) / 2.0
        for a, b in lift.tree.tolist():
            one, two = codes[part, a].astype(np.intp), codes[part, b].astype(np.intp)
            gain = table[a * states + one, b * states + two]
            score[part, 1] += np.where((one > 0) & (two > 0), gain, 0.0)
    return score


def one_hot(codes: Codes, states: int) -> NDArray[np.float32]:
    """``(n, items x states)`` one-hot answers, nothing for a blank."""
    n, items = codes.shape
    marks = np.zeros((n, items * states), dtype=np.float32)
    rows, columns = np.nonzero(codes)
    marks[rows, columns * states + codes[rows, columns]] = 1.0
    return marks

"""Guttman errors and U3 of ordered answers: hard item steps passed where easy ones were not.

Reproduces PerFit 1.4.6 ``G``, ``Gnormed``, ``U3``, ``Gpoly``, ``Gnormed.poly`` and ``U3poly``,
and aberrance 0.3.0 ``G_S``, ``U1_S`` and ``U3_S``. Of equally popular steps, that of the earlier
item counts as the easier, as in PerFit; mokken 3.1.2 ``check.errors`` (G+) takes the mean
over random orders of the ties and rounds it.
A record with missing answers is judged by the items it answered.
Reference: Meijer (1994); van der Flier (1982); Emons (2008), Applied Psychological
Measurement 32, 224-247.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.indices._shared import Matrix, Pairs, Vector, as_rows

__all__ = ["guttman_errors", "normed_guttman_errors", "u3_polytomous"]


@dataclass(frozen=True)
class _Sums:
    """Summed weights of the steps passed, ``(n,)`` each: own, easiest, most extreme."""

    own: Vector
    easiest: Vector
    extreme: Vector

    def normed(self) -> Vector:
        """0 the easiest, 1 the most extreme pattern; 0 where the total allows only one."""
        span = self.extreme - self.easiest
        share: Vector = np.where(np.isnan(span), np.nan, 0.0)
        np.divide(self.own - self.easiest, span, out=share, where=np.abs(span) > 1e-9)
        return share


def guttman_errors(x: Matrix, categories: int) -> Vector:
    """``(n,)``: pairs of item steps of which the harder was passed and the easier not.

    Args:
        x: Answers 0..categories - 1.
        categories: Number of answers an item has, 2 or more.

    Raises:
        ValueError: If an answer is off the scale.

    NaN without an answer. Reference: PerFit ``Gpoly``, and ``G`` for two categories.
    """
    sums = _by_rank(x, categories, sign=0.0)
    return sums.own - sums.easiest


def normed_guttman_errors(x: Matrix, categories: int) -> Vector:
    """``(n,)``: Guttman errors as a share of the most that the total score allows, 0..1.

    An answer pattern passes the steps of an item in order, so the most errors for a total
    score are found item by item by dynamic programming. 0 where the total allows none: the
    lowest and the highest total say nothing of fit.

    Raises:
        ValueError: If an answer is off the scale.

    Reference: PerFit ``Gnormed.poly`` and ``Gnormed`` (Emons 2008); U1 of van der Flier.
    """
    return _by_rank(x, categories, sign=1.0).normed()


def u3_polytomous(x: Matrix, categories: int) -> Vector:
    """``(n,)``: U3, 0 a perfect pattern, 1 a reversed one; 0 at the ends of the scale.

    Raises:
        ValueError: If an answer is off the scale.

    Reference: PerFit ``U3poly``, and ``U3`` for two categories.
    """
    rows = as_rows(x)
    popularity, order = _popularity(rows, categories)
    inside = np.clip(popularity, 1e-12, 1.0 - 1e-12)
    logit = np.log(inside / (1.0 - inside))
    return _sums(rows, logit, order, by_rank=False, sign=-1.0).normed()


def _by_rank(x: Matrix, categories: int, *, sign: float) -> _Sums:
    """Weights are the places of the steps; less the easiest sum, they count the errors."""
    rows = as_rows(x)
    popularity, order = _popularity(rows, categories)
    rank = np.empty(order.size)
    rank[order] = np.arange(order.size)
    return _sums(rows, rank.reshape(popularity.shape), order, by_rank=True, sign=sign)


def _popularity(rows: Matrix, categories: int) -> tuple[Matrix, Pairs]:
    """Share passing each step ``(items, categories - 1)``, and the steps from the easiest."""
    from detectors.indices._fit_kernels import answer_counts

    if categories < 2:
        raise ValueError(f"{categories} categories")
    counts, off = answer_counts(rows, categories)
    if off:
        raise ValueError(f"{off} answers are not among 0..{categories - 1}")
    passed = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    popularity = passed[:, 1:] / np.maximum(passed[:, :1], 1)
    return popularity, np.argsort(-popularity.ravel(), kind="stable")


def _sums(rows: Matrix, weight: Matrix, order: Pairs, *, by_rank: bool, sign: float) -> _Sums:
    """``sign`` 1 asks for the largest extreme, -1 for the smallest, 0 for none."""
    from detectors.indices._fit_kernels import incomplete_sums, looked_up

    table = np.hstack([np.zeros((len(weight), 1)), np.cumsum(weight, axis=1)])
    own, total = looked_up(rows, table)
    easiest = np.concatenate([[0.0], np.cumsum(weight.ravel()[order])])[total]
    extreme = _extreme(table, sign)[total]
    holes = np.flatnonzero(total < 0)
    if holes.size:
        found = incomplete_sums(rows, holes, weight, order, int(by_rank), sign)
        own[holes], easiest[holes], extreme[holes] = found.T
    return _Sums(own, easiest, extreme)


def _extreme(table: Matrix, sign: float) -> Vector:
    """Largest or smallest sum for each total of steps: ``table[item, steps passed]``."""
    k, categories = table.shape
    best = np.full(k * (categories - 1) + 1, -np.inf)
    best[0] = 0.0
    for item in range(k):
        before = best.copy()
        for taken in range(1, categories):
            gained = before[: best.size - taken] + sign * table[item, taken]
            best[taken:] = np.maximum(best[taken:], gained)
    return sign * best

"""Whether answers that belong together go together.

Reproduces careless 1.2.2 ``evenodd``, ``psychsyn``, ``psychant`` and their critical values,
and PerFit 1.4.6 ``r.pbis``. A correlation over fewer than three points says nothing and is
NaN; careless gives +1 or -1 for two.
Reference: Curran (2016), Journal of Experimental Social Psychology 66, 4-19.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.indices._item_means import item_means
from detectors.indices._shared import (
    Matrix,
    Pairs,
    Vector,
    as_rows,
    centred_blocks,
)

__all__ = [
    "contradictions",
    "critical_pairs",
    "even_odd",
    "pair_correlation",
    "pair_distance",
    "person_total",
    "psychometric_antonyms",
    "psychometric_synonyms",
    "ranked_pairs",
]

FEWEST = 3


def even_odd(x: Matrix, scales: Sequence[int]) -> Vector:
    """``(n,)``: minus the even-odd consistency over scales, -1 consistent .. 1 careless.

    The correlation of the means of odd and of even items is stepped up to the full length
    by Spearman and Brown, and not let below -1 before its sign is turned.

    Args:
        x: Answers, items of a scale side by side.
        scales: Number of items of each scale, at least 2 each; they make up all items.

    Raises:
        ValueError: If the scales do not make up the items.

    Reference: careless ``evenodd``.
    """
    from detectors.indices._row_kernels import half_correlations

    rows = as_rows(x)
    if sum(scales) != rows.shape[1] or min(scales, default=0) < 2:
        raise ValueError(f"scales of {list(scales)} do not make up {rows.shape[1]} items")
    last = np.cumsum(np.asarray(scales, dtype=np.intp))
    r = half_correlations(rows, np.concatenate([[0], last[:-1]]), last, FEWEST)
    stepped: Vector = np.full(len(r), -1.0)
    np.divide(2.0 * r, 1.0 + r, out=stepped, where=~(1.0 + r <= 1e-12))
    return -np.maximum(stepped, -1.0)


def ranked_pairs(x: Matrix) -> tuple[Pairs, Vector]:
    """All pairs of items ``(m, 2)`` and their correlations, highest first.

    Over the records that answered both; pairs with a constant item are left out. Synonyms
    stand first and antonyms last. Reference: careless ``psychsyn_critval``.
    """
    r = _item_correlations(as_rows(x))
    first, second = np.triu_indices(len(r), 1)
    value = r[first, second]
    order = np.argsort(-value, kind="stable")
    order = order[~np.isnan(value[order])]
    return np.column_stack([first[order], second[order]]), value[order]


def critical_pairs(x: Matrix, critical: float) -> Pairs:
    """``(m, 2)``: pairs of items correlated above ``critical``, or below it if negative."""
    pairs, value = ranked_pairs(x)
    return pairs[value > critical if critical >= 0 else value < critical]


def pair_correlation(x: Matrix, pairs: Pairs) -> Vector:
    """``(n,)``: correlation, within a record, of the first with the second items of pairs.

    NaN below three pairs answered and where one side does not vary.
    """
    from detectors.indices._row_kernels import pair_correlations

    rows = as_rows(x)
    if len(pairs) < FEWEST:
        return np.full(len(rows), np.nan)
    return pair_correlations(rows, *_places(pairs), FEWEST)


def psychometric_synonyms(x: Matrix, critical: float = 0.6) -> Vector:
    """``(n,)``: ``pair_correlation`` over items correlated above ``critical``; low is careless.

    Reference: careless ``psychsyn(resample_na=FALSE)``. Its default draws other pairs at
    random where the result is missing, so the same data give other values each time.
    """
    return pair_correlation(x, critical_pairs(x, critical))


def psychometric_antonyms(x: Matrix, critical: float = -0.6) -> Vector:
    """``(n,)``: ``pair_correlation`` over items correlated below ``critical``; high is careless.

    Reference: careless ``psychant(resample_na=FALSE)``.
    """
    return pair_correlation(x, critical_pairs(x, critical))


def person_total(x: Matrix) -> Vector:
    """``(n,)``: correlation of a record with the item means of the table; low is unusual.

    For yes/no answers it is the personal point-biserial correlation of Donlon & Fischer
    (1968): PerFit ``r.pbis``, aberrance 0.3.0 ``PC_S``.
    """
    from detectors.indices._row_kernels import profile_correlations

    rows = as_rows(x)
    return profile_correlations(rows, item_means(rows), FEWEST)


def contradictions(x: Matrix, pairs: Pairs, gap: float, *, opposite: float | None = None) -> Vector:
    """``(n,)``: number of pairs answered at least ``gap`` apart; NaN if none was answered.

    Args:
        x: Answers.
        pairs: Pairs of items ``(m, 2)`` that mean the same, or the opposite.
        gap: Distance on the scale that counts as a contradiction, above 0.
        opposite: Lowest plus highest value of the scale where the items mean the opposite
            of each other; the second answer is then turned round.

    Raises:
        ValueError: If ``gap`` is not above 0.
    """
    if not gap > 0:
        raise ValueError(f"gap {gap} is not above 0")
    known, _, apart = _gaps(x, pairs, opposite, gap).T
    return np.where(known > 0, apart, np.nan)


def pair_distance(x: Matrix, pairs: Pairs, *, opposite: float | None = None) -> Vector:
    """``(n,)``: mean distance of the answers to pairs of items; high is careless.

    Arguments as for ``contradictions``. NaN if no pair was answered. Reference: mean absolute
    difference, insufficient-effort 1.13.1 ``mad``.
    """
    known, total, _ = _gaps(x, pairs, opposite, np.inf).T
    mean: Vector = np.full(len(x), np.nan)
    np.divide(total, known, out=mean, where=known > 0)
    return mean


def _gaps(x: Matrix, pairs: Pairs, opposite: float | None, gap: float) -> Matrix:
    from detectors.indices._row_kernels import pair_gaps

    turn = np.nan if opposite is None else float(opposite)
    return pair_gaps(as_rows(x), *_places(pairs), turn, float(gap))


def _places(pairs: Pairs) -> tuple[Pairs, Pairs]:
    """The first and the second items of pairs."""
    places = np.asarray(pairs, dtype=np.intp).reshape(-1, 2)
    return np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])


def _item_correlations(rows: Matrix) -> Matrix:
    """``(items, items)``: Pearson correlations over the records that answered both items."""
    mean = item_means(rows)
    k = rows.shape[1]
    covariance, square, total, both = np.zeros((4, k, k))
    for z, known in centred_blocks(rows, mean):
        product = z.T @ z
        covariance += product
        if known is not None:
            m = known.astype(np.float64)
            square += (z**2).T @ m
            total += z.T @ m  # of the row's item over those who answered the column's, too
            both += m.T @ m
        else:
            square += np.diag(product)[:, None]
            total += (np.ones(len(z)) @ z)[:, None]
            both += len(z)
    both = np.maximum(both, 1.0)
    covariance -= total * total.T / both
    left = np.maximum(square - total**2 / both, 0.0)
    scale = np.sqrt(left * left.T)
    r: Matrix = np.full(scale.shape, np.nan)
    np.divide(covariance, scale, out=r, where=scale > 1e-9)
    return r

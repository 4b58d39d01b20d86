"""How a record goes with the common profile of answers and with items alike in meaning.

Two within-person correlations of careful answering: with the mean answers of the peers
(person-total), and between the two halves of the item pairs that go together most
(psychometric synonyms). Each is of use only where careful people score well on it: where
all items are answered alike there is no profile to follow, and where no items go
together there are no synonyms. So each tells what is usual, and is believed only from
``BELIEVED`` upwards.

Reference: Curran (2016), JESP 66; Meade & Craig (2012), Psychological Methods 17.
careless 1.2.2 takes all pairs above .60 instead of as many pairs as there are items.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from detectors.table import RecordTable

__all__ = ["BELIEVED", "FEWEST_PEERS", "by_stratum", "person_total", "synonyms"]

BELIEVED = 0.3
FEWEST_PEERS = 20
FEWEST_ITEMS = 5
FEWEST_PAIRS = 5
BLOCK = 50_000
DUST = 1e-9

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def by_stratum(
    table: RecordTable, correlation: Callable[[Matrix], Vector], why: str
) -> tuple[Vector, dict[int, str]]:
    """Correlation of each record within its stratum and the reasons where there is none.

    Args:
        table: The records.
        correlation: :func:`person_total` or :func:`synonyms`.
        why: Reason where even careful people do not score well.
    """
    found = np.full(len(table), np.nan)
    reasons = dict.fromkeys(np.flatnonzero(table.answered == 0).tolist(), "no answers")
    scaled = (table.answers - 1.0) / (table.levels - 1.0)
    for stratum in range(len(table.stratum_names)):
        mine = np.flatnonzero((table.answered > 0) & (table.stratum == stratum))
        if mine.size < FEWEST_PEERS:
            few = f"fewer than {FEWEST_PEERS} peers"
            reasons.update(dict.fromkeys(mine.tolist(), few))
            continue
        r = correlation(scaled[mine])
        known = np.isfinite(r)
        if not known.any() or np.median(r[known]) < BELIEVED:
            reasons.update(dict.fromkeys(mine.tolist(), why))
            continue
        found[mine] = r
        reasons.update(dict.fromkeys(mine[~known].tolist(), "too few different answers"))
    return found, reasons


def person_total(scaled: Matrix) -> Vector:
    """Correlation over items of each record's answers with the mean answers of all.

    Args:
        scaled: float64 ``(n, items)`` in [0, 1], NaN for no answer.

    Returns:
        float64 ``(n,)`` in [-1, 1]; NaN below 5 answers, or where all answers are the same.
    """
    count = np.isfinite(scaled).sum(axis=0)
    mean = np.nansum(scaled, axis=0) / np.maximum(count, 1)
    result: Vector = np.full(len(scaled), np.nan)
    for start in range(0, len(scaled), BLOCK):
        part = scaled[start : start + BLOCK]
        known = np.isfinite(part)
        result[start : start + BLOCK] = _correlation(
            np.where(known, part, 0.0), np.where(known, mean, 0.0), known, FEWEST_ITEMS
        )
    return result


def synonyms(scaled: Matrix) -> Vector:
    """Correlation over the item pairs that go together most, as many as there are items.

    Args:
        scaled: float64 ``(n, items)`` in [0, 1], NaN for no answer.

    Returns:
        float64 ``(n,)`` in [-1, 1]; NaN below 5 pairs, or where all answers are the same.
    """
    first, second = _pairs(scaled)
    result: Vector = np.full(len(scaled), np.nan)
    for start in range(0, len(scaled), BLOCK):
        part = scaled[start : start + BLOCK]
        # both ways round: which item of a pair comes first means nothing
        one = part[:, np.concatenate([first, second])]
        other = part[:, np.concatenate([second, first])]
        known = np.isfinite(one) & np.isfinite(other)
        result[start : start + BLOCK] = _correlation(
            np.where(known, one, 0.0), np.where(known, other, 0.0), known, 2 * FEWEST_PAIRS
        )
    return result


def _pairs(scaled: Matrix) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Items of the pairs of highest positive correlation; a constant item takes no part."""
    known = np.isfinite(scaled)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.nansum(scaled, axis=0) / count
    centred = np.where(known, scaled - mean, 0.0)
    covariance = centred.T @ centred
    scale = np.sqrt(np.diag(covariance))
    varied = scale > DUST
    r = np.zeros_like(covariance)
    np.divide(covariance, np.outer(scale, scale), out=r, where=np.outer(varied, varied))
    first, second = np.triu_indices(r.shape[0], 1)
    value = np.round(r[first, second], 9)
    order = np.argsort(-value, kind="stable")[: r.shape[0]]
    order = order[value[order] > 0]
    return first[order], second[order]


def _correlation(one: Matrix, other: Matrix, known: NDArray[np.bool_], fewest: int) -> Vector:
    """Row by row over the places ``known``; elsewhere both are 0."""
    n = np.maximum(known.sum(axis=1), 1)
    a = np.where(known, one - (one.sum(axis=1) / n)[:, None], 0.0)
    b = np.where(known, other - (other.sum(axis=1) / n)[:, None], 0.0)
    spread = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    result: Vector = np.full(len(one), np.nan)
    usable = (spread > DUST) & (known.sum(axis=1) >= fewest)
    np.divide((a * b).sum(axis=1), spread, out=result, where=usable)
    return np.round(result, 12)

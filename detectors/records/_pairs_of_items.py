"""Pairs of items that go together in the stratum, and how odd a record's pair of answers is.

Pairs are learned, not declared: any rating with any rating or category that it is strongly
associated with (Cramér's V, corrected for chance, at least .3), the strongest partners of
each item only, as all ratings of a survey have something in common. The surprise of two
answers is minus their pointwise mutual information: how much rarer they are together than
their margins say. What is usual together costs nothing.

Reference: Cramér's V with the correction of Bergsma (2013); psychometric synonyms (Meade &
Craig 2012) for the idea of learned pairs; surprise in place of correlation: own work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Item
from detectors.table import RecordTable
from detectors.table_coding import positions

__all__ = ["Pair", "codes_of", "pairs_by_stratum", "surprise"]

STRONG = 0.3
PARTNERS = 2
FEWEST_RECORDS = 100
SMOOTHING = 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """Two items and their association in [0, 1]."""

    first: Item
    second: Item
    strength: float


def codes_of(table: RecordTable) -> dict[str, NDArray[np.int32]]:
    """Position of each answer on its scale from 0, -1 for none; ratings and categories."""
    return table.memo("item codes", lambda: _codes(table))


def _codes(table: RecordTable) -> dict[str, NDArray[np.int32]]:
    found: dict[str, NDArray[np.int32]] = {}
    for j, item in enumerate(table.items):
        found[item.id] = np.nan_to_num(table.answers[:, j], nan=0.0).astype(np.int32) - np.int32(1)
    for item in table.instrument.items:
        if not item.is_rating and item.id in table.frame.columns:
            values = positions(table.frame[item.id], item)
            found[item.id] = np.nan_to_num(values, nan=0.0).astype(np.int32) - np.int32(1)
    return found


def strong_pairs(table: RecordTable, rows: NDArray[np.intp]) -> tuple[Pair, ...]:
    """Strongest partners of each item among ``rows``, each pair once."""
    if rows.size < FEWEST_RECORDS:
        return ()
    codes = codes_of(table)
    rated = {item.id for item in table.items}
    asked = [item for item in table.instrument.items if item.id in codes]
    found: list[Pair] = []
    for i, first in enumerate(asked):
        for second in asked[i + 1 :]:
            if first.id in rated or second.id in rated:
                counts = _counts(first, second, codes, rows)
                strength = _cramer(counts)
                if strength >= STRONG:
                    found.append(Pair(first, second, strength))
    found.sort(key=lambda pair: (-pair.strength, pair.first.id, pair.second.id))
    taken: dict[str, int] = {}
    kept = []
    for pair in found:
        names = (pair.first.id, pair.second.id)
        if all(taken.get(name, 0) < PARTNERS for name in names):
            kept.append(pair)
            for name in names:
                taken[name] = taken.get(name, 0) + 1
    return tuple(kept)


def surprise(
    table: RecordTable, pair: Pair, rows: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Surprise of the pair on each of ``rows``, at least 0, and whether both were answered."""
    codes = codes_of(table)
    counts = _counts(pair.first, pair.second, codes, rows)
    total = counts.sum()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(total, 1.0)
    rarer = np.log((expected + SMOOTHING) / (counts + SMOOTHING))
    a, b = codes[pair.first.id][rows], codes[pair.second.id][rows]
    both = (a >= 0) & (b >= 0)
    value = np.where(both, np.maximum(rarer[np.maximum(a, 0), np.maximum(b, 0)], 0.0), 0.0)
    return value, both


def _counts(
    first: Item, second: Item, codes: dict[str, NDArray[np.int32]], rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    a, b = codes[first.id][rows], codes[second.id][rows]
    both = (a >= 0) & (b >= 0)
    shape = (len(first.scale), len(second.scale))
    cell = a[both] * shape[1] + b[both]
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    return counts.astype(np.float64)


def _cramer(counts: NDArray[np.float64]) -> float:
    """Bias-corrected Cramér's V; 0 without variation."""
    used = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    n, (r, c) = float(used.sum()), used.shape
    if n < FEWEST_RECORDS or min(r, c) < 2:
        return 0.0
    expected = np.outer(used.sum(axis=1), used.sum(axis=0)) / n
    phi = float(((used - expected) ** 2 / expected).sum()) / n
    phi = max(0.0, phi - (r - 1) * (c - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return float(np.sqrt(phi / max(min(rows, columns) - 1.0, 1e-9)))


def pairs_by_stratum(
    table: RecordTable,
) -> Iterator[tuple[NDArray[np.intp], tuple[Pair, ...]]]:
    """Rows with answers of each stratum, and its strong pairs."""
    for stratum in range(len(table.stratum_names)):
        rows = np.flatnonzero((table.stratum == stratum) & (table.answered > 0))
        if rows.size:
            yield rows, strong_pairs(table, rows)

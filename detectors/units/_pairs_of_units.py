"""Near-equal rare records of different units, found in time that grows with their number.

Two records are near when they differ in one item at most; both then fall into one bucket
of records that are equal with that item masked. A bucket of more than ``CROWD`` records
holds a common pattern, which says nothing about anybody, and is left out with all in it. A
blank is an answer of its own here: it agrees with a blank at the same place, and no
evidence is made of that, as only answers off the usual value make a record rare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Near", "near_records", "rare_records"]

CROWD = 20
FEWEST_UNUSUAL = 4
MOST_RARE = 300_000
MIX = np.uint64(0x9E3779B97F4A7C15)

Vector = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Near:
    """Pairs of near-equal records and what each is worth.

    Attributes:
        first: int ``(pairs,)``: place among the rare records.
        second: int ``(pairs,)``, higher than ``first``.
        weight: float64 ``(pairs,)``: one over the larger number of records near either.
    """

    first: Places
    second: Places
    weight: Vector


def rare_records(answers: Vector) -> NDArray[np.bool_]:
    """Records with at least four answers off the usual value of their item, half answered.

    Of a large stratum at most 300,000: more answers off the usual value are asked for then,
    as patterns repeat by chance the more often the more records there are.
    """
    unusual = np.zeros(len(answers), dtype=np.intp)
    known = np.zeros(len(answers), dtype=np.intp)
    for column in answers.T:
        given = np.isfinite(column)
        if given.any():
            counts = np.bincount(column[given].astype(np.intp))
            unusual += given & (column != counts.argmax())
            known += given
    unusual[2 * known < answers.shape[1]] = 0
    at_least = np.cumsum(np.bincount(unusual, minlength=FEWEST_UNUSUAL + 1)[::-1])[::-1]
    few_enough = np.flatnonzero(at_least <= MOST_RARE)
    bar = max(FEWEST_UNUSUAL, int(few_enough[0]) if few_enough.size else at_least.size)
    rare: NDArray[np.bool_] = unusual >= bar
    return rare


def near_records(answers: Vector) -> Near:
    """All pairs of records that differ in one item at most, common patterns left out.

    Args:
        answers: float64 ``(n, items)``, NaN for no answer.
    """
    n, items = answers.shape
    if n == 0:
        nobody = np.zeros(0, dtype=np.intp)
        return Near(nobody, nobody, np.zeros(0))
    parts = np.empty((items, n), dtype=np.uint64)
    for j in range(items):
        parts[j] = _hashed(np.nan_to_num(answers[:, j], nan=0.0), j)
    whole = np.bitwise_xor.reduce(parts, axis=0)
    common = np.zeros(n, dtype=bool)
    found = []
    for key in [whole, *(whole ^ part for part in parts)]:
        first, second, crowd = _in_buckets(key)
        common[crowd] = True
        found.append(first * n + second)
    code = np.unique(np.concatenate(found))
    first, second = code // n, code % n
    kept = ~(common[first] | common[second])
    first, second = first[kept], second[kept]
    degree = np.bincount(np.concatenate([first, second]), minlength=n).astype(np.float64)
    weight = 1.0 / np.maximum(degree[first], degree[second])
    return Near(first, second, weight)


def _hashed(column: Vector, item: int) -> NDArray[np.uint64]:
    """Each answer to an item as 64 mixed bits (splitmix64)."""
    with np.errstate(over="ignore"):
        x = (column.astype(np.uint64) + np.uint64(64 * (item + 1))) * MIX
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


def _in_buckets(key: NDArray[np.uint64]) -> tuple[Places, Places, Places]:
    """Pairs with one key, and the members of crowded buckets."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    edge = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]]))
    size = np.diff(edge)
    crowded = np.repeat(size > CROWD, size)
    first, second = [], []
    inside = np.repeat((size > 1) & (size <= CROWD), size)
    members = np.flatnonzero(inside)
    for step in range(1, CROWD):
        left = members[members + step < key.size]
        left = left[ordered[left] == ordered[left + step]]
        if left.size == 0:
            break
        one, two = order[left], order[left + step]
        first.append(np.minimum(one, two))
        second.append(np.maximum(one, two))
    empty = np.zeros(0, dtype=np.intp)
    return (
        np.concatenate(first) if first else empty,
        np.concatenate(second) if second else empty,
        order[crowded],
    )

"""Near duplicates inside a unit: how much more its records agree than records of their kind.

For records ``i`` and ``j`` the log likelihood ratio of "copied with a tenth of the answers
changed" to "answered alone" adds, item by item that both answered, ``log((1 - e + e p)/p)``
for a match and ``log e`` for a mismatch; ``p`` is how often records of the kind of ``i``
give that answer. To this comes how rare the record is: how much less likely all of its
answers are together among peers (:mod:`_classes`) than one by one in its kind, or more
likely where items hang together. For one column throughout only the second counts, since
honest units differ by how many people answer so. Rare answers in common weigh, common ones
cost nothing, missing never matches, and a record that is best throughout can agree with
nobody by more than chance. A record's gain is that of a mixture in which a share of the
records copies any other of the unit, capped, and a unit's total is the sum of its records'
gains. Pairs whose ratio stays well below the number of partners are what chance brings and
are passed over, as are those that agree by no more than records of their kind do.

Reference: van der Linden & Sotaridona (2006), generalised binomial test; a total over
units calibrated by pseudo-units is own work.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.units._odds import TOUCHED, Material

__all__ = ["Alike", "packed_answers"]

CHANGED = 0.1
LOG_CHANGED = float(np.log(CHANGED))
ENOUGH = 2.0
SLACK = 1.5
CAP = 4.0
FLAT = 1e-6
RECORDS_A_NAT = 1000.0
BANDS = 40
RECORDS_A_BAND = 60
PRIOR = 5.0
COMPILED_FROM = 20_000

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Alike:
    """What is needed of every record to compare it with others.

    Attributes:
        data: The records.
        kind: ``(n,)`` kind of each record.
        gain: float32 ``(kinds, items, states)``: what a match adds above a mismatch.
        most: ``(n,)``: ratio with an exact copy.
        rare: ``(n,)``: what a record's ratios gain by how rare it is among all, or lose.
        packed: Bits of the answers and of the answered items, where the loops are compiled.
    """

    data: Material
    kind: NDArray[np.intp]
    gain: NDArray[np.float32]
    most: Array
    rare: Array
    packed: tuple[NDArray[np.uint64], NDArray[np.uint64]]

    @classmethod
    def of(
        cls,
        data: Material,
        density: Array,
        packed: tuple[NDArray[np.uint64], NDArray[np.uint64]] | None = None,
    ) -> Alike:
        """Kinds are bands of level, halved by spread; uniform records one for each level.

        Args:
            data: The records.
            density: ``(n,)`` log probability of each among all.
            packed: :func:`packed_answers`, where it was made before.
        """
        kind = _kinds(data)
        codes, states = data.codes, int(data.levels.max()) + 1
        kinds = int(kind.max()) + 1
        gain = np.zeros((kinds, codes.shape[1], states), dtype=np.float32)
        usual = np.zeros_like(gain)
        counts = _counts(data, kind, kinds, states)
        for j in range(codes.shape[1]):
            count = counts[:, j, 1:].astype(np.float64)
            overall = count.sum(axis=0) + 0.5
            overall[data.levels[j] :] = 0.0
            p = count + PRIOR * overall / overall.sum()
            p /= p.sum(axis=1, keepdims=True)
            p = np.maximum(p, 1e-9)
            gain[:, j, 1:] = np.log((1.0 - CHANGED + CHANGED * p) / p) - LOG_CHANGED
            usual[:, j, 1:] = np.log(p)
        rare = _summed(codes, kind, usual, 0.0) - density
        # a few hundred peers cannot tell how rare a rare record is
        most_rare = np.where(data.spread <= FLAT, 0.0, data.peers.size / RECORDS_A_NAT)
        rare = np.minimum(rare, most_rare)
        most = _summed(codes, kind, gain, LOG_CHANGED) + rare
        packed = packed or packed_answers(data.codes, states - 1)
        return cls(data, kind, gain, most, rare, packed)

    def totals(self, rows: NDArray[np.intp], first: NDArray[np.intp]) -> Array:
        """Total of each group of records.

        Args:
            rows: Row numbers, group after group; a row may be drawn twice and is no twin
                of itself.
            first: ``(groups + 1,)``: where each group begins.
        """
        out = np.zeros(len(first) - 1)
        if len(self.data.codes) >= COMPILED_FROM:
            from detectors.units._loops import sum_of_alike

            words, known = self.packed
            sum_of_alike(
                rows, first, words, known, self.data.codes, self.kind, self.gain, self.most,
                self.rare, LOG_CHANGED, ENOUGH, SLACK, TOUCHED, CAP, out,
            )  # fmt: skip
            return out
        left, right = self._matrices()
        for group, (start, stop) in enumerate(pairwise(first.tolist())):
            own = rows[start:stop]
            enough = max(ENOUGH, float(np.log(max(own.size - 1, 1))) - SLACK)
            taken = own[self.most[own] >= enough]
            if taken.size > 1:
                rare = self.rare[taken].astype(np.float32)
                ratio = left[taken] @ right[taken].T
                ratio = np.where(ratio > 0.0, ratio + rare[:, None], -np.inf)
                ratio[taken[:, None] == taken] = -np.inf
                out[group] = _total(ratio, max(own.size - 1, 1), enough)
        return out

    def pairs(self, rows: NDArray[np.intp], limit: int) -> list[tuple[int, int]]:
        """The pairs of ``rows`` that agree most, the most alike first."""
        left, right = self._marks(rows)
        ratio = left @ right.T
        ratio = np.where(ratio > 0.0, ratio + self.rare[rows][:, None], -np.inf)
        ratio = np.triu(np.minimum(ratio, ratio.T), 1)
        order = np.argsort(-ratio, axis=None, kind="stable")[:limit]
        first, second = np.unravel_index(order, ratio.shape)
        return [
            (int(rows[a]), int(rows[b]))
            for a, b in zip(first, second, strict=True)
            if ratio[a, b] >= ENOUGH
        ]

    def _matrices(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self._marks(np.arange(len(self.data.codes)))

    def _marks(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        codes, kind = self.data.codes[rows], self.kind[rows]
        n, items = codes.shape
        states = self.gain.shape[2]
        cells = items * states
        right = np.zeros((n, cells + items), dtype=np.float32)
        left = np.zeros_like(right)
        at, item = np.nonzero(codes)
        answer = codes[at, item]
        right[at, item * states + answer] = 1.0
        left[at, item * states + answer] = self.gain[kind[at], item, answer]
        right[at, cells + item] = 1.0
        left[at, cells + item] = LOG_CHANGED
        return left, right


def packed_answers(
    codes: NDArray[Any], levels: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """One bit an answer and one bit an answered item; empty for a small table."""
    n, items = codes.shape
    if n < COMPILED_FROM:
        return np.zeros((0, 1), dtype=np.uint64), np.zeros((0, 1), dtype=np.uint64)
    from detectors.units._loops import pack

    words = np.zeros((n, -(-items * levels // 64)), dtype=np.uint64)
    known = np.zeros((n, -(-items // 64)), dtype=np.uint64)
    pack(codes, levels, words, known)
    return words, known


def _counts(data: Material, kind: NDArray[np.intp], kinds: int, states: int) -> NDArray[np.int64]:
    """``(kinds, items, states)``: how often peers of a kind give each answer."""
    codes, peers = data.codes, data.peers
    counts = np.zeros((kinds, codes.shape[1], states), dtype=np.int64)
    if len(codes) >= COMPILED_FROM:
        from detectors.units._loops import count_kinds

        count_kinds(codes, kind, peers, counts)
        return counts
    for j in range(codes.shape[1]):
        cell = kind[peers] * states + codes[peers, j]
        counts[:, j] = np.bincount(cell, minlength=kinds * states).reshape(kinds, states)
    return counts


def _summed(
    codes: NDArray[Any], kind: NDArray[np.intp], table: NDArray[np.float32], every: float
) -> Array:
    """``(n,)``: what the ``table`` says of the answers of a record, and ``every`` for each."""
    total = np.zeros(len(codes))
    if len(codes) >= COMPILED_FROM:
        from detectors.units._loops import sum_of_gains

        sum_of_gains(codes, kind, table, every, total)
        return total
    for j in range(codes.shape[1]):
        code = codes[:, j]
        total += np.where(code > 0, table[kind, j, code].astype(np.float64) + every, 0.0)
    return total


def _total(ratio: NDArray[np.float32], partners: int, enough: float) -> float:
    like = np.where(ratio >= enough, np.exp(np.minimum(ratio, 20.0)), 0.0).sum(axis=1)
    gain = np.log1p(TOUCHED / (1.0 - TOUCHED) / partners * like.astype(np.float64))
    return float(np.minimum(gain, CAP).sum())


def _kinds(data: Material) -> NDArray[np.intp]:
    level, spread = np.round(data.level, 6), data.spread
    flat = spread <= FLAT
    kind = np.zeros(level.size, dtype=np.intp)
    varied = np.flatnonzero(~flat)
    reference = data.peers[~flat[data.peers]]
    used = 0
    if varied.size:
        bands = int(np.clip(reference.size // RECORDS_A_BAND, 1, BANDS))
        source = level[reference] if reference.size else level[varied]
        edges = np.unique(np.quantile(source, np.linspace(0, 1, bands + 1)[1:-1]))
        band = np.searchsorted(edges, level[varied], side="right")
        middle = np.zeros(edges.size + 1)
        of_band = spread[varied][np.argsort(band.astype(np.uint8), kind="stable")]
        ends = np.cumsum(np.bincount(band, minlength=middle.size))
        for b, inside in enumerate(np.split(of_band, ends[:-1])):
            middle[b] = np.median(inside) if inside.size else 0.0
        kind[varied] = 2 * band + (spread[varied] > middle[band])
        used = 2 * (edges.size + 1)
    if flat.any():
        kind[flat] = used + np.unique(level[flat], return_inverse=True)[1]
    return kind

"""Near duplicates inside a unit: how much likelier its records are as copies of each other.

For records ``i`` and ``j`` the log likelihood ratio of "``i`` was copied from ``j``, each answer
changed with a chance ``e``" to "answered alone" adds, item by item that both answered,
``log(1 - e + e u)`` for a match and ``log(e u)`` for a mismatch, and takes off the log
probability of ``i`` among peers, all of its answers together (:mod:`_classes`). ``u`` is how
often a changed answer is this one: half of the changes follow the peers' shares, half none
of their habits. Held against how often *records of the kind of* ``i`` give the answer, the
changes of a copyist cost more than they are worth: peers near the top give few others.

Rare records in common weigh, usual ones cost nothing, missing never matches. A record of one
column throughout is nobody's copy, since honest units differ by how many people answer so;
others may have been copied from one that is best throughout, and a few answers changed.

A record's gain is that of a mixture in which a share of the records copies any other of the
unit, capped, and a unit's total is the sum of its records' gains. Pairs whose ratio stays
well below the number of partners are what chance brings and are passed over.

Reference: van der Linden & Sotaridona (2006), generalised binomial test; a total over
units calibrated by pseudo-units is own work.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.units._classes import usual_shares
from detectors.units._odds import TOUCHED, Material

__all__ = ["Alike", "packed_answers"]

CHANGED = 0.04
LOG_CHANGED = float(np.log(CHANGED))
# how often a copyist's changes follow no habit of the peers
BLIND = 0.5
ENOUGH = 2.0
SLACK = 1.5
CAP = 4.0
FLAT = 1e-6
COMPILED_FROM = 20_000

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Alike:
    """What is needed of every record to compare it with others.

    Attributes:
        data: The records.
        gain: float32 ``(items, states)``: what a match adds above a mismatch.
        most: ``(n,)``: ratio with an exact copy.
        rare: ``(n,)``: what a record's ratios gain by how rare it is among all, or lose.
        to_best: ``(n,)``: ratio with a record that is best throughout.
        best: ``(n,)``: which records are best throughout, without a blank.
        packed: Bits of the answers and of the answered items, where the loops are compiled.
    """

    data: Material
    gain: NDArray[np.float32]
    most: Array
    rare: Array
    to_best: Array
    best: NDArray[np.bool_]
    packed: tuple[NDArray[np.uint64], NDArray[np.uint64]]

    @classmethod
    def of(
        cls,
        data: Material,
        density: Array,
        packed: tuple[NDArray[np.uint64], NDArray[np.uint64]] | None = None,
    ) -> Alike:
        """Learn what a match is worth from the peers.

        Args:
            data: The records.
            density: ``(n,)`` log probability of each among all.
            packed: :func:`packed_answers`, where it was made before.
        """
        codes, levels = data.codes, data.levels
        usual = usual_shares(codes[data.peers], levels)
        states = np.arange(usual.shape[1])
        given = (states > 0) & (states <= levels[:, None])
        usual = np.where(given, (1.0 - BLIND) * usual + BLIND / levels[:, None], 1.0)
        above = np.log((1.0 - CHANGED + CHANGED * usual) / usual) - LOG_CHANGED
        gain = np.where(given, above, 0.0).astype(np.float32)
        alone = np.where(given, np.log(usual), 0.0).astype(np.float32)
        # honest units differ by how many people answer one column throughout
        rare = np.where(data.spread <= FLAT, -np.inf, _summed(codes, alone, 0.0) - density)
        most = _summed(codes, gain, LOG_CHANGED) + rare
        # beside a record that is best throughout every other answer is a mismatch
        only_best = np.where(states == levels[:, None], gain, 0.0).astype(np.float32)
        to_best = _summed(codes, only_best, LOG_CHANGED) + rare
        best = (codes == levels).all(axis=1)
        packed = packed or packed_answers(data.codes, usual.shape[1] - 1)
        return cls(data, gain, most, rare, to_best, best, packed)

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
                rows, first, words, known, self.data.codes, self.gain, self.most,
                self.rare, self.to_best, self.best, LOG_CHANGED, ENOUGH, SLACK, TOUCHED, CAP, out,
            )  # fmt: skip
            return out
        left, right = self._matrices()
        for group, (start, stop) in enumerate(pairwise(first.tolist())):
            own = rows[start:stop]
            enough = max(ENOUGH, float(np.log(max(own.size - 1, 1))) - SLACK)
            taken = own[self.most[own] >= enough]
            if taken.size:
                rare = self.rare[taken].astype(np.float32)
                ratio = left[taken] @ right[taken].T
                ratio = np.where(ratio > 0.0, ratio + rare[:, None], -np.inf)
                ratio[taken[:, None] == taken] = -np.inf
                best = _likelihood(self.to_best[taken], enough) * self.best[own].sum()
                like = _likelihood(ratio, enough).sum(axis=1) + best
                out[group] = _total(like, max(own.size - 1, 1))
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
        codes = self.data.codes[rows]
        n, items = codes.shape
        states = self.gain.shape[1]
        cells = items * states
        right = np.zeros((n, cells + items), dtype=np.float32)
        left = np.zeros_like(right)
        at, item = np.nonzero(codes)
        answer = codes[at, item]
        right[at, item * states + answer] = 1.0
        left[at, item * states + answer] = self.gain[item, answer]
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


def _summed(codes: NDArray[Any], table: NDArray[np.float32], every: float) -> Array:
    """``(n,)``: what the ``table`` says of the answers of a record, and ``every`` for each."""
    total = np.zeros(len(codes))
    if len(codes) >= COMPILED_FROM:
        from detectors.units._loops import sum_of_gains

        sum_of_gains(codes, table, every, total)
        return total
    for j in range(codes.shape[1]):
        code = codes[:, j]
        total += np.where(code > 0, table[j, code].astype(np.float64) + every, 0.0)
    return total


def _likelihood(ratio: NDArray[Any], enough: float) -> NDArray[Any]:
    answer: NDArray[Any] = np.where(ratio >= enough, np.exp(np.minimum(ratio, 20.0)), 0.0)
    return answer


def _total(like: NDArray[Any], partners: int) -> float:
    gain = np.log1p(TOUCHED / (1.0 - TOUCHED) / partners * like.astype(np.float64))
    return float(np.minimum(gain, CAP).sum())

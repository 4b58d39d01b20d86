"""Honest records and what each kind of tampering makes of them, to measure what can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tampered"]

MOST = 300

Codes = NDArray[np.integer[Any]]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Tampered:
    """Tampered records, and the honest ones that edited and copied ones were made from.

    Attributes:
        codes: ``(n, items)``: one best throughout, then edited, invented, copied ones.
        edited: How many are edited; as many places in ``edited_from``.
        invented: How many are invented.
        edited_from: Row that each edited record was.
        copied_from: Row that each copied record was copied from.
    """

    codes: Codes
    edited: int
    invented: int
    edited_from: Rows
    copied_from: Rows

    @classmethod
    def of(
        cls,
        codes: Codes,
        levels: Rows,
        low_answers: NDArray[np.integer[Any]],
        rng: np.random.Generator,
    ) -> Tampered:
        """Tamper with a sample of ``codes``, which have so many ``low_answers``."""
        sample = np.sort(rng.permutation(len(codes))[:MOST])
        best = levels[None, :].astype(codes.dtype)
        low = np.sort(rng.permutation(np.flatnonzero(low_answers > 0))[:MOST])
        is_low = (codes[low] > 0) & (levels > 2) & (codes[low] <= levels - 2)
        raised = levels - (rng.random((low.size, levels.size)) < 0.5)
        edited = np.where(is_low, raised, codes[low]).astype(codes.dtype)
        made = codes[sample].copy()
        for j in range(codes.shape[1]):
            known = np.flatnonzero(made[:, j] > 0)
            made[known, j] = made[rng.permutation(known), j]
        copied = codes[sample].copy()
        at = rng.integers(0, levels.size, sample.size)
        near = np.maximum(levels[at] - rng.integers(0, 3, sample.size), 1)
        copied[np.arange(sample.size), at] = near
        return cls(np.vstack([best, edited, made, copied]), low.size, sample.size, low, sample)

    def places(self, first: int) -> tuple[int, Rows, Rows, Rows]:
        """Where the best, edited, invented and copied records stand if the best is ``first``."""
        edges = first + 1 + np.cumsum([0, self.edited, self.invented, self.copied_from.size])
        parts = [np.arange(a, b) for a, b in pairwise(edges.tolist())]
        return first, parts[0], parts[1], parts[2]

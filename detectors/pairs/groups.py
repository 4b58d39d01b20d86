"""Records put together group by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.pairs.packing import PackedRows

__all__ = ["Grouped", "plain_enough"]

Ints = NDArray[np.int64]

PLAIN_PAIRS = 1e8


@dataclass(frozen=True, eq=False)
class Grouped:
    """Records of the groups that take part, group by group.

    Attributes:
        records: int64 ``(m,)``: indices, rising within a group.
        edges: int64 ``(groups + 1,)``: where each group begins and the last one ends.
    """

    records: Ints
    edges: Ints

    @classmethod
    def of(
        cls,
        packed: PackedRows,
        group: Ints | None,
        taking_part: NDArray[np.bool_] | None = None,
    ) -> Grouped:
        """Group the records of ``packed``; those of a negative group are left out.

        Args:
            packed: Records.
            group: int ``(n,)``; all records are one group by default.
            taking_part: bool ``(n,)``; all by default.

        Raises:
            ValueError: If ``group`` does not have ``n`` entries.
        """
        of = np.zeros(packed.records, dtype=np.int64) if group is None else np.asarray(group)
        if of.shape != (packed.records,):
            raise ValueError(f"{of.size} groups for {packed.records} records")
        inside = of >= 0
        if taking_part is not None:
            inside &= taking_part
        records = np.flatnonzero(inside)
        groups = int(of.max(initial=-1)) + 1
        sizes = np.bincount(of[records], minlength=groups)
        order = np.argsort(of[records], kind="stable")
        return cls(records[order], np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))

    @property
    def sizes(self) -> Ints:
        """int64 ``(groups,)``: records of each group."""
        return np.diff(self.edges)

    def members(self, group: int) -> Ints:
        """Records of one group, rising."""
        return self.records[self.edges[group] : self.edges[group + 1]]

    def only(self, chosen: NDArray[np.bool_]) -> Grouped:
        """The same groups with the records of those not ``chosen`` left out."""
        if chosen.all():
            return self
        sizes = self.sizes
        kept = self.records[np.repeat(chosen, sizes)]
        edges = np.concatenate([[0], np.cumsum(np.where(chosen, sizes, 0))]).astype(np.int64)
        return Grouped(kept, edges)


def plain_enough(sizes: Ints) -> bool:
    """Whether groups have so few pairs that compiling would take longer than numpy does."""
    return float((sizes.astype(np.float64) ** 2).sum()) <= PLAIN_PAIRS

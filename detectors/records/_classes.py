"""What respondents alike answer: category probabilities by class of respondent.

A class is a band of the record's mean level, split by how much its answers spread;
records that give one and the same answer throughout form a class of their own for each
answer. Within a class, answers to different items are taken as independent only to
build a score; the score's p-value never rests on that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.table import RecordTable

__all__ = ["Classes", "cells_of", "classes_of"]

RECORDS_A_CLASS = 30
MOST_BANDS = 40
PRIOR_RECORDS = 5.0


@dataclass(frozen=True, eq=False)
class Classes:
    """Class of each record and what its class answers.

    Attributes:
        of_record: int ``(n,)``; -1 for a record without answers.
        constant: bool ``(n,)``: one and the same answer throughout.
        log_p: float64 ``(classes, cells)``: log probability of each answer; cells run
            over items, then positions.
        first_cell: int ``(items,)``: cell of position 1 of each item.
        cell: int32 ``(n, items)``: cell of each answer, -1 where there is none.
    """

    of_record: NDArray[np.intp]
    constant: NDArray[np.bool_]
    log_p: NDArray[np.float64]
    first_cell: NDArray[np.intp]
    cell: NDArray[np.int32]

    @property
    def cells(self) -> int:
        """Number of item x position cells."""
        return int(self.log_p.shape[1])

    def own_log_p(self, part: slice = slice(None)) -> NDArray[np.float64]:
        """``(n, items)``: log probability of each answer in the record's class; NaN if none.

        Args:
            part: Of these records only.
        """
        rows = np.maximum(self.of_record[part], 0)[:, None]
        cell = self.cell[part]
        answered = cell >= 0
        values = self.log_p[rows, np.maximum(cell, 0)]
        return np.where(answered, values, np.nan)


def classes_of(table: RecordTable) -> Classes:
    """Classes within each stratum; worked out once a table."""
    return table.memo("classes", lambda: _classes(table))


def _classes(table: RecordTable) -> Classes:
    n, k = table.codes.shape
    first = _first_cells(table)
    cell = cells_of(table)
    spread = _spread(table)
    constant = (spread <= 1e-12) & (table.answered >= max(2, k // 2))
    of_record = np.full(n, -1, dtype=np.intp)
    tables: list[NDArray[np.float64]] = []
    for stratum in range(len(table.stratum_names)):
        mine = np.flatnonzero((table.stratum == stratum) & (table.answered > 0))
        if mine.size == 0:
            continue
        overall = _frequencies(cell[mine], first, table.levels, prior=None)
        local = _bands(table, mine, constant, spread)
        for label in np.unique(local):
            members = mine[local == label]
            of_record[members] = len(tables)
            tables.append(_frequencies(cell[members], first, table.levels, prior=overall))
    cells = int(table.levels.sum())
    log_p = np.log(np.array(tables)) if tables else np.zeros((1, cells))
    return Classes(of_record, constant, log_p, first, cell)


def cells_of(table: RecordTable) -> NDArray[np.int32]:
    """``(n, items)`` cell of each answer, -1 where there is none."""
    cell: NDArray[np.int32] = _first_cells(table).astype(np.int32) + table.codes - np.int32(1)
    cell[table.codes <= 0] = -1
    return cell


def _first_cells(table: RecordTable) -> NDArray[np.intp]:
    return np.concatenate([[0], np.cumsum(table.levels)[:-1]]).astype(np.intp)


def _spread(table: RecordTable) -> NDArray[np.float64]:
    """Within-record standard deviation of levels on a 0..1 scale; NaN without answers."""
    scaled = (table.answers - 1.0) / (table.levels - 1.0)
    centred = np.where(np.isfinite(scaled), scaled - table.level[:, None], 0.0)
    count = np.maximum(table.answered, 1)
    spread: NDArray[np.float64] = np.sqrt((centred**2).sum(axis=1) / count)
    return spread


def _bands(
    table: RecordTable,
    mine: NDArray[np.intp],
    constant: NDArray[np.bool_],
    spread: NDArray[np.float64],
) -> NDArray[np.intp]:
    """Local class of each record of one stratum."""
    level = np.round(table.level[mine], 9)
    flat = constant[mine]
    label = np.zeros(mine.size, dtype=np.intp)
    varied = np.flatnonzero(~flat)
    if varied.size:
        bands = int(np.clip(varied.size // (2 * RECORDS_A_CLASS), 1, MOST_BANDS))
        edges = np.quantile(level[varied], np.linspace(0, 1, bands + 1)[1:-1])
        band = np.searchsorted(edges, level[varied], side="right")
        for b in np.unique(band):
            inside = varied[band == b]
            middle = np.median(spread[mine[inside]])
            wide = spread[mine[inside]] > middle
            label[inside] = 2 * b + wide
    if flat.any():
        _, which = np.unique(level[flat], return_inverse=True)
        label[flat] = 2 * MOST_BANDS + 2 + which
    return label


def _frequencies(
    cell: NDArray[np.int32],
    first: NDArray[np.intp],
    levels: NDArray[np.intp],
    prior: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Smoothed probability of each answer to each item: ``(cells,)``, sums to 1 an item."""
    counts = np.bincount(cell[cell >= 0], minlength=int(levels.sum())).astype(np.float64)
    item = np.repeat(np.arange(len(levels)), levels)
    if prior is None:
        counts += 0.5
    else:
        counts += PRIOR_RECORDS * prior
    total = np.add.reduceat(counts, first)
    frequencies: NDArray[np.float64] = counts / total[item]
    return frequencies

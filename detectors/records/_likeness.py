"""How much two records agree beyond what people of their kind do by chance.

Score of a record and a partner, in natural log units: for every item both answered, a
match adds ``log((1 - e + e p) / p)`` and a mismatch ``log e``, where ``p`` is how often
the record's own class gives that answer and ``e`` the share of answers a copyist
changes: the log likelihood ratio of "copied" to "answered alone". Rare answers in
common weigh, common ones cost nothing, missing never matches.

Score of a record among ``m`` partners: the sum of ``log(1 + LR / m)``, the log
likelihood ratio of partners that are copies independently of each other, each with
chance ``1 / m``. One copy counts about ``log LR - log m``, as the best of many is
higher by ``log m`` by chance; several copies of one form add up.

Reference: van der Linden & Sotaridona (2006), JEBS 31, for the match probabilities of
classes of equal score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.records._classes import Classes, cells_of, classes_of
from detectors.table import RecordTable

__all__ = ["Answers", "Likeness", "likeness_of"]

CHANGED_SHARE = 0.1
BLOCK = 1024
PART = 100_000
LARGEST_EXPONENT = 60.0


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers of records as cells of a one-hot row; ``cells`` of them, which a blank names."""

    cell: NDArray[np.int32]
    known: NDArray[np.bool_]
    cells: int

    @classmethod
    def of(cls, table: RecordTable) -> Answers:
        """All records of a table."""
        return cls.from_cells(cells_of(table), int(table.levels.sum()))

    @classmethod
    def from_cells(cls, cell: NDArray[np.int32], cells: int) -> Answers:
        """From cells that are -1 where there is no answer."""
        known = cell >= 0
        return cls(np.where(known, cell, np.int32(cells)), known, cells)

    def complete(self, rows: NDArray[np.intp]) -> bool:
        """None of ``rows`` left an item out."""
        return bool(self.known[rows].all())


class Likeness:
    """Pair scores by matrix products on one-hot answers, made block by block.

    Only the answers and their weights are kept, 6 bytes an answer; the one-hot rows
    exist for one unit at a time.
    """

    def __init__(self, classes: Classes) -> None:
        log_e = np.log(CHANGED_SHARE)
        self._own = Answers.from_cells(classes.cell, classes.cells)
        self._gain = np.zeros(classes.cell.shape, dtype=np.float32)
        # Part by part: in full precision all of millions would take gigabytes.
        for start in range(0, len(self._gain), PART):
            part = slice(start, start + PART)
            p = np.exp(classes.own_log_p(part))
            gain = np.log((1.0 - CHANGED_SHARE + CHANGED_SHARE * p) / p) - log_e
            self._gain[part] = np.where(self._own.known[part], gain, 0.0)
        self._log_e = np.float32(log_e)

    def among(
        self,
        mine: NDArray[np.intp],
        partners: NDArray[np.intp],
        others: Answers | None = None,
        *,
        own_place: bool = True,
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Score of each of ``mine`` among ``partners``, and place of the most alike.

        Partners are rows of ``others`` where they stand in another table. With ``own_place``
        they are as many as ``mine``, and the one in a record's own place is passed over.
        """
        theirs = self._own if others is None else others
        score = np.empty(mine.size)
        place = np.empty(mine.size, dtype=np.intp)
        prior = np.float32(np.log(max(partners.size - own_place, 1)))
        whole = self._own.complete(mine) and theirs.complete(partners)
        one = np.ones((partners.size, 1), dtype=np.float32)
        other = _one_hot(theirs, partners, one, 1.0, whole=whole)
        for start in range(0, mine.size, BLOCK):
            block = slice(start, min(start + BLOCK, mine.size))
            rows = mine[block]
            own = _one_hot(self._own, rows, self._gain[rows], float(self._log_e), whole=whole)
            values = own @ other.T
            if whole:
                values += self._log_e * self._own.cell.shape[1]
            if own_place:
                inside = np.arange(values.shape[0])
                values[inside, start + inside] = -np.inf
            place[block] = values.argmax(axis=1)
            values -= prior
            # log(1 + e^v) without overflow; v itself where it is large
            large = np.maximum(values - LARGEST_EXPONENT, 0.0).sum(axis=1, dtype=np.float64)
            np.minimum(values, LARGEST_EXPONENT, out=values)
            np.exp(values, out=values)
            score[block] = np.log1p(values, out=values).sum(axis=1, dtype=np.float64) + large
        return score, place


def _one_hot(
    answers: Answers,
    rows: NDArray[np.intp],
    weight: NDArray[np.float32],
    asked: float,
    *,
    whole: bool,
) -> NDArray[np.float32]:
    """Cells of the answers; where some are missing, a blank cell and the items asked, too."""
    cells, items = answers.cells, answers.cell.shape[1]
    table = np.zeros((rows.size, cells if whole else cells + 1 + items), dtype=np.float32)
    np.put_along_axis(table, answers.cell[rows], weight, axis=1)
    if not whole:
        table[:, cells] = 0.0
        table[:, cells + 1 :] = answers.known[rows] * np.float32(asked)
    return table


def likeness_of(table: RecordTable) -> Likeness:
    """Pair scores of a table; worked out once."""
    return table.memo("likeness", lambda: Likeness(classes_of(table)))

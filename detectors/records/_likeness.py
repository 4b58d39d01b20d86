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

import numpy as np
from numpy.typing import NDArray

from detectors.records._classes import Classes, classes_of
from detectors.table import RecordTable

__all__ = ["Likeness", "likeness_of"]

CHANGED_SHARE = 0.1
BLOCK = 1024
LARGEST_EXPONENT = 60.0


class Likeness:
    """Pair scores by matrix products on one-hot answers, made block by block.

    Only the answers and their weights are kept, 6 bytes an answer; the one-hot rows
    exist for one unit at a time.
    """

    def __init__(self, classes: Classes) -> None:
        log_e = np.log(CHANGED_SHARE)
        p = np.exp(classes.own_log_p())
        gain = np.log((1.0 - CHANGED_SHARE + CHANGED_SHARE * p) / p) - log_e
        self._known = classes.cell >= 0
        self._cells = classes.cells
        self._cell = np.where(self._known, classes.cell, classes.cells).astype(np.int32)
        self._gain = np.where(self._known, gain, 0.0).astype(np.float32)
        self._complete: NDArray[np.bool_] = np.asarray(self._known.all(axis=1))
        self._log_e = np.float32(log_e)

    def among(
        self, mine: NDArray[np.intp], partners: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Score of each of ``mine`` among as many ``partners``, and place of the most alike.

        The partner in a record's own place is passed over.
        """
        score = np.empty(mine.size)
        place = np.empty(mine.size, dtype=np.intp)
        prior = np.float32(np.log(max(mine.size - 1, 1)))
        whole = bool(self._complete[mine].all() and self._complete[partners].all())
        other = self._plain(partners, whole=whole)
        for start in range(0, mine.size, BLOCK):
            block = slice(start, min(start + BLOCK, mine.size))
            values = self._weighted(mine[block], whole=whole) @ other.T
            if whole:
                values += self._log_e * self._cell.shape[1]
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

    def _plain(self, rows: NDArray[np.intp], *, whole: bool) -> NDArray[np.float32]:
        return self._one_hot(rows, np.ones((rows.size, 1), dtype=np.float32), 1.0, whole=whole)

    def _weighted(self, rows: NDArray[np.intp], *, whole: bool) -> NDArray[np.float32]:
        return self._one_hot(rows, self._gain[rows], float(self._log_e), whole=whole)

    def _one_hot(
        self,
        rows: NDArray[np.intp],
        weight: NDArray[np.float32],
        asked: float,
        *,
        whole: bool,
    ) -> NDArray[np.float32]:
        """Cells of the answers; where some are missing, a blank cell and the items asked, too."""
        width = self._cells if whole else self._cells + 1 + self._cell.shape[1]
        table = np.zeros((rows.size, width), dtype=np.float32)
        np.put_along_axis(table, self._cell[rows], weight, axis=1)
        if not whole:
            table[:, self._cells] = 0.0
            table[:, self._cells + 1 :] = self._known[rows] * np.float32(asked)
        return table


def likeness_of(table: RecordTable) -> Likeness:
    """Pair scores of a table; worked out once."""
    return table.memo("likeness", lambda: Likeness(classes_of(table)))

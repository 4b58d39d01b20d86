"""Marks changed on paper, by record: how many, in which direction, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.table import RecordTable
from detectors.table_coding import positions

__all__ = ["Changes", "changes_of"]

ALLOWED = "cancelled"
NO_IMAGES = "no marks were read from images"
NO_PAPER = "no paper forms"


@dataclass(frozen=True, eq=False)
class Changes:
    """Changes of each record, ``(n,)``; NaN for records that are not on paper.

    Attributes:
        forbidden: Marks that were erased or overwritten.
        allowed: Marks taken back as the form allows.
        net: 1 where more marks were changed to one of the two best values than away from
            them, -1 where fewer, else 0: changes on one side of that edge are neither.
        changed: 1 where any mark of a rating was changed, else 0.
    """

    forbidden: NDArray[np.float64]
    allowed: NDArray[np.float64]
    net: NDArray[np.float64]
    changed: NDArray[np.float64]


def changes_of(table: RecordTable) -> Changes | str:
    """Worked out once a table; the reason where nothing is known."""
    return table.memo("changes", lambda: _changes(table))


def _changes(table: RecordTable) -> Changes | str:
    known = table.circumstances.changes
    if known is None:
        return NO_IMAGES
    paper = table.column("channel") == "paper"
    if not paper.any():
        return NO_PAPER
    n = len(table)
    forbidden, allowed, step, changed = (np.zeros(n) for _ in range(4))
    # an id that stands on two records says nothing about either of them
    names, first, count = np.unique(table.record_ids, return_index=True, return_counts=True)
    at = np.searchsorted(names, _texts(known["record_id"]))
    inside = np.minimum(at, names.size - 1)
    own = (names[inside] == _texts(known["record_id"])) & (count[inside] == 1)
    rows = np.where(own, first[inside], -1)
    items, how = _texts(known["item"]), _texts(known["how"])
    for item in table.items:
        mine = np.flatnonzero((items == item.id) & (rows >= 0))
        before = positions(known["before"].iloc[mine], item)
        after = positions(known["after"].iloc[mine], item)
        legal = how[mine] == ALLOWED
        np.add.at(allowed, rows[mine], legal)
        np.add.at(forbidden, rows[mine], ~legal)
        np.add.at(changed, rows[mine], 1.0)
        edge = len(item.scale) - 2
        crossed = (after > edge).astype(np.float64) - (before > edge)
        np.add.at(step, rows[mine], np.where(np.isfinite(after - before), crossed, 0.0))
    missing = np.where(paper, 0.0, np.nan)
    return Changes(
        forbidden + missing,
        allowed + missing,
        np.sign(step) + missing,
        np.minimum(changed, 1.0) + missing,
    )


def _texts(column: pd.Series[Any]) -> NDArray[np.str_]:
    return np.array([str(value).strip() for value in column.tolist()], dtype=np.str_)

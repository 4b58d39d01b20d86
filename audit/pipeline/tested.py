"""What the table checks said of records and units, as it is stored. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.pipeline.tools import Screened
from audit.store.rows import plain

__all__ = ["TestedRecords", "tests_of"]

_TAIL = ("p_value", "q_value", "severity", "flagged", "not_testable")
_HERE = "\0"  # where a score belongs; JSON never holds one as it is
_HEAD = ("record_id", "unit_id", "n", "value")


class TestedRecords:
    """Columns of the store for records, by their place in the assembly."""

    __test__ = False  # no test, whatever its name

    def __init__(self, screened: Screened | None, frame: pd.DataFrame) -> None:
        """Find each record of ``frame`` among those that were tested."""
        self._place = np.full(len(frame), -1, dtype=np.int64)
        self._tail: dict[str, NDArray[Any]] = {}
        self._scores: dict[str, NDArray[Any]] = {}
        if screened is None or not len(screened.records):
            return
        table = screened.records
        rows = pd.Index(frame["record_id"].astype(object)).get_indexer(
            pd.Index(table["record_id"].astype(object))
        )
        known = rows >= 0
        self._place[rows[known]] = np.flatnonzero(known)
        self._tail = {name: table[name].to_numpy() for name in _TAIL}
        scores = (str(name) for name in table.columns if name not in (*_HEAD, *_TAIL))
        self._scores = {name: table[name].to_numpy() for name in scores}

    def __call__(self, rows: NDArray[np.intp]) -> dict[str, Sequence[Any]]:
        """Values of some records by column; a record that was not tested has none."""
        places = self._place[rows]
        tested = np.flatnonzero(places >= 0)
        there = places[tested]
        found: dict[str, Sequence[Any]] = {}
        for name in _TAIL:
            values: list[Any] = [None] * len(places)
            if there.size:
                told = [plain(value) for value in self._tail[name][there].tolist()]
                if name in ("severity", "not_testable"):
                    told = [value or None for value in told]
                for place, value in zip(tested.tolist(), told, strict=True):
                    values[place] = value
            found[name] = values
        texts = ["{}"] * len(places)
        if there.size:
            for place, text in zip(tested.tolist(), self._texts(there), strict=True):
                texts[place] = text
        return found | {"detectors": texts}

    def _texts(self, there: NDArray[np.int64]) -> list[str]:
        """One score a check as JSON, written column by column: most checks do not apply."""
        parts, columns = [], []
        for name, scores in self._scores.items():
            values = _json(scores[there])
            parts.append(json.dumps(name) + ": " + ("null" if values is None else _HERE))
            if values is not None:
                columns.append(values)
        whole = "{" + ", ".join(parts) + "}"
        if not columns:
            return [whole] * len(there)
        form = whole.replace("%", "%%").replace(_HERE, "%s")
        return [form % values for values in zip(*columns, strict=True)]


def _json(scores: NDArray[Any]) -> list[str] | None:
    """Scores as JSON; ``None`` where every one is missing."""
    if scores.dtype.kind != "f" or np.isinf(scores).any():
        return [json.dumps(plain(value)) for value in scores.tolist()]
    if np.isnan(scores).all():
        return None
    return [repr(value) if value == value else "null" for value in scores.tolist()]


def tests_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a screen's table without its head: the tail, and one score a detector."""
    detectors = [c for c in frame.columns if c not in (*_HEAD, *_TAIL)]
    scores = [_column(frame, name) for name in detectors]
    tail = [name for name in (*_TAIL, "n", "value") if name in frame.columns]
    rows = []
    for row, values in enumerate(zip(*(_column(frame, n) for n in tail), strict=True)):
        found: dict[str, Any] = dict(zip(tail, values, strict=True))
        found["severity"] = found["severity"] or None
        found["not_testable"] = found["not_testable"] or None
        found["detectors"] = {
            str(name): column[row] for name, column in zip(detectors, scores, strict=True)
        }
        rows.append(found)
    return rows


def _column(frame: pd.DataFrame, name: str) -> list[Any]:
    return [plain(value) for value in frame[name].tolist()]

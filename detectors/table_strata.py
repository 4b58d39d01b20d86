"""How rows stand and who is compared with whom: the order of a table, and its strata."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.table_coding import sorted_labels, texts_of

__all__ = ["SMALL_STRATUM", "content_order", "strata_of"]

SMALL_STRATUM = 200
FEW_UNITS = 5


def content_order(
    frame: pd.DataFrame, unit: NDArray[np.intp], codes: NDArray[np.integer[Any]]
) -> NDArray[np.intp]:
    """Rows by unit, then by a hash of the record's name; equal names by all they hold."""
    if len(frame) == 0:
        return np.zeros(0, dtype=np.intp)
    name = frame["record_id"]
    if name.dtype == object:
        name = pd.Series(texts_of(frame, "record_id").astype(object))
    mark = pd.util.hash_array(name.to_numpy(), categorize=False)
    order = np.argsort(mark)
    narrow = unit.astype(np.min_scalar_type(int(unit.max())))
    order = order[np.argsort(narrow[order], kind="stable")]
    equal = (np.diff(mark[order]) == 0) & (np.diff(unit[order]) == 0)
    tied = np.flatnonzero(np.append(equal, False) | np.insert(equal, 0, False))
    if tied.size:
        rows = order[tied]
        few = frame.iloc[rows]
        keys: list[NDArray[Any]] = [*codes[rows].T[::-1], texts_of(few, "record_id")]
        for column in ("submitted_at", "started_at", "serial"):
            if column in few.columns:
                keys.insert(0, texts_of(few, column))
        order[tied] = rows[np.lexsort([*keys, mark[rows], unit[rows]])]
    return order.astype(np.intp)


def strata_of(
    frame: pd.DataFrame,
    order: NDArray[np.intp],
    unit: NDArray[np.intp],
    unit_ids: NDArray[np.str_],
    units: pd.DataFrame | None,
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Mode x peer group x version x round; one too small for a null joins its parent.

    Parents are, in turn, the same without the peer group, and the mode alone.
    """
    if len(frame) == 0:
        return ("",), np.zeros(0, dtype=np.intp)
    channels, channel = sorted_labels(frame, "channel")
    modes = np.where(channels == "paper", "paper", np.where(channels == "", "", "digital"))
    groups = np.full(len(unit_ids), "", dtype=object)
    if units is not None and "group" in units.columns and "unit_id" in units.columns:
        known = dict(zip(texts_of(units, "unit_id"), texts_of(units, "group"), strict=True))
        groups = np.array([known.get(name, "") for name in unit_ids], dtype=object)
    versions, version = sorted_labels(frame, "instrument_version")
    rounds, of_round = sorted_labels(frame, "round")
    mode_names, mode = np.unique(modes, return_inverse=True)
    group_names, group = np.unique(groups.astype(np.str_), return_inverse=True)
    parts = (mode[channel][order], group[unit], version[order], of_round[order])
    names = (mode_names, group_names, versions, rounds)
    shape = tuple(len(part) + 1 for part in names)  # the last place of each is "any"
    key = np.ravel_multi_index(parts, shape)
    for dropped in ((1,), (1, 2, 3)):
        distinct, label = np.unique(key, return_inverse=True)
        small = _is_small(label, unit, distinct.size)
        if not small.any():
            break
        wide = np.array(np.unravel_index(distinct, shape))
        wide[list(dropped)] = np.array(shape)[list(dropped), None] - 1
        parent = np.where(small, np.ravel_multi_index(tuple(wide), shape), distinct)
        key = parent[label]
    distinct, label = np.unique(key, return_inverse=True)
    told = []
    for places in zip(*np.unravel_index(distinct, shape), strict=True):
        texts = [str([*name, ""][at]) for name, at in zip(names, places, strict=True)]
        told.append("|".join(texts if any(texts[2:]) else texts[:2]))
    return tuple(told), label.astype(np.intp)


def _is_small(label: NDArray[np.intp], unit: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
    """Which labels have too few records or units to be a null of their own."""
    held = np.unique(label * (int(unit.max()) + 1) + unit) // (int(unit.max()) + 1)
    units = np.bincount(held, minlength=count)
    records = np.bincount(label, minlength=count)
    small: NDArray[np.bool_] = (records < SMALL_STRATUM) | (units < FEW_UNITS)
    return small

"""What is wrong with the administrative case that a record rates.

``without``: no case where half of the channel's records name one, a case that is not among
the transactions, or one of another unit. ``early``: rated on a day before the transaction
was finished. ``repeated``: one of three or more ratings of one case in the unit (a first on
handing in and a second on collecting are usual). Whatever the table cannot tell is NaN; a
unit in which four of five records name no case, or none that is known, has another way of
asking or an incomplete list, and is not held to it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.records._events import Events, events_of
from detectors.records._stamps import read_stamps
from detectors.table import RecordTable

__all__ = ["FAULTS", "case_size", "faults_of", "untold"]

NAMED_SHARE = 0.5
USUAL_RATINGS = 2
PRACTICE_SHARE = 0.8

FAULTS: Mapping[str, tuple[str, str]] = {
    "without": ("không có hồ sơ tương ứng", "no such case"),
    "early": ("đánh giá trước ngày có kết quả", "rated before the case was finished"),
    "repeated": ("một hồ sơ được đánh giá nhiều lần", "one case rated many times"),
}

Vector = NDArray[np.float64]


def faults_of(table: RecordTable) -> Mapping[str, Vector]:
    """Fault -> ``(n,)`` 1 faulty, 0 sound, NaN not known; worked out once a table."""
    return table.memo("case_faults", lambda: _faults(table))


def untold(table: RecordTable) -> dict[str, str]:
    """What cannot be looked at in the whole table, for the reader of a check's numbers."""
    if table.circumstances.transactions is None:
        return {"not_assessable": "no transactions to hold the cases against"}
    return {}


def case_size(table: RecordTable) -> NDArray[np.intp]:
    """``(n,)``: records of the unit that rate the record's case; 0 without a case."""
    return table.memo("case_size", lambda: _sizes(table, events_of(table)))


def _faults(table: RecordTable) -> dict[str, Vector]:
    n = len(table)
    faults = {name: np.full(n, np.nan) for name in FAULTS}
    if "case_id" not in table.frame.columns or n == 0:
        return faults
    events = events_of(table)
    named = table.column("case_id") != ""
    _, exported = np.unique(table.column("channel"), return_inverse=True)
    digital = np.bincount(exported, events.digital)
    asked = np.bincount(exported, events.digital & named) >= NAMED_SHARE * np.maximum(digital, 1.0)
    asks = events.digital & asked[exported]
    usable = events.digital & named
    faults["repeated"][usable] = case_size(table)[usable] > USUAL_RATINGS
    unnamed = np.where(asks, (~named).astype(np.float64), np.nan)
    unknown = np.full(n, np.nan)
    known = table.circumstances.transactions
    if known is not None and "case_id" in known.columns and len(known):
        _against(table, events, usable, known, (unknown, faults["early"]))
    for fault in (unnamed, unknown):
        fault[_practice(table, fault)] = np.nan
    faults["without"] = np.fmax(unnamed, unknown)
    return faults


def _practice(table: RecordTable, fault: Vector) -> NDArray[np.bool_]:
    """Records of units in which nearly all that can be told are at fault."""
    told = np.isfinite(fault)
    count = np.bincount(table.unit[told], minlength=len(table.unit_ids))
    faulty = np.bincount(table.unit[told], fault[told], minlength=len(table.unit_ids))
    usual: NDArray[np.bool_] = (faulty >= PRACTICE_SHARE * np.maximum(count, 1))[table.unit]
    return usual


def _against(
    table: RecordTable,
    events: Events,
    usable: NDArray[np.bool_],
    known: pd.DataFrame,
    found: tuple[Vector, Vector],
) -> None:
    """Hold cases to the transactions: unknown or of another unit, and rated early."""
    unknown, early = found
    register = known.assign(case_id=known["case_id"].map(str).str.strip())
    register = register.drop_duplicates("case_id").reset_index(drop=True)
    place = pd.Index(register["case_id"]).get_indexer(pd.Index(table.column("case_id")))
    listed = usable & (place >= 0)
    unknown[usable] = place[usable] < 0
    if "unit_id" in register.columns:
        owner = register["unit_id"].fillna("").map(str).str.strip().to_numpy(dtype=object)[place]
        own = np.array(table.unit_ids, dtype=object)[table.unit]
        told = listed & (owner != "") & table.in_unit
        unknown[told] = (owner != own)[told]
    if "finished_at" in register.columns:
        alone = np.arange(len(register), dtype=np.intp)
        finished = read_stamps(register["finished_at"], events.zone, alone, alone).day[place]
        told = listed & np.isfinite(finished) & np.isfinite(events.day)
        early[told] = (events.day < finished)[told]


def _sizes(table: RecordTable, events: Events) -> NDArray[np.intp]:
    size = np.zeros(len(table), dtype=np.intp)
    if "case_id" not in table.frame.columns:
        return size
    codes, values = pd.factorize(table.column("case_id"))
    rows = np.flatnonzero(events.digital & (table.column("case_id") != ""))
    key = table.unit[rows].astype(np.int64) * (len(values) + 1) + codes[rows]
    _, cluster, count = np.unique(key, return_inverse=True, return_counts=True)
    size[rows] = count[cluster]
    return size

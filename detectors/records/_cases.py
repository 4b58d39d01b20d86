"""What is wrong with the administrative case that a record rates.

``unnamed``: no case where half of the channel's records name one. ``unknown``: not among the
transactions. ``elsewhere``: a transaction of another unit. ``early``: rated on a day before
the transaction was finished. ``repeated``: a rating beyond the second of one case in the
unit (a first on handing in and a second on collecting are usual). Whatever the table cannot
tell is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.records._events import Events, events_of
from detectors.records._stamps import read_stamps
from detectors.table import RecordTable

__all__ = ["FAULTS", "case_size", "faults_of"]

NAMED_SHARE = 0.5
USUAL_RATINGS = 2

FAULTS: Mapping[str, tuple[str, str]] = {
    "unnamed": ("không có mã hồ sơ", "no case"),
    "unknown": ("mã hồ sơ không có trong danh sách giao dịch", "a case without a transaction"),
    "elsewhere": ("hồ sơ của đơn vị khác", "a case of another unit"),
    "early": ("đánh giá trước ngày có kết quả", "rated before the case was finished"),
    "repeated": ("một hồ sơ được đánh giá nhiều lần", "a case rated many times"),
}

Vector = NDArray[np.float64]


def faults_of(table: RecordTable) -> Mapping[str, Vector]:
    """Fault -> ``(n,)`` 1 faulty, 0 sound, NaN not known; worked out once a table."""
    return table.memo("case_faults", lambda: _faults(table))


def case_size(table: RecordTable) -> NDArray[np.intp]:
    """``(n,)``: records of the unit that rate the record's case; 0 without a case."""
    return table.memo("case_size", lambda: _sizes(table, events_of(table)))


def _faults(table: RecordTable) -> dict[str, Vector]:
    n = len(table)
    faults = {name: np.full(n, np.nan) for name in FAULTS}
    if "case_id" not in table.frame.columns or n == 0:
        return faults
    events = events_of(table)
    case = table.column("case_id")
    named = case != ""
    _, exported = np.unique(table.column("channel"), return_inverse=True)
    digital = np.bincount(exported, events.digital)
    asked = np.bincount(exported, events.digital & named) >= NAMED_SHARE * np.maximum(digital, 1.0)
    asks = events.digital & asked[exported]
    faults["unnamed"][asks] = ~named[asks]
    usable = events.digital & named
    faults["repeated"][usable] = case_size(table)[usable] > USUAL_RATINGS
    known = table.circumstances.transactions
    if known is None or "case_id" not in known.columns or known.empty:
        return faults
    _against(table, events, usable, known, faults)
    return faults


def _against(
    table: RecordTable,
    events: Events,
    usable: NDArray[np.bool_],
    known: pd.DataFrame,
    faults: dict[str, Vector],
) -> None:
    """Hold cases to the table of transactions."""
    register = known.assign(case_id=known["case_id"].map(str).str.strip())
    register = register.drop_duplicates("case_id")
    place = pd.Index(register["case_id"]).get_indexer(pd.Index(table.column("case_id")))
    faults["unknown"][usable] = place[usable] < 0
    found = usable & (place >= 0)
    if "unit_id" in register.columns:
        owner = register["unit_id"].fillna("").map(str).str.strip().to_numpy(dtype=object)[place]
        own = np.array(table.unit_ids, dtype=object)[table.unit]
        told = found & (owner != "") & table.in_unit
        faults["elsewhere"][told] = (owner != own)[told]
    if "finished_at" in register.columns:
        alone = np.arange(len(register), dtype=np.intp)
        finished = read_stamps(register["finished_at"], events.zone, alone, alone).day[place]
        told = found & np.isfinite(finished) & np.isfinite(events.day)
        faults["early"][told] = (events.day < finished)[told]


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

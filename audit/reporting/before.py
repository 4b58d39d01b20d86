"""Values of the round before, from its response table, as the rules of this round count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from audit.pipeline.sources import RoundForm
from audit.pipeline.tables import read_previous
from audit.settings import Settings
from audit.store import Store
from detectors.errors import AuditError
from detectors.instrument import Instrument
from detectors.table_coding import positions

__all__ = ["Before", "values_before"]


@dataclass(frozen=True, slots=True)
class Before:
    """One unit in the round before.

    Attributes:
        records: Records with an answer to a rating item.
        satisfied: Answers in the two best values.
        answers: Answers, without "not applicable" and blank.
    """

    records: int
    satisfied: int
    answers: int


def values_before(store: Store, settings: Settings, form: RoundForm) -> Mapping[str, Before]:
    """Unit id to its counts; empty where there is no table, or it can no longer be read."""
    try:
        previous = read_previous(store, settings, form)
    except AuditError:
        return {}
    if previous is None or "unit_id" not in previous.frame:
        return {}
    frame, instrument = previous.frame, form.instrument
    best, given = _counts(frame, instrument)
    units = frame["unit_id"]
    found = {}
    for unit, rows in units.groupby(units).groups.items():
        own = given.loc[rows]
        found[str(unit)] = Before(int((own > 0).sum()), int(best.loc[rows].sum()), int(own.sum()))
    return found


def _counts(frame: Any, instrument: Instrument) -> tuple[pd.Series[int], pd.Series[int]]:
    """Satisfied answers and answers of each record."""
    best = pd.Series(0, index=frame.index)
    given = pd.Series(0, index=frame.index)
    for item in instrument.ratings:
        if item.id in frame:
            place = positions(frame[item.id], item)
            best = best + (place > len(item.scale) - 2)
            given = given + ~np.isnan(place)
    return best, given

"""How long a record took, for its number of answers.

The log of the time spent less the median of records of the stratum with as many answers;
where fewer than 40 have as many, less the log of their number and the median log time an
answer. Whether a person is always fast cannot be told from one time a record; page times
are not part of the table.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.records._events import events_of
from detectors.table import RecordTable

__all__ = ["FEWEST_TIMES", "pace_of"]

FEWEST_TIMES = 40


def pace_of(table: RecordTable) -> NDArray[np.float64]:
    """``(n,)`` log of time spent against the usual; NaN without times or 40 timed peers."""
    return table.memo("pace", lambda: _pace(table))


def _pace(table: RecordTable) -> NDArray[np.float64]:
    spent = np.log(events_of(table).spent)
    pace = np.full(len(table), np.nan)
    for stratum in range(len(table.stratum_names)):
        rows = np.flatnonzero((table.stratum == stratum) & np.isfinite(spent))
        if rows.size < FEWEST_TIMES:
            continue
        answers = table.answered[rows]
        each = spent[rows] - np.log(answers)
        pace[rows] = each - np.median(each)
        _, place, count = np.unique(answers, return_inverse=True, return_counts=True)
        for same in np.flatnonzero(count >= FEWEST_TIMES):
            mine = rows[place == same]
            pace[mine] = spent[mine] - np.median(spent[mine])
    return pace

"""A frozen baseline: records of audited rounds that stand in for peers who may be tampered with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.table import RecordTable
from detectors.table_strata import SMALL_STRATUM

__all__ = ["trusted_rows"]


def trusted_rows(table: RecordTable, stratum: int) -> tuple[RecordTable, NDArray[np.intp]] | None:
    """Trusted records of the same stratum, else of the same mode; ``None`` where too few."""
    frame = table.circumstances.baseline
    if frame is None:
        return None

    def build() -> RecordTable | None:
        if not {item.id for item in table.items} <= set(frame.columns):
            return None
        if "record_id" not in frame.columns:
            return None
        return RecordTable.build(frame, table.instrument)

    before = table.memo("baseline", build)
    if before is None or before.codes.shape[1] != table.codes.shape[1]:
        return None
    usable = before.answered > 0
    name = table.stratum_names[stratum]
    for alike in (name, name.partition("|")[0]):
        same = [own == alike or own.partition("|")[0] == alike for own in before.stratum_names]
        rows = np.flatnonzero(usable & np.array(same, dtype=bool)[before.stratum])
        if rows.size >= SMALL_STRATUM:
            return before, rows
    return None

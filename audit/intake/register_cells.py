"""Columns of registers as a table with fixed types: texts, counts, days, flags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from audit.intake._cells import Cell, to_bool, to_date, to_number, to_text
from audit.intake.columns import Columns, to_id

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["count_of", "frame_of"]

# More than there are people, so that sums of it stay numbers.
_MOST = 1e12


def frame_of(
    table: Columns,
    *,
    order: Sequence[str],
    texts: Sequence[str],
    counts: Sequence[str],
    days: Sequence[str],
    flags: Sequence[str] = (),
) -> pd.DataFrame:
    """The named columns of a table, in order; what the file lacks is blank."""
    import pandas as pd

    size = len(table.raw)
    data: dict[str, Any] = {}
    for name in texts:
        found = table.values(name, to_id, "write plain text")
        data[name] = pd.Series(found if found is not None else [None] * size, dtype="str")
    for name in flags:
        found_flags = table.values(name, to_bool, "write true or false")
        flags_ = found_flags if found_flags is not None else [None] * size
        data[name] = pd.Series(flags_, dtype="boolean")
    for name in counts:
        found_counts = table.values(name, count_of, "write a whole number from 0")
        counts_ = found_counts if found_counts is not None else [None] * size
        data[name] = pd.Series(counts_, dtype="float64")
    for name in days:
        found_days = table.values(name, to_date, "write it as 2026-07-31")
        days_ = found_days if found_days is not None else [None] * size
        data[name] = pd.Series(pd.to_datetime(pd.Series(days_)), dtype="datetime64[us]")
    return pd.DataFrame(data)[list(order)]


def count_of(cell: Cell) -> float | None:
    """A whole number from 0; ``22.250`` is the Vietnamese way to write 22250.

    Raises:
        ValueError: If the cell is no count.
    """
    if isinstance(cell, str) and re.fullmatch(r"\s*\d{1,3}([. ]\d{3})+\s*", cell):
        # no count has decimals
        cell = re.sub(r"[. ]", "", cell)
    value = to_number(cell)
    if value is not None and not (0 <= value <= _MOST and value == int(value)):
        raise ValueError(f"{to_text(cell)} is no count")
    return value

"""What the table of units and other registers say of each unit of the responses.

A unit that stands in the table more than once (versions with other dates of validity)
counts with the row in force at the end of the period. Where rows in force contradict
each other the number is unknown, never one of the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.table import UnitTable

__all__ = ["in_force", "number_of", "numbers_by_unit", "strangers", "text_ids"]


def text_ids(values: pd.Series[Any]) -> list[str]:
    """Unit ids as the response table writes them; empty where missing."""
    codes, names = pd.factorize(values, use_na_sentinel=True)
    texts = [_plain(name) for name in names]
    return [texts[code] if code >= 0 else "" for code in codes.tolist()]


def in_force(table: UnitTable) -> pd.DataFrame | None:
    """Rows of the table of units that were valid at the end of the period."""
    units = table.units
    if units is None or "unit_id" not in units.columns:
        return None
    if table.period is None:
        return units
    end = pd.Timestamp(table.period[1])
    valid = np.ones(len(units), dtype=bool)
    if "valid_from" in units.columns:
        start = pd.to_datetime(units["valid_from"], errors="coerce")
        valid &= ~(start > end).to_numpy()
    if "valid_to" in units.columns:
        stop = pd.to_datetime(units["valid_to"], errors="coerce")
        valid &= ~(stop < end).to_numpy()
    return units[valid]


def number_of(table: UnitTable, column: str) -> NDArray[np.float64]:
    """A column of the table of units, ``(units,)``; NaN where unknown or contradictory."""
    units = in_force(table)
    if units is None or column not in units.columns:
        return np.full(len(table), np.nan)
    return numbers_by_unit(table, text_ids(units["unit_id"]), units[column])


def numbers_by_unit(
    table: UnitTable,
    names: Iterable[str],
    values: pd.Series[Any],
) -> NDArray[np.float64]:
    """Numbers of named rows, ``(units,)``; NaN where absent, no number, or not the same twice."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
    found: dict[str, float] = {}
    for name, number in zip(names, numbers.tolist(), strict=True):
        found[name] = number if found.get(name, number) == number else float("nan")
    return np.array([found.get(name, np.nan) for name in table.unit_ids], dtype=np.float64)


def strangers(table: UnitTable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Units with records that the table of units lacks, and those that handle no procedures.

    Satisfaction is measured of units that handle procedures, so a result of another one is a
    slip of the register or of the table. Two empty tuples without a table of units.
    """
    units = table.units
    if units is None or "unit_id" not in units.columns:
        return (), ()
    known = set(text_ids(units["unit_id"]))
    absent = tuple(name for name in table.unit_ids if name and name not in known)
    now = in_force(table)
    if now is None or "handles_procedures" not in now.columns:
        return absent, ()
    said: dict[str, set[str]] = {}
    flags = now["handles_procedures"].map(str).str.strip().str.casefold()
    for name, flag in zip(text_ids(now["unit_id"]), flags, strict=True):
        said.setdefault(name, set()).add(flag)
    never = {name for name, flags in said.items() if flags <= {"false", "0", "0.0"}}
    return absent, tuple(name for name in table.unit_ids if name in never)


def _plain(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()

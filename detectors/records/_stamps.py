"""Time stamps of a response table: moments, the local clock, and what they cannot tell.

A stamp with a zone is taken as it is; one without is of the collection's own zone. A date
without a clock, and a stamp that half of a channel or of a unit has in common (an export
or an import wrote it), tell no time of day and no order, and are unknown here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Stamps", "grain_of", "read_stamps"]

DAY = 86_400.0
DATE_LENGTH = 10
FEWEST_ALIKE = 5
COMMON = 0.5
RARE = 0.05

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stamps:
    """One column of stamps.

    Attributes:
        moment: ``(n,)`` seconds since 1970 in UTC; NaN without a usable clock.
        day: ``(n,)`` local days since 1970, a date without a clock included; NaN unknown.
        clock: ``(n,)`` seconds of the local day; NaN without a usable clock.
    """

    moment: Vector
    day: Vector
    clock: Vector

    @classmethod
    def unknown(cls, n: int) -> Stamps:
        """No stamps at all."""
        return cls(*(np.full(n, np.nan) for _ in range(3)))


def read_stamps(
    column: pd.Series[Any], zone: str, channel: NDArray[np.intp], unit: NDArray[np.intp]
) -> Stamps:
    """Read a column of ISO 8601 texts or datetimes.

    Args:
        column: One stamp a record; what cannot be read is unknown.
        zone: IANA name of the zone of stamps without one.
        channel: int ``(n,)``: records exported alike.
        unit: int ``(n,)``: unit of each record.
    """
    n = len(column)
    if n == 0 or bool(column.isna().all()):
        return Stamps.unknown(n)
    utc, dated = _parse(column, zone)
    local = utc.dt.tz_convert(zone).dt.tz_localize(None)
    moment, wall = _seconds(utc), _seconds(local)
    day = np.floor(wall / DAY)
    clock: Vector = np.where(dated, np.nan, wall - day * DAY)
    useless = dated | _common(np.round(clock), channel) | _common(np.round(moment), unit)
    blank = np.where(useless, np.nan, 0.0)
    return Stamps(moment + blank, day, clock + blank)


def grain_of(moment: Vector) -> float:
    """How finely moments are written: 60 for minutes, 1 for seconds, .001 for less."""
    known = moment[np.isfinite(moment)]
    if known.size == 0:
        return 1.0
    if np.mean(np.abs(known - np.round(known)) > 5e-4) > RARE:
        return 0.001
    return 1.0 if np.mean(np.round(known) % 60.0 != 0) > RARE else 60.0


def _parse(column: pd.Series[Any], zone: str) -> tuple[pd.Series[pd.Timestamp], NDArray[np.bool_]]:
    """Moments in UTC, and which of them are dates without a clock."""
    if pd.api.types.is_datetime64_any_dtype(column):
        stamps = pd.to_datetime(column)
        if stamps.dt.tz is not None:
            return stamps.dt.tz_convert("UTC"), np.zeros(len(column), dtype=bool)
        return _placed(stamps, zone), np.zeros(len(column), dtype=bool)
    text = column.astype("string").str.strip()
    stamps = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
    dated = (text.str.len() <= DATE_LENGTH).to_numpy(dtype=bool, na_value=False)
    ending = text.str.slice(DATE_LENGTH).str.contains(r"(?:[zZ]|[+-]\d{2}(?::?\d{2})?)$")
    zoned = ending.to_numpy(dtype=bool, na_value=False)
    if zoned.all():
        return stamps, dated
    return stamps.where(zoned, _placed(stamps.dt.tz_localize(None), zone)), dated


def _placed(naive: pd.Series[pd.Timestamp], zone: str) -> pd.Series[pd.Timestamp]:
    """Wall clocks of ``zone`` as moments; the second of two equal hours in autumn."""
    first = np.zeros(len(naive), dtype=bool)
    placed = naive.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    return placed.dt.tz_convert("UTC")


def _seconds(stamps: pd.Series[pd.Timestamp]) -> Vector:
    whole = stamps.to_numpy(dtype="datetime64[ns]").astype(np.int64) / 1e9
    seconds: Vector = np.where(stamps.isna().to_numpy(), np.nan, whole)
    return seconds


def _common(value: Vector, group: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Values that half of their group, and at least five records, have in common."""
    known = np.flatnonzero(np.isfinite(value))
    common = np.zeros(value.shape, dtype=bool)
    if known.size == 0:
        return common
    order = known[np.lexsort([value[known], group[known]])]
    same_group = np.diff(group[order]) == 0
    starts = np.flatnonzero(np.r_[True, ~(same_group & (np.diff(value[order]) == 0))])
    count = np.diff(np.r_[starts, order.size])
    size = np.bincount(group[known])
    many = (count >= FEWEST_ALIKE) & (count >= COMMON * size[group[order[starts]]])
    common[order] = np.repeat(many, count)
    return common

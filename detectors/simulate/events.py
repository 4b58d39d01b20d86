"""When and from where honest digital answers come, and how frauds look there."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["bot_events", "honest_events", "one_device_events"]

SECONDS_AN_ANSWER = 7.9  # 7 aspects take a median of 55 s
LOG_SD = 0.78
OFFICE_SHARE = 0.8
KIOSK_SHARE = 0.2


def honest_events(
    n: int,
    answers: int,
    unit: str,
    period: tuple[dt.date, dt.date],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Events of ``n`` honest digital records: most in office hours, each on its own phone.

    A fifth is entered with help at the unit's kiosk, a shared device that is legitimate.
    """
    every = pd.date_range(*period)
    working = every[every.day_of_week < 5]
    days = working if len(working) else every
    day = days[rng.integers(0, len(days), n)]
    office = rng.random(n) < OFFICE_SHARE
    morning = rng.random(n) < 0.55
    hour = np.where(
        office,
        np.where(morning, rng.normal(9.9, 0.8, n), rng.normal(15.0, 0.8, n)),
        rng.uniform(6.5, 22.0, n),
    )
    start = day + pd.to_timedelta(np.clip(hour, 0.0, 23.5) * 3600, unit="s")
    spent = answers * SECONDS_AN_ANSWER * np.exp(rng.normal(0.0, LOG_SD, n))
    assisted = rng.random(n) < KIOSK_SHARE
    own = [f"d{v:012x}" for v in rng.integers(0, 16**12, n)]
    return pd.DataFrame(
        {
            "started_at": _stamps(start),
            "submitted_at": _stamps(start + pd.to_timedelta(spent, unit="s")),
            "device": np.where(assisted, f"kiosk-{unit}", own),
            "account": [f"a{v:010x}" for v in rng.integers(0, 16**10, n)],
            "assisted": assisted,
        }
    )


def bot_events(
    events: pd.DataFrame, rows: NDArray[np.intp], unit: str, rng: np.random.Generator
) -> pd.DataFrame:
    """A script: three seconds a record, one every twenty seconds at night, one device."""
    changed = events.copy()
    first = pd.Timestamp(changed["started_at"].min()).normalize() + pd.Timedelta(hours=23)
    start = first + pd.to_timedelta(20.0 * np.arange(rows.size), unit="s")
    places = changed.index[rows]
    spent = pd.to_timedelta(3.0 + 0.05 * rng.random(rows.size), unit="s")
    changed.loc[places, "started_at"] = _stamps(start)
    changed.loc[places, "submitted_at"] = _stamps(start + spent)
    changed.loc[places, "device"] = f"bot-{unit}"
    changed.loc[places, "account"] = f"bot-{unit}"
    changed.loc[places, "assisted"] = False
    return changed


def one_device_events(events: pd.DataFrame, rows: NDArray[np.intp], unit: str) -> pd.DataFrame:
    """One person with one phone and one account rates for many, at a human pace."""
    changed = events.copy()
    places = changed.index[rows]
    changed.loc[places, "device"] = f"phone-{unit}"
    changed.loc[places, "account"] = f"phone-{unit}"
    changed.loc[places, "assisted"] = False
    return changed


def _stamps(times: pd.DatetimeIndex) -> NDArray[np.object_]:
    return np.asarray(times.round("ms").strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3], dtype=object)

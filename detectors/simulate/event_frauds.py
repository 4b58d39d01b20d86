"""How frauds look in the events of a unit's digital records.

Each function changes the events of some rows and leaves the others alone. What the rows
answer is the caller's business; :data:`EVENT_FRAUDS` says what fits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.simulate.events import FIRST_INVENTED, stamps

__all__ = ["EVENT_FRAUDS", "EventFraud", "bot_events", "one_device_events"]

Rows = NDArray[np.intp]
Rng = np.random.Generator


def bot_events(events: pd.DataFrame, rows: Rows, unit: str, rng: Rng) -> pd.DataFrame:
    """A script: three seconds a record, one every twenty seconds at night, one device."""
    spent = rng.uniform(3.0, 3.05, rows.size)
    start = _evening(events, 23.0) + np.cumsum(np.full(rows.size, 20.0 / 86_400.0))
    return _put(events, rows, start, spent, f"bot-{unit}", f"bot-{unit}")


def slow_bot_events(events: pd.DataFrame, rows: Rows, unit: str, rng: Rng) -> pd.DataFrame:
    """A script that takes a person's time and varies its delays by a tenth."""
    spent = 60.0 * rng.uniform(0.9, 1.1, rows.size)
    gaps = 90.0 * rng.uniform(0.9, 1.1, rows.size)
    start = _evening(events, 20.0) + np.cumsum(gaps) / 86_400.0
    return _put(events, rows, start, spent, f"bot-{unit}", f"bot-{unit}")


def one_device_events(events: pd.DataFrame, rows: Rows, unit: str) -> pd.DataFrame:
    """One person with one phone and one account rates for many, at times like everybody's."""
    changed = events.copy()
    places = changed.index[rows]
    changed.loc[places, "device"] = f"phone-{unit}"
    changed.loc[places, "account"] = f"phone-{unit}"
    changed.loc[places, "assisted"] = False
    return changed


def sitting_events(events: pd.DataFrame, rows: Rows, unit: str, rng: Rng) -> pd.DataFrame:
    """One person with one phone and one account rates for many in one evening."""
    spent = 45.0 * np.exp(rng.normal(0.0, 0.3, rows.size))
    gaps = spent + rng.uniform(10.0, 40.0, rows.size)
    start = _evening(events, 20.0) + np.cumsum(gaps) / 86_400.0
    return _put(events, rows, start, spent, f"phone-{unit}", f"phone-{unit}")


def farm_events(events: pd.DataFrame, rows: Rows, unit: str, rng: Rng) -> pd.DataFrame:
    """A dozen phones in turn on one network, each with its account, in the afternoon."""
    spent = 40.0 * np.exp(rng.normal(0.0, 0.3, rows.size))
    start = _evening(events, 14.0) + np.cumsum(rng.uniform(12.0, 30.0, rows.size)) / 86_400.0
    phone = np.array([f"farm{i % 12}-{unit}" for i in range(rows.size)], dtype=object)
    changed = _put(events, rows, start, spent, phone, phone)
    changed.loc[changed.index[rows], "ip"] = f"171.{rng.integers(256)}.{rng.integers(256)}.9"
    return changed


def no_case_events(events: pd.DataFrame, rows: Rows, unit: str, rng: Rng) -> pd.DataFrame:
    """Ratings without a transaction: half name no case, half an invented one."""
    changed = events.copy()
    number = rng.integers(FIRST_INVENTED, 2 * FIRST_INVENTED, rows.size)
    names = np.array([f"{unit}-260815-{place:04d}" for place in number], dtype=object)
    names[rng.random(rows.size) < 0.5] = None
    changed.loc[changed.index[rows], "case_id"] = names
    return changed


def opening_events(events: pd.DataFrame, rows: Rows, unit: str, rng: Rng) -> pd.DataFrame:
    """Staff enter the ratings of many cases in runs of four to eight before the doors open."""
    spent = 35.0 * np.exp(rng.normal(0.0, 0.3, rows.size))
    runs = np.cumsum(rng.random(rows.size) < 1.0 / 6.0)
    days = np.floor(_days(events)[rng.integers(0, len(events), int(runs.max(initial=0)) + 1)])
    within = np.array([np.sum(runs[:i] == runs[i]) for i in range(rows.size)])
    start = days[runs] + 7.05 / 24.0 + within * rng.uniform(50.0, 90.0, rows.size) / 86_400.0
    return _put(events, rows, start, spent, f"desk-{unit}", f"desk-{unit}")


def flood_events(events: pd.DataFrame, rows: Rows, unit: str, rng: Rng) -> pd.DataFrame:
    """Many phones and accounts of another unit rate within a quarter of an hour."""
    spent = 60.0 * np.exp(rng.normal(0.0, 0.5, rows.size))
    start = _evening(events, 19.0) + np.sort(rng.random(rows.size)) * 15.0 / 1440.0
    own = np.array([f"f{i}-{unit}" for i in range(rows.size)], dtype=object)
    return _put(events, rows, start, spent, own, own)


Apply = Callable[[pd.DataFrame, Rows, str, Rng], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class EventFraud:
    """One kind.

    Attributes:
        apply: Events, rows, name of the unit and chance -> changed events.
        answers: What such records answer: ``best``, ``worst`` or ``own`` (like everybody).
    """

    apply: Apply
    answers: str


EVENT_FRAUDS: Mapping[str, EventFraud] = {
    "bot": EventFraud(bot_events, "best"),
    "slow_bot": EventFraud(slow_bot_events, "best"),
    "one_device": EventFraud(lambda e, r, u, _: one_device_events(e, r, u), "own"),
    "one_sitting": EventFraud(sitting_events, "own"),
    "device_farm": EventFraud(farm_events, "own"),
    "no_case": EventFraud(no_case_events, "own"),
    "opening": EventFraud(opening_events, "own"),
    "low_flood": EventFraud(flood_events, "worst"),
}


def _put(
    events: pd.DataFrame,
    rows: Rows,
    start: NDArray[np.float64],
    spent: NDArray[np.float64],
    device: str | NDArray[np.object_],
    account: str | NDArray[np.object_],
) -> pd.DataFrame:
    changed = events.copy()
    places = changed.index[rows]
    changed.loc[places, "started_at"] = stamps(start)
    changed.loc[places, "submitted_at"] = stamps(start + spent / 86_400.0)
    changed.loc[places, "device"] = device
    changed.loc[places, "account"] = account
    changed.loc[places, "assisted"] = False
    return changed


def _days(events: pd.DataFrame) -> NDArray[np.float64]:
    times = pd.to_datetime(events["started_at"], format="ISO8601").to_numpy(dtype="datetime64[ms]")
    days: NDArray[np.float64] = times.astype(np.int64) / 86_400_000.0
    return days


def _evening(events: pd.DataFrame, hour: float) -> float:
    """That hour of the unit's first day, in days since 1970."""
    return float(np.floor(_days(events).min())) + hour / 24.0

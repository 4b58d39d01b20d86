"""When and from where honest digital answers come: the innocent look-alikes of every fraud.

Kiosks with queues, mobile service days (most of them announced), families on one phone,
people who file cases for others, groups who come together, carriers' networks that
thousands share, phones with a wrong clock, tablets that send saved records in the evening,
mistyped cases and people who rate before their case is finished. Units differ in all of it.
Shares follow what is published of such channels where anything is; the rest are guesses on
the generous side.

A case is named ``unit-yymmdd-number`` with the day it was finished; numbers from 5000 on
belong to no transaction. Kiosks are called ``kiosk-…``, tablets of announced service days
``tablet-…``, so that :func:`circumstances_of` can tell what a survey's owner would know.
"""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.circumstances import Circumstances

__all__ = ["circumstances_of", "honest_events", "stamps"]

SECONDS_AN_ANSWER = 7.9  # 7 aspects take a median of 55 s
LOG_SD = 0.78
OFFICE_LOGIT = 1.4  # 80 % in office hours
OFFICE_LOGIT_SD = 0.4
KIOSK_SHAPE = (1.0, 4.0)
SERVICE_DAY = 0.3
UNANNOUNCED_DAY = 0.05
GROUP_VISIT = 0.05
AGENT = 0.1
SAVED_RECORDS = 0.04
FAMILY = 0.08
WRONG_CLOCK = 0.005
NO_START = 0.008
FIRST_INVENTED = 5000
CARRIERS = tuple(f"27.{number}.1" for number in range(60, 68))

Rng = np.random.Generator


def honest_events(
    n: int,
    answers: int,
    unit: str,
    period: tuple[dt.date, dt.date],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Events of ``n`` honest digital records of one unit, one row each.

    Args:
        n: How many.
        answers: How many questions the form has.
        unit: Name of the unit.
        period: First and last day.
        rng: Chance.

    Returns:
        ``started_at``, ``submitted_at`` (local time without zone), ``device``, ``account``,
        ``ip``, ``case_id`` (``None`` where not given) and ``assisted``.
    """
    start = _arrivals(n, period, rng)
    spent = answers * SECONDS_AN_ANSWER * np.exp(rng.normal(0.0, LOG_SD, n))
    device = np.array([f"d{v:012x}" for v in rng.integers(0, 16**12, n)], dtype=object)
    account = np.array([f"a{v:010x}" for v in rng.integers(0, 16**10, n)], dtype=object)
    ip = _addresses(n, unit, rng)
    assisted = np.zeros(n, dtype=bool)
    free = rng.permutation(n)

    def take(count: int) -> NDArray[np.intp]:
        nonlocal free
        taken, free = free[:count], free[count:]
        return np.sort(taken)

    kiosk = take(round(n * rng.beta(*KIOSK_SHAPE)))
    device[kiosk], ip[kiosk] = f"kiosk-{unit}", _office(unit, rng, kiosk.size)
    assisted[kiosk] = rng.random(kiosk.size) < 0.7
    for name, chance, told in (("tablet", SERVICE_DAY, 0.85), ("lent", UNANNOUNCED_DAY, 0.5)):
        if rng.random() < chance:
            helped = take(round(n * rng.uniform(0.1, 0.25)))
            day = np.floor(start[rng.integers(0, n)]) if n else 0.0
            start[helped] = day + rng.uniform(8.0, 11.0) / 24.0 + rng.random(helped.size) / 12.0
            device[helped], assisted[helped] = f"{name}-{unit}", rng.random(helped.size) < told
            officer = helped[rng.random(helped.size) < 0.5]
            account[officer] = f"staff-{name}-{unit}"
            ip[helped] = _office(unit, rng, helped.size)
    if rng.random() < GROUP_VISIT:
        group = take(int(rng.integers(5, 13)))
        if group.size:
            start[group] = start[group[0]] + rng.random(group.size) * 15.0 / 1440.0
    if rng.random() < AGENT:
        agent = take(int(rng.integers(3, 7)))
        device[agent], account[agent] = f"agent-{unit}", f"agent-{unit}"
    second = take(round(n * FAMILY))
    first = take(second.size)[: second.size]
    second = second[: first.size]
    start[second] = (
        start[first] + spent[first] / 86_400.0 + rng.uniform(0.5, 6.0, second.size) / 1440
    )
    device[second], ip[second] = device[first], ip[first]
    same = rng.random(second.size) < 0.5
    account[second[same]] = account[first[same]]
    for name in (f"kiosk-{unit}", f"tablet-{unit}", f"lent-{unit}"):
        _queue(start, spent, np.flatnonzero(device == name), rng)
    case = _cases(start, unit, rng)
    end = start + spent / 86_400.0
    if rng.random() < SAVED_RECORDS:
        late = np.flatnonzero(device == f"kiosk-{unit}")
        late = late[np.argsort(start[late], kind="stable")]
        sent = (
            np.floor(start[late]) + 17.6 / 24 + np.cumsum(rng.uniform(1.0, 3.0, late.size)) / 86_400
        )
        end[late] = np.maximum(sent, end[late])
    wrong = rng.random(n) < WRONG_CLOCK
    shift = rng.integers(-11, 12, n)[wrong] / 24.0
    start[wrong], end[wrong] = start[wrong] + shift, end[wrong] + shift
    begun = np.where(rng.random(n) < NO_START, end, start)
    return pd.DataFrame(
        {
            "started_at": stamps(begun),
            "submitted_at": stamps(end),
            "device": device,
            "account": account,
            "ip": ip,
            "case_id": case,
            "assisted": assisted,
        }
    )


def circumstances_of(responses: pd.DataFrame) -> Circumstances:
    """What the owner of a simulated survey knows: kiosks, announced days, transactions."""
    device = responses["device"].fillna("").astype(str)
    tablets = responses[device.str.startswith("tablet-")]
    days = pd.to_datetime(tablets["started_at"], format="ISO8601").dt.date
    register = responses["case_id"].dropna().drop_duplicates()
    parts = register.str.rsplit("-", n=2, expand=True).reindex(columns=range(3))
    real = pd.to_numeric(parts[2]) < FIRST_INVENTED
    transactions = pd.DataFrame(
        {
            "case_id": register[real],
            "unit_id": parts[0][real],
            "finished_at": pd.to_datetime(parts[1][real], format="%y%m%d"),
        }
    )
    return Circumstances(
        shared=frozenset(device[device.str.startswith("kiosk-")]),
        assisted_days=frozenset(zip(tablets["unit_id"], days, strict=True)),
        transactions=transactions.reset_index(drop=True),
    )


def stamps(days: NDArray[np.float64]) -> NDArray[np.object_]:
    """Days since 1970 as local ISO 8601 stamps with milliseconds."""
    times = pd.to_datetime(np.round(days * 86_400_000.0).astype(np.int64), unit="ms")
    return np.asarray(times.strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3], dtype=object)


def _arrivals(n: int, period: tuple[dt.date, dt.date], rng: Rng) -> NDArray[np.float64]:
    """Days since 1970: working days with the unit's own market days, two peaks, evenings."""
    every = pd.date_range(*period)
    working = every[every.day_of_week < 5]
    days = working if len(working) else every
    weight = np.exp(rng.normal(0.0, 0.3, 7))[days.day_of_week]
    place = rng.choice(len(days), size=n, p=weight / weight.sum())
    office = rng.random(n) < 1.0 / (1.0 + np.exp(-rng.normal(OFFICE_LOGIT, OFFICE_LOGIT_SD)))
    morning = rng.random(n) < 0.55
    desk = np.where(morning, rng.normal(9.9, 0.8, n), rng.normal(15.0, 0.8, n))
    anywhen = rng.uniform(6.5, 22.0, n)
    weekend = ~office & (rng.random(n) < 0.3)
    hour = np.clip(np.where(office, desk, anywhen), 0.0, 23.5)
    number = (days[place] - pd.Timestamp(1970, 1, 1)).days.to_numpy(dtype=np.float64)
    if len(working) and len(every) > len(working):
        off = every[every.day_of_week >= 5]
        drawn = off[rng.integers(0, len(off), n)]
        free = (drawn - pd.Timestamp(1970, 1, 1)).days.to_numpy(dtype=np.float64)
        number = np.where(weekend, free, number)
    return number + hour / 24.0


def _addresses(n: int, unit: str, rng: Rng) -> NDArray[np.object_]:
    """Carriers' networks, the office's Wi-Fi, homes."""
    kind = rng.random(n)
    carrier = np.array(CARRIERS, dtype=object)[rng.integers(0, len(CARRIERS), n)]
    host = rng.integers(1, 255, n)
    home = [f"113.{a}.{b}.{c}" for a, b, c in rng.integers(0, 256, (n, 3))]
    mobile = [f"{prefix}.{last}" for prefix, last in zip(carrier, host, strict=True)]
    office = _office(unit, rng, n)
    wifi = rng.beta(2.0, 6.0)
    drawn = np.where(kind < 0.6, np.array(mobile, dtype=object), np.array(home, dtype=object))
    addresses: NDArray[np.object_] = np.where(kind > 1.0 - wifi, office, drawn)
    return addresses


def _office(unit: str, rng: Rng, n: int) -> NDArray[np.object_]:
    number = sum((i + 1) * byte for i, byte in enumerate(unit.encode()))
    prefix = f"14.{number % 256}.{number // 256 % 256}"
    return np.array([f"{prefix}.{last}" for last in rng.integers(1, 255, n)], dtype=object)


def _queue(
    start: NDArray[np.float64], spent: NDArray[np.float64], rows: NDArray[np.intp], rng: Rng
) -> None:
    """One after the other at a shared device, with half a minute to two between people."""
    rows = rows[np.argsort(start[rows], kind="stable")]
    spent[rows] = np.minimum(spent[rows], 900.0)
    for before, row in itertools.pairwise(rows.tolist()):
        free = start[before] + (spent[before] + rng.uniform(30.0, 120.0)) / 86_400.0
        start[row] = max(start[row], free)


def _cases(start: NDArray[np.float64], unit: str, rng: Rng) -> NDArray[np.object_]:
    """The case each record rates: most finished some days before, a few wrong."""
    n = start.size
    early = rng.random(n) < rng.beta(1.0, 15.0)
    finished = np.floor(start) - np.where(early, -rng.integers(1, 10, n), rng.geometric(0.4, n) - 1)
    days = pd.to_datetime(finished, unit="D").strftime("%y%m%d")
    number = rng.permutation(FIRST_INVENTED)[np.arange(n) % FIRST_INVENTED]
    number = np.where(rng.random(n) < 0.015, number + FIRST_INVENTED, number)
    names = [f"{unit}-{day}-{place:04d}" for day, place in zip(days, number, strict=True)]
    case = np.array(names, dtype=object)
    again = np.flatnonzero(rng.random(n) < 0.01)
    if n:
        case[again] = case[rng.integers(0, n, again.size)]
    case[rng.random(n) < 0.015] = None
    return case

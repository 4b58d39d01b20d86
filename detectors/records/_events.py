"""Digital records as events: when, where from, and which of them are excused.

Sources are devices, accounts and address prefixes. One that is known to be shared by right
(a kiosk), and a value that stands for nobody (the same account in a quarter of all units)
are no source. An assisted record, and every record of an announced service day, is excused
from tests of pace and sharing, as one hand serving many is what it says.

Names of sources stay here: checks show no more than eight characters of one.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.circumstances import ANY_UNIT
from detectors.records._stamps import Stamps, grain_of, read_stamps
from detectors.table import RecordTable

__all__ = ["SOURCES", "Events", "Source", "events_of", "group_of", "why_not"]

LONGEST_SECONDS = 86_400.0
NOBODY_UNITS = 5
NOBODY_SHARE = 0.25
HASHED = "~"  # a keyed hash in place of a name begins with it
FAR_DAY = 1e7
SENT_AT_ONCE = 0.5

SOURCES: Mapping[str, tuple[str, str]] = {
    "account": ("một tài khoản", "one account"),
    "device": ("một thiết bị", "one device"),
    "ip": ("một dải địa chỉ mạng", "one network prefix"),
}

_YES = frozenset({"true", "1", "yes", "y", "có", "co", "x"})

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Source:
    """One kind of source.

    Attributes:
        code: int ``(n,)``: number of the record's source, -1 where it has none, or one that
            is shared by right or stands for nobody.
        every: The same with those that are shared by right.
        named: bool ``(n,)``: the record names a source at all.
        names: Name of each source.
    """

    code: NDArray[np.intp]
    every: NDArray[np.intp]
    named: NDArray[np.bool_]
    names: NDArray[np.object_]

    def shown(self, code: int) -> str:
        """What evidence may show of a name: a keyed hash, else only a number."""
        name = str(self.names[code])
        return name if name.startswith(HASHED) else f"#{code + 1}"


@dataclass(frozen=True, eq=False)
class Events:
    """Digital records of a table, one place a record.

    Attributes:
        when: Seconds since 1970 (UTC) at which the record was made: its start where that is
            known, else its submission, as saved records are all sent at once; NaN unknown.
        day: Local days since 1970 of the record, dates without a clock included.
        clock: Seconds of the local day of ``when``.
        spent: Seconds between start and submission, in (0, 86400]; NaN unknown.
        grain: Seconds to which the stamps of the record's channel are written.
        digital: The record did not come on paper and has an answer.
        excused: Assisted, or of an announced service day, or of a source shared by right.
        sources: Kind -> who it came from.
        zone: Name of the local zone.
    """

    when: Vector
    day: Vector
    clock: Vector
    spent: Vector
    grain: Vector
    digital: NDArray[np.bool_]
    excused: NDArray[np.bool_]
    sources: Mapping[str, Source]
    zone: str

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Digital records that are not excused."""
        return self.digital & ~self.excused


def events_of(table: RecordTable) -> Events:
    """Worked out once a table."""
    return table.memo("events", lambda: _events(table))


def why_not(
    table: RecordTable, unjudged: NDArray[np.bool_], otherwise: NDArray[np.object_] | str
) -> dict[int, str]:
    """Reasons of records that a check of events could not judge.

    Args:
        table: The records.
        unjudged: bool ``(n,)``.
        otherwise: Reason of a digital record with answers, one a record or one for all.
    """
    rows = np.flatnonzero(unjudged)
    usual = np.broadcast_to(np.asarray(otherwise, dtype=object), (len(table),))[rows]
    why = np.where(table.column("channel")[rows] == "paper", "a form on paper", usual)
    why = np.where(table.answered[rows] == 0, "no answers", why)
    return dict(zip(rows.tolist(), why.tolist(), strict=True))


def group_of(table: RecordTable, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """``(units,)``: stratum of each unit's first record among ``rows``; 0 for a unit without."""
    group = np.zeros(len(table.unit_ids), dtype=np.intp)
    group[table.unit[rows[::-1]]] = table.stratum[rows[::-1]]
    return group


def _events(table: RecordTable) -> Events:
    n = len(table)
    zone = table.circumstances.timezone
    channel = table.column("channel")
    _, exported = np.unique(channel, return_inverse=True)
    exported = exported.astype(np.intp)
    read = {
        name: read_stamps(table.frame[name], zone, exported, table.unit)
        if name in table.frame.columns
        else Stamps.unknown(n)
        for name in ("started_at", "submitted_at")
    }
    started, submitted = read["started_at"], read["submitted_at"]
    passed = submitted.moment - started.moment
    spent = np.where((passed > 0) & (passed <= LONGEST_SECONDS), passed, np.nan)
    digital = (channel != "paper") & (table.answered > 0)
    spent = np.where(
        digital & ~_on_sending(spent / np.maximum(table.answered, 1), exported), spent, np.nan
    )
    early = np.isfinite(started.moment) & ~(passed < 0)
    when = np.where(early, started.moment, submitted.moment)
    clock = np.where(early, started.clock, submitted.clock)
    day = np.where(np.isfinite(started.day) & ~(passed < 0), started.day, submitted.day)
    grain = np.ones(n)
    for number in range(int(exported.max(initial=-1)) + 1):
        mine = exported == number
        grain[mine] = grain_of(when[mine & digital])
    whole = {name: _source(table, name) for name in SOURCES}
    shared = np.zeros(n, dtype=bool)
    sources = {}
    for name, source in whole.items():
        by_right = np.isin(source.names, sorted(table.circumstances.shared))
        allowed = np.append(by_right, False)[source.code]
        shared |= allowed
        nobody = np.append(_nobody(source.code, table.unit, len(table.unit_ids)), True)
        every = np.where(digital & ~nobody[source.code], source.code, -1)
        code = np.where(allowed, -1, every)
        sources[name] = Source(code, every, digital & source.named, source.names)
    excused = _assisted(table) | _service_day(table, day) | shared
    return Events(when, day, clock, spent, grain, digital, excused, sources, zone)


def _on_sending(pace: Vector, exported: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Records of a channel that writes the start on sending: half take no time at all."""
    at_once = np.zeros(pace.shape, dtype=bool)
    for number in range(int(exported.max(initial=-1)) + 1):
        mine = (exported == number) & np.isfinite(pace)
        if mine.any() and np.median(pace[mine]) < SENT_AT_ONCE:
            at_once |= mine
    return at_once


def _source(table: RecordTable, name: str) -> Source:
    n = len(table)
    if name not in table.frame.columns or n == 0:
        none = np.full(n, -1, dtype=np.intp)
        return Source(none, none, none >= 0, np.zeros(0, dtype=object))
    codes, values = pd.factorize(table.frame[name], use_na_sentinel=True)
    plain = [_text(value) for value in np.asarray(values, dtype=object).tolist()]
    texts = pd.Series(plain, dtype="str")
    if name == "ip":
        texts = _prefixes(texts)
    # rows stand in an order of their own, so numbers in order of appearance are the same always
    place, names = pd.factorize(texts.replace("", None), use_na_sentinel=True)
    code = np.append(place, -1)[codes].astype(np.intp)
    return Source(code, code, code >= 0, np.asarray(names, dtype=object))


def _text(value: object) -> str:
    whole = isinstance(value, float) and value.is_integer()
    # A number, as asked before.
    return str(int(value)) if whole else str(value).strip()  # type: ignore[call-overload]  # a number


def _prefixes(texts: pd.Series[str]) -> pd.Series[str]:
    """/24 of IPv4, /48 of IPv6 addresses; a hash or a prefix stands as it is."""
    prefix = texts.str.replace(r"^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$", r"\1.0/24", regex=True)
    six = texts.str.contains(":", regex=False).to_numpy(dtype=bool)
    if six.any():
        prefix = prefix.where(~six, texts.map(_six))
    return prefix


def _six(text: str) -> str:
    try:
        return str(ipaddress.ip_network((text, 48), strict=False))
    except ValueError:
        return text


def _nobody(code: NDArray[np.intp], unit: NDArray[np.intp], units: int) -> NDArray[np.bool_]:
    """Sources seen in a quarter of all units, five at least: a value that names nobody."""
    known = code >= 0
    pairs = np.unique(code[known].astype(np.int64) * max(units, 1) + unit[known])
    seen = np.bincount(pairs // max(units, 1), minlength=int(code.max(initial=-1)) + 1)
    nobody: NDArray[np.bool_] = seen >= max(NOBODY_UNITS, NOBODY_SHARE * units)
    return nobody


def _assisted(table: RecordTable) -> NDArray[np.bool_]:
    if "assisted" not in table.frame.columns:
        return np.zeros(len(table), dtype=bool)
    codes, values = pd.factorize(table.frame["assisted"], use_na_sentinel=True)
    yes = [value in (True, 1) or str(value).strip().lower() in _YES for value in values]
    assisted: NDArray[np.bool_] = np.array([*yes, False], dtype=bool)[codes]
    return assisted


def _service_day(table: RecordTable, day: Vector) -> NDArray[np.bool_]:
    """Records of announced days on which staff help many people in one place."""
    days = table.circumstances.assisted_days
    place = {name: number for number, name in enumerate(table.unit_ids)}
    first = dt.date(1970, 1, 1)
    everywhere = [(date - first).days for name, date in days if name == ANY_UNIT]
    here = [(place[name], (date - first).days) for name, date in days if name in place]
    found: NDArray[np.bool_] = np.isin(day, everywhere)
    if here:
        keys = np.array([unit * FAR_DAY + number for unit, number in here])
        found |= np.isin(table.unit * FAR_DAY + day, keys)
    return found

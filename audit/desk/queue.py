"""The queue: which cases there are, in which order, and why each stands where it does."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from audit.desk.entries import Entry, read_entries
from audit.desk.scope import Scope
from audit.judge.decision import CaseState
from audit.settings import Settings
from audit.store import schema
from audit.store.cases import Cases
from detectors.instrument import Instrument

__all__ = ["STATES", "Filters", "Queue", "chosen", "in_order"]

STATES = ("todo", *(state.value for state in CaseState), "all")
"""What can be asked for as ``state``: what waits for me, one state, or everything."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a view shows; it is the query of the URL, and nothing else is kept."""

    state: str = "todo"
    severity: str = ""
    unit: str = ""
    group: str = ""
    detector: str = ""
    kind: str = ""
    channel: str = ""
    batch: str = ""
    collector: str = ""

    @staticmethod
    def of(query: Mapping[str, str]) -> Filters:
        """The filters of a URL; what is not known is left out."""
        found = {f.name: query[f.name][:200] for f in fields(Filters) if query.get(f.name)}
        filters = Filters(**found)
        return filters if filters.state in STATES else replace(filters, state="todo")

    def query(self, **more: object) -> str:
        """The query of the URL, empty for the view that everybody begins with."""
        own = {f.name: getattr(self, f.name) for f in fields(Filters)}
        given = {k: v for k, v in own.items() if v and not (k == "state" and v == "todo")}
        given |= {k: str(v) for k, v in more.items() if v is not None}
        return f"?{urlencode(given)}" if given else ""


def chosen(entries: Iterable[Entry], filters: Filters, scope: Scope) -> list[Entry]:
    """Those that a view shows, in order. A unit stands for all units below it."""
    units = scope.book.below(filters.unit) if filters.unit else None

    def fits(entry: Entry) -> bool:
        state = filters.state
        return (
            (state == "all" or (state == "todo" and entry.waits_for(scope)) or entry.state == state)
            and (not filters.severity or entry.severity.value == filters.severity)
            and (units is None or entry.unit_id in units)
            and (not filters.group or entry.group == filters.group)
            and (not filters.detector or filters.detector in entry.detectors)
            and (not filters.kind or filters.kind in entry.kinds)
            and (not filters.channel or entry.channel == filters.channel)
            and (not filters.batch or entry.batch == filters.batch)
            and (not filters.collector or entry.collector == filters.collector)
        )

    return in_order(entry for entry in entries if fits(entry))


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """First what is open, then what nobody could judge, then severity, then effect."""

    def place(entry: Entry) -> tuple[bool, bool, int, float, str, int]:
        return (
            entry.state.closed,
            not entry.reasons,
            -entry.severity.rank,
            -(entry.effect or 0.0),
            entry.label,
            entry.id,
        )

    return sorted(entries, key=place)


class Queue:
    """All cases of the round, read again when a decision or a run has changed them."""

    def __init__(self, settings: Settings, instruments: Mapping[str, Instrument]) -> None:
        """The queue of a round."""
        self._round = settings.round.id
        self._instruments = instruments
        self._lock = threading.Lock()
        self._stand: tuple[Any, ...] | None = None
        self._entries: list[Entry] = []

    def entries(self, connection: sa.Connection, scope: Scope) -> list[Entry]:
        """Every case in sight of a user."""
        return [entry for entry in self._all(connection) if scope.sees(entry.unit_id)]

    def _all(self, connection: sa.Connection) -> list[Entry]:
        stand = self._current(connection)
        with self._lock:
            if self._stand != stand:
                self._entries = read_entries(connection, self._round, self._instruments)
                self._stand = stand
            return self._entries

    def _current(self, connection: sa.Connection) -> tuple[Any, ...]:
        cases, runs = schema.cases, schema.runs
        last = sa.select(sa.func.max(runs.c.finished_at), sa.func.count()).where(
            runs.c.round_id == self._round
        )
        open_ = sa.select(sa.func.count()).where(
            cases.c.round_id == self._round, cases.c.withdrawn_run.is_(None)
        )
        ended, count = connection.execute(last).one()
        head = Cases(connection, self._round).head()
        return head, ended, count, connection.execute(open_).scalar()

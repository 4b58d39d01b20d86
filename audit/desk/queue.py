"""The queue: which cases there are, in which order, and why each stands where it does.

All cases of a round are read once. A decision changes one of them and its place in the lists
that people look at, and nothing else is worked out anew: with tens of thousands of cases
and many people deciding, a page costs what it shows.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from urllib.parse import urlencode

import sqlalchemy as sa

from audit.desk.entries import Entry, read_entries
from audit.desk.scope import Scope
from audit.judge.decision import CaseState, state_of
from audit.settings import Settings
from audit.store.cases import Cases
from audit.store.known import known_round
from audit.trail.acts import Action
from audit.trail.chain import last_seq
from detectors.instrument import Instrument

__all__ = ["CHANGING", "STATES", "Filters", "Queue", "View", "in_order"]

STATES = ("todo", *(state.value for state in CaseState), "all")
"""What can be asked for as ``state``: what waits for me, one state, or everything."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a view shows; it is the query of the URL, and nothing else is kept."""

    state: str = "todo"
    severity: str = ""
    province: str = ""
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


def fits(filters: Filters, scope: Scope) -> Callable[[Entry], bool]:
    """Whether a view shows a case. A unit stands for all units below it."""
    tests: list[Callable[[Entry], bool]] = []
    if not scope.judges:
        tests.append(lambda entry: entry.known is None)
    if scope.units is not None:
        tests.append(lambda entry: scope.sees(entry.unit_id))
    if filters.state == "todo":
        tests.append(lambda entry: entry.waits_for(scope))
    elif filters.state != "all":
        tests.append(lambda entry: entry.state == filters.state)
    if filters.severity:
        tests.append(lambda entry: entry.severity.value == filters.severity)
    for unit in filter(None, (filters.unit, filters.province)):
        below = scope.book.below(unit)
        # Mypy knows no types of defaults in a lambda.
        tests.append(lambda entry, below=below: entry.unit_id in below)  # type: ignore[misc]
    for name in ("group", "channel", "batch", "collector"):
        if wanted := getattr(filters, name):
            tests.append(_is(name, wanted))
    if filters.detector:
        tests.append(lambda entry: filters.detector in entry.detectors)
    if filters.kind:
        tests.append(lambda entry: filters.kind in entry.kinds)
    if len(tests) == 1:
        return tests[0]
    return lambda entry: all(test(entry) for test in tests)


def _is(name: str, wanted: str) -> Callable[[Entry], bool]:
    return lambda entry: getattr(entry, name) == wanted


def _place(entry: Entry) -> tuple[bool, bool, int, bool, float, str, int]:
    return entry.place


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """First what is open, then what nobody could judge, then severity, tier, effect."""
    return sorted(entries, key=_place)


@dataclass
class View:
    """What one person sees with some filters, in order.

    Attributes:
        fit: Whether it shows a case.
        shown: The cases; never changed, replaced.
        at: How many changes of the queue it knows of.
    """

    fit: Callable[[Entry], bool]
    shown: Sequence[Entry]
    at: int = 0

    def around(self, entry: Entry | None) -> tuple[int | None, int | None, int]:
        """The case before and after one, and its place from 1; 0 where it is not shown."""
        place = (
            len(self.shown) if entry is None else bisect_left(self.shown, entry.place, key=_place)
        )
        there = place < len(self.shown) and entry is not None and self.shown[place].id == entry.id
        if not there:
            return None, self.shown[0].id if self.shown else None, 0
        return (
            self.shown[place - 1].id if place else None,
            self.shown[place + 1].id if place + 1 < len(self.shown) else None,
            place + 1,
        )

    def holds(self, entry: Entry | None) -> bool:
        """Whether it shows a case."""
        return entry is not None and self.fit(entry)

    def catch_up(self, changes: Sequence[tuple[Entry, Entry]]) -> None:
        """Put cases that have changed since into their new places."""
        if self.at == len(changes):
            return
        shown = list(self.shown)
        for old, new in changes[self.at :]:
            if self.fit(old):
                del shown[bisect_left(shown, old.place, key=_place)]
            if self.fit(new):
                insort(shown, new, key=_place)
        self.shown, self.at = shown, len(changes)


@dataclass
class _World:
    """The cases as of one run, with the decisions since.

    Attributes:
        stand: Number of the last entry of the trail that may have changed cases.
        head: Number of the last decision.
        by_id: Case -> what is known of it.
        everything: All cases in order; put into order once.
        changes: What a case was and became, in order.
        views: The latest used, by whose they are and what they filter.
        choices: How often each value of a filter occurs, by whose sight it is.
    """

    stand: int
    head: int
    by_id: dict[int, Entry]
    everything: View
    changes: list[tuple[Entry, Entry]] = field(default_factory=list)
    views: OrderedDict[object, View] = field(default_factory=OrderedDict)
    choices: dict[tuple[str | None, bool], Mapping[str, Counter[str]]] = field(default_factory=dict)


_CHOICES = ("unit_id", "group", "channel", "batch", "collector")
_SEVERAL = ("detectors", "kinds")
_EVERYTHING = Filters(state="all")
_VIEWS = 128
CHANGING = (Action.EVIDENCE, Action.SCORES, Action.REGISTERS, Action.KNOWN)
"""Acts that change which cases there are, or what is known of them but for decisions."""


class Queue:
    """All cases of the round, read again when a run has changed them."""

    def __init__(self, settings: Settings, instruments: Mapping[str, Instrument]) -> None:
        """The queue of a round."""
        self._round = settings.round.id
        self._instruments = instruments
        self._lock = threading.Lock()
        self._world: _World | None = None

    def view(self, connection: sa.Connection, filters: Filters, scope: Scope) -> View:
        """What a user sees with some filters; it stays as it is while it is used."""
        with self._lock:
            return self._view(self._current(connection), filters, scope)

    def entries(self, connection: sa.Connection, scope: Scope) -> Sequence[Entry]:
        """Every case in sight of a user, in order."""
        return self.view(connection, _EVERYTHING, scope).shown

    def known(self, connection: sa.Connection) -> Sequence[Entry]:
        """The known forms among the cases, for those who measure and not for those who judge."""
        with self._lock:
            by_id = self._current(connection).by_id
            return [entry for entry in by_id.values() if entry.known is not None]

    def look(
        self, connection: sa.Connection, filters: Filters, scope: Scope, *cases: int | None
    ) -> tuple[View, list[Entry | None]]:
        """What a user sees with some filters, and what is known of some cases, at one moment."""
        with self._lock:
            world = self._current(connection)
            found = [None if case is None else world.by_id.get(case) for case in cases]
            return self._view(world, filters, scope), found

    def find(self, connection: sa.Connection, case_id: int) -> Entry | None:
        """What the queue knows of a case, whoever may see it."""
        with self._lock:
            return self._current(connection).by_id.get(case_id)

    def first(self, connection: sa.Connection, count: int) -> Sequence[Entry]:
        """The cases that stand first, whoever may see them."""
        with self._lock:
            return self._current(connection).everything.shown[:count]

    def choices(self, connection: sa.Connection, scope: Scope) -> Mapping[str, Counter[str]]:
        """How often each value of a filter occurs among the cases in sight."""
        with self._lock:
            world, key = self._current(connection), (scope.user.scope_unit, scope.judges)
            if key not in world.choices:
                fit = fits(_EVERYTHING, scope)
                seen = [e for e in world.by_id.values() if fit(e)]
                found = {n: Counter(v for e in seen if (v := getattr(e, n))) for n in _CHOICES}
                for name in _SEVERAL:
                    found[name] = Counter(value for e in seen for value in getattr(e, name))
                world.choices[key] = found
            return world.choices[key]

    @staticmethod
    def _view(world: _World, filters: Filters, scope: Scope) -> View:
        if scope.units is None and scope.judges and filters == _EVERYTHING:
            world.everything.catch_up(world.changes)
            return replace(world.everything)
        key = (_of(scope), filters)
        view = world.views.get(key)
        if view is None:
            fit = fits(filters, scope)
            world.everything.catch_up(world.changes)
            shown = [entry for entry in world.everything.shown if fit(entry)]
            view = world.views[key] = View(fit, shown, len(world.changes))
            while len(world.views) > _VIEWS:
                world.views.popitem(last=False)
        world.views.move_to_end(key)
        view.catch_up(world.changes)
        return replace(view)

    def _current(self, connection: sa.Connection) -> _World:
        """The cases as they stand now; the caller holds the lock."""
        cases = Cases(connection, self._round, also=(known_round(self._round),))
        stand, head = last_seq(connection, CHANGING), cases.head()
        world = self._world
        # Whoever waited here may look at an older state than what is known by now: both
        # numbers only grow, and the newer is kept.
        if world is None or stand > world.stand:
            entries = read_entries(connection, self._round, self._instruments)
            by_id = {entry.id: entry for entry in entries}
            everything = View(lambda _: True, in_order(entries))
            world = self._world = _World(stand, head, by_id, everything)
        elif head > world.head:
            for case_id in cases.decided_since(world.head):
                old = world.by_id.get(case_id)
                if old is not None:
                    history = tuple(cases.history(case_id).get(case_id, ()))
                    state = state_of(history, evidence=old.evidence, needs_two=old.two)
                    new = replace(old, history=history, state=state)
                    world.by_id[case_id] = new
                    world.changes.append((old, new))
            world.head = head
        return world


def _of(scope: Scope) -> object:
    user = scope.user
    return (user.id, user.role, user.scope_unit, user.home_unit)

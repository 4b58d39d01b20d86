"""The queue and its exports."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.responses import Response

from audit.desk.casefile import title_of
from audit.desk.entries import Entry
from audit.desk.leases import Lease, Leases
from audit.desk.permissions import Permission
from audit.desk.queue import STATES, Filters
from audit.desk.routing import Routes
from audit.desk.tables import exported
from audit.desk.web import Visit, Visited
from audit.reporting.evidence import REASONS
from audit.reporting.reasons import reason_message
from detectors.finding import Message
from reports.wording import kind_title

__all__ = ["reason_of", "routes", "why_here"]

routes = Routes()

_PAGE = 50


@routes.get("/queue", Permission.CASES)
def queue(visit: Visited) -> Response:
    """The cases that a view shows, a page of them."""
    filters, shown, leases = _view(visit)
    desk = visit.desk
    with desk.store.reading() as connection:
        everything = desk.queue.entries(connection, visit.scope)
        waiting = desk.queue.view(connection, Filters(), visit.scope).shown
        choices = desk.queue.choices(connection, visit.scope)
    last = max(1, -(-len(shown) // _PAGE))
    number = visit.request.query_params.get("page", "1")
    page = min(max(int(number), 1), last) if number.isascii() and number.isdigit() else 1
    start = (page - 1) * _PAGE
    desk.ahead.prepare(*(entry.id for entry in shown[start : start + 2]))
    rows = enumerate(shown[start : start + _PAGE], start=start + 1)
    return visit.page(
        "queue.html.j2",
        filters=filters,
        rows=[_row(visit, n, e, leases) for n, e in rows],
        count=len(shown),
        total=len(everything),
        states=Counter(entry.state.value for entry in everything),
        waiting=len(waiting),
        held=_held(visit, shown, leases),
        choices=_choices(visit, choices),
        page=page,
        last=last,
    )


def _held(visit: Visit, shown: Sequence[Entry], leases: Mapping[int, Lease]) -> int:
    """How many of the cases shown somebody else is at; few, so that they are looked up."""
    others = {case for case, lease in leases.items() if lease.user_id != visit.user.id}
    return sum(entry.id in others for entry in shown) if others else 0


@routes.get("/queue.{kind}", Permission.EXPORT)
def export(visit: Visited, kind: str) -> Response:
    """The whole view as a table, as it is shown."""
    filters, shown, leases = _view(visit)
    rows = [_row(visit, number, entry, leases) for number, entry in enumerate(shown, start=1)]
    cells = ("number", "severity", "label", "unit", "unit_id", "signs", "channel", "points", "why")
    named = {"label": "subject", "points": "effect"}
    columns = {
        visit.text(f"queue.{named.get(cell, cell)}"): [row[cell] for row in rows]
        for cell in (*cells, "state", "holder")
    }
    return exported(visit, kind, "queue", columns, f"queue{filters.query()}")


def _view(visit: Visit) -> tuple[Filters, Sequence[Entry], Mapping[int, Lease]]:
    filters = Filters.of(visit.request.query_params)
    with visit.desk.store.reading() as connection:
        view = visit.desk.queue.view(connection, filters, visit.scope)
        leases = Leases(connection).running(visit.desk.now())
    return filters, view.shown, leases


def _row(visit: Visit, number: int, entry: Entry, leases: Mapping[int, Lease]) -> dict[str, Any]:
    """One line of the queue in the visitor's language; the export has the same cells."""
    t, lease = visit.text, leases.get(entry.id)
    return {
        "id": entry.id,
        "number": number,
        "level": entry.severity.value,
        "severity": t(f"mark.{entry.severity.value}"),
        "subject": t(f"subject.{entry.subject}"),
        "label": entry.label,
        "unit_id": entry.unit_id,
        "unit": visit.scope.book.name(entry.unit_id) or t("unit.unknown"),
        "signs": "; ".join(t.say(kind_title(kind)) for kind in entry.kinds),
        "unjudged": bool(entry.reasons),
        "channel": t.or_raw("channel", entry.channel),
        "points": None if entry.effect is None else round(entry.effect * 100, 2),
        "effect": None if entry.effect is None else t.number(entry.effect * 100, 2),
        "why": why_here(visit, entry, effect=False),  # that has a column of its own
        "status": entry.state.value,
        "state": t(f"state.{entry.state.value}"),
        "mine": entry.waits_for(visit.scope),
        "holder": None if lease is None else lease.full_name,
        "until": None if lease is None else local_time(visit, lease.until).strftime("%H:%M"),
    }


def why_here(visit: Visit, entry: Entry, *, effect: bool = True) -> str:
    """Why a case stands where it does."""
    t = visit.text
    parts = [t.say(reason_of(code)).rstrip(".") for code in entry.reasons]
    if parts:
        parts = [t("why.unjudged", reasons=", ".join(parts).lower())]
    else:
        parts = [t(f"why.{entry.severity.value}")]
    if entry.tier_open:
        parts.append(t("why.tier"))
    if entry.signs:
        parts.append(t.count("why.signs", entry.signs))
    if effect and entry.effect is not None and entry.effect >= 0.00005:
        parts.append(t("why.effect", points=t.points(entry.effect)))
    return "; ".join(parts)


def reason_of(code: str) -> Message:
    """Why a record could not be judged, in both languages."""
    return REASONS.get(code, reason_message(code))


def local_time(visit: Visit, moment: dt.datetime) -> dt.datetime:
    """A time of the audit as the clock on the wall shows it."""
    from zoneinfo import ZoneInfo

    return moment.astimezone(ZoneInfo(visit.desk.settings.timezone))


def _choices(visit: Visit, counts: Mapping[str, Counter[str]]) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen in each filter: only what occurs, with how often."""
    t, book = visit.text, visit.scope.book

    def of(values: Counter[str], name: Any) -> list[tuple[str, str]]:
        shown = [(value, f"{name(value)} ({count})") for value, count in values.items()]
        return sorted(shown, key=lambda pair: pair[1].casefold())

    provinces: Counter[str] = Counter()
    for unit, count in counts["unit_id"].items():
        top = book.top(unit)
        if top != unit:
            provinces[top] += count
    return {
        "state": [(state, t(f"state.{state}")) for state in STATES],
        "severity": [(level, t(f"mark.{level}")) for level in ("red", "orange", "yellow")],
        "kind": of(counts["kinds"], lambda kind: t.say(kind_title(kind))),
        "detector": of(counts["detectors"], lambda check: t.say(title_of(check))),
        "province": of(provinces, book.name),
        "unit": of(counts["unit_id"], book.name),
        "group": of(counts["group"], str),
        "channel": of(counts["channel"], lambda code: t.or_raw("channel", code)),
        "batch": of(counts["batch"], str),
        "collector": of(counts["collector"], str),
    }

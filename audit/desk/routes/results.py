"""The round: how far the review is, what could not be judged, whether people agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Form
from fastapi.responses import Response

from audit.desk.agreement import agreement, pairs_of
from audit.desk.entries import Entry
from audit.desk.permissions import Permission
from audit.desk.routes.reviewers import reviewers_of
from audit.desk.routing import Routes
from audit.desk.tables import exported
from audit.desk.web import Refused, Visit, Visited
from audit.judge.decision import CaseState
from audit.reporting.names import message_of
from audit.reporting.reasons import reason_message
from audit.sharing import small
from audit.store import schema
from audit.store.pages import Pages
from audit.store.results import Runs
from audit.trail.acts import Action
from detectors.instrument import Instrument
from scans.unjudged import why_unjudged

__all__ = ["routes", "value_of"]

routes = Routes()

_UNREAD = 1_000
_RUNS = 10


@routes.get("/round", Permission.RESULTS)
def round_page(visit: Visited) -> Response:
    """How far the review is, what could not be judged, and whether reviewers agree."""
    with visit.desk.store.reading() as connection:
        entries = visit.desk.queue.entries(connection, visit.scope)
        problems = _problems(visit, connection) if visit.scope.units is None else []
        units = _units(visit, connection, entries)
        unread = _unread(visit, connection)
        since = _decided_since_scoring(visit, connection, entries)
        measured = visit.may(Permission.REVIEWERS) and reviewers_of(visit, connection)
        runs = _runs(visit, connection) if visit.scope.units is None else []
    closed = sum(entry.state.closed for entry in entries)
    return visit.page(
        "round.html.j2",
        total=len(entries),
        closed=closed,
        states=[(s.value, sum(e.state is s for e in entries)) for s in CaseState],
        levels=Counter(e.severity.value for e in entries),
        unjudged=sum(bool(e.reasons) and not e.state.closed for e in entries),
        problems=problems,
        units=units,
        agreement=agreement(pairs_of(entries)),
        since=since,
        unread=unread,
        measured=measured,
        runs=runs,
    )


def _runs(visit: Visit, connection: sa.Connection) -> list[dict[str, Any]]:
    """The last runs, the latest first; whose times, counts and failures the run page tells."""
    rows = Runs(connection, visit.desk.settings.round.id).all()[-_RUNS:]
    return [
        {
            "id": row["id"],
            "started": visit.moment(row["started_at"]),
            "finished": row["finished_at"] and visit.moment(row["finished_at"]),
            "status": row["status"],
            "exit_code": row["exit_code"],
            "records": (row["counts"] or {}).get("records"),
        }
        for row in reversed(rows)
    ]


@routes.get("/round/units.{kind}", Permission.EXPORT)
def export_units(visit: Visited, kind: str) -> Response:
    """The units of the round page as a table."""
    with visit.desk.store.reading() as connection:
        entries = visit.desk.queue.entries(connection, visit.scope)
        rows = _units(visit, connection, entries)
    t = visit.text

    def cells(name: str) -> list[Any]:
        return [None if row["value"] is None else row["value"][name] for row in rows]

    columns: dict[str, list[Any]] = {
        t("queue.unit_id"): [row["id"] for row in rows],
        t("queue.unit"): [row["name"] for row in rows],
        t("value.received"): cells("received"),
        t("value.after"): cells("after"),
        t("value.low"): cells("low"),
        t("value.high"): cells("high"),
        t("value.n"): cells("n"),
        t("round.open"): [f"{row['open']} / {row['total']}" for row in rows],
    }
    return exported(visit, kind, "units", columns)


@routes.get("/round/unjudged.{kind}", Permission.EXPORT)
def export_unjudged(visit: Visited, kind: str) -> Response:
    """What could not be judged as a table."""
    with visit.desk.store.reading() as connection:
        unread = _unread(visit, connection)
        problems = _problems(visit, connection) if visit.scope.units is None else []
    t = visit.text
    columns = {
        t("problem.place"): [f"{r['path']}#{r['page']}" for r in unread]
        + [r["place"] for r in problems],
        t("problem.what"): [r["why"] for r in unread] + [r["what"] for r in problems],
        t("problem.remedy"): [t("retry.queued") if r["queued"] else "" for r in unread]
        + [r["remedy"] for r in problems],
    }
    return exported(visit, kind, "unjudged", columns)


@routes.post("/round/retry", Permission.DECIDE)
def retry(visit: Visited, file: Annotated[str, Form(max_length=30)] = "") -> Response:
    """Have the next run judge a file again that could not be judged."""
    with visit.desk.store.reading() as connection:
        found = {str(row["file_id"]): row["path"] for row in _unread(visit, connection)}
    if file not in found:
        raise Refused(404, "refused.nothing")
    round_id = visit.desk.settings.round.id
    with visit.desk.journal.doing(Action.RETRY, found[file], visit.who) as connection:
        Pages(connection, round_id).judge_again(int(file))
    return visit.go("/round#unjudged")


def _unread(visit: Visit, connection: sa.Connection) -> list[dict[str, Any]]:
    """Pages that nobody could judge, of units in sight, in order of file."""
    pages, files = schema.pages, schema.files
    links, records = schema.record_pages, schema.records
    query = (
        sa.select(pages, files.c.path, records.c.unit_id)
        .join(files, files.c.id == pages.c.file_id)
        .outerjoin(links, links.c.page_id == pages.c.id)
        .outerjoin(records, records.c.id == links.c.record)
        .where(
            files.c.round_id == visit.desk.settings.round.id,
            files.c.state == "kept",
            sa.or_(pages.c.status != "read", pages.c.flagged.is_(None)),
        )
        .order_by(files.c.path, pages.c.page)
        .limit(_UNREAD)
    )
    found = []
    for row in connection.execute(query).mappings():
        if not visit.scope.sees(row["unit_id"]):
            continue
        reasons = [row["reason"]]
        if row["status"] == "read":
            reasons, _ = why_unjudged(row["not_assessable"])
        why = "; ".join(
            dict.fromkeys(visit.text.say(reason_message(str(r or row["status"]))) for r in reasons)
        )
        found.append(
            {
                "file_id": row["file_id"],
                "path": row["path"],
                "page": row["page"],
                "status": row["status"],
                "why": why,
                "queued": row["work_key"] == "",
            }
        )
    return found


def value_of(visit: Visit, score: sa.RowMapping) -> dict[str, Any]:
    """A result of a unit as it is shown."""
    t = visit.text

    received = sum((score["counts"] or {}).values())
    few = small(received, score["records_counted"])

    def share(version: str) -> str | None:
        answers = 0 if few else score[f"answers_{version}"]
        return t.percent(score[f"satisfied_{version}"] / answers) if answers else None

    measure, factor = score["measure"], score["factor"]
    form = visit.desk.instruments.get(score["instrument_id"])
    order = {"overall": 0, "factor": 1, "whole_form": 2}[measure]
    return {
        "order": (order, factor),
        "name": _factor(visit, form, factor) if factor else t(f"measure.{measure}"),
        "received": share("as_received"),
        "after": share("after_review"),
        "low": share("bound_low"),
        "high": share("bound_high"),
        "n": t.number(score["records_counted"]),
        "rank": None
        if few or score["rank_after_review"] is None
        else t.rank(score["rank_after_review"], score["ranked_units"]),
    }


def _factor(visit: Visit, form: Instrument | None, factor: str) -> str:
    named = None if form is None else form.factor_names.get(factor)
    if not named:
        return visit.text("measure.factor", factor=factor)
    return f"{factor}. {visit.text.say(message_of(named, factor))}"


def _units(
    visit: Visit, connection: sa.Connection, entries: Sequence[Entry]
) -> list[dict[str, Any]]:
    scores = schema.scores
    query = sa.select(scores).where(
        scores.c.round_id == visit.desk.settings.round.id, scores.c.measure == "overall"
    )
    found = {row["unit_id"]: row for row in connection.execute(query).mappings()}
    open_ = Counter(e.unit_id for e in entries if not e.state.closed)
    total = Counter(e.unit_id for e in entries)
    rows = []
    for unit in visit.scope.book.rows:
        if visit.scope.sees(unit):
            row = found.get(unit)
            value = None if row is None else value_of(visit, row)
            rows.append(
                {
                    "id": unit,
                    "name": visit.scope.book.name(unit),
                    "value": value,
                    "open": open_[unit],
                    "total": total[unit],
                }
            )
    return sorted(rows, key=lambda r: (-r["open"], r["id"]))


def _problems(visit: Visit, connection: sa.Connection) -> list[sa.RowMapping]:
    table = schema.problems
    query = sa.select(table).where(table.c.round_id == visit.desk.settings.round.id)
    return list(connection.execute(query.order_by(table.c.place, table.c.id)).mappings())


def _decided_since_scoring(
    visit: Visit, connection: sa.Connection, entries: Sequence[Entry]
) -> int:
    """Cases whose record does not stand yet where the decision puts it."""
    records = schema.records
    query = sa.select(records.c.instrument_id, records.c.record_id, records.c.state).where(
        records.c.round_id == visit.desk.settings.round.id,
        records.c.state.in_(("held", "excluded")),
    )
    state = {(row[0], row[1]): row[2] for row in connection.execute(query)}
    late = 0
    for entry in entries:
        if entry.known is None and entry.subject == "record" and entry.unit_id is not None:
            stands = state.get((entry.instrument_id, entry.subject_id), "scored")
            if entry.state is CaseState.CONFIRMED:
                late += stands != "excluded"
            elif entry.state is CaseState.DISMISSED:
                late += stands != "scored"
            else:
                late += stands == "excluded"
    return late

"""One unit: its value among its peers, its cases, its batches in order, what it explained."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Form
from fastapi.responses import Response
from markupsafe import Markup

from audit.desk.casefile import title_of
from audit.desk.people import stamp
from audit.desk.permissions import Permission
from audit.desk.queue import Filters
from audit.desk.routes.case import chance
from audit.desk.routes.queue import why_here
from audit.desk.routes.results import value_of
from audit.desk.tables import exported
from audit.desk.web import Refused, Routes, Visit, Visited
from audit.reporting.reasons import reason_message
from audit.sharing import small
from audit.store import schema
from audit.store.explanations import ANSWERS, Explanations
from audit.store.known import known_round
from audit.trail.acts import Action
from detectors.errors import UsageError
from reports.charts import funnel
from reports.views import PeerPoint

__all__ = ["routes"]

routes = Routes()

Word = Annotated[str, Form(max_length=200)]
Words = Annotated[str, Form(max_length=8000)]


@routes.get("/units/{unit_id}", Permission.RESULTS)
def unit_page(visit: Visited, unit_id: str) -> Response:
    """One unit: its value, its tests, its cases and its batches."""
    row = visit.scope.book.rows.get(unit_id)
    if row is None or not visit.scope.sees(unit_id):
        raise Refused(404, "refused.nothing")
    desk, round_id = visit.desk, visit.desk.settings.round.id
    scores, results = schema.scores, schema.unit_results
    with desk.store.reading() as connection:
        view = desk.queue.view(connection, Filters(state="all", unit=unit_id), visit.scope)
        entries = [e for e in view.shown if e.unit_id == unit_id]
        score_rows = connection.execute(
            sa.select(scores).where(scores.c.round_id == round_id, scores.c.unit_id == unit_id)
        ).mappings()
        values = [value_of(visit, score) for score in score_rows]
        tests = [
            _test(visit, result)
            for result in connection.execute(
                sa.select(results).where(
                    results.c.round_id == round_id, results.c.unit_id == unit_id
                )
            ).mappings()
        ]
        batches = _timeline(visit, connection, unit_id)
        chart = _funnel(visit, connection, unit_id)
        explanations = _explanations(visit, connection, unit_id)
    return visit.page(
        "unit.html.j2",
        unit_id=unit_id,
        unit=row,
        parent=visit.scope.book.name(visit.scope.book.parents.get(unit_id)),
        values=sorted(values, key=lambda v: v["order"]),
        tests=tests,
        cases=[(e, why_here(visit, e)) for e in entries],
        batches=batches,
        chart=chart,
        explanations=explanations,
        own=visit.scope.is_own(unit_id),
        see_cases=visit.may(Permission.CASES),
    )


@routes.get("/units/{unit_id}/cases.{kind}", Permission.EXPORT)
def export_cases(visit: Visited, unit_id: str, kind: str) -> Response:
    """The unit's cases as a table, with the cells of the page."""
    _in_sight(visit, unit_id)
    with visit.desk.store.reading() as connection:
        entries = visit.desk.queue.view(
            connection, Filters(state="all", unit=unit_id), visit.scope
        ).shown
    t, own = visit.text, [e for e in entries if e.unit_id == unit_id]
    columns = {
        t("queue.severity"): [t(f"mark.{e.severity.value}") for e in own],
        t("queue.subject"): [e.label for e in own],
        t("queue.why"): [why_here(visit, e) for e in own],
        t("queue.state"): [t(f"state.{e.state.value}") for e in own],
    }
    return exported(visit, kind, f"cases-{unit_id}", columns, f"cases of unit {unit_id}")


@routes.post("/units/{unit_id}/explanations", Permission.DECIDE)
def ask(
    visit: Visited, unit_id: str, text: Words = "", due: Word = "", case: Word = ""
) -> Response:
    """Ask the unit to explain, by a day."""
    _in_sight(visit, unit_id)
    try:
        day = dt.date.fromisoformat(due) if due else None
    except ValueError as error:
        raise Refused(400, "refused.malformed") from error
    with visit.desk.store.reading() as connection:
        number = int(case[:19]) if case.isascii() and case.isdigit() else None
        about = None if number is None else visit.desk.queue.find(connection, number)
    if about is not None and about.unit_id != unit_id:
        raise Refused(404, "refused.nothing")
    # About a known form no unit is asked: the request is where only those who judge see it.
    round_id = known_round(visit.round_id) if about and about.known else visit.round_id
    return _write(
        visit,
        unit_id,
        round_id,
        lambda found, by: found.ask(unit_id, text, day, about.id if about else None, **by),
    )


@routes.post("/units/{unit_id}/explanations/{seq}/{step}", Permission.RESULTS)
def answer(visit: Visited, unit_id: str, seq: int, step: str, text: Words = "") -> Response:
    """The unit explains; reviewers accept, or do not. Nobody accepts what their own unit says."""
    _in_sight(visit, unit_id)
    if step not in ANSWERS:
        raise Refused(404, "refused.nothing")
    if step != "answer" and not visit.may(Permission.DECIDE):
        raise Refused(403, "refused.role")
    if step != "answer" and visit.scope.is_own(unit_id):
        raise Refused(403, "bar.own_unit")
    with visit.desk.store.reading() as connection:
        seen = {
            request["seq"]: request["round_id"]
            for round_id in visit.rounds
            for request, _ in Explanations(connection, round_id).of(unit_id)
        }
    round_id = seen.get(seq, visit.round_id)
    return _write(
        visit, unit_id, round_id, lambda found, by: found.answer(unit_id, seq, step, text, **by)
    )


def _write(visit: Visit, unit_id: str, round_id: str, act: Any) -> Response:
    desk = visit.desk
    by = {"actor": visit.user.name, "at": stamp(desk.now())}
    try:
        with desk.journal.doing(
            Action.EXPLANATION, f"unit {unit_id}", visit.who, always=False
        ) as connection:
            act(Explanations(connection, round_id), by)
    except UsageError as error:
        raise Refused(400, "explain.not_possible") from error
    return visit.go(f"/units/{unit_id}#explanations")


def _in_sight(visit: Visit, unit_id: str) -> None:
    if unit_id not in visit.scope.book.rows or not visit.scope.sees(unit_id):
        raise Refused(404, "refused.nothing")


def _explanations(visit: Visit, connection: sa.Connection, unit_id: str) -> list[dict[str, Any]]:
    t = visit.text
    found = sorted(
        (
            pair
            for round_id in visit.rounds
            for pair in Explanations(connection, round_id).of(unit_id)
        ),
        key=lambda pair: int(pair[0]["seq"]),
    )

    def shown(row: sa.RowMapping) -> dict[str, Any]:
        return {
            "step": row["step"],
            "text": row["text"],
            "who": row["actor"],
            "at": visit.moment(row["at"]),
        }

    return [
        shown(request)
        | {
            "seq": request["seq"],
            "case": request["case_id"],
            "due": None if request["due"] is None else t.day(request["due"]),
            "late": request["due"] is not None
            and not steps
            and request["due"] < visit.desk.now().date(),
            "steps": [shown(step) for step in steps],
            "state": steps[-1]["step"] if steps else "ask",
        }
        for request, steps in found
    ]


def _funnel(visit: Visit, connection: sa.Connection, unit_id: str) -> Markup | None:
    """The unit among all units of its group: value against number of records."""
    t, book, scores = visit.text, visit.scope.book, schema.scores
    group = book.rows[unit_id]["peer_group"]
    if group is None:
        return None
    query = sa.select(scores).where(
        scores.c.round_id == visit.desk.settings.round.id, scores.c.measure == "overall"
    )
    found = {
        row["unit_id"]: row
        for row in connection.execute(query).mappings()
        if (book.rows.get(row["unit_id"]) or {}).get("peer_group") == group
        and row["answers_as_received"]
        and not small(sum((row["counts"] or {}).values()), row["records_counted"])
    }
    if unit_id not in found or len(found) < 2:
        return None

    def point(row: sa.RowMapping) -> PeerPoint:
        share = row["satisfied_as_received"] / row["answers_as_received"]
        return PeerPoint(sum((row["counts"] or {}).values()) or row["records_counted"], share)

    answers = sum(row["answers_as_received"] for row in found.values())
    pooled = sum(row["satisfied_as_received"] for row in found.values()) / answers
    return funnel(
        [point(row) for unit, row in found.items() if unit != unit_id],
        point(found[unit_id]),
        pooled,
        None,
        (t("funnel.records"), t("value.received")),
        t("chart.funnel", group=str(group)),
        t("chart.funnel.words", units=t.number(len(found))),
        lambda share: t.percent(share, 0),
    )


def _timeline(visit: Visit, connection: sa.Connection, unit_id: str) -> list[dict[str, Any]]:
    """The unit's batches in the order in which they were collected, with what came in."""
    records, batches = schema.records, schema.batches
    round_id = visit.desk.settings.round.id
    query = (
        sa.select(
            records.c.batch,
            sa.func.count().label("n"),
            sa.func.sum(sa.case((records.c.flagged, 1), else_=0)).label("flagged"),
            sa.func.sum(sa.case((records.c.state == "held", 1), else_=0)).label("held"),
            sa.func.min(records.c.submitted_at).label("first"),
            sa.func.max(records.c.submitted_at).label("last"),
        )
        .where(records.c.round_id == round_id, records.c.unit_id == unit_id)
        .group_by(records.c.batch)
    )
    came = {row["batch"]: dict(row) for row in connection.execute(query).mappings()}
    held = sa.select(batches).where(batches.c.round_id == round_id, batches.c.unit_id == unit_id)
    rows = [dict(row) for row in connection.execute(held.order_by(batches.c.id)).mappings()]
    known = {row["batch"] for row in rows}
    rows += [{"batch": name} for name in came if name not in known and name is not None]
    if None in came and len(came) > 1:
        rows.append({"batch": None})
    blank: dict[str, Any] = {column.name: None for column in batches.columns}
    nothing: dict[str, Any] = {"n": 0, "flagged": 0, "held": 0, "first": None, "last": None}
    most = max((found["n"] for found in came.values()), default=0)
    found = [blank | row | nothing | {"most": most} | came.get(row["batch"], {}) for row in rows]
    return sorted(
        found, key=lambda r: (str(r.get("returned_at") or r["first"] or "9"), str(r["batch"]))
    )


def _test(visit: Visit, result: sa.RowMapping) -> dict[str, Any]:
    t = visit.text
    scores = [
        (t.say(title_of(name)), t.number(score, 3))
        for name, score in sorted((result["detectors"] or {}).items())
        if isinstance(score, int | float)
    ]
    untested = result["not_testable"]
    return {
        "chances": " · ".join(
            chance(t, n, result[f"{n}_value"]) for n in "pq" if result[f"{n}_value"] is not None
        ),
        "level": result["severity"],
        "untested": None if untested is None else t.say(reason_message(untested)),
        "scores": scores,
    }

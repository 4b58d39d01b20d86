"""Requests to a unit to explain (giải trình), what it answers, and whether that is accepted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from fastapi.responses import Response

from audit.desk.fields import Text, Word
from audit.desk.people import stamp
from audit.desk.permissions import Permission
from audit.desk.routing import Routes
from audit.desk.tables import exported
from audit.desk.web import Refused, Visit, Visited
from audit.store.explanations import ANSWERS, Explanations
from audit.store.known import known_round
from audit.trail.acts import Action
from detectors.errors import UsageError

__all__ = ["explanations_of", "in_sight", "routes"]

routes = Routes()


@routes.post("/units/{unit_id}/explanations", Permission.DECIDE)
def ask(visit: Visited, unit_id: str, text: Text = "", due: Word = "", case: Word = "") -> Response:
    """Ask the unit to explain, by a day."""
    in_sight(visit, unit_id)
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


@routes.get("/units/{unit_id}/explanations.{kind}", Permission.EXPORT)
def export_explanations(visit: Visited, unit_id: str, kind: str) -> Response:
    """Requests and the steps about each as a table, in the words of the page."""
    in_sight(visit, unit_id)
    t = visit.text
    with visit.desk.store.reading() as connection:
        found = explanations_of(visit, connection, unit_id)
    rows = []
    for number, request in enumerate(found, start=1):
        due = request["due"] or ""
        rows.append((number, t("explain.state.ask"), request["who"], request["at"], due, request))
        rows += [
            (number, t(f"explain.step.{s['step']}"), s["who"], s["at"], "", s)
            for s in request["steps"]
        ]
    names = ("queue.number", "admin.action", "login.name", "admin.at", "explain.by")
    columns = {t(name): [row[place] for row in rows] for place, name in enumerate(names)}
    columns[t("explain.what")] = [row[5]["text"] for row in rows]
    about = f"explanations of unit {unit_id}"
    return exported(visit, kind, f"explanations-{unit_id}", columns, about)


@routes.post("/units/{unit_id}/explanations/{seq}/{step}", Permission.RESULTS)
def answer(visit: Visited, unit_id: str, seq: int, step: str, text: Text = "") -> Response:
    """The unit explains; reviewers accept, or do not. Nobody accepts what their own unit says."""
    in_sight(visit, unit_id)
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


def in_sight(visit: Visit, unit_id: str) -> None:
    """Let nobody near a unit that they do not see.

    Raises:
        Refused: If it is not there, or not in sight.
    """
    if unit_id not in visit.scope.book.rows or not visit.scope.sees(unit_id):
        raise Refused(404, "refused.nothing")


def explanations_of(visit: Visit, connection: sa.Connection, unit_id: str) -> list[dict[str, Any]]:
    """Requests to a unit with their steps, in the visitor's language."""
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

"""Users, running sessions, and who did what."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Form
from fastapi.responses import Response

from audit.desk.people import Users
from audit.desk.permissions import Permission
from audit.desk.routes.queue import local_time
from audit.desk.web import Routes, Visit, Visited
from audit.store.schema import trail
from audit.trail.acts import Action

__all__ = ["routes"]

routes = Routes()

_SHOWN = 200
_TOLD = (
    *(Action.LOGIN, Action.LOGIN_REFUSED, Action.LOGOUT, Action.SESSION_END, Action.TAKE_OVER),
    *(Action.UNMASKED_VIEW, Action.EXPORT, Action.DECISION, Action.USER),
    *(Action.NOTE, Action.CORRECTION),
)


@routes.get("/admin", Permission.ACCESSES)
def admin(visit: Visited) -> Response:
    """Users, sessions and the last accesses."""
    now = visit.desk.now()
    with visit.desk.store.reading() as connection:
        people = Users(connection).all()
        sessions = Users(connection).running(now)
        log = _log(connection)
    return visit.page(
        "admin.html.j2",
        people=people,
        sessions=[(row, _time(visit, row["seen_at"])) for row in sessions],
        log=[(row, _time(visit, row["at"])) for row in log],
        own=visit.who.id,
        revoke=visit.may(Permission.PEOPLE),
    )


@routes.post("/admin/sessions/end", Permission.PEOPLE)
def end_session(visit: Visited, session: Annotated[str, Form(max_length=64)] = "") -> Response:
    """End a session of anybody, at once."""
    about = f"session {session[:16]}"
    with visit.desk.journal.doing(Action.SESSION_END, about, visit.who) as connection:
        Users(connection).end(session, visit.desk.now())
    return visit.go("/admin")


def _log(connection: sa.Connection) -> list[dict[str, Any]]:
    """The last acts of people in the trail, the latest first."""
    query = (
        sa.select(trail.c.body)
        .where(trail.c.action.in_([action.value for action in _TOLD]))
        .order_by(trail.c.seq.desc())
        .limit(_SHOWN)
    )
    return [json.loads(body) for body in connection.execute(query).scalars()]


def _time(visit: Visit, text: str) -> str:
    return visit.text.moment(local_time(visit, dt.datetime.fromisoformat(text)))

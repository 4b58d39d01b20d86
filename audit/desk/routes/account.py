"""Health, style, login, logout and language."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from fastapi.responses import JSONResponse, Response

from audit.desk import throttle
from audit.desk.locale import LANGUAGES
from audit.desk.passwords import verify
from audit.desk.people import ABSOLUTE, Session, Users
from audit.desk.permissions import Permission
from audit.desk.web import (
    Refused,
    Routes,
    Visit,
    Visited,
    cookie_name,
    local,
    require_private,
    static_file,
)
from audit.trail.acts import Action

__all__ = ["routes"]

routes = Routes()


@routes.get("/healthz", Permission.PUBLIC)
def healthz(visit: Visited) -> Response:
    """Whether the desk answers and reaches its store."""
    with visit.desk.store.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
    return JSONResponse({"status": "ok"})


@routes.get("/static/{name}", Permission.PUBLIC)
def static(visit: Visited, name: str) -> Response:
    """Style and scripts."""
    del visit
    found = static_file(name)
    if found is None:
        raise Refused(404, "refused.nothing")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(found[0], media_type=found[1], headers=headers)


@routes.get("/", Permission.ACCOUNT)
def home(visit: Visited) -> Response:
    """Where each role begins."""
    if visit.may(Permission.CASES):
        return visit.go("/queue")
    return visit.go("/round" if visit.may(Permission.RESULTS) else "/admin")


@routes.get("/login", Permission.PUBLIC)
def login_page(visit: Visited, next: str = "/") -> Response:  # noqa: A002 - name in the URL
    """The form to log in."""
    return visit.page("login.html.j2", next=local(next), wrong=None, name="")


@routes.post("/login", Permission.PUBLIC)
def login(
    visit: Visited,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - name in the form
) -> Response:
    """Log in. An unknown name and a wrong password get the same answer after the same work."""
    require_private(visit.request)
    desk, now = visit.desk, visit.desk.now()
    address = visit.request.client.host if visit.request.client else ""
    with desk.store.reading() as connection:
        blocked = throttle.blocked(connection, name, address, now)
        known = Users(connection).to_log_in(name, now)
    right = verify(known[1] if known else None, password)
    if blocked or known is None or not right:
        _note_failure(visit, name, address)
        why = visit.text("login.blocked" if blocked else "login.wrong")
        shown = {"next": local(next), "wrong": why, "name": name}
        return visit.page("login.html.j2", 429 if blocked else 401, **shown)
    user = known[0]
    # The id of the session is made inside; it is told under its hash.
    with desk.journal.doing(Action.LOGIN, user.name, Session("", user)) as connection:
        throttle.forgive(connection, name)
        old = visit.request.cookies.get(cookie_name(visit.request))
        before = None if old is None else Users(connection).session(old, now)
        if before is not None:
            Users(connection).end(before[0].id, now)
        secret = Users(connection).begin(user, now)
    answer = visit.go(local(next))
    answer.set_cookie(
        cookie_name(visit.request),
        secret,
        max_age=int(ABSOLUTE.total_seconds()),
        path="/",
        secure=visit.request.url.scheme == "https",
        httponly=True,
        samesite="lax",  # a link to a case from a chat still finds the session
    )
    return answer


def _note_failure(visit: Visit, name: str, address: str) -> None:
    with visit.desk.journal.doing(Action.LOGIN_REFUSED, address) as connection:
        throttle.failed(connection, name, address, visit.desk.now())


@routes.post("/logout", Permission.ACCOUNT)
def logout(visit: Visited) -> Response:
    """End this session, here and in the store."""
    with visit.desk.journal.doing(Action.LOGOUT, visit.user.name, visit.who) as connection:
        Users(connection).end(visit.who.id, visit.desk.now())
    answer = visit.go("/login")
    answer.delete_cookie(cookie_name(visit.request), path="/")
    return answer


@routes.post("/language", Permission.PUBLIC)
def language(
    visit: Visited,
    code: Annotated[str, Form(max_length=5)],
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - name in the form
) -> Response:
    """Choose the language of the pages."""
    if code not in LANGUAGES:
        raise Refused(400, "refused.malformed")
    answer = visit.go(local(next))
    secure = visit.request.url.scheme == "https"
    answer.set_cookie(
        "lang", code, max_age=31_536_000, path="/", secure=secure, httponly=True, samesite="lax"
    )
    return answer

"""Health, style, login, logout and language."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Form
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from audit.desk import throttle
from audit.desk.api import Health
from audit.desk.cookies import seal, secret_of
from audit.desk.factors import Factors
from audit.desk.locale import LANGUAGES
from audit.desk.passwords import in_turn, verify
from audit.desk.people import ABSOLUTE, Session, User, Users
from audit.desk.permissions import Permission
from audit.desk.rendering import static_file
from audit.desk.routing import Routes
from audit.desk.web import Refused, Visit, Visited, cookie_name, covered, local, require_private
from audit.trail.acts import Action

__all__ = ["log_in", "note_failure", "routes"]

routes = Routes()


@routes.get("/healthz", Permission.PUBLIC, Health)
def healthz(visit: Visited) -> Response:
    """Whether the desk answers and reaches its store."""
    with visit.desk.store.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
    return JSONResponse({"status": "ok"})


@routes.get("/openapi.json", Permission.PUBLIC)
def document(visit: Visited) -> Response:
    """The OpenAPI document of what answers in JSON."""
    return JSONResponse(visit.request.app.openapi())


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
    return visit.page("login.html.j2", next=local(next), wrong=None, name="", oidc=_oidc(visit))


@routes.post("/login", Permission.PUBLIC)
async def login(
    visit: Visited,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - name in the form
) -> Response:
    """Log in. An unknown name and a wrong password get the same answer after the same work."""
    require_private(visit.request)
    address = visit.request.client.host if visit.request.client else ""
    blocked, known = await run_in_threadpool(_looked_up, visit, name, address)
    right = await in_turn(verify, known[1] if known else None, password)
    user = known[0] if known is not None and right and not blocked else None
    return await run_in_threadpool(_answered, visit, user, name, address, next, blocked)


def _looked_up(
    visit: Visit, name: str, address: str
) -> tuple[bool, tuple[User, str | None] | None]:
    now = visit.desk.now()
    with visit.desk.store.reading() as connection:
        blocked = throttle.blocked(connection, name, address, now)
        return blocked, Users(connection).to_log_in(name, now)


def _answered(
    visit: Visit,
    user: User | None,
    name: str,
    address: str,
    there: str,
    blocked: bool,  # noqa: FBT001 - handed on by the one caller above
) -> Response:
    if user is None:
        note_failure(visit, name, address)
        why = visit.text("login.blocked" if blocked else "login.wrong")
        shown = {"next": local(there), "wrong": why, "name": name, "oidc": _oidc(visit)}
        return visit.page("login.html.j2", 429 if blocked else 401, **shown)
    return log_in(visit, user, there)


def log_in(visit: Visit, user: User, there: str, *, second: bool = True) -> Response:
    """Begin a session of somebody who is known now.

    Args:
        visit: The request.
        user: Who.
        there: Where they wanted to go.
        second: Whether a second factor is asked for, where there is one or has to be.

    Raises:
        Refused: If the account was changed past the program.
    """
    desk, now = visit.desk, visit.desk.now()
    required = user.role.value in desk.settings.desk.second_factor
    # The id of the session is made inside; it is told under its hash.
    with desk.store.reading() as connection:
        stands = covered(connection, user.id)
    if not stands:
        note_failure(visit, user.name, visit.request.client.host if visit.request.client else "")
        raise Refused(403, "refused.account")
    with desk.journal.doing(Action.LOGIN, user.name, Session("", user)) as connection:
        throttle.forgive(connection, user.name)
        waits = None
        if second and Factors(connection, desk.secret_key).confirmed(user.id):
            waits = "code"
        elif second and required:
            waits = "enrol"
        old = visit.request.cookies.get(cookie_name(visit.request))
        before = None if old is None else Users(connection).session(secret_of(old), now)
        if before is not None:
            Users(connection).end(before[0].id, now)
        agent = visit.request.headers.get("user-agent", "")
        secret = Users(connection).begin(user, now, waits_for=waits, agent=agent)
    first = {"code": "/login/code", "enrol": "/account/factor"}
    next_ = local(there)
    if waits is not None:
        next_ = f"{first[waits]}?next={quote(next_, safe='')}"
    answer = visit.go(next_)
    answer.set_cookie(
        cookie_name(visit.request),
        seal(desk.secret_key, secret, user, waits),
        max_age=int(ABSOLUTE.total_seconds()),
        path="/",
        secure=visit.request.url.scheme == "https",
        httponly=True,
        samesite="lax",  # a link to a case from a chat still finds the session
    )
    return answer


@routes.get("/login/code", Permission.HALF)
def code_page(visit: Visited, next: str = "/") -> Response:  # noqa: A002 - name in the URL
    """The form for the one-time code."""
    if visit.who.waits_for != "code":
        return visit.go(local(next))
    return visit.page("code.html.j2", next=local(next), wrong=None)


@routes.post("/login/code", Permission.HALF)
def give_code(
    visit: Visited,
    code: Annotated[str, Form(max_length=100)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - name in the form
) -> Response:
    """Give the one-time code, or a recovery code; each counts once."""
    desk, now, user = visit.desk, visit.desk.now(), visit.user
    if visit.who.waits_for != "code":
        return visit.go(local(next))
    address = visit.request.client.host if visit.request.client else ""
    with desk.store.reading() as connection:
        blocked = throttle.blocked(connection, user.name, address, now)
    right = False
    if not blocked:
        # Checked and used up in one transaction: of two who send the same code one is late.
        with desk.journal.doing(
            Action.FACTOR, f"code of {user.name}", visit.who, always=False
        ) as connection:
            right = Factors(connection, desk.secret_key).check(user.id, code, now)
            if right:
                Users(connection).end(visit.who.id, now)
    if not right:
        note_failure(visit, user.name, address)
        why = visit.text("login.blocked" if blocked else "code.wrong")
        status = 429 if blocked else 401
        return visit.page("code.html.j2", status, next=local(next), wrong=why)
    return log_in(visit, user, next, second=False)


def _oidc(visit: Visit) -> str | None:
    """What the button of the identity provider says, where there is one."""
    oidc = visit.desk.settings.desk.oidc
    return None if oidc is None else oidc.label


def note_failure(visit: Visit, name: str, address: str) -> None:
    """Note that somebody was not let in."""
    with visit.desk.journal.doing(Action.LOGIN_REFUSED, address) as connection:
        throttle.failed(connection, name, address, visit.desk.now())


@routes.post("/logout", Permission.HALF)
def logout(visit: Visited) -> Response:
    """End this session, here and in the store."""
    with visit.desk.journal.doing(Action.LOGOUT, visit.user.name, visit.who) as connection:
        Users(connection).end(visit.who.id, visit.desk.now())
    answer = visit.go("/login")
    answer.delete_cookie(cookie_name(visit.request), path="/")
    # Drafts and views that the pages kept in this browser go with the session.
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
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

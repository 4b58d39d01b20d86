"""Putting the desk together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from audit.desk.ahead import Ahead
from audit.desk.beside import Neighbours
from audit.desk.journal import Journal
from audit.desk.live import Live
from audit.desk.permissions import check_routes
from audit.desk.pictures import Pictures
from audit.desk.queue import Queue
from audit.desk.routes import ROUTES
from audit.desk.scope import Books
from audit.desk.security import Shield, failed, note_refusal
from audit.desk.web import Desk, Refused, Visit, guard
from audit.intake.originals_at import originals_at
from audit.pipeline.sources import load_forms
from audit.settings import Settings
from audit.store import Store

__all__ = ["build_app", "make_desk", "warm_up"]

_FIRST = 20  # scans


def make_desk(settings: Settings, store: Store, now: Callable[[], dt.datetime]) -> Desk:
    """The desk of one round.

    Args:
        settings: Of the round.
        store: Open.
        now: The clock, UTC.

    Raises:
        ConfigError: If the desk's key is none, or others may read it.
    """
    forms = {form.instrument.id: form for form in load_forms(settings)}
    instruments = {name: form.instrument for name, form in forms.items()}
    pictures = Pictures(originals_at(settings.originals_place), instruments)
    desk = Desk(
        settings=settings,
        store=store,
        instruments=instruments,
        journal=Journal(store, now),
        queue=Queue(settings, instruments),
        books=Books(settings),
        pictures=pictures,
        ahead=Ahead(store, pictures, instruments),
        neighbours=Neighbours(),
        live=Live(settings, store, forms),
        now=now,
    )
    # Every cookie is sealed with it: a key that does not serve is told before anybody comes.
    _ = desk.secret_key
    return desk


def warm_up(desk: Desk) -> None:
    """Read the queue before the first visitor comes: of a large round that takes seconds.

    The scans that stand first are laid meanwhile; the first of all takes its form with it.
    """
    with desk.store.reading() as connection:
        first = desk.queue.first(connection, _FIRST)
    desk.ahead.prepare(*(entry.id for entry in first))


def build_app(desk: Desk) -> ASGIApp:
    """The web application.

    Raises:
        RuntimeError: If a route does not say who may use it.
    """
    app = FastAPI(
        title="survey-audit review desk",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(guard)],
    )
    app.state.desk = desk
    for routes in ROUTES:
        routes.join(app)
    check_routes(app.routes)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(Exception, failed)
    return Shield(app)


def _refused(request: Request, error: Any) -> Response:
    account = getattr(request.state, "account", None)
    if error.status == 403 or account is not None:
        note_refusal(request.scope, error.status, error.key, account)
    visit = Visit(request.app.state.desk, request, None)
    if error.go is not None and request.method == "GET":
        return visit.go(error.go)
    if error.status == 401 and request.method == "GET":
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return visit.go(f"/login?next={quote(asked, safe='')}")
    return visit.page("refused.html.j2", error.status, why=visit.text(error.key))


def _http(request: Request, error: Any) -> Response:
    key = "refused.nothing" if error.status_code in (404, 405) else "refused.malformed"
    return _refused(request, Refused(error.status_code, key))


def _malformed(request: Request, error: Any) -> Response:
    del error  # what was wrong may hold what was typed
    return _refused(request, Refused(400, "refused.malformed"))

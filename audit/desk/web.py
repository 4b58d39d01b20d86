"""What every handler gets: who asks, in which language, and how a page is made."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import jinja2
from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from audit.desk.ahead import Ahead
from audit.desk.journal import Journal
from audit.desk.locale import LANGUAGES, load_text
from audit.desk.people import Session, User, Users
from audit.desk.permissions import Permission, allowed, declared, declares
from audit.desk.pictures import Pictures
from audit.desk.queue import Queue
from audit.desk.scope import Books, Scope, scope_of
from audit.settings import Settings
from audit.store import Store
from detectors.instrument import Instrument
from reports.clean import printable
from reports.locale import Text

__all__ = ["Desk", "Refused", "Routes", "Visit", "Visited", "cookie_name", "local", "static_file"]

_HERE = Path(__file__).parent
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


class Refused(Exception):
    """A request that gets a page saying why not; ``key`` names the text."""

    def __init__(self, status: int, key: str) -> None:
        """Refuse with an HTTP status."""
        super().__init__(key)
        self.status = status
        self.key = key


@dataclass(frozen=True)
class Desk:
    """The application's parts, made once."""

    settings: Settings
    store: Store
    instruments: Mapping[str, Instrument]
    journal: Journal
    queue: Queue
    books: Books
    pictures: Pictures
    ahead: Ahead
    now: Callable[[], dt.datetime]

    def close(self) -> None:
        """End what goes on beside requests; the store is the caller's."""
        self.ahead.close()


class Visit:
    """One request.

    Attributes:
        desk: The application.
        request: As it came.
        session: Who is logged in.
        text: Words and formats of the visitor's language.
    """

    def __init__(self, desk: Desk, request: Request, session: Session | None) -> None:
        """A request of somebody, or of nobody."""
        self.desk = desk
        self.request = request
        self.session = session
        wish = request.cookies.get("lang")
        self.language = wish if wish in LANGUAGES else desk.settings.language
        self.text: Text = load_text(self.language)

    @property
    def who(self) -> Session:
        """Who is logged in.

        Raises:
            Refused: If nobody is.
        """
        if self.session is None:
            raise Refused(401, "refused.login")
        return self.session

    @property
    def user(self) -> User:
        """The account."""
        return self.who.user

    @cached_property
    def scope(self) -> Scope:
        """What the user sees."""
        with self.desk.store.reading() as connection:
            return scope_of(self.user, self.desk.books.now(connection))

    def may(self, permission: str) -> bool:
        """Whether the user has a permission."""
        return self.session is not None and allowed(self.user.role, Permission(permission))

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page in the visitor's language."""
        context = {
            "t": self.text,
            "visit": self,
            "settings": self.desk.settings,
            "static": static_url,
            **values,
        }
        return HTMLResponse(environment().get_template(template).render(context), status)

    def moment(self, text: str) -> str:
        """A time of the audit as the clock on the visitor's wall shows it."""
        from zoneinfo import ZoneInfo

        zone = ZoneInfo(self.desk.settings.timezone)
        return self.text.moment(dt.datetime.fromisoformat(text).astimezone(zone))

    def go(self, path: str) -> Response:
        """Send the browser to a page of ours."""
        return RedirectResponse(path, 303)


def guard(request: Request) -> Visit:
    """Let a request through, or not: the only place where that is decided.

    Raises:
        Refused: If the route's permission is not the visitor's.
    """
    desk: Desk = request.app.state.desk
    route = request.scope.get("route")
    permission = None if route is None else declared(route)
    if permission is None:
        raise Refused(403, "refused.role")
    secret = request.cookies.get(cookie_name(request))
    session = None if secret is None else _session(desk, secret)
    visit = Visit(desk, request, session)
    if permission is Permission.PUBLIC:
        return visit
    if not _private(request):
        raise Refused(403, "refused.plain")
    if session is None:
        raise Refused(401, "refused.login")
    if not allowed(session.user.role, permission):
        raise Refused(403, "refused.role")
    return visit


Visited = Annotated[Visit, Depends(guard)]


def _session(desk: Desk, secret: str) -> Session | None:
    now = desk.now()
    with desk.store.reading() as connection:
        found = Users(connection).session(secret, now)
    if found is None:
        return None
    session, stale = found
    if stale:
        with desk.journal.quietly() as connection:
            Users(connection).seen(session.id, now)
    return session


def _private(request: Request) -> bool:
    """Whether nobody on the way can read along: encrypted, or inside this machine."""
    return request.url.scheme == "https" or request.url.hostname in _LOCAL_HOSTS


def require_private(request: Request) -> None:
    """Refuse passwords over a network that others read.

    Raises:
        Refused: If the connection is plain and leaves the machine.
    """
    if not _private(request):
        raise Refused(403, "refused.plain")


def cookie_name(request: Request) -> str:
    """Name of the session's cookie; with TLS one that no other host can set."""
    return "__Host-desk" if request.url.scheme == "https" else "desk"


def local(path: str | None, otherwise: str = "/") -> str:
    """``path`` if it is a place of this site, so that no link leads elsewhere."""
    if path and path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable():
        return quote(path, safe="/?&=%-_.~:+,")
    return otherwise


class Routes:
    """Handlers of one part of the desk, each with its permission."""

    def __init__(self) -> None:
        """Begin without any."""
        self._found: list[tuple[str, str, Any]] = []

    def get(self, path: str, permission: Permission) -> Callable[[Any], Any]:
        """Add a page."""
        return self._add("GET", path, permission)

    def post(self, path: str, permission: Permission) -> Callable[[Any], Any]:
        """Add an act."""
        return self._add("POST", path, permission)

    def _add(self, method: str, path: str, permission: Permission) -> Callable[[Any], Any]:
        def add(endpoint: Any) -> Any:
            self._found.append((method, path, declares(endpoint, permission)))
            return endpoint

        return add

    def join(self, app: FastAPI) -> None:
        """Add all of them to an application."""
        for method, path, endpoint in self._found:
            app.add_api_route(
                path, endpoint, methods=[method], include_in_schema=False, response_model=None
            )


@cache
def environment() -> Environment:
    """The templates; everything in them is escaped and hidden characters are shown."""
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _visible(value: Any) -> Any:
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return printable(value)
    return "" if value is None or isinstance(value, jinja2.Undefined) else value


@cache
def static_file(name: str) -> tuple[bytes, str] | None:
    """A file of the desk's own style or script with its media type."""
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    known = {path.name: path for path in (_HERE / "static").iterdir() if path.suffix in kinds}
    path = known.get(name)
    return None if path is None else (path.read_bytes(), kinds[path.suffix])


@cache
def static_url(name: str) -> str:
    """Where a static file is, with its hash: a new version is a new place."""
    found = static_file(name)
    if found is None:
        raise KeyError(name)
    return f"/static/{name}?v={hashlib.sha256(found[0]).hexdigest()[:12]}"

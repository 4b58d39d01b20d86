"""What every handler gets: who asks, in which language, and how a page is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from audit.desk.ahead import Ahead
from audit.desk.beside import Neighbours
from audit.desk.cookies import fits, secret_of
from audit.desk.factors import load_secret_key
from audit.desk.journal import Journal
from audit.desk.keys import KEYS, KeyChoices, assigned
from audit.desk.live import Live
from audit.desk.locale import LANGUAGES, load_text
from audit.desk.people import Session, User, Users
from audit.desk.permissions import Permission, allowed, declared
from audit.desk.pictures import Pictures
from audit.desk.queue import Queue
from audit.desk.rendering import environment, static_url
from audit.desk.scope import Books, Scope, UnitBook, scope_of
from audit.settings import Settings
from audit.store import Store, schema
from audit.trail.chain import stands
from detectors.instrument import Instrument
from reports.locale import Text

__all__ = [
    "Desk",
    "Refused",
    "Visit",
    "Visited",
    "cookie_name",
    "covered",
    "guard",
    "local",
    "require_private",
]

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


class Refused(Exception):
    """A request that gets a page saying why not; ``key`` names the text."""

    def __init__(self, status: int, key: str, go: str | None = None) -> None:
        """Refuse with an HTTP status; a page that only looks may be sent somewhere else."""
        super().__init__(key)
        self.status = status
        self.key = key
        self.go = go


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
    neighbours: Neighbours
    live: Live
    now: Callable[[], dt.datetime]

    @cached_property
    def secret_key(self) -> bytes:
        """The key that second factors are encrypted with."""
        return load_secret_key(self.settings.path(self.settings.desk.secret))

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

    def __init__(
        self,
        desk: Desk,
        request: Request,
        session: Session | None,
        book: UnitBook | None = None,
    ) -> None:
        """A request of somebody, or of nobody, with the units as they stand."""
        self._book = book
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
        if self._book is not None:
            return scope_of(self.user, self._book)
        with self.desk.store.reading() as connection:
            return scope_of(self.user, self.desk.books.now(connection))

    @property
    def here(self) -> str:
        """The page that was asked for, as a place of this site."""
        url = self.request.url
        return f"{url.path}?{url.query}" if url.query else url.path

    @property
    def round_id(self) -> str:
        """The round of the desk."""
        return self.desk.settings.round.id

    @property
    def rounds(self) -> tuple[str, ...]:
        """The rounds whose cases the visitor meets."""
        return self.scope.rounds(self.round_id)

    def desk_units(self) -> UnitBook:
        """All units of the round, whoever may see them."""
        with self.desk.store.reading() as connection:
            return self.desk.books.now(connection)

    def may(self, permission: str) -> bool:
        """Whether the user has a permission."""
        return self.session is not None and allowed(self.user.role, Permission(permission))

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """The visitor's keys by what they do."""
        if self.session is None or self.session.waits_for is not None:
            return assigned({})
        with self.desk.store.reading() as connection:
            return assigned(KeyChoices(connection).of(self.user.id))

    def key(self, name: str, help: str | None = None) -> Markup:  # noqa: A002 - as the attribute
        """Attributes of the element that a key presses, holds or goes to."""
        known = KEYS[name]
        parts = {f"data-{known.kind}": self.keys[name], "data-name": name}
        if known.also is not None:
            parts["data-also"] = known.also
        parts["data-help"] = help or self.text(f"key.{name}")
        return Markup(" ").join(Markup('{}="{}"').format(n, v) for n, v in parts.items())

    def sign(self, name: str) -> str:
        """What stands on the key."""
        key = self.keys[name]
        return key.upper() if len(key) == 1 else {"Enter": "↵", "Escape": "Esc"}.get(key, key)

    @property
    def proven(self) -> bool:
        """Whether the password was given again lately."""
        at = None if self.session is None else self.session.proven_at
        lasts = dt.timedelta(minutes=self.desk.settings.desk.password_again)
        return at is not None and dt.datetime.fromisoformat(at) > self.desk.now() - lasts

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page in the visitor's language."""
        context = {
            "t": self.text,
            "visit": self,
            "settings": self.desk.settings,
            "static": static_url,
            "key": self.key,
            "sign": self.sign,
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
    if any(_too_large(value) for value in request.path_params.values()):
        raise Refused(404, "refused.nothing")
    route = request.scope.get("route")
    permission = None if route is None else declared(route)
    if permission is None:
        raise Refused(403, "refused.role")
    cookie = request.cookies.get(cookie_name(request))
    session, book = (None, None) if cookie is None else _session(desk, cookie)
    request.state.account = None if session is None else session.user.id
    visit = Visit(desk, request, session, book)
    if permission is Permission.PUBLIC:
        return visit
    if not _private(request):
        raise Refused(403, "refused.plain")
    if session is None:
        raise Refused(401, "refused.login")
    if session.waits_for is not None and permission is not Permission.HALF:
        there = "/login/code" if session.waits_for == "code" else "/account/factor"
        raise Refused(401, "refused.factor", there)
    if not allowed(session.user.role, permission):
        raise Refused(403, "refused.role")
    return visit


Visited = Annotated[Visit, Depends(guard)]


def _too_large(value: object) -> bool:
    """Whether a part of an address is a number that no row can have."""
    text = str(value).strip().lstrip("+-")
    return text.isdigit() and (len(text) > 19 or int(text) >= 2**63)


def _session(desk: Desk, cookie: str) -> tuple[Session | None, UnitBook | None]:
    """Who asks, and the units as they stand: both by one connection."""
    now = desk.now()
    with desk.store.reading() as connection:
        found = Users(connection).session(secret_of(cookie), now)
        if found is None or not fits(desk.secret_key, cookie, found[0]):
            return None, None
        if not covered(connection, found[0].user.id):
            return None, None
        book = desk.books.now(connection)
    session, stale = found
    if stale:
        with desk.journal.quietly() as connection:
            Users(connection).seen(session.id, now)
    return session, book


def covered(connection: sa.Connection, user_id: int) -> bool:
    """Whether an account and its second factor are what the trail says: else nobody gets in.

    Whoever can write into the store could else put a password of their own there, decide in
    that person's name, and put the old one back before anybody verifies.
    """
    return all(stands(connection, table.name, user_id) for table in (schema.users, schema.factors))


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

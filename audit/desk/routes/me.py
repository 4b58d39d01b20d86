"""One's own account: sessions, password, second factor, keys; and the page of help."""

from __future__ import annotations

from typing import Annotated, Any

import segno
from fastapi import Form
from fastapi.responses import Response
from markupsafe import Markup

from audit.desk.factors import Factors, enrolment_uri
from audit.desk.fields import Secret
from audit.desk.keys import KEYS, KeyChoices, assigned, collisions, usable
from audit.desk.passwords import MINIMUM
from audit.desk.people import SamePassword, Users
from audit.desk.permissions import Permission
from audit.desk.proof import require_proof
from audit.desk.routing import Routes
from audit.desk.web import Refused, Visit, Visited, local
from audit.trail.acts import Action
from detectors.errors import UsageError

__all__ = ["routes"]

routes = Routes()

_NO_WORDS = ("confirm", "dismiss", "escalate", "backcheck", "reopen")


@routes.get("/account", Permission.ACCOUNT)
def account(visit: Visited) -> Response:
    """Where one is logged in, the second factor, the keys."""
    return _page(visit)


def _page(visit: Visit, status: int = 200, **more: Any) -> Response:
    desk = visit.desk
    with desk.store.reading() as connection:
        rows = [r for r in Users(connection).running(desk.now()) if r["user_id"] == visit.user.id]
        factors = Factors(connection, desk.secret_key)
        factor = factors.confirmed(visit.user.id)
        left = factors.left(visit.user.id)
    shown: dict[str, Any] = {"error": None, "saved": None, "keys": visit.keys}
    return visit.page(
        "account.html.j2",
        status,
        sessions=[
            (row, visit.moment(row["created_at"]), visit.moment(row["seen_at"])) for row in rows
        ],
        factor=factor,
        left=left,
        required=visit.user.role.value in desk.settings.desk.second_factor,
        minimum=MINIMUM,
        names={name: _what(visit, name) for name in KEYS},
        pages=("everywhere", "queue", "case", "compare"),
        known=KEYS,
        changeable={name for name, key in KEYS.items() if usable(name, "q")},
        **(shown | more),
    )


@routes.post("/account/sessions/end", Permission.ACCOUNT)
def end_session(visit: Visited, session: Annotated[str, Form(max_length=64)] = "") -> Response:
    """End one of one's own sessions."""
    desk, now = visit.desk, visit.desk.now()
    about = f"session {session[:16]}"
    with desk.journal.doing(Action.SESSION_END, about, visit.who) as connection:
        own = {
            r["id_hash"] for r in Users(connection).running(now) if r["user_id"] == visit.user.id
        }
        if session not in own:
            raise Refused(404, "refused.nothing")
        Users(connection).end(session, now)
    return visit.go("/account")


@routes.post("/account/password", Permission.ACCOUNT)
def password(
    visit: Visited, password: Secret = "", new: Secret = "", again: Secret = ""
) -> Response:
    """Change one's own password; every other session ends."""
    require_proof(visit, password)
    if new != again:
        return _page(visit, 400, error=visit.text("account.differs"))
    desk, now = visit.desk, visit.desk.now()
    try:
        with desk.journal.doing(Action.USER, f"user {visit.user.name}", visit.who) as connection:
            Users(connection).set_password(visit.user.id, new)
            Users(connection).end_all(visit.user.id, now, but=visit.who.id)
    except SamePassword:
        return _page(visit, 400, error=visit.text("account.same"))
    except UsageError:
        why = "account.short" if len(new) < MINIMUM else "account.guessed"
        return _page(visit, 400, error=visit.text(why, n=MINIMUM))
    return _page(visit, saved=visit.text("account.changed"))


@routes.get("/account/factor", Permission.HALF)
def factor(visit: Visited, next: str = "/") -> Response:  # noqa: A002 - name in the URL
    """Setting up a second factor: the QR code, and the form for the first code."""
    return _factor(visit, local(next))


@routes.post("/account/factor/begin", Permission.HALF)
def begin_factor(
    visit: Visited,
    password: Secret = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - name in the form
) -> Response:
    """Make a new secret; whoever has one already gives the password again."""
    desk, user = visit.desk, visit.user
    if visit.who.waits_for == "code":
        raise Refused(403, "refused.factor")
    if visit.who.waits_for is None:
        require_proof(visit, password)
    with desk.journal.doing(Action.FACTOR, f"user {user.name}", visit.who) as connection:
        Factors(connection, desk.secret_key).begin(user.id)
    return _factor(visit, local(next))


@routes.post("/account/factor/confirm", Permission.HALF)
def confirm_factor(
    visit: Visited,
    code: Annotated[str, Form(max_length=20)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - name in the form
) -> Response:
    """Give the first code; recovery codes are shown once."""
    desk, user, now = visit.desk, visit.user, visit.desk.now()
    if visit.who.waits_for == "code":
        raise Refused(403, "refused.factor")
    about = f"user {user.name}"
    with desk.journal.doing(Action.FACTOR, about, visit.who, always=False) as connection:
        codes = Factors(connection, desk.secret_key).confirm(user.id, code, now)
        if codes is not None:
            Users(connection).complete(visit.who.id)
            Users(connection).end_all(user.id, now, but=visit.who.id)
    if codes is None:
        return _factor(visit, local(next), 400, visit.text("code.wrong"))
    return visit.page("recovery.html.j2", codes=codes, next=local(next))


@routes.post("/account/factor/remove", Permission.ACCOUNT)
def remove_factor(visit: Visited, password: Secret = "") -> Response:
    """Do without a second factor, where the role may."""
    if visit.user.role.value in visit.desk.settings.desk.second_factor:
        raise Refused(403, "factor.required")
    require_proof(visit, password)
    about = f"user {visit.user.name}"
    with visit.desk.journal.doing(Action.FACTOR, about, visit.who) as connection:
        Factors(connection, visit.desk.secret_key).remove(visit.user.id)
    return visit.go("/account")


def _factor(visit: Visit, there: str, status: int = 200, wrong: str | None = None) -> Response:
    desk = visit.desk
    with desk.store.reading() as connection:
        factors = Factors(connection, desk.secret_key)
        secret = factors.pending(visit.user.id)
        used = factors.confirmed(visit.user.id)
    if used and visit.who.waits_for == "code":
        return visit.go("/login/code")
    picture = None
    if secret is not None:
        place = desk.settings.round.id
        code = segno.make(enrolment_uri(secret, visit.user.name, place), error="m")
        picture = Markup(code.svg_inline(scale=4, border=3))
    return visit.page(
        "factor.html.j2",
        status,
        picture=picture,
        secret=None if secret is None else " ".join(secret[i : i + 4] for i in range(0, 32, 4)),
        used=used,
        first=visit.who.waits_for == "enrol",
        wrong=wrong,
        next=there,
    )


@routes.post("/account/keys", Permission.ACCOUNT)
async def save_keys(visit: Visited) -> Response:
    """Keep one's own keys; two things on one key are refused, and nothing is kept then."""
    form = await visit.request.form()
    choices: dict[str, str] = {}
    if "reset" not in form:
        for name, known in KEYS.items():
            given = str(form.get(name, "")).strip().lower()[:12]
            if given and given != known.default.lower():
                if not usable(name, given):
                    return _page(visit, 400, error=visit.text("keys.unusable", sign=given))
                choices[name] = given
    keys = assigned(choices)
    double = collisions(keys)
    if double:
        pairs = "; ".join(f"{k}: {_what(visit, a)} / {_what(visit, b)}" for k, a, b in double)
        return _page(visit, 400, error=visit.text("keys.collide", pairs=pairs), keys=keys)
    about = f"user {visit.user.name}"
    with visit.desk.journal.doing(Action.KEYS, about, visit.who, always=False) as connection:
        KeyChoices(connection).save(visit.user.id, choices)
    return visit.go("/account")


@routes.get("/help", Permission.ACCOUNT)
def help_page(visit: Visited) -> Response:
    """How work goes, and every key."""
    return visit.page(
        "help.html.j2",
        names={name: _what(visit, name) for name in KEYS},
        pages=("everywhere", "queue", "case", "compare"),
        known=KEYS,
    )


def _what(visit: Visit, name: str) -> str:
    return visit.text(f"verdict.{name}.long" if name in _NO_WORDS else f"key.{name}")

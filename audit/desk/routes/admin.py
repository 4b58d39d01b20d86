"""Accounts and sessions, who did what, and the rules that count; changing accounts is apart."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import Form
from fastapi.responses import Response

from audit.desk.casefile import checks, title_of
from audit.desk.people import Users
from audit.desk.permissions import Permission
from audit.desk.routing import Routes
from audit.desk.tables import exported
from audit.desk.web import Visit, Visited
from audit.scoring.rules import book_at
from audit.store.schema import factors, trail
from audit.trail.acts import Action

__all__ = ["routes"]

routes = Routes()

_SHOWN = 200
_EXPORTED = 100_000
_TOLD = (
    *(Action.LOGIN, Action.LOGIN_REFUSED, Action.LOGOUT, Action.SESSION_END, Action.TAKE_OVER),
    *(
        Action.UNMASK,
        Action.UNMASKED_VIEW,
        Action.EXPORT,
        Action.DECISION,
        Action.USER,
        Action.FACTOR,
    ),
    *(Action.NOTE, Action.CORRECTION, Action.KEYS, Action.EXPLANATION, Action.RETRY, Action.KNOWN),
)


@routes.get("/admin", Permission.ACCESSES)
def admin(visit: Visited) -> Response:
    """Users and sessions."""
    with visit.desk.store.reading() as connection:
        sessions = Users(connection).running(visit.desk.now())
    return visit.page(
        "admin.html.j2",
        people=_people(visit),
        sessions=[(row, visit.moment(row["seen_at"])) for row in sessions],
        own=visit.who.id,
        revoke=visit.may(Permission.PEOPLE),
    )


@routes.get("/admin/users.{kind}", Permission.ACCESSES)
def export_people(visit: Visited, kind: str) -> Response:
    """The accounts as a table."""
    names = {"name": "login.name", "full_name": "admin.full_name", "role": "admin.role"}
    names |= {"scope": "admin.scope", "home": "admin.home", "factor": "factor"}
    names |= {"state": "admin.state"}
    rows = _people(visit)
    columns = {visit.text(key): [row[cell] for row in rows] for cell, key in names.items()}
    return exported(visit, kind, "users", columns)


def _people(visit: Visit) -> list[dict[str, Any]]:
    """Accounts with the cells that are shown."""
    t = visit.text
    with visit.desk.store.reading() as connection:
        people = Users(connection).all()
        query = sa.select(factors.c.user_id).where(factors.c.confirmed_at.is_not(None))
        with_factor = set(connection.execute(query).scalars())

    def state(row: sa.RowMapping) -> str:
        if row["disabled_at"]:
            return t("admin.disabled")
        last = row["valid_to"]
        return t("admin.active") if last is None else t("period.until", day=t.day(last))

    return [
        {
            "id": row["id"],
            "name": row["name"],
            "full_name": row["full_name"],
            "role": t(f"role.{row['role']}"),
            "scope": row["scope_unit"] or t("admin.everything"),
            "home": row["home_unit"] or "–",
            "factor": t("yes") if row["id"] in with_factor else "–",
            "state": state(row),
            "disabled": bool(row["disabled_at"]),
        }
        for row in people
    ]


@routes.get("/admin/sessions.{kind}", Permission.ACCESSES)
def export_sessions(visit: Visited, kind: str) -> Response:
    """The sessions that run, with the cells of the page."""
    with visit.desk.store.reading() as connection:
        rows = Users(connection).running(visit.desk.now())
    t = visit.text
    columns = {
        t("login.name"): [row["name"] for row in rows],
        t("account.agent"): [row["agent"] or "–" for row in rows],
        t("admin.seen"): [visit.moment(row["seen_at"]) for row in rows],
    }
    return exported(visit, kind, "sessions", columns)


@routes.post("/admin/sessions/end", Permission.PEOPLE)
def end_session(visit: Visited, session: Annotated[str, Form(max_length=64)] = "") -> Response:
    """End a session of anybody, at once."""
    about = f"session {session[:16]}"
    with visit.desk.journal.doing(Action.SESSION_END, about, visit.who) as connection:
        Users(connection).end(session, visit.desk.now())
    return visit.go("/admin")


@routes.get("/admin/log", Permission.ACCESSES)
def log(visit: Visited, actor: str = "", action: str = "", before: str = "") -> Response:
    """Who did what, the latest first."""
    rows = _log(visit, actor, action, before, _SHOWN)
    with visit.desk.store.reading() as connection:
        actors = [row["name"] for row in Users(connection).all()]
    filters = {"actor": actor, "action": action}
    query = {name: value for name, value in filters.items() if value}
    last = rows[-1]["seq"] if len(rows) == _SHOWN else None
    return visit.page(
        "log.html.j2",
        log=rows,
        actors=actors,
        actions=[(a.value, visit.text(f"deed.{a.value}")) for a in _TOLD],
        actor=actor,
        action=action,
        query=f"?{urlencode(query)}" if query else "",
        before=last,
        older=f"?{urlencode(query | {'before': last})}",
    )


@routes.get("/admin/log.{kind}", Permission.ACCESSES)
def export_log(visit: Visited, kind: str, actor: str = "", action: str = "") -> Response:
    """The accesses that the filters show, all of them, as a table."""
    rows = _log(visit, actor, action, "", _EXPORTED)
    names = {"at": "admin.at", "actor": "login.name", "action": "admin.action"}
    names |= {"about": "admin.about"}
    columns = {visit.text(key): [row[cell] for row in rows] for cell, key in names.items()}
    return exported(visit, kind, "log", columns, f"accesses {actor} {action}".strip())


def _log(visit: Visit, actor: str, action: str, before: str, most: int) -> list[dict[str, Any]]:
    """Acts of people in the trail with the cells that are shown, the latest first."""
    known = [a.value for a in _TOLD]
    kinds = [action] if action in known else known
    query = (
        sa.select(trail.c.seq, trail.c.body)
        .where(trail.c.action.in_(kinds))
        .order_by(trail.c.seq.desc())
    )
    if before.isascii() and before.isdigit():
        query = query.where(trail.c.seq < int(before[:18]))
    found: list[dict[str, Any]] = []
    with visit.desk.store.reading() as connection:
        for seq, body in connection.execution_options(yield_per=1000).execute(query):
            entry = json.loads(body)
            if actor and entry["actor"] != actor:
                continue
            found.append(
                {
                    "seq": seq,
                    "at": visit.moment(entry["at"]),
                    "actor": entry["actor"],
                    "action": visit.text(f"deed.{entry['action']}"),
                    "about": entry["object"],
                }
            )
            if len(found) == most:
                break
    return found


@routes.get("/admin/rules.{kind}", Permission.ACCESSES)
def export_rules(visit: Visited, kind: str) -> Response:
    """Rule sets, thresholds and checks as one table: what it is, its name, its value."""
    t, shown = visit.text, _rules(visit)
    rows = [
        (f"{t('rules.set')}: {book.id}", t.say(tier.name), t.percent(float(tier.cut_off)))
        for _, book in shown["sets"]
        for tier in book.tiers
    ]
    rows += [(t("rules.thresholds"), name, value) for name, value in shown["thresholds"]]
    rows += [(t("rules.checks"), name, version) for _, name, version in shown["checks"]]
    heads = (t("rules.part"), t("rules.name"), t("rules.value"))
    columns = {head: [row[place] for row in rows] for place, head in enumerate(heads)}
    return exported(visit, kind, "rules", columns)


@routes.get("/admin/rules", Permission.ACCESSES)
def rules(visit: Visited) -> Response:
    """The rule set and the thresholds in force; they come from files and are not changed here."""
    return visit.page("rules.html.j2", **_rules(visit))


def _rules(visit: Visit) -> dict[str, Any]:
    settings, t = visit.desk.settings, visit.text
    needed = {form.programme for form in settings.instrument}
    book = book_at(settings.path(settings.rules), settings.round.date_to, needed)
    flags = [
        ("false_flag_rate", t.percent(settings.false_flag_rate)),
        ("fail_on", settings.fail_on),
        ("seed", str(settings.seed)),
        ("desk.second_factor", ", ".join(settings.desk.second_factor) or "–"),
        ("desk.password_again", t("minutes", n=settings.desk.password_again)),
    ]
    return {
        "sets": sorted(book.items()),
        "thresholds": flags,
        "checks": sorted(
            (t.say(title_of(name)), name, info.version) for name, info in checks().items()
        ),
    }

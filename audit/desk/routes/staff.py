"""Looking after accounts: adding, changing, disabling; nobody is ever deleted."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import Depends
from fastapi.responses import Response

from audit.desk.factors import Factors
from audit.desk.fields import Secret, Word
from audit.desk.people import Users
from audit.desk.permissions import Permission
from audit.desk.proof import require_proof
from audit.desk.routing import Routes
from audit.desk.web import Refused, Visit, Visited, covered
from audit.judge.authority import Role
from audit.trail.acts import Action
from audit.trail.chain import describe
from detectors.errors import UsageError

__all__ = ["routes"]

routes = Routes()


@dataclass
class Account:
    """What the form of an account holds."""

    full_name: Word = ""
    role: Word = ""
    scope_unit: Word = ""
    home_unit: Word = ""
    valid_to: Word = ""


@routes.get("/admin/users/new", Permission.PEOPLE)
def new_user(visit: Visited) -> Response:
    """The form for a new account."""
    return _form(visit, None)


@routes.post("/admin/users/new", Permission.PEOPLE)
def add_user(
    visit: Visited,
    account: Annotated[Account, Depends()],
    name: Word = "",
    password: Secret = "",
) -> Response:
    """Add an account; its password is shown once."""
    require_proof(visit, password)
    given, role = {"name": name, **asdict(account)}, account.role
    try:
        values = _values(visit, given)
        about = f"user {name.strip().casefold()}"
        with visit.desk.journal.doing(Action.USER, about, visit.who) as connection:
            made = Users(connection).add(name, Role(role), visit.desk.now(), **values)
            describe(connection, after={"role": role, **_plain(values)})
    except UsageError as error:
        return _form(visit, given, 400, _why(visit, error))
    return visit.page("password.html.j2", name=name.strip().casefold(), password=made)


@routes.get("/admin/users/{user_id}", Permission.PEOPLE)
def user(visit: Visited, user_id: int) -> Response:
    """One account."""
    return _form(visit, _row(visit, user_id))


@routes.post("/admin/users/{user_id}", Permission.PEOPLE)
def change_user(
    visit: Visited,
    user_id: int,
    account: Annotated[Account, Depends()],
    password: Secret = "",
) -> Response:
    """Change an account; a change of what it may do ends its sessions."""
    row = _sound(visit, user_id)
    require_proof(visit, password)
    given, role = asdict(account), account.role
    if user_id == visit.user.id and role != row["role"]:
        raise Refused(403, "staff.own")
    try:
        values = _values(visit, given)
    except UsageError as error:
        return _form(visit, row | given, 400, _why(visit, error))
    after = values | {"role": role}
    before = {name: row[name] for name in after}
    with visit.desk.journal.doing(Action.USER, f"user {row['name']}", visit.who) as connection:
        Users(connection).change(
            user_id, **(after | {"full_name": after["full_name"] or row["name"]})
        )
        if any(before[n] != after[n] for n in ("role", "scope_unit", "home_unit")):
            Users(connection).end_all(user_id, visit.desk.now())
        describe(connection, before=_plain(before), after=_plain(after))
    return visit.go("/admin")


@routes.post("/admin/users/{user_id}/disable", Permission.PEOPLE)
def disable(visit: Visited, user_id: int, password: Secret = "") -> Response:
    """Let somebody in no more; everything they said stays."""
    row = _row(visit, user_id)
    require_proof(visit, password)
    if user_id == visit.user.id:
        raise Refused(403, "staff.own")
    with visit.desk.journal.doing(Action.USER, f"user {row['name']}", visit.who) as connection:
        Users(connection).disable(row["name"], visit.desk.now())
        describe(connection, after={"disabled": True})
    return visit.go("/admin")


@routes.post("/admin/users/{user_id}/enable", Permission.PEOPLE)
def enable(visit: Visited, user_id: int, password: Secret = "") -> Response:
    """Let somebody in again."""
    row = _sound(visit, user_id)
    require_proof(visit, password)
    with visit.desk.journal.doing(Action.USER, f"user {row['name']}", visit.who) as connection:
        Users(connection).change(user_id, disabled_at=None)
        describe(connection, after={"disabled": False})
    return visit.go("/admin")


@routes.post("/admin/users/{user_id}/password", Permission.PEOPLE)
def new_password(visit: Visited, user_id: int, password: Secret = "") -> Response:
    """A new password for somebody, shown once; all their sessions end."""
    row = _sound(visit, user_id)
    require_proof(visit, password)
    with visit.desk.journal.doing(Action.USER, f"user {row['name']}", visit.who) as connection:
        made = Users(connection).reset_password(user_id, visit.desk.now())
        describe(connection, after={"password": "new"})
    return visit.page("password.html.j2", name=row["name"], password=made)


@routes.post("/admin/users/{user_id}/factor", Permission.PEOPLE)
def reset_factor(visit: Visited, user_id: int, password: Secret = "") -> Response:
    """Take away the second factor of somebody who has lost it; all their sessions end."""
    row = _sound(visit, user_id)
    require_proof(visit, password)
    with visit.desk.journal.doing(Action.FACTOR, f"user {row['name']}", visit.who) as connection:
        Factors(connection, visit.desk.secret_key).remove(user_id)
        Users(connection).end_all(user_id, visit.desk.now())
    return visit.go(f"/admin/users/{user_id}")


def _sound(visit: Visit, user_id: int) -> dict[str, Any]:
    """The row of an account that may be changed: one that was changed past us may only be disabled.

    Whatever the program writes it covers as it then is, with what others have put there.
    """
    row = _row(visit, user_id)
    with visit.desk.store.reading() as connection:
        if not covered(connection, user_id):
            raise Refused(403, "refused.account")
    return row


def _row(visit: Visit, user_id: int) -> dict[str, Any]:
    with visit.desk.store.reading() as connection:
        row = Users(connection).find(user_id)
        if row is None:
            raise Refused(404, "refused.nothing")
        factor = Factors(connection, visit.desk.secret_key).confirmed(user_id)
    return dict(row) | {"factor": factor}


def _form(
    visit: Visit, row: dict[str, Any] | None, status: int = 200, error: str | None = None
) -> Response:
    blank: dict[str, Any] = dict.fromkeys(
        ("id", "name", "full_name", "role", "scope_unit", "home_unit", "valid_to", "disabled_at"),
        "",
    )
    units = visit.desk_units()
    return visit.page(
        "user.html.j2",
        status,
        row=blank | {"factor": False} | (row or {}),
        roles=[role.value for role in Role],
        units=sorted(units.rows),
        names=units.name,
        error=error,
    )


def _values(visit: Visit, given: dict[str, str]) -> dict[str, Any]:
    """What was filled in, as an account keeps it.

    Raises:
        UsageError: Naming the field that is wrong.
    """
    if given["role"] not in {role.value for role in Role}:
        raise UsageError("role", remedy="choose one")
    units = visit.desk_units()
    for field in ("scope_unit", "home_unit"):
        if given[field] and given[field] not in units.rows:
            raise UsageError(field, remedy="choose a unit of the round")
    try:
        last = dt.date.fromisoformat(given["valid_to"]) if given["valid_to"] else None
    except ValueError as error:
        raise UsageError("valid_to", remedy="write it like 2026-12-31") from error
    return {
        "full_name": given["full_name"].strip(),
        "scope_unit": given["scope_unit"] or None,
        "home_unit": given["home_unit"] or None,
        "valid_to": last,
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {k: None if v is None else str(v) for k, v in values.items()}


def _why(visit: Visit, error: UsageError) -> str:
    what = str(error).split(" — ")[0].strip()
    fields = ("role", "scope_unit", "home_unit", "valid_to")
    return (
        visit.text("staff.field", field=visit.text(f"staff.{what}"))
        if what in fields
        else visit.text("staff.name")
    )

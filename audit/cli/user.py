"""``survey-audit user``: who may use the review desk."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli._console import say, table, talk
from audit.cli._round import HERE, Config, now, open_round, person
from detectors.errors import UsageError

if TYPE_CHECKING:
    from audit.store import Store

LAPSES = "holds for 7 days, until its owner has chosen another"
_ROLES = ("inspector", "approver", "reader", "admin", "auditor")
_COLUMNS = ("name", "full_name", "role", "scope_unit", "home_unit", "valid_to", "disabled_at")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("user")(user)


def user(
    act: Annotated[str, typer.Argument(metavar="ACT", help="add, password, disable or list.")],
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="User name; for list none.")
    ] = None,
    config: Config = HERE,
    role: Annotated[
        str | None, typer.Option("--role", help="For add: " + ", ".join(_ROLES) + ".")
    ] = None,
    full_name: Annotated[str, typer.Option("--full-name", help="As shown to others.")] = "",
    scope: Annotated[
        str | None, typer.Option("--scope", help="Sees this unit and those below it only.")
    ] = None,
    home: Annotated[
        str | None, typer.Option("--home", help="Unit the person belongs to: never decides on it.")
    ] = None,
    valid_to: Annotated[
        str | None, typer.Option("--valid-to", help="Last day, e.g. 2026-12-31.")
    ] = None,
) -> None:
    """Add users of the review desk, make a new password, disable, list; passwords show once."""
    if act not in ("add", "password", "disable", "list"):
        what = f"there is nothing called {act}"
        raise UsageError(what, remedy="use add, password, disable or list")
    if act != "list" and name is None:
        raise UsageError("the name is missing", remedy=f"use `survey-audit user {act} NAME`")
    if act == "add" and role not in _ROLES:
        raise UsageError("--role is missing or not known", remedy="use " + ", ".join(_ROLES))
    last = _day(valid_to)
    settings, store = open_round(config)
    with store:
        if act == "add":
            for unit in (scope, home):
                if unit is not None:
                    _check_unit(store, settings.round.id, unit)
            password = add_user(
                store,
                name or "",
                role or "",
                full_name=full_name,
                scope=scope,
                home=home,
                valid_to=last,
            )
            talk(f"added; the password is shown this once, and {LAPSES}:")
            say(password)
        elif act == "password":
            made = _password(store, name or "")
            talk(f"{name} is logged out everywhere; the password is shown this once, and {LAPSES}:")
            say(made)
        elif act == "disable":
            _disable(store, name or "")
            talk(f"{name} is disabled, and logged out everywhere")
        else:
            say(table(_COLUMNS, _rows(store)))


def add_user(
    store: Store,
    name: str,
    role: str,
    *,
    full_name: str = "",
    scope: str | None = None,
    home: str | None = None,
    valid_to: dt.date | None = None,
) -> str:
    """Add a user; the password, which cannot be shown again."""
    from audit.desk.people import Users
    from audit.judge.authority import Role
    from audit.trail.acts import Act, Action

    after = {"role": role, "scope": scope, "home": home, "valid_to": str(valid_to or "")}
    act = Act(Action.USER, now(), person(), f"user {name.casefold()}", after=after)
    with store.writing(act) as connection:
        return Users(connection).add(
            name,
            Role(role),
            now(),
            full_name=full_name,
            scope_unit=scope,
            home_unit=home,
            valid_to=valid_to,
        )


def _password(store: Store, name: str) -> str:
    from audit.desk.people import Users
    from audit.desk.web import covered
    from audit.trail.acts import Act, Action

    act = Act(Action.USER, now(), person(), f"user {name.casefold()}", after={"password": "new"})
    with store.writing(act) as connection:
        users = Users(connection)
        key = users.key_of(name)
        if not covered(connection, key):
            raise UsageError(
                f"the account {name} was changed past the program",
                remedy="see `survey-audit verify`; disable it, and add another",
            )
        return users.reset_password(key, now())


def _disable(store: Store, name: str) -> None:
    from audit.desk.people import Users
    from audit.trail.acts import Act, Action

    act = Act(Action.USER, now(), person(), f"user {name.casefold()}", after={"disabled": True})
    with store.writing(act) as connection:
        Users(connection).disable(name, now())


def _rows(store: Store) -> list[list[object]]:
    from audit.desk.people import Users

    with store.reading() as connection:
        return [[row[name] for name in _COLUMNS] for row in Users(connection).all()]


def _check_unit(store: Store, round_id: str, unit: str) -> None:
    import sqlalchemy as sa

    from audit.store.schema import units

    with store.reading() as connection:
        query = sa.select(units.c.id).where(units.c.round_id == round_id, units.c.unit_id == unit)
        if connection.execute(query).first() is None:
            raise UsageError(
                f"there is no unit {unit} in the round", remedy="see `survey-audit export units`"
            )


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no day", remedy="write it like 2026-12-31") from error

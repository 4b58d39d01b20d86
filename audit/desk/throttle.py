"""Guessing passwords is slowed down: by name, whether there is one or not, and by address."""

from __future__ import annotations

import datetime as dt
import hashlib

import sqlalchemy as sa

from audit.desk.people import stamp
from audit.store.schema import login_attempts

__all__ = ["blocked", "failed", "forgive"]

_WINDOW = dt.timedelta(minutes=15)
_OF_NAME = 5
_OF_ADDRESS = 50  # an office behind one address


def blocked(connection: sa.Connection, name: str, address: str, now: dt.datetime) -> bool:
    """Whether so many attempts failed lately that no further one is looked at."""
    return _count(connection, _about("name", name), now) >= _OF_NAME or (
        _count(connection, _about("address", address), now) >= _OF_ADDRESS
    )


def failed(connection: sa.Connection, name: str, address: str, now: dt.datetime) -> None:
    """Note a failed attempt; old ones are forgotten."""
    table = login_attempts
    connection.execute(sa.delete(table).where(table.c.at < stamp(now - _WINDOW)))
    for about in (_about("name", name), _about("address", address)):
        connection.execute(sa.insert(table).values(about=about, at=stamp(now)))


def forgive(connection: sa.Connection, name: str) -> None:
    """Forget failed attempts on a name whose owner has logged in."""
    table = login_attempts
    connection.execute(sa.delete(table).where(table.c.about == _about("name", name)))


def _count(connection: sa.Connection, about: str, now: dt.datetime) -> int:
    table = login_attempts
    query = sa.select(sa.func.count()).where(
        table.c.about == about, table.c.at >= stamp(now - _WINDOW)
    )
    return connection.execute(query).scalar() or 0


def _about(kind: str, value: str) -> str:
    # People type passwords into the wrong field: what was typed is not kept.
    text = f"{kind}\x1f{value.strip().casefold()}"
    return hashlib.sha256(text.encode()).hexdigest()

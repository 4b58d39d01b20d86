"""Users and their sessions in the store. A user is disabled, never deleted."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from audit.desk.passwords import generate, hash_password, verify
from audit.judge.authority import Role
from audit.store import schema
from audit.trail.chain import touched
from detectors.errors import UsageError

__all__ = ["ABSOLUTE", "IDLE", "Session", "User", "Users", "stamp"]

IDLE = dt.timedelta(minutes=30)
"""A session that nobody uses ends after this."""

ABSOLUTE = dt.timedelta(hours=10)
"""A session ends after this in any case: a working day."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
# How often a session's last use is written: not with every picture.
_TOUCH = dt.timedelta(seconds=30)
FIRST_PASSWORD = dt.timedelta(days=7)
"""So long a password that was made for somebody lets them in (ASVS 6.4.1)."""


def stamp(moment: dt.datetime) -> str:
    """UTC in ISO 8601 with seconds, as all times of the audit are kept."""
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class User:
    """An account.

    Attributes:
        id: Its number.
        name: What is typed to log in; also the name on decisions.
        full_name: As shown.
        role: What it may do.
        scope_unit: Sees this unit and those below it; everything without one.
        home_unit: The unit the person belongs to, on which they never decide.
        password_until: Until when the password that was made for them holds, ISO 8601;
            ``None`` once they have chosen one.
    """

    id: int
    name: str
    full_name: str
    role: Role
    scope_unit: str | None = None
    home_unit: str | None = None
    password_until: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody logged in.

    Attributes:
        id: The hash under which it is kept.
        user: Who.
        proven_at: When the password was last given again, ISO 8601.
        waits_for: ``code`` or ``enrol`` while the second factor is open.
    """

    id: str
    user: User
    proven_at: str | None = None
    waits_for: str | None = None


class SamePassword(UsageError):
    """A new password is the old one."""


class Users:
    """Repository of users and sessions."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the caller's transaction."""
        self.connection = connection

    def add(
        self,
        name: str,
        role: Role,
        now: dt.datetime,
        *,
        full_name: str = "",
        scope_unit: str | None = None,
        home_unit: str | None = None,
        valid_to: dt.date | None = None,
    ) -> str:
        """Add a user.

        Returns:
            The password, which is not kept and cannot be shown again.

        Raises:
            UsageError: If the name is taken or no name.
        """
        name = name.strip().casefold()
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is no user name",
                remedy="use 2 to 40 of a-z, 0-9, dot, dash and underscore",
            )
        users = schema.users
        if self.connection.execute(sa.select(users.c.id).where(users.c.name == name)).first():
            raise UsageError(f"there is a user {name} already", remedy="choose another name")
        password = generate()
        added = self.connection.execute(
            sa.insert(users)
            .values(
                name=name,
                full_name=full_name.strip() or name,
                role=role.value,
                scope_unit=scope_unit,
                home_unit=home_unit,
                password_hash=hash_password(password, (name, full_name)),
                password_until=stamp(now + FIRST_PASSWORD),
                created_at=stamp(now),
                valid_to=valid_to,
            )
            .returning(users.c.id)
        )
        touched(self.connection, users.name, added.scalars())
        return password

    def disable(self, name: str, now: dt.datetime) -> None:
        """Let a user in no more, and end what sessions there are.

        Raises:
            UsageError: If there is no such user.
        """
        users, key = schema.users, self.key_of(name)
        open_ = sa.and_(users.c.id == key, users.c.disabled_at.is_(None))
        self.connection.execute(sa.update(users).where(open_).values(disabled_at=stamp(now)))
        touched(self.connection, users.name, [key])
        self.end_all(key, now)

    def key_of(self, name: str) -> int:
        """The number of an account.

        Raises:
            UsageError: If there is no such user.
        """
        users, name = schema.users, name.strip().casefold()
        key = self.connection.execute(sa.select(users.c.id).where(users.c.name == name)).scalar()
        if key is None:
            raise UsageError(f"there is no user {name}", remedy="see `survey-audit user list`")
        return int(key)

    def all(self) -> Sequence[sa.RowMapping]:
        """Users in order of name, disabled ones too."""
        return (
            self.connection.execute(sa.select(schema.users).order_by(schema.users.c.name))
            .mappings()
            .all()
        )

    def to_log_in(self, name: str, now: dt.datetime) -> tuple[User, str | None] | None:
        """A user who may log in, with the hash of the password; ``None`` once that has lapsed."""
        users = schema.users
        query = sa.select(users).where(users.c.name == name.strip().casefold(), _valid(now))
        row = self.connection.execute(query).mappings().first()
        if row is None:
            return None
        until = row["password_until"]
        return _user(row), None if until is not None and until <= stamp(now) else row[
            "password_hash"
        ]

    def change(self, user_id: int, **values: object) -> None:
        """Change role, scope, unit, name or validity of an account."""
        users = schema.users
        self.connection.execute(sa.update(users).where(users.c.id == user_id).values(**values))
        touched(self.connection, users.name, [user_id])

    def set_password(self, user_id: int, password: str) -> None:
        """Set the password that somebody has chosen; it holds without end.

        Raises:
            SamePassword: If it is the one they have, which may have been made for them.
            UsageError: If it is too short, or one that is guessed first.
        """
        row = self.find(user_id)
        if row is not None and verify(row["password_hash"], password):
            raise SamePassword("this is the password of now", remedy="choose another one")
        self._set_password(user_id, password, None)

    def _set_password(self, user_id: int, password: str, until: str | None) -> None:
        table = schema.users
        query = sa.select(table.c.name, table.c.full_name).where(table.c.id == user_id)
        about = self.connection.execute(query).one()
        hashed = hash_password(password, tuple(about))
        self.change(user_id, password_hash=hashed, password_until=until)

    def reset_password(self, user_id: int, now: dt.datetime) -> str:
        """A new password, shown once, which holds for some days; all sessions end."""
        password = generate()
        self._set_password(user_id, password, stamp(now + FIRST_PASSWORD))
        self.end_all(user_id, now)
        return password

    def find(self, user_id: int) -> sa.RowMapping | None:
        """The row of an account."""
        query = sa.select(schema.users).where(schema.users.c.id == user_id)
        return self.connection.execute(query).mappings().first()

    def begin(
        self, user: User, now: dt.datetime, *, waits_for: str | None = None, agent: str = ""
    ) -> str:
        """Begin a session; its id, of which only a hash is kept."""
        secret = secrets.token_urlsafe(32)
        at = stamp(now)
        self.connection.execute(
            sa.insert(schema.sessions).values(
                id_hash=_hash(secret),
                user_id=user.id,
                created_at=at,
                seen_at=at,
                waits_for=waits_for,
                agent=agent[:200] or None,
            )
        )
        return secret

    def session(self, secret: str, now: dt.datetime) -> tuple[Session, bool] | None:
        """The session with this id, and whether its use should be noted; ``None`` if ended."""
        sessions, users = schema.sessions, schema.users
        query = (
            sa.select(
                users,
                sessions.c.id_hash,
                sessions.c.seen_at,
                sessions.c.proven_at,
                sessions.c.waits_for,
            )
            .join(users, users.c.id == sessions.c.user_id)
            .where(
                sessions.c.id_hash == _hash(secret),
                sessions.c.ended_at.is_(None),
                sessions.c.seen_at > stamp(now - IDLE),
                sessions.c.created_at > stamp(now - ABSOLUTE),
                _valid(now),
            )
        )
        row = self.connection.execute(query).mappings().first()
        if row is None:
            return None
        session = Session(row["id_hash"], _user(row), row["proven_at"], row["waits_for"])
        return session, row["seen_at"] < stamp(now - _TOUCH)

    def seen(self, session: str, now: dt.datetime) -> None:
        """Note that a session is in use."""
        table = schema.sessions
        self.connection.execute(
            sa.update(table).where(table.c.id_hash == session).values(seen_at=stamp(now))
        )

    def prove(self, session: str, now: dt.datetime) -> None:
        """Note that the password was given again."""
        table = schema.sessions
        self.connection.execute(
            sa.update(table).where(table.c.id_hash == session).values(proven_at=stamp(now))
        )

    def complete(self, session: str) -> None:
        """Note that the second factor was given."""
        table = schema.sessions
        self.connection.execute(
            sa.update(table).where(table.c.id_hash == session).values(waits_for=None)
        )

    def end(self, session: str, now: dt.datetime) -> None:
        """End one session."""
        self._end(schema.sessions.c.id_hash == session, now)

    def end_all(self, user_id: int, now: dt.datetime, *, but: str = "") -> None:
        """End all sessions of a user, but for one that may be named."""
        table = schema.sessions
        self._end(sa.and_(table.c.user_id == user_id, table.c.id_hash != but), now)

    def _end(self, which: sa.ColumnElement[bool], now: dt.datetime) -> None:
        table = schema.sessions
        running = sa.and_(which, table.c.ended_at.is_(None))
        self.connection.execute(sa.update(table).where(running).values(ended_at=stamp(now)))

    def running(self, now: dt.datetime) -> Sequence[sa.RowMapping]:
        """Sessions that have not ended, with the name of their user, the latest used first."""
        table, users = schema.sessions, schema.users
        query = (
            sa.select(table, users.c.name)
            .join(users, users.c.id == table.c.user_id)
            .where(
                table.c.ended_at.is_(None),
                table.c.seen_at > stamp(now - IDLE),
                table.c.created_at > stamp(now - ABSOLUTE),
            )
            .order_by(table.c.seen_at.desc())
        )
        return self.connection.execute(query).mappings().all()


def _valid(now: dt.datetime) -> sa.ColumnElement[bool]:
    users = schema.users
    return sa.and_(
        users.c.disabled_at.is_(None),
        sa.or_(users.c.valid_to.is_(None), users.c.valid_to >= now.date()),
    )


def _user(row: sa.RowMapping) -> User:
    names = ("id", "name", "full_name", "scope_unit", "home_unit", "password_until")
    return User(role=Role(row["role"]), **{name: row[name] for name in names})


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

"""Who is at a case: a soft lease that runs out, is seen by all and can be taken over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from audit.desk.people import User, stamp
from audit.store import schema

__all__ = ["LEASE", "Lease", "Leases"]

LEASE = dt.timedelta(minutes=5)
"""How long a lease holds without a sign of life."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Somebody is at a case."""

    user_id: int
    name: str
    full_name: str
    since: dt.datetime
    until: dt.datetime


class Leases:
    """Repository of leases."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the caller's transaction."""
        self.connection = connection

    def running(self, now: dt.datetime) -> Mapping[int, Lease]:
        """Case -> lease, of those that have not run out."""
        leases, users = schema.leases, schema.users
        query = (
            sa.select(leases, users.c.name, users.c.full_name)
            .join(users, users.c.id == leases.c.user_id)
            .where(leases.c.expires_at > stamp(now))
        )
        return {
            row["case_id"]: Lease(
                row["user_id"],
                row["name"],
                row["full_name"],
                dt.datetime.fromisoformat(row["taken_at"]),
                dt.datetime.fromisoformat(row["expires_at"]),
            )
            for row in self.connection.execute(query).mappings()
        }

    def take(self, case_id: int, user: User, now: dt.datetime, *, over: bool = False) -> Lease:
        """Take or prolong a lease; one of somebody else stays, unless it is taken over.

        Returns:
            The lease that holds now, whoever has it.
        """
        held = self.running(now).get(case_id)
        if held is not None and held.user_id != user.id and not over:
            return held
        table = schema.leases
        mine = held is not None and held.user_id == user.id
        since = held.since if held is not None and mine else now
        values = {"user_id": user.id, "taken_at": stamp(since), "expires_at": stamp(now + LEASE)}
        changed = self.connection.execute(
            sa.update(table).where(table.c.case_id == case_id).values(values)
        )
        if not changed.rowcount:
            self.connection.execute(sa.insert(table).values(case_id=case_id, **values))
        return Lease(user.id, user.name, user.full_name, since, now + LEASE)

    def release(self, case_id: int, user: User) -> None:
        """Let go of one's own lease."""
        table = schema.leases
        own = sa.and_(table.c.case_id == case_id, table.c.user_id == user.id)
        self.connection.execute(sa.delete(table).where(own))

"""Draws for back-checks, their members and what they said; all of it is only added to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.rows import insert
from audit.trail.chain import touched

__all__ = ["Backchecks"]


class Backchecks:
    """Repository of back-checks."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def add(self, draw: Mapping[str, Any], members: Iterable[Mapping[str, Any]]) -> int:
        """Add a draw with its members; its number."""
        number = 1 + len(self.draws())
        key = schema.key_of("backcheck", self.round_id, number)
        about = {"id": key, "round_id": self.round_id, "number": number}
        insert(self.connection, schema.backcheck_draws, [about | dict(draw)])
        rows = (
            {"id": schema.key_of("backcheck", key, row["record_id"]), "draw_id": key} | dict(row)
            for row in members
        )
        insert(self.connection, schema.backcheck_members, rows)
        return number

    def draws(self) -> Sequence[sa.RowMapping]:
        """Draws in order."""
        table = schema.backcheck_draws
        query = sa.select(table).where(table.c.round_id == self.round_id).order_by(table.c.number)
        return self.connection.execute(query).mappings().all()

    def members(self, draw_id: int) -> Sequence[sa.RowMapping]:
        """Members of a draw in the order of its list."""
        table = schema.backcheck_members
        query = sa.select(table).where(table.c.draw_id == draw_id).order_by(table.c.position)
        return self.connection.execute(query).mappings().all()

    def member(self, reference: str) -> sa.RowMapping | None:
        """The member of that reference, with the instrument of its draw."""
        table, draws = schema.backcheck_members, schema.backcheck_draws
        query = (
            sa.select(table, draws.c.instrument_id, draws.c.number)
            .join(draws, draws.c.id == table.c.draw_id)
            .where(draws.c.round_id == self.round_id, table.c.reference == reference)
        )
        return self.connection.execute(query).mappings().first()

    def record(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Add what was said; the number of rows."""
        table = schema.backcheck_results
        count = 0
        for row in rows:
            added = self.connection.execute(
                sa.insert(table).values(dict(row)).returning(table.c.seq)
            )
            touched(self.connection, table.name, added.scalars())
            count += 1
        return count

    def latest(self, draw_id: int) -> Mapping[int, sa.RowMapping]:
        """Member key -> the last that was recorded of it."""
        table, members = schema.backcheck_results, schema.backcheck_members
        query = (
            sa.select(table)
            .join(members, members.c.id == table.c.member_id)
            .where(members.c.draw_id == draw_id)
            .order_by(table.c.seq)
        )
        return {row["member_id"]: row for row in self.connection.execute(query).mappings()}

"""Requests to explain (giải trình) and what came of them; only added."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from audit.store import schema
from audit.trail.chain import touched
from detectors.errors import UsageError

__all__ = ["ANSWERS", "Explanations"]

ANSWERS = ("answer", "accept", "reject")
"""Steps about a request: the unit explains, the reviewers accept that or do not."""


class Explanations:
    """Repository of requests to explain, with the steps about each."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def of(self, unit_id: str) -> Sequence[tuple[sa.RowMapping, Sequence[sa.RowMapping]]]:
        """Each request of a unit with the steps about it, in order."""
        table = schema.explanations
        query = sa.select(table).where(
            table.c.round_id == self.round_id, table.c.unit_id == unit_id
        )
        rows = self.connection.execute(query.order_by(table.c.seq)).mappings().all()
        return [
            (row, [step for step in rows if step["about"] == row["seq"]])
            for row in rows
            if row["step"] == "ask"
        ]

    def ask(
        self, unit_id: str, text: str, due: dt.date | None, case_id: int | None, **by: str
    ) -> int:
        """Ask a unit to explain; the number of the request.

        Raises:
            UsageError: If it says nothing.
        """
        return self._add(unit_id, "ask", text, due=due, case_id=case_id, **by)

    def answer(self, unit_id: str, about: int, step: str, text: str, **by: str) -> None:
        """Explain, accept or do not accept.

        Raises:
            UsageError: If there is no such request that is open, nothing to accept yet, or
                no text.
        """
        found = {request["seq"]: steps for request, steps in self.of(unit_id)}
        steps = found.get(about)
        last = steps[-1]["step"] if steps else "ask"
        if steps is None or last == "accept" or step not in ANSWERS:
            raise UsageError("there is no such request that is open", remedy="look again")
        if step != "answer" and last != "answer":
            raise UsageError("nothing was explained yet", remedy="wait for the unit")
        self._add(unit_id, step, text, about=about, **by)

    def _add(self, unit_id: str, step: str, text: str, **more: Any) -> int:
        if not text.strip():
            raise UsageError("the text is missing", remedy="write it")
        row: Mapping[str, Any] = {"round_id": self.round_id, "unit_id": unit_id, "step": step}
        values = {**row, "text": text.strip(), **more}
        table = schema.explanations
        insert = sa.insert(table).values(**values).returning(table.c.seq)
        seq = int(self.connection.execute(insert).scalar_one())
        touched(self.connection, table.name, [seq])
        return seq

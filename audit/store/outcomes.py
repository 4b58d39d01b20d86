"""Outcomes: statements that follow from scores and from what people brought with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.rows import Changes, sync

__all__ = ["Outcome", "Outcomes"]


@dataclass(frozen=True)
class Outcome:
    """One statement.

    Attributes:
        kind: ``change``, ``group``, ``index``, ``index_weights``, ``index_lines``,
            ``published``, ``bunching``, ``award``, ``target``, ``action``, ``complaints`` or
            ``snapshot``.
        programme: ``satisfaction``, ``agency`` or ``index``.
        unit_id: The unit, ``None`` for the round as a whole.
        about: What else tells it from the others of its kind.
        verdict: One word.
        body: The facts, as plain data.
    """

    kind: str
    programme: str
    unit_id: str | None
    about: str
    verdict: str
    body: Mapping[str, Any] = field(default_factory=dict)


class Outcomes:
    """Repository of outcomes."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def save(self, outcomes: Iterable[Outcome]) -> Changes:
        """Make the outcomes of the round equal to ``outcomes``."""
        table = schema.outcomes
        rows = []
        for one in outcomes:
            about = (one.kind, one.programme, one.unit_id, one.about)
            rows.append(
                {
                    "id": schema.key_of("outcome", self.round_id, *about),
                    "round_id": self.round_id,
                    "kind": one.kind,
                    "programme": one.programme,
                    "unit_id": one.unit_id,
                    "about": one.about,
                    "verdict": one.verdict,
                    "body": dict(one.body),
                }
            )
        return sync(self.connection, table, table.c.round_id == self.round_id, rows)

    def all(self, kind: str | None = None) -> Sequence[sa.RowMapping]:
        """Outcomes in order of kind, programme, unit."""
        table = schema.outcomes
        query = sa.select(table).where(table.c.round_id == self.round_id)
        if kind is not None:
            query = query.where(table.c.kind == kind)
        rows = self.connection.execute(query).mappings().all()
        # Databases do not agree on where a missing unit comes, nor on the order of letters.
        places = ("kind", "programme", "unit_id", "about")
        return sorted(rows, key=lambda row: tuple(row[name] or "" for name in places))

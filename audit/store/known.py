"""Forms whose truth is known: in a round of their own, so that nothing ever counts them.

Everything that scores, reports, exports or counts asks for the cases and records of one
round. A known form has its files, pages, record and case in the round beside it, whose id
only the review desk and this module know, so it can be left out of nothing by mistake: it
would have to be let in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.rows import insert

__all__ = ["KnownForms", "known_round", "with_known"]


def known_round(round_id: str) -> str:
    """The round in which the known forms of a round stand."""
    return f"{round_id}~known"


def with_known(round_id: str) -> tuple[str, str]:
    """A round and that of its known forms: whose originals are kept, backed up and purged alike."""
    return round_id, known_round(round_id)


class KnownForms:
    """Repository of the truth about known forms."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def add(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Note what is true of cases: ``case_id, truth, items, source, added_by, added_at``."""
        fixed = {"round_id": self.round_id}
        return insert(self.connection, schema.known_forms, [{**row, **fixed} for row in rows])

    def all(self) -> Sequence[sa.RowMapping]:
        """Every known form, the first added first."""
        table = schema.known_forms
        query = sa.select(table).where(table.c.round_id == self.round_id)
        query = query.order_by(table.c.added_at, table.c.case_id)
        return self.connection.execute(query).mappings().all()

    def truths(self) -> Mapping[int, str]:
        """Case -> ``clean`` or ``tampered``."""
        return {row["case_id"]: row["truth"] for row in self.all()}

"""The round, its units by period and its custody."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import sqlalchemy as sa

from audit.intake.custody_book import COUNTS, CUSTODY_COLUMNS, CUSTODY_MORE, MORE_COUNTS
from audit.intake.registers import UNIT_COLUMNS
from audit.settings import RoundSettings
from audit.store import schema
from audit.store.rows import Changes, plain, sync

__all__ = ["Rounds"]


class Rounds:
    """Repository of rounds, units and batches."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def save(self, settings: RoundSettings) -> Changes:
        """Make the round's row equal to its settings."""
        row = {
            "id": self.round_id,
            "title_vi": settings.title.get("vi") or self.round_id,
            "title_en": settings.title.get("en") or self.round_id,
            "period_from": settings.date_from,
            "period_to": settings.date_to,
        }
        return sync(self.connection, schema.rounds, schema.rounds.c.id == self.round_id, [row])

    def save_units(self, frame: pd.DataFrame) -> Changes:
        """Make the units equal to the units table."""
        rows = []
        for record in frame.to_dict("records"):
            row: dict[str, Any] = {str(name): plain(value) for name, value in record.items()}
            row["peer_group"] = row.pop("group")
            for name in ("valid_from", "valid_to"):
                row[name] = _day(row[name])
            row["id"] = schema.key_of("unit", self.round_id, row["unit_id"], row["valid_from"])
            rows.append(row | {"round_id": self.round_id})
        return sync(self.connection, schema.units, schema.units.c.round_id == self.round_id, rows)

    def units(self) -> pd.DataFrame:
        """All versions of the units, with the columns of the units table."""
        query = sa.select(schema.units).where(schema.units.c.round_id == self.round_id)
        rows = self.connection.execute(query.order_by("unit_id", "valid_from")).mappings().all()
        frame = pd.DataFrame(rows, columns=[c.name for c in schema.units.columns])
        frame = frame.rename(columns={"peer_group": "group"})[list(UNIT_COLUMNS)]
        for name in ("unit_id", "name", "group", "level", "parent_id"):
            frame[name] = frame[name].astype("str").where(frame[name].notna())
        frame["handles_procedures"] = frame["handles_procedures"].astype("boolean")
        frame["served"] = frame["served"].astype("float64")
        for name in ("valid_from", "valid_to"):
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
        return frame

    def save_batches(self, frame: pd.DataFrame) -> Changes:
        """Make the batches equal to the custody table."""
        rows = []
        for number, record in enumerate(frame.to_dict("records")):
            # A book without the optional columns leaves them empty.
            row: dict[str, Any] = dict.fromkeys(CUSTODY_MORE)
            row |= {str(name): plain(value) for name, value in record.items()}
            for name in ("issued_at", "returned_at", "scanned_at"):
                row[name] = _day(row[name])
            for name in (*COUNTS, *MORE_COUNTS):
                row[name] = None if row[name] is None else int(row[name])
            row["id"] = schema.key_of("batch", self.round_id, number, row["unit_id"], row["batch"])
            rows.append(row | {"round_id": self.round_id})
        scope = schema.batches.c.round_id == self.round_id
        return sync(self.connection, schema.batches, scope, rows)

    def batches(self) -> pd.DataFrame:
        """Custody, with the columns of the custody table and the optional ones."""
        query = sa.select(schema.batches).where(schema.batches.c.round_id == self.round_id)
        rows = self.connection.execute(query.order_by("unit_id", "batch")).mappings().all()
        frame = pd.DataFrame(rows, columns=[c.name for c in schema.batches.columns])
        return frame[[*CUSTODY_COLUMNS, *CUSTODY_MORE]]


def _day(value: Any) -> dt.date | None:
    return value.date() if isinstance(value, dt.datetime) else value

"""Findings, results of the unit checks, and problems of the inputs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from audit.store import schema
from audit.store.rows import Changes, insert, plain, sync
from audit.trail.chain import touched
from detectors.finding import Finding

__all__ = ["Findings"]


class Findings:
    """Repository of findings, unit results and problems."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def save(
        self,
        instrument_id: str,
        findings: Iterable[tuple[Finding, int | None]],
        run_id: str,
        versions: Mapping[str, str],
    ) -> Changes:
        """Make the open findings of an instrument equal to ``findings``.

        One that is there already keeps the run that first found it; one that is no longer
        found is withdrawn, not removed; one that comes back is taken up again.

        Args:
            instrument_id: Of these findings.
            findings: Each with the key of its page, if it is about one.
            run_id: The run that found them.
            versions: Detector id -> version.
        """
        table = schema.findings
        scope = sa.and_(table.c.round_id == self.round_id, table.c.instrument_id == instrument_id)
        wanted: dict[int, dict[str, Any]] = {}
        for finding, page in findings:
            row = self._row(instrument_id, finding, page, versions.get(finding.detector, "1"))
            wanted[row["id"]] = row
        query = sa.select(table.c.id, table.c.withdrawn_run, table.c.page_id).where(scope)
        stored = {row[0]: (row[1], row[2]) for row in self.connection.execute(query)}
        gone = [key for key, (run, _) in stored.items() if run is None and key not in wanted]
        back = [key for key, (run, _) in stored.items() if run is not None and key in wanted]
        for some, run in ((gone, run_id), (back, None)):
            for start in range(0, len(some), 500):
                chosen = table.c.id.in_(some[start : start + 500])
                self.connection.execute(sa.update(table).where(chosen).values(withdrawn_run=run))
        touched(self.connection, table.name, (*gone, *back))
        for key, row in wanted.items():
            if key in stored and stored[key][1] != row["page_id"]:
                moved = sa.update(table).where(table.c.id == key)
                self.connection.execute(moved.values(page_id=row["page_id"]))
                touched(self.connection, table.name, [key])
        new = [row | {"run_id": run_id} for key, row in wanted.items() if key not in stored]
        insert(self.connection, table, new)
        return Changes(len(new) + len(back), len(gone))

    def _row(
        self, instrument_id: str, finding: Finding, page: int | None, version: str
    ) -> dict[str, Any]:
        data: dict[str, Any] = plain(finding.to_json())
        text = json.dumps(data, sort_keys=True, ensure_ascii=False)
        key = schema.key_of("finding", self.round_id, instrument_id, page or "", version, text)
        message = data.pop("message")
        return data | {
            "id": key,
            "round_id": self.round_id,
            "instrument_id": instrument_id,
            "detector_version": version,
            "page_id": page,
            "message_vi": message["vi"],
            "message_en": message["en"],
            "withdrawn_run": None,
        }

    def open(self, instrument_id: str | None = None) -> Sequence[sa.RowMapping]:
        """Findings that stand, the most serious first."""
        table = schema.findings
        query = sa.select(table).where(
            table.c.round_id == self.round_id, table.c.withdrawn_run.is_(None)
        )
        if instrument_id is not None:
            query = query.where(table.c.instrument_id == instrument_id)
        rank = sa.case({"red": 0, "orange": 1, "yellow": 2}, value=table.c.severity, else_=3)
        query = query.order_by(rank, table.c.p_value, table.c.detector, table.c.id)
        return self.connection.execute(query).mappings().all()

    @staticmethod
    def finding(row: Mapping[str, Any]) -> Finding:
        """The finding of a stored row."""
        message = {"vi": row["message_vi"], "en": row["message_en"]}
        return Finding.from_json({**row, "message": message})

    def save_unit_results(self, instrument_id: str, rows: Iterable[Mapping[str, Any]]) -> Changes:
        """Make the results of the unit checks equal to ``rows``."""
        table = schema.unit_results
        scope = sa.and_(table.c.round_id == self.round_id, table.c.instrument_id == instrument_id)
        keyed = [
            {
                **row,
                "id": schema.key_of("unit_result", self.round_id, instrument_id, row["unit_id"]),
                "round_id": self.round_id,
                "instrument_id": instrument_id,
            }
            for row in rows
        ]
        return sync(self.connection, table, scope, keyed)

    def unit_results(self, instrument_id: str | None = None) -> Sequence[sa.RowMapping]:
        """Results of the unit checks in order of unit."""
        table = schema.unit_results
        query = sa.select(table).where(table.c.round_id == self.round_id)
        if instrument_id is not None:
            query = query.where(table.c.instrument_id == instrument_id)
        query = query.order_by(table.c.instrument_id, table.c.unit_id)
        return self.connection.execute(query).mappings().all()

    def save_problems(self, rows: Iterable[Mapping[str, Any]]) -> Changes:
        """Make the problems of the inputs equal to ``rows``."""
        table = schema.problems
        keyed: dict[int, dict[str, Any]] = {}
        for row in rows:
            key = schema.key_of("problem", self.round_id, *(row[n] for n in sorted(row)))
            keyed[key] = {**row, "id": key, "round_id": self.round_id}
        scope = table.c.round_id == self.round_id
        return sync(self.connection, table, scope, keyed.values())

    def problems(self) -> Sequence[sa.RowMapping]:
        """Problems of the inputs in order of place."""
        table = schema.problems
        query = sa.select(table).where(table.c.round_id == self.round_id)
        return self.connection.execute(query.order_by(table.c.place, table.c.id)).mappings().all()

"""What people add to a case beside decisions: notes on a place, corrections. Only added."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from audit.judge.correction import Correction, Event, Stage, Step, check_step, fold
from audit.store import schema
from audit.trail.chain import touched
from detectors.errors import UsageError

__all__ = ["BLANK", "Corrections", "Notes"]

BLANK: list[str | None] = ["blank", None]
"""State and value of an answer that the record does not have."""


class Notes:
    """Repository of notes; taking one back is another row."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the caller's transaction."""
        self.connection = connection

    def of(self, case_id: int) -> Sequence[sa.RowMapping]:
        """Notes on a case that were not taken back, in order."""
        table = schema.notes
        query = sa.select(table).where(table.c.case_id == case_id).order_by(table.c.seq)
        rows = self.connection.execute(query).mappings().all()
        gone = {row["about"] for row in rows}
        return [row for row in rows if row["about"] is None and row["seq"] not in gone]

    def add(self, row: Mapping[str, Any]) -> int:
        """Add a note; its number."""
        return _add(self.connection, schema.notes, row)

    def withdraw(self, case_id: int, seq: int, actor: str, at: str) -> None:
        """Take back one's own note.

        Raises:
            UsageError: If there is none of this person.
        """
        own = [n for n in self.of(case_id) if n["seq"] == seq and n["actor"] == actor]
        if not own:
            raise UsageError("there is no such note of yours", remedy="look at the case again")
        self.add({"case_id": case_id, "about": seq, "text": "", "actor": actor, "at": at})


class Corrections:
    """Repository of corrections of readings."""

    def __init__(self, connection: sa.Connection, round_id: str) -> None:
        """Work on one round inside the caller's transaction."""
        self.connection = connection
        self.round_id = round_id

    def of(self, case_id: int) -> Sequence[Correction]:
        """All corrections proposed on a case."""
        table = schema.corrections
        return fold(self._events(table.c.case_id == case_id))

    def head(self) -> int:
        """Number of the last agreement of the round, 0 without one."""
        table = schema.corrections
        query = sa.select(sa.func.max(table.c.seq)).where(
            table.c.round_id == self.round_id, table.c.step == Step.AGREE.value
        )
        return self.connection.execute(query).scalar() or 0

    def last(self, case_id: int) -> int:
        """Number of the last step on a case, 0 without one."""
        table = schema.corrections
        query = sa.select(sa.func.max(table.c.seq)).where(table.c.case_id == case_id)
        return self.connection.execute(query).scalar() or 0

    def agreed(self, instrument_id: str) -> Mapping[tuple[str, str], tuple[Any, Any]]:
        """``(record id, item)`` -> the reading that was corrected, and what is right."""
        table = schema.corrections
        found: dict[tuple[str, str], tuple[Any, Any]] = {}
        query = (
            sa.select(table)
            .where(table.c.round_id == self.round_id, table.c.instrument_id == instrument_id)
            .order_by(table.c.seq)
        )
        by_record: dict[str, list[Event]] = {}
        for row in self.connection.execute(query).mappings():
            by_record.setdefault(row["record_id"], []).append(_event(row))
        for record, events in by_record.items():
            for correction in fold(events):
                event = correction.event
                if correction.stage is Stage.AGREED and event.kind == "answer":
                    found[record, event.subject] = (event.was, event.value)
        return found

    def propose(
        self,
        case: sa.RowMapping,
        kind: str,
        subject: str,
        was: Any,
        value: Any,
        *,
        actor: str,
        at: str,
        note: str | None,
    ) -> int:
        """Say what is right; its number.

        Raises:
            UsageError: If that is what was read, or a proposal on the same place waits.
        """
        if was == value:
            raise UsageError("that is what was read", remedy="choose another value")
        waiting = [
            c
            for c in self.of(case["id"])
            if c.stage is Stage.PROPOSED and (c.event.kind, c.event.subject) == (kind, subject)
        ]
        if waiting:
            raise UsageError("a proposal waits for this place already", remedy="answer it first")
        return self._add(case, Step.PROPOSE, kind, subject, was, value, None, actor, at, note)

    def answer(self, case: sa.RowMapping, about: int, step: Step, *, actor: str, at: str) -> None:
        """Agree to a proposal, refuse it, or take back one's own.

        Raises:
            UsageError: If the person may not.
        """
        found = {c.event.seq: c for c in self.of(case["id"])}
        check_step(found, step, about, actor)
        event = found[about].event
        self._add(
            *(case, step, event.kind, event.subject, event.was, event.value, about, actor, at, None)
        )

    def _add(
        self,
        case: sa.RowMapping,
        step: Step,
        kind: str,
        subject: str,
        was: Any,
        value: Any,
        about: int | None,
        actor: str,
        at: str,
        note: str | None,
    ) -> int:
        row = {
            "round_id": self.round_id,
            "instrument_id": case["instrument_id"],
            "record_id": case["subject_id"],
            "case_id": case["id"],
            "step": step.value,
            "about": about,
            "kind": kind,
            "subject": subject,
            "was": json.dumps(was, ensure_ascii=False),
            "value": json.dumps(value, ensure_ascii=False),
            "actor": actor,
            "note": note,
            "at": at,
        }
        return _add(self.connection, schema.corrections, row)

    def _events(self, where: sa.ColumnElement[bool]) -> Iterable[Event]:
        table = schema.corrections
        query = sa.select(table).where(where).order_by(table.c.seq)
        return [_event(row) for row in self.connection.execute(query).mappings()]


def _event(row: sa.RowMapping) -> Event:
    return Event(
        seq=row["seq"],
        step=Step(row["step"]),
        about=row["about"],
        kind=row["kind"],
        subject=row["subject"],
        was=json.loads(row["was"]),
        value=json.loads(row["value"]),
        actor=row["actor"],
        note=row["note"],
        at=row["at"],
    )


def _add(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> int:
    added = connection.execute(sa.insert(table).values(**row).returning(table.c.seq)).scalar_one()
    touched(connection, table.name, [added])
    return int(added)

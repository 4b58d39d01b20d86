"""Cases and the decisions on them; decisions are only ever added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from audit.judge.case import Case
from audit.judge.decision import CaseState, Decision, Verdict, check_decision, state_of
from audit.store import schema
from audit.store.rows import Changes, insert, plain
from audit.trail.acts import Action
from audit.trail.chain import note, touched
from detectors.errors import UsageError

__all__ = ["Cases"]


class Cases:
    """Repository of cases and decisions."""

    def __init__(
        self, connection: sa.Connection, round_id: str, *, also: Sequence[str] = ()
    ) -> None:
        """Work on one round inside the caller's transaction.

        Args:
            connection: To read from and write to.
            round_id: Of the round.
            also: Rounds whose cases stand beside its own; only the review desk names any.
        """
        self.connection = connection
        self.round_id = round_id
        self._mine = schema.cases.c.round_id.in_((round_id, *also))

    def key(self, instrument_id: str, subject: str, subject_id: str) -> int:
        """The key of the case about one subject."""
        return schema.key_of("case", self.round_id, instrument_id, subject, subject_id)

    def save(self, instrument_id: str, cases: Iterable[Case], run_id: str) -> Changes:
        """Make the open cases of an instrument equal to ``cases``.

        A case that has lost all its evidence is withdrawn and stays with its decisions.
        """
        table = schema.cases
        scope = sa.and_(table.c.round_id == self.round_id, table.c.instrument_id == instrument_id)
        stored = {
            r["id"]: r for r in self.connection.execute(sa.select(table).where(scope)).mappings()
        }
        wanted = {}
        for case in cases:
            key = self.key(instrument_id, case.subject, case.subject_id)
            wanted[key] = {
                "unit_id": case.unit_id,
                "severity": case.severity.value,
                "holds": case.holds,
                "evidence": case.evidence,
                "reasons": plain(case.reasons),
                "withdrawn_run": None,
                "subject": case.subject,
                "subject_id": case.subject_id,
            }
        changed = removed = 0
        for key, row in stored.items():
            new = wanted.get(key)
            if new is None:
                if row["withdrawn_run"] is None:
                    statement = sa.update(table).where(table.c.id == key)
                    self.connection.execute(statement.values(withdrawn_run=run_id))
                    touched(self.connection, table.name, [key])
                    removed += 1
            elif any(row[name] != value for name, value in new.items()):
                self.connection.execute(sa.update(table).where(table.c.id == key).values(new))
                touched(self.connection, table.name, [key])
                changed += 1
        fixed = {"round_id": self.round_id, "instrument_id": instrument_id, "opened_run": run_id}
        rows = [{"id": k, **fixed, **v} for k, v in wanted.items() if k not in stored]
        return Changes(insert(self.connection, table, rows), removed, changed)

    def open(self, instrument_id: str | None = None) -> Sequence[sa.RowMapping]:
        """Cases that rest on standing evidence, in order of subject."""
        table = schema.cases
        query = sa.select(table).where(self._mine, table.c.withdrawn_run.is_(None))
        if instrument_id is not None:
            query = query.where(table.c.instrument_id == instrument_id)
        query = query.order_by(table.c.subject, table.c.subject_id, table.c.id)
        return self.connection.execute(query).mappings().all()

    def history(self, case_id: int | None = None) -> Mapping[int, list[Decision]]:
        """Case key -> its decisions in order; of one case only if it is named."""
        found: dict[int, list[Decision]] = {}
        for row in self.decisions(case_id):
            found.setdefault(row["case_id"], []).append(
                Decision(
                    actor=row["actor"],
                    verdict=Verdict(row["verdict"]),
                    evidence=row["evidence"],
                    reason=row["reason"],
                    note=row["note"],
                    at=row["at"],
                )
            )
        return found

    def decisions(self, case_id: int | None = None) -> Sequence[sa.RowMapping]:
        """Decisions of the round, or on one case, in order, with the subject of their case."""
        decisions, cases = schema.decisions, schema.cases
        query = (
            sa.select(
                decisions,
                cases.c.instrument_id,
                cases.c.subject,
                cases.c.subject_id,
                cases.c.unit_id,
            )
            .join(cases, cases.c.id == decisions.c.case_id)
            .where(self._mine)
            .order_by(decisions.c.seq)
        )
        if case_id is not None:
            query = query.where(decisions.c.case_id == case_id)
        return self.connection.execute(query).mappings().all()

    def head(self) -> int:
        """Number of the last decision of the round, 0 without one."""
        decisions, cases = schema.decisions, schema.cases
        query = (
            sa.select(decisions.c.seq)
            .join(cases, cases.c.id == decisions.c.case_id)
            .where(self._mine)
            .order_by(decisions.c.seq.desc())
            .limit(1)
        )
        return self.connection.execute(query).scalar() or 0

    def decided_since(self, seq: int) -> Sequence[int]:
        """Cases with a decision of a greater number, in order of the first of these."""
        decisions, cases = schema.decisions, schema.cases
        query = (
            sa.select(decisions.c.case_id)
            .join(cases, cases.c.id == decisions.c.case_id)
            .where(self._mine, decisions.c.seq > seq)
            .order_by(decisions.c.seq)
        )
        return list(dict.fromkeys(self.connection.execute(query).scalars()))

    def states(self, instrument_id: str | None = None) -> Mapping[int, CaseState]:
        """Case key -> where it stands, of the cases that rest on standing evidence."""
        history = self.history()
        return {
            row["id"]: state_of(
                history.get(row["id"], ()), evidence=row["evidence"], needs_two=needs_two(row)
            )
            for row in self.open(instrument_id)
        }

    def decide(self, case_id: int, decision: Decision) -> CaseState:
        """Add one decision, with an entry of its own in the trail.

        Returns:
            Where the case stands now.

        Raises:
            UsageError: If there is no such case, or the person may not decide on it now.
        """
        table = schema.cases
        query = sa.select(table).where(table.c.id == case_id, self._mine)
        # The row is locked, so that of two people who decide at once one comes second.
        case = self.connection.execute(query.with_for_update()).mappings().first()
        if case is None or case["withdrawn_run"] is not None:
            raise UsageError(f"there is no open case {case_id}", remedy="see `export held`")
        history, standing = self.history(case_id).get(case_id, ()), case["evidence"]
        before = state_of(history, evidence=standing, needs_two=needs_two(case))
        state = check_decision(history, decision, evidence=standing, needs_two=needs_two(case))
        row = {
            "case_id": case_id,
            "evidence": decision.evidence,
            "actor": decision.actor.strip(),
            "verdict": decision.verdict.value,
            "reason": decision.reason,
            "note": decision.note,
            "at": decision.at,
        }
        number = schema.decisions.c.seq
        added = self.connection.execute(sa.insert(schema.decisions).values(row).returning(number))
        note(
            self.connection,
            Action.DECISION,
            {"decisions": set(added.scalars())},
            actor=row["actor"],
            object=f"case {case_id}",
            before={"state": before.value},
            after={
                "state": state.value,
                "verdict": row["verdict"],
                "evidence": row["evidence"],
                "subject": f"{case['subject']} {case['subject_id']}",
            },
            reason=row["reason"],
        )
        return state


def needs_two(case: sa.RowMapping) -> bool:
    """Whether two people must agree: always where a record is held, or signs are serious."""
    return bool(case["holds"]) or case["severity"] in ("orange", "red")

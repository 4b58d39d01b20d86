"""What the queue knows of a case, read for all cases of a round at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import sqlalchemy as sa

from audit.desk.scope import Scope
from audit.judge.authority import Role, verdicts
from audit.judge.decision import CaseState, Decision, has_spoken, state_of
from audit.store import schema
from audit.store.cases import Cases, needs_two
from audit.store.known import KnownForms, known_round
from detectors.finding import Severity
from detectors.instrument import Instrument

__all__ = ["Entry", "label_of", "read_entries"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One case in the queue.

    Attributes:
        id: Its key.
        instrument_id: The form.
        subject: ``record``, ``page`` or ``unit``.
        subject_id: Of what.
        label: The serial of the form where it is known.
        unit_id: The unit concerned.
        group: Its peers.
        severity: Worst of its signs.
        reasons: Why it could not be judged.
        evidence: Hash of what it rests on.
        two: Whether two people must agree.
        history: Decisions on it.
        state: Where it stands.
        detectors: Checks that found something.
        kinds: Kinds of signs.
        signs: How many.
        channel: How the answers came in.
        batch: Of the form.
        collector: Who collected it.
        effect: By how much at most the unit's value changes with the record out, as a share.
        tier_open: Whether the unit's tier depends on what is held.
        known: The truth, where it is a known form put there to measure who judges; never shown.
    """

    id: int
    instrument_id: str
    subject: str
    subject_id: str
    label: str
    unit_id: str | None
    group: str | None
    severity: Severity
    reasons: tuple[str, ...]
    evidence: str
    two: bool
    history: tuple[Decision, ...]
    state: CaseState
    detectors: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    signs: int = 0
    channel: str | None = None
    batch: str | None = None
    collector: str | None = None
    effect: float | None = None
    tier_open: bool = False
    known: str | None = None

    @property
    def place(self) -> tuple[bool, bool, int, bool, float, str, int]:
        """By what it is put into order: open, unjudged, severity, tier, effect."""
        return (
            self.state.closed,
            not self.reasons,
            -self.severity.rank,
            not self.tier_open,
            -(self.effect or 0.0),
            self.label,
            self.id,
        )

    def waits_for(self, scope: Scope) -> bool:
        """Whether the user may say something on it now, and has not yet."""
        user = scope.user
        if self.state not in _open_to(user.role):
            return False
        if user.home_unit is not None and scope.is_own(self.unit_id):
            return False
        return not self.history or not has_spoken(self.history, user.name, evidence=self.evidence)


@cache
def _open_to(role: Role) -> frozenset[CaseState]:
    """The states in which somebody of a role may say something that ends or moves a case."""
    states = (state for state in CaseState if not state.closed)
    return frozenset(s for s in states if verdicts(role, s, own_unit=False))


def read_entries(
    connection: sa.Connection, round_id: str, instruments: Mapping[str, Instrument]
) -> list[Entry]:
    """Every case that rests on standing evidence, and those about known forms.

    Args:
        connection: To read from.
        round_id: Of the round.
        instruments: Forms by id.
    """
    found = _read(connection, round_id, round_id, instruments)
    known = KnownForms(connection, round_id).truths()
    if known:
        beside = _read(connection, known_round(round_id), round_id, instruments)
        found += [replace(entry, known=known[entry.id]) for entry in beside if entry.id in known]
    return found


def _read(
    connection: sa.Connection,
    round_id: str,
    of: str,
    instruments: Mapping[str, Instrument],
) -> list[Entry]:
    """The cases of one round, among the units and results of the round ``of``."""
    cases = Cases(connection, round_id)
    history = cases.history()
    open_ = cases.open()
    units = schema.units
    in_round = sa.select(units.c.unit_id, units.c.peer_group).where(units.c.round_id == of)
    groups = {row[0]: row[1] for row in connection.execute(in_round)}
    records = _records(connection, round_id)
    signs = _signs(connection, round_id)
    effects = _effects(connection, round_id, of, instruments)
    unsettled = _unsettled(connection, of)
    entries = []
    for case in open_:
        about = (case["instrument_id"], case["subject"], case["subject_id"])
        record = records.get(about[::2]) if case["subject"] == "record" else None
        found = signs.get(about, ())
        decisions, two = tuple(history.get(case["id"], ())), needs_two(case)
        entries.append(
            Entry(
                id=case["id"],
                instrument_id=case["instrument_id"],
                subject=case["subject"],
                subject_id=case["subject_id"],
                label=label_of(case["subject_id"], record["serial"] if record else None),
                unit_id=case["unit_id"],
                group=groups.get(case["unit_id"]),
                severity=Severity(case["severity"]),
                reasons=tuple(case["reasons"]),
                evidence=case["evidence"],
                two=two,
                history=decisions,
                state=state_of(decisions, evidence=case["evidence"], needs_two=two),
                detectors=tuple(dict.fromkeys(d for d, _ in found)),
                kinds=tuple(dict.fromkeys(k for _, k in found)),
                signs=len(found),
                channel=record["channel"] if record else None,
                batch=record["batch"] if record else None,
                collector=record["collector"] if record else None,
                effect=effects.get(case["id"]),
                tier_open=bool(case["holds"])
                and (case["instrument_id"], case["unit_id"]) in unsettled,
            )
        )
    return entries


def label_of(subject_id: str, serial: str | None) -> str:
    """What a case is called: the serial, where the id does not hold it already."""
    return subject_id if serial is None or serial in subject_id else serial


def _records(connection: sa.Connection, round_id: str) -> dict[tuple[str, str], sa.RowMapping]:
    """The records that have a case."""
    cases, records = schema.cases, schema.records
    names = ("instrument_id", "record_id", "serial", "channel", "batch", "collector")
    query = (
        sa.select(*(records.c[name] for name in names))
        .join(
            cases,
            sa.and_(
                cases.c.round_id == records.c.round_id,
                cases.c.instrument_id == records.c.instrument_id,
                cases.c.subject_id == records.c.record_id,
            ),
        )
        .where(records.c.round_id == round_id, cases.c.subject == "record")
    )
    rows = connection.execute(query).mappings()
    return {(row["instrument_id"], row["record_id"]): row for row in rows}


def _signs(
    connection: sa.Connection, round_id: str
) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    """``(instrument, subject, subject id)`` -> detector and kind of each sign, the worst first."""
    findings, pages, files = schema.findings, schema.pages, schema.files
    names = ("instrument_id", "record_id", "unit_id", "detector", "kind")
    rank = sa.case({"red": 0, "orange": 1}, value=findings.c.severity, else_=2)
    query = (
        sa.select(
            *(findings.c[name] for name in names),
            files.c.path,
            pages.c.page,
        )
        .outerjoin(pages, pages.c.id == findings.c.page_id)
        .outerjoin(files, files.c.id == pages.c.file_id)
        .where(findings.c.round_id == round_id, findings.c.withdrawn_run.is_(None))
        .order_by(rank, findings.c.detector, findings.c.id)
    )
    found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for row in connection.execute(query).mappings():
        if row["record_id"] is not None:
            subject = ("record", row["record_id"])
        elif row["path"] is not None:
            subject = ("page", f"{row['path']}#{row['page']}")
        else:
            subject = ("unit", row["unit_id"] or "")
        about = (row["instrument_id"], *subject)
        found.setdefault(about, []).append((row["detector"], row["kind"]))
    return found


def _unsettled(connection: sa.Connection, round_id: str) -> set[tuple[str, str]]:
    """``(instrument, unit)`` whose tier is another at the lower bound than at the upper."""
    scores = schema.scores
    query = sa.select(scores.c.instrument_id, scores.c.unit_id).where(
        scores.c.round_id == round_id,
        scores.c.measure == "overall",
        scores.c.tier_firm.is_(False),
    )
    return {(row[0], row[1]) for row in connection.execute(query)}


def _effects(
    connection: sa.Connection, round_id: str, of: str, instruments: Mapping[str, Instrument]
) -> dict[int, float]:
    """Case -> by how much at most its unit's value changes when the record does not count.

    At most: as if the record had only the best or only the worst answers. What it really has
    would stand in the number, and whoever put the queue into order would find the low scores.
    """
    totals = {}
    scores = schema.scores
    query = sa.select(scores).where(scores.c.round_id == of, scores.c.measure == "overall")
    for row in connection.execute(query).mappings():
        about = (row["instrument_id"], row["unit_id"])
        totals[about] = (row["satisfied_as_received"], row["answers_as_received"])
    effects = {}
    for name, form in instruments.items():
        for case, unit, answers in _case_answers(connection, round_id, name, form):
            all_satisfied, all_answers = totals.get((name, unit or ""), (0, 0))
            if all_answers > answers:
                share, weight = all_satisfied / all_answers, answers / (all_answers - answers)
                effects[case] = max(share, 1 - share) * weight
    return effects


def _case_answers(
    connection: sa.Connection, round_id: str, instrument_id: str, form: Instrument
) -> Sequence[tuple[int, str | None, int]]:
    """Case, unit, and how many rated answers the record has."""
    answers, records, cases = schema.answers, schema.records, schema.cases
    query = (
        sa.select(
            cases.c.id,
            cases.c.unit_id,
            sa.func.count(),
        )
        .join(
            records,
            sa.and_(
                cases.c.round_id == records.c.round_id,
                cases.c.instrument_id == records.c.instrument_id,
                cases.c.subject_id == records.c.record_id,
            ),
        )
        .join(answers, answers.c.record == records.c.id)
        .where(
            cases.c.round_id == round_id,
            cases.c.instrument_id == instrument_id,
            cases.c.subject == "record",
            cases.c.withdrawn_run.is_(None),
            answers.c.state == "answered",
            answers.c.item.in_([item.id for item in form.ratings]),
        )
        .group_by(cases.c.id, cases.c.unit_id)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]

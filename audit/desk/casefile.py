"""Everything that is known about one case, as its page shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from audit.desk.sheets import Answer, answers_of, pages_of
from audit.judge.correction import Correction, Stage
from audit.judge.decision import CaseState, Decision, Verdict, state_of
from audit.pipeline.signs import TITLES
from audit.store import schema
from audit.store.cases import needs_two
from audit.store.remarks import BLANK, Corrections, Notes
from detectors.finding import Message
from detectors.instrument import Instrument
from detectors.registry import CheckInfo, Level, discover

__all__ = ["CaseFile", "Standing", "checks", "read_case", "read_pages", "read_standing", "title_of"]

Row = sa.RowMapping

_ALIKE = 3


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a case stands: all that a decision on it has to know.

    Attributes:
        case: Its row.
        history: All decisions on it, in order; not all of them may be shown.
        last: Number of the last decision, 0 without one.
        last_correction: Number of the last step about a correction, 0 without.
    """

    case: Row
    history: tuple[Decision, ...]
    last: int
    last_correction: int

    @property
    def two(self) -> bool:
        """Whether two people must agree."""
        return needs_two(self.case)

    @property
    def state(self) -> CaseState:
        """Where it stands."""
        return state_of(self.history, evidence=self.case["evidence"], needs_two=self.two)

    @property
    def version(self) -> str:
        """What a decision is made on: the evidence, and the words said so far."""
        return f"{self.case['evidence']}.{self.last}.{self.last_correction}"


@dataclass(frozen=True, kw_only=True)
class CaseFile(Standing):
    """One case with all that its page shows.

    Attributes:
        record: The record, for a case about one.
        pages: Pages with path and hash of their file.
        signs: Findings that stand, the most serious first.
        gone: Findings of earlier runs that no longer stand.
        answers: Questions of the record in the order of the form.
        alike: Other records that signs name -> item -> recorded value.
        notes: Notes on places, in order.
        corrections: Of what was read, with where each stands.
    """

    record: Row | None
    pages: Sequence[Row]
    signs: Sequence[Row]
    gone: Sequence[Row]
    answers: Sequence[Answer]
    alike: Mapping[str, Mapping[str, str | None]]
    notes: Sequence[Row] = ()
    corrections: Sequence[Correction] = ()

    def reading(self, item: str) -> list[str | None]:
        """State and value of an answer as it was read."""
        found = next((a for a in self.answers if a.item.id == item), None)
        if found is None or found.state is None:
            return list(BLANK)
        return [found.state, found.value]

    def corrected(self, item: str) -> list[str | None] | None:
        """What two people say an answer is; ``None`` without, or where it was read anew."""
        return next(
            (
                c.event.value
                for c in self.corrections
                if c.stage is Stage.AGREED
                and (c.event.kind, c.event.subject) == ("answer", item)
                and c.event.was == self.reading(item)
            ),
            None,
        )

    def region(self, sign: Row) -> tuple[float, float, float, float]:
        """Where a sign is, in mm on the form: where two people say so, else as it was found."""
        found = next(
            (
                c.event.value
                for c in self.corrections
                if c.stage is Stage.AGREED
                and (c.event.kind, c.event.subject) == ("region", str(sign["id"]))
            ),
            sign["box_mm"],
        )
        x, y, width, height = found
        return (x, y, width, height)

    def first_sheet(self) -> Row | None:
        """The page that is shown first: one with a sign on it, where there is one."""
        marked = {sign["page_id"] for sign in self.signs if sign["box_mm"] is not None}
        signed = [page for page in self.pages if page["id"] in marked]
        return next(iter([*signed, *self.pages]), None)


@cache
def checks() -> Mapping[str, CheckInfo]:
    """Every check by id."""
    return {c.info.id: c.info for level in Level for c in discover(level).values()}


def title_of(detector: str) -> Message:
    """What a check is called."""
    found = checks().get(detector)
    return found.title if found else TITLES.get(detector, Message(detector, detector))


def read_standing(connection: sa.Connection, case: Row) -> Standing:
    """Where a case stands."""
    table = schema.decisions
    query = sa.select(table).where(table.c.case_id == case["id"]).order_by(table.c.seq)
    rows = connection.execute(query).mappings().all()
    return Standing(
        case=case,
        history=tuple(decision_of(row) for row in rows),
        last=rows[-1]["seq"] if rows else 0,
        last_correction=Corrections(connection, case["round_id"]).last(case["id"]),
    )


def read_pages(connection: sa.Connection, case: Row) -> Sequence[Row]:
    """The pages of a case with path and hash of their file."""
    record = _record(connection, case) if case["subject"] == "record" else None
    return _pages(connection, case, record)


def read_case(
    connection: sa.Connection,
    case: Row,
    instrument: Instrument,
    sees: Callable[[str | None], bool] = lambda _: False,
) -> CaseFile:
    """Everything about a case that the store knows.

    Args:
        connection: To read from.
        case: Its row.
        instrument: Its form.
        sees: Whether records of a unit may be shown beside it.
    """
    standing = read_standing(connection, case)
    record = _record(connection, case) if case["subject"] == "record" else None
    pages = _pages(connection, case, record)
    signs, gone = _signs(connection, case, pages)
    return CaseFile(
        case=case,
        history=standing.history,
        last=standing.last,
        last_correction=standing.last_correction,
        record=record,
        pages=pages,
        signs=signs,
        gone=gone,
        answers=answers_of(connection, record, pages, instrument),
        alike=_alike(connection, case, signs, sees) if record is not None else {},
        notes=Notes(connection).of(case["id"]),
        corrections=Corrections(connection, case["round_id"]).of(case["id"]),
    )


def decision_of(row: Row) -> Decision:
    """A stored decision."""
    names = ("actor", "evidence", "reason", "note", "at")
    return Decision(verdict=Verdict(row["verdict"]), **{name: row[name] for name in names})


def _record(connection: sa.Connection, case: Row) -> Row | None:
    records = schema.records
    query = sa.select(records).where(
        records.c.round_id == case["round_id"],
        records.c.instrument_id == case["instrument_id"],
        records.c.record_id == case["subject_id"],
    )
    return connection.execute(query).mappings().first()


def _pages(connection: sa.Connection, case: Row, record: Row | None) -> Sequence[Row]:
    if record is not None:
        return pages_of(connection, record["id"])
    if case["subject"] != "page":
        return []
    pages, files = schema.pages, schema.files
    path, _, number = case["subject_id"].rpartition("#")
    query = (
        sa.select(pages, files.c.path, files.c.sha256)
        .join(files, files.c.id == pages.c.file_id)
        .where(
            files.c.round_id == case["round_id"],
            files.c.path == path,
            files.c.state == "kept",
            pages.c.page == int(number),
        )
    )
    return connection.execute(query).mappings().all()


def _signs(
    connection: sa.Connection, case: Row, pages: Sequence[Row]
) -> tuple[list[Row], list[Row]]:
    table = schema.findings
    query = sa.select(table).where(
        table.c.round_id == case["round_id"], table.c.instrument_id == case["instrument_id"]
    )
    if case["subject"] == "record":
        query = query.where(table.c.record_id == case["subject_id"])
    elif case["subject"] == "unit":
        query = query.where(table.c.record_id.is_(None), table.c.unit_id == case["subject_id"])
        query = query.where(table.c.page_id.is_(None))
    else:
        query = query.where(table.c.page_id.in_([page["id"] for page in pages]))
    rank = sa.case({"red": 0, "orange": 1}, value=table.c.severity, else_=2)
    query = query.order_by(rank, table.c.p_value, table.c.detector, table.c.id)
    rows = connection.execute(query).mappings().all()
    standing = [row for row in rows if row["withdrawn_run"] is None]
    return list(standing), [row for row in rows if row["withdrawn_run"] is not None]


def _alike(
    connection: sa.Connection, case: Row, signs: Sequence[Row], sees: Callable[[str | None], bool]
) -> dict[str, dict[str, str | None]]:
    """Answers of the records that signs say are like this one, the first few."""
    records, answers = schema.records, schema.answers
    named = list(dict.fromkeys(m for sign in signs for m in sign["matches"] or ()))[:_ALIKE]
    query = (
        sa.select(records.c.record_id, records.c.unit_id, answers.c.item, answers.c.value)
        .join(answers, answers.c.record == records.c.id)
        .where(
            records.c.round_id == case["round_id"],
            records.c.instrument_id == case["instrument_id"],
            records.c.record_id.in_(named),
        )
        .order_by(records.c.record_id, answers.c.item)
    )
    found: dict[str, dict[str, str | None]] = {}
    for row in connection.execute(query).mappings() if named else ():
        if sees(row["unit_id"]):
            found.setdefault(row["record_id"], {})[row["item"]] = row["value"]
    return found

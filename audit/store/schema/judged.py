"""What was found, what people decided on it, and what they wrote beside it."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from audit.store.schema._base import Key, id_column, metadata, round_column

__all__ = [
    "cases",
    "corrections",
    "decisions",
    "explanations",
    "findings",
    "known_forms",
    "notes",
    "problems",
    "unit_results",
]

findings = Table(
    "findings",
    metadata,
    id_column(),
    round_column(),
    Column("instrument_id", Text, nullable=False),
    Column("run_id", Text, ForeignKey("runs.id"), nullable=False),
    Column("withdrawn_run", Text),  # the run that no longer found it
    Column("detector", Text, nullable=False),
    Column("detector_version", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("p_value", Float),
    Column("severity", Text, nullable=False),
    Column("item", Text),
    Column("field", Text),
    Column("box_mm", JSON),
    Column("record_id", Text),
    Column("unit_id", Text),
    Column("page_id", Key, ForeignKey("pages.id")),
    Column("matches", JSON),
    Column("message_vi", Text, nullable=False),
    Column("message_en", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Index("ix_findings_round_record", "round_id", "record_id"),
    Index("ix_findings_round_unit", "round_id", "unit_id"),
)

unit_results = Table(
    "unit_results",
    metadata,
    id_column(),
    round_column(),
    Column("instrument_id", Text, nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("n", Integer),
    Column("value", Float),
    Column("p_value", Float),
    Column("q_value", Float),
    Column("severity", Text),
    Column("flagged", Boolean),
    Column("not_testable", Text),
    Column("detectors", JSON, nullable=False),
)

problems = Table(
    "problems",
    metadata,
    id_column(),
    round_column(),
    Column("place", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("instrument_id", Text),
    Column("record_id", Text),
)

cases = Table(
    "cases",
    metadata,
    id_column(),
    round_column(),
    Column("instrument_id", Text, nullable=False),
    Column("subject", Text, nullable=False),  # record | page | unit
    Column("subject_id", Text, nullable=False),
    Column("unit_id", Text),
    Column("severity", Text, nullable=False),
    Column("holds", Boolean, nullable=False),  # whether the record stays out while it is open
    Column("evidence", Text, nullable=False),  # hash of what the case rests on
    Column("reasons", JSON, nullable=False),
    Column("opened_run", Text, ForeignKey("runs.id"), nullable=False),
    Column("withdrawn_run", Text),
    UniqueConstraint("round_id", "instrument_id", "subject", "subject_id"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=True),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False, index=True),
    Column("evidence", Text, nullable=False),  # the evidence it was made on
    Column("actor", Text, nullable=False),
    Column("verdict", Text, nullable=False),  # confirm dismiss escalate backcheck reopen withdraw
    Column("reason", Text, nullable=False),
    Column("note", Text),
    Column("at", Text, nullable=False),
)

# A note tied to a place on a scan; only added, taking one back is another row.
notes = Table(
    "notes",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=True),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False, index=True),
    Column("about", Key),  # the note that is taken back
    Column("sha256", Text),  # of the file whose page is meant
    Column("page", Integer),
    Column("x", Float),  # left, top, width, height as shares of the page as received
    Column("y", Float),
    Column("width", Float),
    Column("height", Float),
    Column("text", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
)

# Steps about corrections of a reading: proposed by one person, agreed to by another.
corrections = Table(
    "corrections",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=True),
    round_column(),
    Column("instrument_id", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False, index=True),
    Column("step", Text, nullable=False),  # propose agree refuse withdraw
    Column("about", Key),  # number of the proposal
    Column("kind", Text, nullable=False),  # answer | region
    Column("subject", Text, nullable=False),  # item, or id of the sign
    Column("was", Text, nullable=False),  # JSON: the reading that is superseded
    Column("value", Text, nullable=False),  # JSON: what is right
    Column("actor", Text, nullable=False),
    Column("note", Text),
    Column("at", Text, nullable=False),
    Index("ix_corrections_round_record", "round_id", "instrument_id", "record_id"),
)

# Requests to explain (giải trình) and what came of them; only added.
explanations = Table(
    "explanations",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=True),
    round_column(),
    Column("unit_id", Text, nullable=False),
    Column("step", Text, nullable=False),  # ask answer accept reject
    Column("about", Key),  # number of the request
    Column("case_id", Key, ForeignKey("cases.id")),
    Column("due", Date),
    Column("text", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("ix_explanations_round_unit", "round_id", "unit_id"),
)

# Cases about forms whose truth is known, among the others to measure those who judge.
known_forms = Table(
    "known_forms",
    metadata,
    Column("case_id", Key, ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    round_column(),  # in whose queue it is; its case is in a round of its own
    Column("truth", Text, nullable=False),  # clean | tampered
    Column("items", JSON, nullable=False),  # where it was tampered with, as far as that is known
    Column("source", Text, nullable=False),  # folder | drawn
    Column("added_by", Text, nullable=False),
    Column("added_at", Text, nullable=False),
)

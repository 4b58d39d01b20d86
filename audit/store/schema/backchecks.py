"""Samples that were drawn to be asked again, and what was answered."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from audit.store.schema._base import Key, id_column, metadata, round_column

__all__ = ["backcheck_draws", "backcheck_members", "backcheck_results"]

# A sample of records to ask again, with what its test needs to know of that moment.
backcheck_draws = Table(
    "backcheck_draws",
    metadata,
    id_column(),
    round_column(),
    Column("instrument_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("seed", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("arms", JSON, nullable=False),  # arm -> records in it, records drawn
    Column("units", JSON, nullable=False),  # unit -> what its tier rested on
    Column("population_sha256", Text, nullable=False),
    UniqueConstraint("round_id", "number"),
)

backcheck_members = Table(
    "backcheck_members",
    metadata,
    id_column(),
    Column("draw_id", Key, ForeignKey("backcheck_draws.id"), nullable=False, index=True),
    Column("reference", Text, nullable=False, unique=True),
    Column("position", Integer, nullable=False),  # in the random order of the list
    Column("record_id", Text, nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("batch", Text),
    Column("arms", JSON, nullable=False),
    Column("satisfied", Integer, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("counted", Boolean, nullable=False),  # stood in the unit's value when it was drawn
    Column("level", Float),  # middle of its answers, 0 worst to 1 best
)

# Only ever added to: of one member the last row counts.
backcheck_results = Table(
    "backcheck_results",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=True),
    Column("member_id", Key, ForeignKey("backcheck_members.id"), nullable=False, index=True),
    Column("outcome", Text, nullable=False),  # reached refused not_reached wrong_contact
    Column("attempts", Integer),
    Column("method", Text),
    Column("used_service", Text),
    Column("answered", Text),
    Column("filled_by", Text),
    Column("facts_fit", Text),
    Column("overall", Text),
    Column("verdict", Text, nullable=False),  # stands altered unclear missing open
    Column("checked_on", Date),
    Column("checker", Text),
    Column("file_sha256", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
)

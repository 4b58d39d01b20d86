"""Sheets and rows of tables as records with their answers."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from audit.store.schema._base import Key, id_column, metadata, round_column

__all__ = ["answers", "forms", "record_pages", "records"]

records = Table(
    "records",
    metadata,
    id_column(),
    round_column(),
    Column("instrument_id", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("source", Text, nullable=False),  # scan | table | both
    Column("file_id", Key, ForeignKey("files.id")),
    Column("unit_id", Text),
    Column("channel", Text),
    Column("serial", Text),
    Column("batch", Text),
    Column("collector", Text),
    Column("started_at", DateTime),
    Column("submitted_at", DateTime),
    Column("assisted", Boolean),
    Column("reasons", JSON, nullable=False),  # why it cannot be scored as it stands
    Column("p_value", Float),
    Column("q_value", Float),
    Column("severity", Text),
    Column("flagged", Boolean),
    Column("not_testable", Text),
    Column("detectors", JSON, nullable=False),
    Column("content", Text, nullable=False),  # hash of its answers
    Column("state", Text, nullable=False),  # scored | held | excluded | not_scored
    UniqueConstraint("round_id", "instrument_id", "record_id"),
    Index("ix_records_round_unit", "round_id", "unit_id"),
)

record_pages = Table(
    "record_pages",
    metadata,
    Column("record", Key, ForeignKey("records.id", ondelete="CASCADE"), primary_key=True),
    Column("page_id", Key, ForeignKey("pages.id"), primary_key=True, index=True),
)

answers = Table(
    "answers",
    metadata,
    Column("record", Key, ForeignKey("records.id", ondelete="CASCADE"), primary_key=True),
    Column("item", Text, primary_key=True),
    Column("state", Text, nullable=False),  # answered | not_applicable | multiple | undetermined
    Column("value", Text),
    # In the order of the key itself, which is that in which they come and are asked for.
    sqlite_with_rowid=False,
)

forms = Table(
    "forms",
    metadata,
    id_column(),
    round_column(),
    Column("instrument_id", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("sheet", Integer, nullable=False),  # 2 and up: the serial was seen on another sheet
    Column("unit_id", Text),
    Column("batch", Text),
    Column("state", Text, nullable=False),  # read | partly_read | not_read | conflict
    Column("record_id", Text, nullable=False),
    UniqueConstraint("round_id", "instrument_id", "serial", "sheet"),
)

"""Runs, and the trail that covers every row."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, Table, Text

from audit.store.schema._base import Key, metadata, round_column

__all__ = ["runs", "trail", "trail_rows"]

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    round_column(),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("status", Text, nullable=False),  # running | done | failed | interrupted
    Column("exit_code", Integer),
    Column("input_key", Text),  # what went in; the same key needs no second run
    Column("software", Text, nullable=False),
    Column("config_sha256", Text, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("manifest", Text),
    Column("manifest_sha256", Text),
)

# Only ever added to, by audit.trail.chain; triggers refuse everything else.
trail = Table(
    "trail",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("action", Text, nullable=False),  # as it stands in the body, to be found by
    Column("body", Text, nullable=False),  # canonical JSON: what is hashed
    Index("ix_trail_action_seq", "action", "seq"),
)

trail_rows = Table(
    "trail_rows",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=False),  # the entry that covers the row
    Column("tbl", Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True),
    Column("key", Key, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary),  # hash of the row; nothing where it was removed
    Index("ix_trail_rows_tbl_key", "tbl", "key", "seq"),
    sqlite_with_rowid=False,
)

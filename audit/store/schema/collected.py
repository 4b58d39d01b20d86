"""What people brought: rounds, units, batches of forms, files."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from audit.store.schema._base import id_column, metadata, round_column

__all__ = ["batches", "files", "rounds", "units"]

rounds = Table(
    "rounds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title_vi", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("period_from", Date, nullable=False),
    Column("period_to", Date, nullable=False),
)

units = Table(
    "units",
    metadata,
    id_column(),
    round_column(),
    Column("unit_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("peer_group", Text),
    Column("level", Text),
    Column("parent_id", Text),
    Column("handles_procedures", Boolean),
    Column("served", Float),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Index("ix_units_round_unit", "round_id", "unit_id"),
)

batches = Table(
    "batches",
    metadata,
    id_column(),
    round_column(),
    Column("unit_id", Text),
    Column("batch", Text),
    Column("serial_from", Text),
    Column("serial_to", Text),
    Column("issued", Integer),
    Column("returned", Integer),
    Column("valid", Integer),
    Column("invalid", Integer),
    Column("lost", Integer),
    Column("spoilt", Integer),
    Column("issued_at", Date),
    Column("returned_at", Date),
    Column("handler", Text),
    # what a book may hold beside
    Column("printed", Integer),
    Column("unissued", Integer),
    Column("handed_out", Integer),
    Column("taken_home", Integer),
    Column("outstanding", Integer),
    Column("scanned_at", Date),
    Column("invalid_reasons", Text),
    Index("ix_batches_round_unit", "round_id", "unit_id"),
)

files = Table(
    "files",
    metadata,
    id_column(),
    round_column(),
    Column("path", Text, nullable=False),  # relative to the round, as people named it
    Column("kind", Text, nullable=False),  # scan responses units custody previous collection
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # kept | replaced (by another content) | withdrawn
    Column("reason", Text),  # why nothing could be read from it
    Column("added_run", Text, nullable=False),
    Column("deleted_at", Text),  # when the rule of retention took the original away
    UniqueConstraint("round_id", "path", "sha256"),
)

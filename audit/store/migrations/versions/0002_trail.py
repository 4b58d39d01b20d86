"""The audit trail: a chain of hashes that can only be added to, and when files were deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.trail.canonical import answers_hash
from audit.trail.guards import POSTGRESQL, SQLITE

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Go up."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "trail",
        sa.Column("seq", number, autoincrement=False, nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_trail")),
    )
    op.create_index("ix_trail_action_seq", "trail", ["action", "seq"])
    op.create_table(
        "trail_rows",
        sa.Column("seq", number, autoincrement=False, nullable=False),
        # In the order of its bytes: that is the order in which rows are hashed.
        sa.Column(
            "tbl", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("key", number, autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "tbl", "key", name=op.f("pk_trail_rows")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trail_rows_tbl_key", "trail_rows", ["tbl", "key", "seq"])
    with op.batch_alter_table("files") as files:
        files.add_column(sa.Column("deleted_at", sa.Text(), nullable=True))
    _hash_answers()
    sqlite = op.get_context().dialect.name == "sqlite"
    for statement in SQLITE.values() if sqlite else POSTGRESQL:
        op.execute(statement)


def _hash_answers() -> None:
    """Records that are there get the hash of their answers that the trail can check."""
    connection = op.get_bind()
    records = sa.table("records", sa.column("id"), sa.column("content"))
    answers = sa.table("answers", *map(sa.column, ("record", "item", "state", "value")))
    keys = list(connection.execute(sa.select(records.c.id)).scalars())
    for start in range(0, len(keys), 500):
        chunk = keys[start : start + 500]
        found: dict[int, list[tuple[str, str, str | None]]] = {key: [] for key in chunk}
        for record, *answer in connection.execute(
            sa.select(answers).where(answers.c.record.in_(chunk))
        ):
            found[record].append((answer[0], answer[1], answer[2]))
        statement = sa.update(records).where(records.c.id == sa.bindparam("key"))
        connection.execute(
            statement.values(content=sa.bindparam("hashed")),
            [{"key": key, "hashed": answers_hash(rows)} for key, rows in found.items()],
        )


def downgrade() -> None:
    """Go down."""
    op.drop_table("trail_rows")
    op.drop_table("trail")
    with op.batch_alter_table("files") as files:
        files.drop_column("deleted_at")
    if op.get_context().dialect.name != "sqlite":
        for name in ("trail_only_added", "trail_next", "trail_rows_next"):
            op.execute(f"DROP FUNCTION {name}")

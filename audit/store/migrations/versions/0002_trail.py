"""The audit trail: a chain of hashes that can only be added to, and when files were deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.trail.canonical import answers_hash

revision = "0002"
down_revision = "0001"

_NEXT = "(SELECT COALESCE(MAX(seq), 0) + 1 FROM trail)"
_LINK = "COALESCE((SELECT hash FROM trail WHERE seq = NEW.seq - 1), '" + "0" * 64 + "')"


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
        sa.Column("tbl", sa.Text(), nullable=False),
        sa.Column("key", number, autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("seq", "tbl", "key", name=op.f("pk_trail_rows")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trail_rows_tbl_key", "trail_rows", ["tbl", "key", "seq"])
    with op.batch_alter_table("files") as files:
        files.add_column(sa.Column("deleted_at", sa.Text(), nullable=True))
    _hash_answers()
    if op.get_context().dialect.name == "sqlite":
        _sqlite_triggers()
    else:
        _postgresql_triggers()


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


def _sqlite_triggers() -> None:
    for table in ("trail", "trail_rows"):
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END"
            )
    # These also refuse INSERT OR REPLACE on connections without recursive_triggers: what
    # could be replaced has a number that is not the next.
    op.execute(
        f"CREATE TRIGGER trail_next BEFORE INSERT ON trail WHEN NEW.seq IS NOT {_NEXT} "
        f"OR NEW.prev_hash IS NOT {_LINK} "
        "BEGIN SELECT RAISE(ABORT, 'an entry of the audit trail must follow the last'); END"
    )
    op.execute(
        f"CREATE TRIGGER trail_rows_next BEFORE INSERT ON trail_rows WHEN NEW.seq IS NOT {_NEXT} "
        "BEGIN SELECT RAISE(ABORT, 'rows of the audit trail belong to its next entry'); END"
    )


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION trail_only_added() RETURNS trigger AS $$ BEGIN "
        "RAISE EXCEPTION 'the audit trail is only added to'; END $$ LANGUAGE plpgsql"
    )
    op.execute(
        "CREATE FUNCTION trail_next() RETURNS trigger AS $$ BEGIN "
        f"IF NEW.seq IS DISTINCT FROM {_NEXT} OR NEW.prev_hash IS DISTINCT FROM {_LINK} THEN "
        "RAISE EXCEPTION 'an entry of the audit trail must follow the last'; END IF; "
        "RETURN NEW; END $$ LANGUAGE plpgsql"
    )
    op.execute(
        "CREATE FUNCTION trail_rows_next() RETURNS trigger AS $$ BEGIN "
        f"IF NEW.seq IS DISTINCT FROM {_NEXT} THEN "
        "RAISE EXCEPTION 'rows of the audit trail belong to its next entry'; END IF; "
        "RETURN NEW; END $$ LANGUAGE plpgsql"
    )
    for table in ("trail", "trail_rows"):
        op.execute(
            f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION trail_only_added()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_next BEFORE INSERT ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_next()"
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

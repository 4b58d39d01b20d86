"""Answers lie in SQLite in the order of their key, and nowhere a second time in an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
# The answers themselves stay, and with them the hashes that records hold of them.
rewrites: tuple[str, ...] = ()


def upgrade() -> None:
    """Go up."""
    _make_anew(with_rowid=False)


def downgrade() -> None:
    """Go down."""
    _make_anew(with_rowid=True)


def _make_anew(*, with_rowid: bool) -> None:
    if op.get_context().dialect.name != "sqlite":
        return
    op.create_table(
        "answers_anew",
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["record"], ["records.id"], name=op.f("fk_answers_record_records"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record", "item", name=op.f("pk_answers")),
        sqlite_with_rowid=with_rowid,
    )
    op.execute("INSERT INTO answers_anew SELECT * FROM answers ORDER BY record, item")
    op.drop_table("answers")
    op.rename_table("answers_anew", "answers")

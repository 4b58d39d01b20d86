"""Forms whose truth is known, put into the queue to measure those who judge."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.trail.guards import only_added

revision = "0010"
down_revision = "0009"
rewrites: tuple[str, ...] = ()


def upgrade() -> None:
    """Go up."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "known_forms",
        sa.Column("case_id", number, autoincrement=False, nullable=False),
        sa.Column("round_id", sa.Text(), nullable=False),
        sa.Column("truth", sa.Text(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_known_forms_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_known_forms_round_id_rounds")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_known_forms")),
    )
    sqlite = op.get_context().dialect.name == "sqlite"
    for statement in only_added("known_forms", sqlite=sqlite):
        op.execute(statement)


def downgrade() -> None:
    """Go down."""
    op.drop_table("known_forms")
    if op.get_context().dialect.name != "sqlite":
        op.execute("DROP FUNCTION known_forms_only_added")

"""Back-checks: what was drawn, who, and what they said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.trail.guards import only_added

revision = "0006"
down_revision = "0005"
# Tables whose rows hash differently afterwards.
rewrites: tuple[str, ...] = ()

_TABLES = ("backcheck_draws", "backcheck_members", "backcheck_results")


def upgrade() -> None:
    """Go up."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "backcheck_draws",
        sa.Column("id", number, autoincrement=False, nullable=False),
        sa.Column("round_id", sa.Text(), nullable=False),
        sa.Column("instrument_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("arms", sa.JSON(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("population_sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_backcheck_draws_round_id_rounds")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backcheck_draws")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_backcheck_draws_round_id")),
    )
    op.create_table(
        "backcheck_members",
        sa.Column("id", number, autoincrement=False, nullable=False),
        sa.Column("draw_id", number, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("arms", sa.JSON(), nullable=False),
        sa.Column("satisfied", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("level", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["draw_id"],
            ["backcheck_draws.id"],
            name=op.f("fk_backcheck_members_draw_id_backcheck_draws"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backcheck_members")),
        sa.UniqueConstraint("reference", name=op.f("uq_backcheck_members_reference")),
    )
    op.create_index(op.f("ix_backcheck_members_draw_id"), "backcheck_members", ["draw_id"])
    op.create_table(
        "backcheck_results",
        sa.Column("seq", number, autoincrement=True, nullable=False),
        sa.Column("member_id", number, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=True),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("used_service", sa.Text(), nullable=True),
        sa.Column("answered", sa.Text(), nullable=True),
        sa.Column("filled_by", sa.Text(), nullable=True),
        sa.Column("facts_fit", sa.Text(), nullable=True),
        sa.Column("overall", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("checker", sa.Text(), nullable=True),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["backcheck_members.id"],
            name=op.f("fk_backcheck_results_member_id_backcheck_members"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_backcheck_results")),
    )
    op.create_index(op.f("ix_backcheck_results_member_id"), "backcheck_results", ["member_id"])
    sqlite = op.get_context().dialect.name == "sqlite"
    for table in _TABLES:
        for statement in only_added(table, sqlite=sqlite):
            op.execute(statement)


def downgrade() -> None:
    """Go down."""
    for table in reversed(_TABLES):
        op.drop_table(table)
        if op.get_context().dialect.name != "sqlite":
            op.execute(f"DROP FUNCTION {table}_only_added")

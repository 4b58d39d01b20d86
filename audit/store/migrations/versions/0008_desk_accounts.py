"""Second factors, own keys, requests to explain; more about sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from audit.trail.guards import only_added

revision = "0008"
down_revision = "0007"
# Tables whose rows hash differently afterwards.
rewrites: tuple[str, ...] = ()


def upgrade() -> None:
    """Go up."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("sessions") as sessions:
        for name in ("proven_at", "waits_for", "agent"):
            sessions.add_column(sa.Column(name, sa.Text(), nullable=True))
    op.create_table(
        "factors",
        sa.Column("user_id", number, autoincrement=False, nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.Text(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("recovery", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_factors_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_factors")),
    )
    op.create_table(
        "key_choices",
        sa.Column("user_id", number, autoincrement=False, nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_key_choices_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_key_choices")),
    )
    op.create_table(
        "explanations",
        sa.Column("seq", number, autoincrement=True, nullable=False),
        sa.Column("round_id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("about", number, nullable=True),
        sa.Column("case_id", number, nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_explanations_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_explanations_round_id_rounds")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_explanations")),
    )
    op.create_index("ix_explanations_round_unit", "explanations", ["round_id", "unit_id"])
    sqlite = op.get_context().dialect.name == "sqlite"
    for statement in only_added("explanations", sqlite=sqlite):
        op.execute(statement)


def downgrade() -> None:
    """Go down."""
    for name in ("explanations", "key_choices", "factors"):
        op.drop_table(name)
    if op.get_context().dialect.name != "sqlite":
        op.execute("DROP FUNCTION explanations_only_added")
    with op.batch_alter_table("sessions") as sessions:
        for name in ("agent", "waits_for", "proven_at"):
            sessions.drop_column(name)

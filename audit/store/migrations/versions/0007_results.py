"""What sampling leaves open of a score, results by slice, and outcomes of the round."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
# Tables whose rows hash differently afterwards.
rewrites: tuple[str, ...] = ("scores",)

_VERSIONS = ("as_received", "after_review", "bound_low", "bound_high")


def _key() -> sa.Column[int]:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", number, autoincrement=False, nullable=False)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _round(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["round_id"], ["rounds.id"], name=op.f(f"fk_{table}_round_id_rounds")
    )


def upgrade() -> None:
    """Go up."""
    with op.batch_alter_table("scores") as scores:
        scores.add_column(sa.Column("firmness", sa.JSON(), nullable=True))
    about = ("scope", "scope_id", "dimension", "category", "measure", "factor")
    op.create_table(
        "breakdowns",
        _key(),
        *_text("round_id", "instrument_id", *about),
        sa.Column("records_received", sa.Integer(), nullable=False),
        sa.Column("records_counted", sa.Integer(), nullable=False),
        *(
            sa.Column(f"{part}_{version}", sa.BigInteger(), nullable=False)
            for version in _VERSIONS
            for part in ("satisfied", "answers")
        ),
        sa.Column("interval_low", sa.Float(), nullable=True),
        sa.Column("interval_high", sa.Float(), nullable=True),
        _round("breakdowns"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breakdowns")),
    )
    op.create_index("ix_breakdowns_round_scope", "breakdowns", ["round_id", "scope_id"])
    op.create_table(
        "outcomes",
        _key(),
        *_text("round_id", "kind", "programme"),
        sa.Column("unit_id", sa.Text(), nullable=True),
        *_text("about", "verdict"),
        sa.Column("body", sa.JSON(), nullable=False),
        _round("outcomes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcomes")),
    )
    op.create_index("ix_outcomes_round_kind", "outcomes", ["round_id", "kind"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("outcomes")
    op.drop_table("breakdowns")
    with op.batch_alter_table("scores") as scores:
        scores.drop_column("firmness")

"""Codes to find pages by, and what pairs of pages have in common."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
# Tables whose rows hash differently afterwards.
rewrites: tuple[str, ...] = ()


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _page(table: str, column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_pages")
    return sa.ForeignKeyConstraint([column], ["pages.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "codes",
        _key("page_id"),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        _page("codes", "page_id"),
        sa.PrimaryKeyConstraint("page_id", "room", name=op.f("pk_codes")),
    )
    op.create_table(
        "likenesses",
        _key("one"),
        _key("other"),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("p_pair", sa.Float(), nullable=False),
        sa.Column("alike", sa.Float(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("box_mm", sa.JSON(), nullable=True),
        sa.Column("saved_again", sa.Boolean(), nullable=False),
        _page("likenesses", "one"),
        _page("likenesses", "other"),
        sa.PrimaryKeyConstraint("one", "other", "what", name=op.f("pk_likenesses")),
    )
    with op.batch_alter_table("likenesses") as batch_op:
        batch_op.create_index(op.f("ix_likenesses_other"), ["other"], unique=False)


def downgrade() -> None:
    """Go down."""
    op.drop_table("likenesses")
    op.drop_table("codes")

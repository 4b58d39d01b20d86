"""A password that was made for somebody lets them in for some days only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
# Those who are there already keep their passwords; an empty column changes no hash.
rewrites: tuple[str, ...] = ()


def upgrade() -> None:
    """Go up."""
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("password_until", sa.Text(), nullable=True))


def downgrade() -> None:
    """Go down."""
    with op.batch_alter_table("users") as users:
        users.drop_column("password_until")

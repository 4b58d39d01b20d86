"""What a book of forms may hold beside: printed, handed out, outstanding, scanned, reasons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
# Tables whose rows hash differently afterwards.
rewrites: tuple[str, ...] = ()

_COUNTS = ("printed", "unissued", "handed_out", "taken_home", "outstanding")


def upgrade() -> None:
    """Go up."""
    with op.batch_alter_table("batches") as batches:
        for name in _COUNTS:
            batches.add_column(sa.Column(name, sa.Integer(), nullable=True))
        batches.add_column(sa.Column("scanned_at", sa.Date(), nullable=True))
        batches.add_column(sa.Column("invalid_reasons", sa.Text(), nullable=True))


def downgrade() -> None:
    """Go down."""
    with op.batch_alter_table("batches") as batches:
        for name in ("invalid_reasons", "scanned_at", *reversed(_COUNTS)):
            batches.drop_column(name)

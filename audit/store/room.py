"""Room in memory for a great many rows at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

__all__ = ["roomy"]

# Enough for the indexes of ten million records, whose entries come in no order: with the
# usual 2 MB every one of them would be a page read and a page written.
_KIBIBYTES = 1_000_000


@contextmanager
def roomy(connection: sa.Connection) -> Iterator[None]:
    """Let SQLite keep up to a gigabyte of pages meanwhile, as far as it has any use for them."""
    if connection.dialect.name != "sqlite":
        yield
        return
    usual = connection.exec_driver_sql("PRAGMA cache_size").scalar()
    connection.exec_driver_sql(f"PRAGMA cache_size = -{_KIBIBYTES}")
    try:
        yield
    finally:
        # The connection goes on in other hands; one that is broken does not, and what broke it
        # is what has to be told.
        with suppress(sa.exc.DBAPIError):
            connection.exec_driver_sql(f"PRAGMA cache_size = {usual}")

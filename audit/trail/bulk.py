"""A great many rows into a table at once, past SQLAlchemy's types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

__all__ = ["add_rows"]

_BATCH = 5_000


def add_rows(
    connection: sa.Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Add rows, by COPY where there is one: many times as fast as by SQLAlchemy.

    Args:
        connection: In a transaction.
        table: Its name.
        columns: Names of columns.
        rows: Their values as the driver takes them; JSON as text.

    Raises:
        sqlalchemy.exc.DBAPIError: If the database does not take them.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    remaining = iter(rows)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table} ({names}) FROM STDIN", remaining)
        return
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
    while batch := list(islice(remaining, _BATCH)):
        connection.exec_driver_sql(statement, batch)


def _copy(connection: sa.Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    broken = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except broken as error:
        # As SQLAlchemy does for its own statements: a connection that is cut is not used again.
        if connection.dialect.is_disconnect(error, None, None):
            connection.invalidate(error)
        raise sa.exc.DBAPIError.instance(
            statement, None, error, broken, dialect=connection.dialect
        ) from error

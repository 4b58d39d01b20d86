"""Reading a store with the database's own driver and nothing else, in one consistent view."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from detectors.errors import AccessError, MissingComponent

__all__ = ["Cursor", "reading"]


class Cursor:
    """Runs queries with ``?`` for parameters; see :class:`audit.trail.covered.Rows`."""

    def __init__(self, connection: Any, *, postgresql: bool) -> None:
        """Use an open connection."""
        self._connection = connection
        self.postgresql = postgresql

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        """All rows of a query at once: for queries whose answer is small."""
        if self.postgresql and parameters:
            sql = sql.replace("?", "%s")
        rows: list[Sequence[Any]] = self._connection.execute(sql, tuple(parameters)).fetchall()
        return rows

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        """Rows one by one: memory does not grow with their number."""
        if self.postgresql:
            self._names = getattr(self, "_names", 0) + 1
            with self._connection.cursor(name=f"audit_{self._names}") as cursor:
                cursor.itersize = 5_000
                cursor.execute(sql.replace("?", "%s"), parameters or None)
                yield from cursor
            return
        yield from self._connection.execute(sql, tuple(parameters))


@contextmanager
def reading(url: str) -> Iterator[Cursor]:
    """A cursor on a store that nothing can be written through.

    Args:
        url: ``sqlite:///<file>`` or ``postgresql+psycopg://…``.

    Raises:
        AccessError: If the store cannot be reached.
        MissingComponent: If the driver is not installed.
    """
    opened = _sqlite(url) if url.startswith("sqlite:///") else _postgresql(url)
    with opened as cursor:
        yield cursor


@contextmanager
def _sqlite(url: str) -> Iterator[Cursor]:
    path = Path(url.removeprefix("sqlite:///"))
    if not path.is_file():
        raise AccessError(
            "this round has no store yet", where=str(path), remedy="run `survey-audit run` first"
        )
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=30
        )
    except sqlite3.Error as error:
        raise _unreachable(path, error) from error
    # Text that is no UTF-8 has to be compared, not to end the reading of it.
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("BEGIN")
        yield Cursor(connection, postgresql=False)
    finally:
        connection.close()


@contextmanager
def _postgresql(url: str) -> Iterator[Cursor]:
    try:
        import psycopg
    except ImportError as error:
        raise MissingComponent(
            "the driver psycopg is not installed",
            where=re.sub(r":[^:@/]*@", "@", url),
            remedy="install survey-audit[postgres]",
        ) from error
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        connection = psycopg.connect(plain)
    except psycopg.Error as error:
        raise _unreachable(re.sub(r":[^:@/]*@", "@", url), error) from error
    with connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield Cursor(connection, postgresql=True)
        connection.rollback()


def _unreachable(where: object, error: Exception) -> AccessError:
    return AccessError(
        f"the store cannot be read ({' '.join(str(error).split())})",
        where=str(where),
        remedy="check the URL under store, and that it may be read",
    )

"""Copies of a store: one consistent view of it, while somebody may be writing."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from audit.store.schema import metadata
from audit.trail.cursor import Cursor
from detectors.errors import AccessError, InputError, MissingComponent

__all__ = ["copy_store", "load_postgresql", "revision_of"]

_TABLES = "tables.json"


@contextmanager
def copy_store(url: str, folder: Path) -> Iterator[Cursor]:
    """Copy a store into a folder and look into the copy's own view of it.

    SQLite is copied by its backup interface into ``audit.db``; PostgreSQL table by table
    into ``<table>.copy`` in one transaction that sees nothing of later ones.

    Raises:
        AccessError: If the store cannot be reached.
    """
    if url.startswith("sqlite:///"):
        source, target = url.removeprefix("sqlite:///"), folder / "audit.db"
        try:
            uri = f"{Path(source).absolute().as_uri()}?mode=ro"
            with (
                closing(sqlite3.connect(uri, uri=True, timeout=30)) as old,
                closing(sqlite3.connect(target)) as new,
            ):
                old.backup(new)
                new.execute("PRAGMA journal_mode=DELETE")
            with closing(sqlite3.connect(target, isolation_level=None)) as copy:
                yield Cursor(copy, postgresql=False)
        except sqlite3.Error as error:
            raise _unreachable(source, error) from error
        return
    with _connect(url) as connection:
        import psycopg

        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        columns = _columns(connection)
        for table, names in columns.items():
            with (
                connection.cursor() as cursor,
                (folder / f"{table}.copy").open("wb") as file,
                cursor.copy(f"COPY {table} ({_listed(names)}) TO STDOUT") as rows,
            ):
                for block in rows:
                    file.write(block)
        (folder / _TABLES).write_text(json.dumps(columns), "utf-8")
        yield Cursor(connection, postgresql=True)
        connection.rollback()


@contextmanager
def load_postgresql(url: str, folder: Path) -> Iterator[Cursor]:
    """Put copied tables in the place of those of a store; all is undone if the caller raises.

    Args:
        url: A store whose tables are up to date.
        folder: With what :func:`copy_store` wrote.

    Raises:
        AccessError: If the store cannot be reached.
        InputError: If the tables do not fit.
    """
    columns: dict[str, list[str]] = json.loads((folder / _TABLES).read_text("utf-8"))
    with _connect(url) as connection:
        import psycopg

        if columns.keys() != _columns(connection).keys():
            raise InputError(
                "the tables of this backup are those of another version",
                where=str(folder),
                remedy="restore it with the version that made it, then upgrade",
            )
        ordered = [table.name for table in metadata.sorted_tables if table.name in columns]
        try:
            for table in ordered:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            connection.execute(f"TRUNCATE {', '.join(ordered)}")
            for table in ordered:
                statement = f"COPY {table} ({_listed(columns[table])}) FROM STDIN"
                with (
                    connection.cursor() as cursor,
                    (folder / f"{table}.copy").open("rb") as file,
                    cursor.copy(statement) as rows,
                ):
                    while block := file.read(1 << 20):
                        rows.write(block)
            for table in ("decisions", "notes", "corrections", "backcheck_results"):
                connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'seq'), "
                    f"COALESCE(MAX(seq), 1), MAX(seq) IS NOT NULL) FROM {table}"
                )
            for table in ordered:
                connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        except psycopg.Error as error:
            raise _unreachable(_masked(url), error) from error
        yield Cursor(connection, postgresql=True)


def revision_of(cursor: Cursor) -> str:
    """Which migrations a store has had."""
    return str(next(iter(cursor("SELECT version_num FROM alembic_version")))[0])


@contextmanager
def _connect(url: str) -> Iterator[Any]:
    try:
        import psycopg
    except ImportError as error:
        raise MissingComponent(
            "the driver psycopg is not installed",
            where=_masked(url),
            remedy="install survey-audit[postgres]",
        ) from error
    try:
        connection = psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://", 1))
    except psycopg.Error as error:
        raise _unreachable(_masked(url), error) from error
    with connection:
        yield connection


def _columns(connection: Any) -> dict[str, list[str]]:
    """Columns of our tables in order of table and place."""
    found: dict[str, list[str]] = {}
    query = (
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
    )
    for table, column in connection.execute(query):
        if table in metadata.tables and table != "alembic_version":
            found.setdefault(table, []).append(column)
    return found


def _listed(names: list[str]) -> str:
    if not all(re.fullmatch(r"[a-z_][a-z0-9_]*", name) for name in names):
        raise InputError("a column has a name that no table has", remedy="use another backup")
    return ", ".join(f'"{name}"' for name in names)


def _masked(url: str) -> str:
    return re.sub(r":[^:@/]*@", "@", url)


def _unreachable(where: str, error: Exception) -> AccessError:
    return AccessError(
        f"the store cannot be copied ({' '.join(str(error).split())})",
        where=where,
        remedy="check that it is there, may be used and has space",
    )

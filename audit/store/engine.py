"""Opening the store: SQLite beside ``audit.toml``, or PostgreSQL by URL.

SQLite is told on every connection what makes it durable and strict: write-ahead log with
full sync, foreign keys, triggers that also fire under REPLACE, and writers that take the
lock at the start instead of failing in the middle.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from audit.store.unchanged import Columns, refuse_changed, refuse_forged
from audit.trail.acts import Act, Action
from audit.trail.chain import begin, head, recorded
from detectors.errors import AccessError, AuditError, MissingComponent

__all__ = ["Store", "open_store"]

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
    "recursive_triggers=ON",
)


class Store:
    """A database with the tables of :mod:`audit.store.schema`, brought up to date."""

    def __init__(self, engine: sa.Engine) -> None:
        """Wrap an engine; use :func:`open_store`."""
        self.engine = engine
        # Asked in each transaction that writes before it is committed; may refuse by raising.
        self.before_commit: Callable[[sa.Connection], None] | None = None
        # SQLite has one writer: here they stand in line, where its own waiting is by naps.
        one = engine.dialect.name == "sqlite"
        self._turn: AbstractContextManager[Any] = threading.Lock() if one else nullcontext()

    @contextmanager
    def writing(self, act: Act) -> Iterator[sa.Connection]:
        """One transaction with its entry in the trail: all of it is stored, or nothing.

        Args:
            act: What is done; :func:`audit.trail.chain.describe` can say more of it later.

        Raises:
            AccessError: If the store cannot be reached or written.
        """
        with (
            self._turn,
            _told(self.engine),
            self.engine.begin() as connection,
            recorded(connection, act),
        ):
            yield connection
            if self.before_commit is not None:
                self.before_commit(connection)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A consistent view that does not keep writers waiting.

        Raises:
            AccessError: If the store cannot be reached.
        """
        engine = self.engine.execution_options(survey_audit_reading=True)
        with _told(self.engine), engine.connect() as connection:
            yield connection

    @contextmanager
    def session(self) -> Iterator[sa.Connection]:
        """A connection outside of transactions, for locks of the server's.

        Raises:
            AccessError: If the store cannot be reached.
        """
        engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        with _told(self.engine), engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


@contextmanager
def _told(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if isinstance(error, sa.exc.IntegrityError | sa.exc.ProgrammingError):
            raise
        raise AccessError(
            f"the store cannot be used ({error.orig})",
            where=engine.url.render_as_string(hide_password=True),
            remedy="check that it is there, may be written and has space",
        ) from error


def _clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def open_store(url: str, *, create: bool = True, now: Callable[[], dt.datetime] = _clock) -> Store:
    """Open the store and bring its tables up to date.

    Args:
        url: ``sqlite:///…`` or ``postgresql+psycopg://…``.
        create: Make a SQLite file that is not there; otherwise that is an error.
        now: The clock, for the entry that begins the trail of a new or an older store.

    Raises:
        AccessError: If it cannot be reached, or is no database of this program.
        MissingComponent: If the database's driver is not installed.
        TrailError: If it is of an older version and its trail does not verify.
    """
    from audit.store.migrate import upgrade

    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        if not create and not Path(parsed.database).is_file():
            raise AccessError(
                "this round has no store yet",
                where=parsed.database,
                remedy="run `survey-audit run` first",
            )
        try:
            # One folder, not a path of them: of a share that is not mounted none is made up.
            Path(parsed.database).parent.mkdir(exist_ok=True)
        except OSError as error:
            raise AccessError(
                f"the store's folder cannot be made ({error.strerror})",
                where=parsed.database,
                remedy="mount it, or make it; or name another place under store",
            ) from error
    try:
        # As many as the review desk answers at once, each with one.
        engine = sa.create_engine(parsed, pool_pre_ping=True, pool_size=5, max_overflow=45)
    except ModuleNotFoundError as error:
        raise MissingComponent(
            f"the driver {error.name} is not installed",
            where=parsed.render_as_string(hide_password=True),
            remedy="install survey-audit[postgres]",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    before: list[Columns] = []
    try:
        upgrade(
            engine,
            first=lambda connection: before.append(refuse_forged(connection)),
            then=lambda connection, was, changed: _begin_trail(
                *(connection, was, now(), changed), before=next(iter(before), None)
            ),
        )
    except SQLAlchemyError as error:
        engine.dispose()
        raise AccessError(
            f"the store cannot be opened ({getattr(error, 'orig', error)})",
            where=parsed.render_as_string(hide_password=True),
            remedy="check the URL under store, and that the server runs",
        ) from error
    except AuditError:
        engine.dispose()
        raise
    return Store(engine)


def _begin_trail(
    connection: sa.Connection,
    was: str | None,
    at: dt.datetime,
    changed: frozenset[str] | None = None,
    before: Columns | None = None,
) -> None:
    """Cover what there is: a store from before the trail, or rows that a migration changed.

    Only the tables that it ``changed``, all if ``None``: a row that somebody altered by hand
    before is not made good by bringing the store up to date.
    """
    new = was in (None, "0001")
    if not new and before is not None:
        refuse_changed(connection, {t: c for t, c in before.items() if t not in (changed or ())})
    action = Action.TRAIL_BEGIN if new else Action.STORE_UPGRADE
    if new and head(connection).size:
        return
    begin(connection, Act(action, at, before={"revision": was}), None if new else changed)
    if before is not None:
        refuse_changed(connection, refuse_forged(connection))


def _set_pragmas(connection: Any, _: Any) -> None:
    # The driver's own transaction handling starts too late; see _begin.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("survey_audit_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

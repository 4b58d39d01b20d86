"""One run a round: a lock that the system lets go of when its holder dies."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from audit.portable import AS_BYTES, NO_LINKS, lock
from audit.store import Store
from audit.store.schema import key_of
from detectors.errors import AccessError, Busy

__all__ = ["LeaseLost", "round_lock", "store_lock"]


class LeaseLost(AccessError):
    """The store let go of the round while this run worked."""


@contextmanager
def round_lock(path: Path, owner: str) -> Iterator[None]:
    """Hold the round.

    The kernel's lock on the file decides, its content only tells people who holds it: a run
    that was killed leaves nothing to clean up, and no clock has to be trusted for an expiry.

    Args:
        path: The lock file; made if needed, never removed.
        owner: Who holds it, e.g. the id of the run.

    Raises:
        Busy: If another run holds it.
        AccessError: If the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | AS_BYTES | NO_LINKS, 0o664)
    except OSError as error:
        raise AccessError(
            f"the round cannot be locked ({error.strerror})",
            where=str(path),
            remedy="check permissions of the folder",
        ) from error
    try:
        if not lock(descriptor):
            raise Busy(
                f"another run holds this round ({_holder(os.read(descriptor, 400))})",
                where=str(path),
                remedy="wait until it has ended",
            )
        note = {"owner": owner, "pid": os.getpid(), "host": socket.gethostname()}
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(note).encode())
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _holder(noted: bytes) -> str:
    """Who holds it, as they noted it, for people."""
    try:
        note = json.loads(noted)
        return f"{note['owner']}, process {note['pid']} on {note['host']}"
    except (ValueError, KeyError, TypeError):
        return "who is not noted"


@contextmanager
def store_lock(store: Store, round_id: str) -> Iterator[None]:
    """Hold the round in a store that machines without a common folder share.

    An advisory lock of the server's, let go of when the connection ends, however it ends. If
    that connection alone is lost, another run may begin: so each transaction of this run asks
    before its commit whether the lock is still held, and a run that takes the lock first
    waits for a commit that was asked for already. SQLite needs none of this: there the lock
    on the folder is enough.

    Raises:
        Busy: If another run holds it.
        LeaseLost: From the transaction that finds the lock gone.
    """
    if store.engine.dialect.name != "postgresql":
        yield
        return
    key, fence = key_of("run", round_id), key_of("commit", round_id)
    with store.session() as connection:
        where = store.engine.url.render_as_string(hide_password=True)
        if not connection.execute(_ask("pg_try_advisory_lock"), {"key": key}).scalar():
            raise Busy(
                "another run holds this round", where=where, remedy="wait until it has ended"
            )
        # Where the lock was another's that lost it, its last commit comes first.
        connection.execute(_ask("pg_advisory_lock"), {"key": fence})
        connection.execute(_ask("pg_advisory_unlock"), {"key": fence})
        holder = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()

        def still_held(writing: sa.Connection) -> None:
            writing.execute(_ask("pg_advisory_xact_lock_shared"), {"key": fence})
            wanted = {"pid": holder, "high": key >> 32, "low": key & 0xFFFFFFFF}
            if not writing.execute(_HELD, wanted).scalar():
                raise LeaseLost(
                    "the connection that holds the round was lost; nothing was written since",
                    where=where,
                    remedy="run again: it goes on where this run stopped",
                )

        store.before_commit = still_held
        try:
            yield
        finally:
            store.before_commit = None
            # Where the connection was cut the server has let go of the lock already.
            with suppress(sa.exc.SQLAlchemyError):
                connection.execute(_ask("pg_advisory_unlock"), {"key": key})


def _ask(function: str) -> sa.TextClause:
    return sa.text(f"SELECT {function}(:key)")


# A key of 64 bits is shown in two halves, and objsubid says so.
_HELD = sa.text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND pid = :pid AND classid::bigint = :high AND objid::bigint = :low "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)

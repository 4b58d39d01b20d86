"""Writing the trail, in the transaction of what it records.

A repository says which rows it touched (:func:`touched`); when the transaction is about to
be committed, :func:`recorded` hashes those rows as they stand in the store and appends one
entry that covers them. Nothing can be written without an act, and an act that changed
nothing is not recorded unless it asks to be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import sqlalchemy as sa

from audit.trail.acts import LOOKS, Act, Action
from audit.trail.bulk import add_rows
from audit.trail.canonical import START, RowsHash, canonical, entry_hash
from audit.trail.covered import GROUPS, TABLES
from audit.trail.hashed import digests, number_of
from detectors.errors import TrailError

__all__ = [
    *("Head", "append", "begin", "covering_head", "describe", "head"),
    *("last_act", "last_seq", "note", "recorded", "stands", "touched"),
]

_INFO = "survey_audit_writing"
# One number for the whole store: PostgreSQL's writers queue up behind it.
_LOCK = 0x5AD17
_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Head:
    """Where the trail stands: number and hash of its last entry."""

    size: int
    hash: bytes


@dataclass
class _Writing:
    act: Act
    touched: dict[str, set[int]] = field(default_factory=dict)


@contextmanager
def recorded(connection: sa.Connection, act: Act) -> Iterator[None]:
    """Record ``act`` with every row touched inside, before the transaction is committed."""
    writing = _Writing(act)
    # Kept by hand: a connection that is cut meanwhile has no `info` to be asked for any more.
    info = connection.info
    info[_INFO] = writing
    try:
        yield
        if writing.touched or writing.act.always:
            append(connection, writing.act, writing.touched)
    finally:
        info.pop(_INFO, None)


def touched(connection: sa.Connection, table: str, keys: Iterable[Any]) -> None:
    """Note rows that were added, changed or removed in this transaction.

    Args:
        connection: Inside :meth:`audit.store.Store.writing`.
        table: Their table, or ``record_pages`` with the keys of records.
        keys: Their keys.
    """
    numbers = {number_of(key) for key in keys}
    if numbers:
        _writing(connection).touched.setdefault(table, set()).update(numbers)


def describe(connection: sa.Connection, **changes: Any) -> None:
    """Say more of the act of this transaction: any field of :class:`Act`."""
    writing = _writing(connection)
    writing.act = replace(writing.act, **changes)


def note(
    connection: sa.Connection,
    action: Action,
    rows: Mapping[str, set[int]] | None = None,
    **fields: Any,
) -> Head:
    """Record another act of this transaction at once, an entry before that of the transaction.

    Args:
        connection: Inside :meth:`audit.store.Store.writing`.
        action: What was done.
        rows: Keys by table of the rows that it covers.
        fields: More fields of :class:`Act`; actor, session and time are those of the
            transaction.

    Returns:
        The entry.
    """
    act = _writing(connection).act
    own: dict[str, Any] = {"actor": act.actor, "session": act.session}
    return append(connection, Act(action, act.at, **own | fields), rows or {})


def _writing(connection: sa.Connection) -> _Writing:
    writing = connection.info.get(_INFO)
    if not isinstance(writing, _Writing):
        raise RuntimeError("rows are written inside Store.writing only, so that the trail knows")
    return writing


def head(connection: sa.Connection) -> Head:
    """The last entry; size 0 for a store whose trail has not begun."""
    found = connection.execute(
        sa.text("SELECT seq, hash FROM trail ORDER BY seq DESC LIMIT 1")
    ).first()
    return Head(0, START) if found is None else Head(found[0], bytes.fromhex(found[1]))


def covering_head(connection: sa.Connection) -> Head:
    """The last entry but for those that only tell of a look: what results are printed with.

    It stays the same until something in the store changes.
    """
    looks = ", ".join(f"'{action.value}'" for action in LOOKS)
    query = f"SELECT seq, hash FROM trail WHERE action NOT IN ({looks}) ORDER BY seq DESC LIMIT 1"
    found = connection.execute(sa.text(query)).first()
    return Head(0, START) if found is None else Head(found[0], bytes.fromhex(found[1]))


def last_seq(connection: sa.Connection, actions: Iterable[Action]) -> int:
    """Number of the last entry of any of these kinds, 0 without one."""
    # One look into the index an action, in one request; by IN, all of it would be read.
    named = {f"a{n}": action.value for n, action in enumerate(actions)}
    look = "(SELECT seq FROM trail WHERE action = :{} ORDER BY seq DESC LIMIT 1)"
    query = sa.text(f"SELECT {', '.join(look.format(name) for name in named)}")
    found = connection.execute(query, named).one()
    return max((seq for seq in found if seq is not None), default=0)


def last_act(
    connection: sa.Connection, action: Action, about: str
) -> tuple[int, str, dict[str, Any]] | None:
    """Number, hash and body of the last entry of a kind on one object."""
    import json

    query = sa.text("SELECT seq, hash, body FROM trail WHERE action = :a ORDER BY seq DESC")
    with connection.execute(query, {"a": action.value}) as found:
        for seq, digest, text in found:
            body: dict[str, Any] = json.loads(text)
            if body["object"] == about:
                return int(seq), str(digest), body
    return None


def stands(connection: sa.Connection, table: str, key: int) -> bool:
    """Whether a row is what the last entry that covers it says: there as it was, or not there.

    Args:
        connection: To read from.
        table: One of :data:`TABLES` with a number for its key.
        key: The row's.
    """
    query = sa.text(
        "SELECT digest FROM trail_rows WHERE tbl = :tbl AND key = :key ORDER BY seq DESC LIMIT 1"
    )
    kept = connection.execute(query, {"tbl": table, "key": key}).scalar()
    now = dict(digests(_Raw(connection), table, [key])).get(key)
    return now == (None if kept is None else bytes(kept))


def append(
    connection: sa.Connection, act: Act, rows: Mapping[str, set[int]], *, first: bool = False
) -> Head:
    """Add one entry.

    Args:
        connection: In a transaction that writes.
        act: What was done.
        rows: Keys by table of the rows that it covers.
        first: Whether this begins the trail.

    Raises:
        TrailError: If the trail of a store that had one is gone.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    before = head(connection)
    if before.size == 0 and not first:
        raise TrailError(
            "the store has no audit trail any more",
            where=connection.engine.url.render_as_string(hide_password=True),
            remedy="find out who removed it, and restore a backup",
        )
    seq = before.size + 1
    summary = _cover(connection, seq, rows)
    body = canonical(act.body(summary))
    digest = entry_hash(before.hash, seq, body.encode())
    connection.execute(
        sa.text(
            "INSERT INTO trail (seq, prev_hash, hash, action, body) "
            "VALUES (:seq, :prev, :hash, :action, :body)"
        ),
        {
            "seq": seq,
            "prev": before.hash.hex(),
            "hash": digest.hex(),
            "action": act.action.value,
            "body": body,
        },
    )
    return Head(seq, digest)


def begin(connection: sa.Connection, act: Act, only: Collection[str] | None = None) -> None:
    """Begin the trail, or go on with it, with an entry that covers every row of some tables.

    Args:
        connection: In a transaction that writes.
        act: What was done.
        only: Tables; all of them if ``None``.
    """
    rows = _Raw(connection)
    names = [name for name in (*TABLES, *GROUPS) if only is None or name in only]
    every = {name: {key for key, _ in digests(rows, name)} for name in names}
    append(connection, act, every, first=head(connection).size == 0)


def _cover(
    connection: sa.Connection, seq: int, rows: Mapping[str, set[int]]
) -> dict[str, Any] | None:
    """Store the hashes of rows as they stand now; the summary for the entry."""
    total = RowsHash()
    columns = ("seq", "tbl", "key", "digest")
    for table in sorted(rows):
        present = _present(_Raw(connection), table, rows[table])
        # Read first and written then: while rows go in nothing else can be asked.
        while batch := list(islice(present, _BATCH)):
            for key, digest in batch:
                total.add(table, key, digest)
            some = [(seq, table, key, digest) for key, digest in batch]
            add_rows(connection, "trail_rows", columns, some)
    return total.summary()


def _present(rows: _Raw, table: str, keys: set[int]) -> Iterator[tuple[int, bytes | None]]:
    """Every key in order, with the hash of its row, or ``None`` where it is gone."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), 500):
        chunk = ordered[start : start + 500]
        found = dict(digests(rows, table, chunk))
        for key in chunk:
            yield key, found.get(key)


class _Raw:
    """Plain rows, past every type of SQLAlchemy's, as the verifier's own cursor gives them."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.postgresql = connection.dialect.name == "postgresql"

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        text = sql.replace("?", "%s") if self.postgresql and parameters else sql
        result = self.connection.exec_driver_sql(text, tuple(parameters) or None)
        # The driver's own, as they are: SQLAlchemy's rows cost as much as the query.
        rows: Sequence[Sequence[Any]] = result.cursor.fetchall()
        return rows

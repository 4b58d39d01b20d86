"""Every byte of a stored trail, on both databases, changed by somebody who owns the database."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from audit.judge.decision import Verdict
from audit.store import Store
from audit.trail.canonical import entry_hash
from audit.trail.cursor import Cursor
from audit.trail.links import Chain
from audit.trail.stored import check_rows
from audit.trail.transcript import Fault, from_store
from tests.audit.test_store import _case, _said, postgres_url, sqlite, store

__all__ = ["postgres_url", "sqlite", "store"]

Do = Callable[..., Any]


@contextmanager
def _owner(store: Store) -> Iterator[tuple[Do, Cursor]]:
    """A connection of the database's owner, guards out of the way; undone at the end."""
    postgresql = store.engine.dialect.name == "postgresql"
    if postgresql:
        import psycopg

        plain = store.engine.url.render_as_string(hide_password=False)
        connection: Any = psycopg.connect(plain.replace("postgresql+psycopg:", "postgresql:"))
        connection.execute("SET session_replication_role = replica")
    else:
        connection = sqlite3.connect(str(store.engine.url.database), isolation_level=None)
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        connection.execute("BEGIN IMMEDIATE")
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            connection.execute(f"DROP TRIGGER {name}")

    def do(statement: str, *values: Any) -> None:
        connection.execute(statement.replace("?", "%s") if postgresql else statement, values)

    try:
        yield do, Cursor(connection, postgresql=postgresql)
    finally:
        connection.rollback()
        connection.close()


def _faults(cursor: Cursor) -> list[Fault]:
    chain = Chain()
    return [*chain.check(from_store(cursor)), *check_rows(cursor)]


def _filled(store: Store) -> None:
    case = _case(store)
    _said(store, case, "a", Verdict.DISMISS)


def _flipped(value: bytes, position: int, mask: int) -> bytes:
    return value[:position] + bytes([value[position] ^ mask]) + value[position + 1 :]


def test_every_byte_of_every_entry_is_watched(store: Store) -> None:
    """Numbers, hashes, actions and bodies: whatever byte is another, its entry is named."""
    _filled(store)
    draw = random.Random(7)
    tried = 0
    with _owner(store) as (do, cursor):
        assert _faults(cursor) == []
        rows = cursor("SELECT seq, prev_hash, hash, action, body FROM trail ORDER BY seq")
        for seq, *texts in rows:
            for column, text in zip(("prev_hash", "hash", "action", "body"), texts, strict=True):
                whole = text.encode()
                for position in range(len(whole)):
                    # a bit that keeps it text, as PostgreSQL takes nothing else
                    mask = 1 << draw.randrange(0, 5)
                    bad = _flipped(whole, position, mask)
                    try:
                        said = bad.decode()
                    except UnicodeDecodeError:
                        continue
                    if "\0" in said:
                        continue
                    do(f"UPDATE trail SET {column} = ? WHERE seq = ?", said, seq)
                    found = list(Chain().check(from_store(cursor)))
                    do(f"UPDATE trail SET {column} = ? WHERE seq = ?", text, seq)
                    assert found, (seq, column, position)
                    # A changed hash is seen at its entry, or at the one that follows on it.
                    named = {f"trail, seq {seq}", f"trail, seq {seq + 1}"}
                    assert {fault.where for fault in found} & named, (column, position, found)
                    tried += 1
        assert _faults(cursor) == []
    assert tried > 500


def test_every_byte_of_every_covered_hash_is_watched(store: Store) -> None:
    _filled(store)
    with _owner(store) as (do, cursor):
        rows = cursor("SELECT seq, tbl, key, digest FROM trail_rows WHERE digest IS NOT NULL")
        assert rows
        for seq, table, key, digest in rows:
            whole = bytes(digest)
            where = "WHERE seq = ? AND tbl = ? AND key = ?"
            for position in range(len(whole)):
                bad = _flipped(whole, position, 1 << (position % 8))
                do(f"UPDATE trail_rows SET digest = ? {where}", bad, seq, table, key)
                found = list(Chain().check(from_store(cursor)))
                assert f"trail, seq {seq}" in {fault.where for fault in found}
            do(f"UPDATE trail_rows SET digest = ? {where}", whole, seq, table, key)
        assert _faults(cursor) == []


def test_what_is_done_to_whole_entries_is_named(store: Store) -> None:
    _filled(store)
    last = 0
    with _owner(store) as (_, cursor):
        last = cursor("SELECT max(seq) FROM trail")[0][0]
    assert last >= 2
    again = (
        "INSERT INTO trail SELECT seq + 1, prev_hash, hash, action, body FROM trail WHERE seq = ?"
    )
    for name, statements, named in (
        ("delete", [("DELETE FROM trail WHERE seq = ?", 1)], "trail, seq 1"),
        ("number", [("UPDATE trail SET seq = 9 WHERE seq = ?", last)], f"trail, seq {last}"),
        (
            "insert",
            [
                ("UPDATE trail SET seq = ? WHERE seq = ?", last + 1, last),
                (again, last - 1),
            ],
            f"trail, seq {last}",
        ),
        (
            "swap",
            [
                ("UPDATE trail SET seq = ? WHERE seq = ?", -5, last),
                ("UPDATE trail SET seq = ? WHERE seq = ?", last, last - 1),
                ("UPDATE trail SET seq = ? WHERE seq = ?", last - 1, -5),
            ],
            f"trail, seq {last - 1}",
        ),
        ("rows gone", [("DELETE FROM trail_rows WHERE seq = ?", 2)], "trail, seq 2"),
        (
            "row added",
            [("INSERT INTO trail_rows VALUES (?, 'users', 5, NULL)", 1)],
            "trail, seq 1",
        ),
        ("row moved", [("UPDATE trail_rows SET key = key + 1 WHERE seq = ?", last)], None),
        ("cut off", [("DELETE FROM trail WHERE seq > ?", 1)], None),
        ("decision", [("UPDATE decisions SET actor = ? WHERE actor = 'a'", "b")], None),
        ("decision gone", [("DELETE FROM decisions WHERE actor = ?", "a")], None),
        ("case", [("UPDATE cases SET severity = ?", "green")], None),
    ):  # fmt: skip
        with _owner(store) as (do, cursor):
            for statement, *values in statements:
                do(statement, *values)
            found = _faults(cursor)
            assert found, name
            assert any(fault.where.startswith(named or "t") for fault in found), (name, found)
    with _owner(store) as (_, cursor):
        assert _faults(cursor) == []


def test_a_forged_chain_that_fits_itself_has_another_head(store: Store) -> None:
    """Nothing inside the store shows it: that is what checkpoints and printed heads are for."""
    _filled(store)
    with _owner(store) as (do, cursor):
        before = Chain()
        assert list(before.check(from_store(cursor))) == []
        previous = bytes(32)
        for seq, body in cursor("SELECT seq, body FROM trail ORDER BY seq"):
            forged = body.replace('"test"', '"tset"')
            digest = entry_hash(previous, seq, forged.encode())
            do(
                "UPDATE trail SET prev_hash = ?, hash = ?, body = ? WHERE seq = ?",
                *(previous.hex(), digest.hex(), forged, seq),
            )
            previous = digest
        after = Chain()
        assert list(after.check(from_store(cursor))) == []
        assert after.size == before.size
        assert after.head != before.head
        assert before.head not in after.heads


def test_every_byte_of_the_trail_in_a_file_is_watched(sqlite: Store) -> None:
    """In the file itself, past the database: where entries and their rows stand in it."""
    _filled(sqlite)
    from pathlib import Path

    path = Path(str(sqlite.engine.url.database))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    texts = [row[0].encode() for row in connection.execute("SELECT body FROM trail")]
    texts += [row[0].encode() for row in connection.execute("SELECT hash FROM trail")]
    connection.close()
    good = path.read_bytes()
    copy = path.with_name("copy.db")
    tried = 0
    for text in texts:
        if good.count(text) != 1:
            continue  # a hash stands in the entry after it as well
        start = good.index(text)
        for position in range(start, start + len(text)):
            copy.write_bytes(_flipped(good, position, 1 << (position % 8)))
            other = sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)
            other.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
            try:
                found = list(Chain().check(from_store(Cursor(other, postgresql=False))))
            except sqlite3.DatabaseError:
                found = [Fault("store", "damaged")]
            finally:
                other.close()
            assert found, position
            tried += 1
    assert tried > 300

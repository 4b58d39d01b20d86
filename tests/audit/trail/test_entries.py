"""Entries changed, deleted, inserted, swapped or cut off are named, and missing guards."""

from __future__ import annotations

import random
import sqlite3

from audit.settings import Settings
from audit.trail.cursor import Cursor
from audit.verification import verify_round
from tests.audit.trail.watched import arm, size_of


def test_a_changed_entry_is_named(raw: sqlite3.Connection, place: Settings) -> None:
    raw.execute("UPDATE trail SET body = replace(body, '\"dismiss\"', '\"confirm\"')")
    arm(raw)
    found = verify_round(place).faults
    seq = raw.execute("SELECT min(seq) FROM trail WHERE action = 'decision'").fetchone()[0]
    assert found[0] == f"trail, seq {seq}: its content is not what was recorded"


def test_a_deleted_entry_is_named(raw: sqlite3.Connection, place: Settings) -> None:
    raw.execute("DELETE FROM trail WHERE seq IN (9, 10, 20)")
    arm(raw)
    found = verify_round(place).faults
    assert "trail, seq 9 to 10: missing: entries were deleted" in found
    assert "trail, seq 20: missing: entries were deleted" in found


def test_a_deleted_entry_is_seen_behind_new_numbers(
    raw: sqlite3.Connection, place: Settings
) -> None:
    raw.execute("DELETE FROM trail WHERE seq = 9")
    raw.execute("UPDATE trail SET seq = -(seq - 1) WHERE seq > 9")
    raw.execute("UPDATE trail SET seq = -seq WHERE seq < 0")
    arm(raw)
    found = verify_round(place).faults
    assert any(line.startswith("trail, seq 9: ") for line in found)


def test_an_inserted_entry_is_named(raw: sqlite3.Connection, place: Settings) -> None:
    raw.execute("UPDATE trail SET seq = -(seq + 1) WHERE seq >= 9")
    raw.execute("UPDATE trail SET seq = -seq WHERE seq < 0")
    raw.execute("INSERT INTO trail SELECT 9, prev_hash, hash, action, body FROM trail WHERE seq=10")
    arm(raw)
    found = verify_round(place).faults
    # What was put in is the tenth: it is the ninth over again under another number.
    assert found[0].startswith(("trail, seq 10: ", "trail_rows, seq 9"))


def test_swapped_entries_are_named(raw: sqlite3.Connection, place: Settings) -> None:
    for old, new in ((12, -1), (13, 12), (-1, 13)):
        raw.execute("UPDATE trail SET seq = ? WHERE seq = ?", (new, old))
    arm(raw)
    found = verify_round(place).faults
    assert found[0].startswith("trail, seq 12: ")
    assert any(line.startswith("trail, seq 13: ") for line in found)


def test_a_changed_list_of_rows_is_named(raw: sqlite3.Connection, place: Settings) -> None:
    """The row and its hash in the list are made to fit: the entry does not."""
    raw.execute("UPDATE findings SET severity = 'green'")
    from audit.trail.hashed import digests

    for key, hashed in digests(Cursor(raw, postgresql=False), "findings"):
        query = "UPDATE trail_rows SET digest = ? WHERE tbl = 'findings' AND key = ?"
        raw.execute(query, (hashed, key))
    arm(raw)
    found = verify_round(place).faults
    query = "SELECT min(seq) FROM trail_rows WHERE tbl = 'findings'"
    seq = raw.execute(query).fetchone()[0]
    assert found == [f"trail, seq {seq}: the list of rows that it covers was changed"]


def test_a_trail_that_was_cut_off_is_named(raw: sqlite3.Connection, place: Settings) -> None:
    size = size_of(raw)
    raw.execute("DELETE FROM trail WHERE seq > ?", (size - 3,))
    raw.execute("DELETE FROM trail_rows WHERE seq > ?", (size - 3,))
    arm(raw)
    found = verify_round(place).faults
    assert any(f"{size}.json: the trail ends at seq {size - 3}, before" in line for line in found)
    assert any(line.startswith("table runs, row ") for line in found)


def test_missing_guards_and_a_missing_trail_are_named(
    raw: sqlite3.Connection, place: Settings
) -> None:
    assert "trigger trail_no_delete: was removed, disabled or changed" in verify_round(place).faults
    arm(raw)
    raw.execute("DROP TRIGGER trail_next")
    raw.execute(
        "CREATE TRIGGER trail_next BEFORE INSERT ON trail WHEN 0 BEGIN SELECT RAISE(IGNORE); END"
    )
    assert verify_round(place).faults == ["trigger trail_next: was removed, disabled or changed"]
    raw.execute("DROP TRIGGER trail_no_delete")
    raw.execute("DELETE FROM trail")
    assert "trail, seq 1: missing: the trail was removed" in verify_round(place).faults
    raw.execute("DROP TABLE trail")
    assert any("there is none in this store" in line for line in verify_round(place).faults)


def test_flipped_bytes_of_the_store_are_found(place: Settings) -> None:
    path = place.base / "audit.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        texts = [t[0].encode() for t in connection.execute("SELECT body FROM trail")]
        texts += [t[0].encode() for t in connection.execute("SELECT hash FROM trail")]
        texts += [t[0] for t in connection.execute("SELECT digest FROM trail_rows")]
    connection.close()
    good = path.read_bytes()
    draw = random.Random(3)
    tried = 0
    while tried < 40:
        text = draw.choice(texts)
        start = good.find(text)
        if start < 0 or good.count(text) != 1:
            continue
        position = start + draw.randrange(len(text))
        bad = bytearray(good)
        bad[position] ^= draw.randrange(1, 256)
        path.write_bytes(bad)
        assert verify_round(place).faults, position
        tried += 1

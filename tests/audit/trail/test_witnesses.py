"""Checkpoints find what a chain alone cannot: forks, older stores, other keys."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from audit.pipeline.run import run_round
from audit.settings import Settings
from audit.trail.canonical import entry_hash
from audit.trail.checkpoint import checkpoints
from audit.trail.cursor import reading
from audit.trail.keys import make_key, public_pem
from audit.trail.links import Chain
from audit.trail.witnesses import check_checkpoints
from audit.verification import verify_round
from tests.audit.rounds import (
    FakeScans,
)
from tests.audit.trail.watched import arm, scans_of, tools_of


def _forge(connection: sqlite3.Connection, start: int) -> None:
    """Link everything anew from an entry on, as somebody would who knows the format."""
    query = "SELECT hash FROM trail WHERE seq = ?"
    previous = bytes.fromhex(connection.execute(query, (start - 1,)).fetchone()[0])
    query = "SELECT seq, body FROM trail WHERE seq >= ? ORDER BY seq"
    for seq, body in connection.execute(query, (start,)).fetchall():
        digest = entry_hash(previous, seq, body.encode())
        values = (previous.hex(), digest.hex(), seq)
        connection.execute("UPDATE trail SET prev_hash = ?, hash = ? WHERE seq = ?", values)
        previous = digest


def test_a_fork_is_found_by_the_checkpoints(raw: sqlite3.Connection, place: Settings) -> None:
    seq = raw.execute("SELECT min(seq) FROM trail WHERE action = 'decision'").fetchone()[0]
    raw.execute("UPDATE trail SET body = replace(body, '\"a\"', '\"b\"') WHERE seq = ?", (seq,))
    _forge(raw, seq)
    arm(raw)
    found = verify_round(place).faults
    sizes = [c.size for _, c in checkpoints(place.base / "runs/checkpoints") if c is not None]
    before = max(size for size in sizes if size < seq)
    after = min(size for size in sizes if size > seq)
    assert f"{after}.json: seq {after} of the trail is another than the one" in found[0]
    assert found[0].endswith(f"the trail was rewritten after seq {before}")


def test_an_older_store_in_its_place_is_found(whole: Path, place: Settings) -> None:
    for path in place.base.glob("audit.db*"):
        path.unlink()
    shutil.copy(whole.parent / "first night/audit.db", place.base / "audit.db")
    found = verify_round(place).faults
    assert any("an older store was put in its place" in line for line in found)
    # The next run tells it, too, and does not hide it.
    outcome = run_round(place, tools_of(scans_of()))
    assert any("does not continue this checkpoint" in line for line in outcome.warnings)
    assert any("before this checkpoint" in line or "rewritten" in line
               for line in verify_round(place).faults)  # fmt: skip


def test_every_flipped_byte_of_a_checkpoint_is_found(place: Settings) -> None:
    folder = place.base / "runs/checkpoints"
    chain = Chain()
    with reading(place.store_url) as cursor:
        from audit.trail.transcript import from_store

        assert list(chain.check(from_store(cursor))) == []
    path = next(path for path, _ in checkpoints(folder))
    good = path.read_bytes()
    for position in range(len(good)):
        path.write_bytes(good[:position] + bytes([good[position] ^ 0x11]) + good[position + 1 :])
        found, _, _ = check_checkpoints(chain, folder, None)
        assert found[0].where == str(path)
    path.unlink()
    found, _, _ = check_checkpoints(chain, folder, None)
    assert [fault.what[:21] for fault in found] == ["the checkpoint of run"]


def test_checkpoints_of_another_key_are_found(place: Settings, tmp_path: Path) -> None:
    folder = place.base / "runs/checkpoints"
    other = make_key(tmp_path / "other.key")
    path, checkpoint = list(checkpoints(folder))[-1]
    assert checkpoint is not None
    import dataclasses

    forged = dataclasses.replace(checkpoint, key=other.public).signed(other)
    path.write_bytes(forged.text())
    found = verify_round(place).faults
    assert found[0] == f"{path}: is signed by a key that the trail did not know then"
    path.write_bytes(checkpoint.text())
    assert verify_round(place, public_key=checkpoint.key).faults == []
    found = verify_round(place, public_key=other.public).faults
    assert "is not signed by the key that was given" in found[0]
    (folder / "key.pem").write_bytes(public_pem(other.public))
    assert verify_round(place).faults == [
        f"{folder / 'key.pem'}: is not the key that the trail names"
    ]


def test_a_new_key_is_recorded_and_told(place: Settings) -> None:
    (place.base / ".survey-audit.key").unlink()
    table = place.base / "units.csv"
    table.write_text(table.read_text("utf-8") + "u3,Đơn vị u3,G,xã,true,500\n", "utf-8")
    run_round(place, tools_of(FakeScans()))
    found = verify_round(place)
    assert found.faults == []
    assert any("signing key was changed at seq" in line for line in found.notes)
    assert (place.base / ".survey-audit.key").stat().st_mode & 0o777 == 0o600

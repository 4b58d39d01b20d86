"""What was changed past the program is found, and the place is named."""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.cli.main import run as command
from audit.cli.user import add_user
from audit.desk.factors import Factors
from audit.desk.keys import KeyChoices
from audit.desk.people import Users
from audit.judge.decision import Verdict
from audit.pipeline.run import run_round
from audit.pipeline.tools import Tools
from audit.settings import Settings
from audit.store import Store, open_store
from audit.store.cases import Cases
from audit.store.explanations import Explanations
from audit.store.remarks import Corrections, Notes
from audit.trail.acts import Act, Action
from audit.trail.canonical import canonical, entry_hash
from audit.trail.checkpoint import checkpoints
from audit.trail.covered import TABLES
from audit.trail.cursor import Cursor, reading
from audit.trail.keys import make_key, public_pem
from audit.trail.links import Chain
from audit.trail.stored import check_rows
from audit.trail.transcript import write_transcript
from audit.trail.verify import verify_file
from audit.trail.witnesses import check_checkpoints
from audit.verification import verify_round
from detectors.errors import ExitCode
from tests.audit.nights import GOOD, Silent, decide, fill
from tests.audit.rounds import (
    FakeScans,
    Sheet,
    clock,
    digest,
    put_scan,
    settings_of,
    small_round,
    tools,
)
from tests.data import ROOT

CUSTODY = (
    "unit_id,batch,serial_from,serial_to,issued,returned,valid,invalid,lost,spoilt\n"
    "u1,b1,S-1,S-9,9,2,2,0,0,0\n"
)


def scans_of() -> FakeScans:
    """A reader that knows every sheet of the round, whoever put it in the inbox."""
    scans = FakeScans()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "inbox/responses").mkdir(parents=True)
        fill(Path(folder), scans)
    scans.sheets[digest("u1/late.png")] = [Sheet(GOOD, serial="S-3")]
    return scans


def _tools(scans: FakeScans) -> Tools:
    """Table checks that have a result for one unit, so that this table has a row, too."""
    silent = Silent()
    row = {"unit_id": "u1", "p_value": 0.5, "q_value": 1.0, "severity": "green", "flagged": False}
    silent.units = pd.DataFrame([row | {"not_testable": "", "n": 30, "value": 0.8}])
    return tools(scans, screen=lambda *_args, **_kwargs: silent)


def _ask_again(folder: Path) -> None:
    """A back-check with one answer."""
    words, path = ["-c", str(folder / "audit.toml")], folder.parent / "list.csv"
    assert command(["backcheck", "draw", "--seed", "1", "-o", str(path), *words]) == ExitCode.DONE
    frame = pd.read_csv(path, dtype=str)
    frame.head(1).assign(outcome="reached").to_csv(path, index=False)
    assert command(["backcheck", "record", str(path), *words]) == ExitCode.DONE


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A round of three nights with decisions, so that every table has rows."""
    folder = tmp_path_factory.mktemp("whole") / "r"
    config, scans = small_round(folder), scans_of()
    (folder / "custody.csv").write_text(CUSTODY, "utf-8")
    fill(folder, scans)
    table = folder / "inbox/responses/a.csv"
    table.write_text(table.read_text("utf-8").replace("u1-3,u1,QR", "u1-3,nowhere,QR"), "utf-8")
    settings = settings_of(config)
    run_round(settings, _tools(scans))
    shutil.copytree(folder, folder.parent / "first night")
    with reading(settings.store_url) as cursor:
        record = cursor("SELECT record_id FROM findings WHERE record_id IS NOT NULL")[0][0]
    with open_store(settings.store_url) as store:
        decide(store, settings, record, Verdict.DISMISS)
        add_user(store, "lan", "inspector")
        _remark(store, settings, record)
    _ask_again(folder)
    run_round(settings, _tools(scans))
    put_scan(folder, "u1/late.png", "u1/late.png")
    run_round(settings, _tools(scans))
    return folder


def _remark(store: Store, settings: Settings, record: str) -> None:
    """A note on a place and a correction, as the review desk writes them."""
    with store.writing(Act(Action.NOTE, clock())) as connection:
        case = next(
            c for c in Cases(connection, settings.round.id).open() if c["subject_id"] == record
        )
        place = {"sha256": "0" * 64, "page": 1, "x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4}
        said = {"text": "a note", "actor": "lan", "at": clock().isoformat()}
        Notes(connection).add({"case_id": case["id"], "about": None, **place, **said})
        Corrections(connection, settings.round.id).propose(
            *(case, "answer", "A1", ["answered", "5"], ["answered", "4"]),
            actor="lan",
            at=said["at"],
            note=None,
        )
        user = Users(connection).all()[0]["id"]
        Factors(connection, Fernet.generate_key()).begin(user)
        KeyChoices(connection).save(user, {"confirm": "x"})
        Explanations(connection, settings.round.id).ask(
            *("u1", "a question", dt.date(2026, 10, 9), case["id"]), actor="lan", at=said["at"]
        )


@pytest.fixture
def place(whole: Path, tmp_path: Path) -> Settings:
    """A copy to change."""
    shutil.copytree(whole, tmp_path / "r")
    return settings_of(tmp_path / "r/audit.toml")


@pytest.fixture
def raw(place: Settings) -> Iterator[sqlite3.Connection]:
    """The store as somebody gets at it who has the file and no program of ours."""
    connection = sqlite3.connect(place.base / "audit.db", isolation_level=None)
    triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    found = connection.execute(triggers).fetchall()
    for name, _ in found:
        connection.execute(f"DROP TRIGGER {name}")
    yield connection
    connection.close()


def _arm(connection: sqlite3.Connection) -> None:
    """Put the triggers back: whoever can remove them can do that, too."""
    from audit.trail.guards import SQLITE_ALL

    for statement in SQLITE_ALL.values():
        connection.execute(statement)


def test_an_honest_round_verifies(whole: Path) -> None:
    found = verify_round(settings_of(whole / "audit.toml"))
    assert found.faults == []
    assert found.notes == []
    assert found.checked["checkpoints"] == 3
    assert found.size == found.checked["entries"] > 30


def test_every_cell_of_every_table_is_covered(raw: sqlite3.Connection) -> None:
    raw.execute("PRAGMA ignore_check_constraints=ON")
    cursor = Cursor(raw, postgresql=False)
    assert list(check_rows(cursor)) == []
    empty = []
    for table, covered in TABLES.items():
        key = covered.key
        rows = raw.execute(f"SELECT {key} FROM {table} ORDER BY {key}").fetchall()
        if not rows:
            empty.append(table)
            continue
        about = rows[len(rows) // 2][0]
        for column, kind in covered.columns:
            new = {"text": "'x'", "json": "'[7]'"}.get(kind, "12345")
            raw.execute("BEGIN")
            raw.execute(f"UPDATE {table} SET {column} = {new} WHERE {key} = ?", (about,))
            found = list(check_rows(cursor))
            raw.execute("ROLLBACK")
            assert found, f"{table}.{column}"
            named = str(12345 if column == key and kind == "int" else about)
            if column != key:
                assert all(named in f.where or "answers" in f.where for f in found), found
                assert found[0].where.startswith(f"table {table}"), found
    assert empty == []


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE marks SET state = 'empty' WHERE state = 'marked'", "table pages"),
        ("UPDATE marks SET ink = ink + 0.001", "table pages"),
        ("DELETE FROM marks WHERE item = 'A1'", "table pages"),
        ("UPDATE answers SET value = '5' WHERE value = '4'", "table answers, record"),
        ("DELETE FROM answers WHERE item = 'B2'", "table answers, record"),
        ("INSERT INTO answers VALUES (77, 'A1', 'answered', '5')", "table answers, record 77"),
        ("UPDATE record_pages SET record = record + 1", "table record_pages"),
        ("DELETE FROM record_pages", "table record_pages, the pages of record"),
        ("DELETE FROM findings", "table findings, row"),
        ("INSERT INTO rounds VALUES ('x', 'x', 'x', '2026-01-01', '2026-01-02')", "row x"),
        ("INSERT INTO findings SELECT id + 1, " + ", ".join(
            name for name, _ in TABLES["findings"].columns[1:]) + " FROM findings",
         "table findings, row"),
        ("UPDATE records SET flagged = 2 WHERE flagged = 1", None),
    ],
)  # fmt: skip
def test_rows_changed_added_and_removed_are_named(
    statement: str, where: str | None, raw: sqlite3.Connection
) -> None:
    raw.execute("PRAGMA foreign_keys=OFF")
    changed = raw.execute(statement).rowcount
    found = list(check_rows(Cursor(raw, postgresql=False)))
    if changed:
        assert found
        assert where is None or where in found[0].where


def _size(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT max(seq) FROM trail").fetchone()[0])


def test_a_changed_entry_is_named(raw: sqlite3.Connection, place: Settings) -> None:
    raw.execute("UPDATE trail SET body = replace(body, '\"dismiss\"', '\"confirm\"')")
    _arm(raw)
    found = verify_round(place).faults
    seq = raw.execute("SELECT min(seq) FROM trail WHERE action = 'decision'").fetchone()[0]
    assert found[0] == f"trail, seq {seq}: its content is not what was recorded"


def test_a_deleted_entry_is_named(raw: sqlite3.Connection, place: Settings) -> None:
    raw.execute("DELETE FROM trail WHERE seq IN (9, 10, 20)")
    _arm(raw)
    found = verify_round(place).faults
    assert "trail, seq 9 to 10: missing: entries were deleted" in found
    assert "trail, seq 20: missing: entries were deleted" in found


def test_a_deleted_entry_is_seen_behind_new_numbers(
    raw: sqlite3.Connection, place: Settings
) -> None:
    raw.execute("DELETE FROM trail WHERE seq = 9")
    raw.execute("UPDATE trail SET seq = -(seq - 1) WHERE seq > 9")
    raw.execute("UPDATE trail SET seq = -seq WHERE seq < 0")
    _arm(raw)
    found = verify_round(place).faults
    assert any(line.startswith("trail, seq 9: ") for line in found)


def test_an_inserted_entry_is_named(raw: sqlite3.Connection, place: Settings) -> None:
    raw.execute("UPDATE trail SET seq = -(seq + 1) WHERE seq >= 9")
    raw.execute("UPDATE trail SET seq = -seq WHERE seq < 0")
    raw.execute("INSERT INTO trail SELECT 9, prev_hash, hash, action, body FROM trail WHERE seq=10")
    _arm(raw)
    found = verify_round(place).faults
    # What was put in is the tenth: it is the ninth over again under another number.
    assert found[0].startswith(("trail, seq 10: ", "trail_rows, seq 9"))


def test_swapped_entries_are_named(raw: sqlite3.Connection, place: Settings) -> None:
    for old, new in ((12, -1), (13, 12), (-1, 13)):
        raw.execute("UPDATE trail SET seq = ? WHERE seq = ?", (new, old))
    _arm(raw)
    found = verify_round(place).faults
    assert found[0].startswith("trail, seq 12: ")
    assert any(line.startswith("trail, seq 13: ") for line in found)


def test_a_changed_list_of_rows_is_named(raw: sqlite3.Connection, place: Settings) -> None:
    """The row and its hash in the list are made to fit: the entry does not."""
    raw.execute("UPDATE findings SET severity = 'green'")
    from audit.trail.covered import digests

    for key, hashed in digests(Cursor(raw, postgresql=False), "findings"):
        query = "UPDATE trail_rows SET digest = ? WHERE tbl = 'findings' AND key = ?"
        raw.execute(query, (hashed, key))
    _arm(raw)
    found = verify_round(place).faults
    query = "SELECT min(seq) FROM trail_rows WHERE tbl = 'findings'"
    seq = raw.execute(query).fetchone()[0]
    assert found == [f"trail, seq {seq}: the list of rows that it covers was changed"]


def test_a_trail_that_was_cut_off_is_named(raw: sqlite3.Connection, place: Settings) -> None:
    size = _size(raw)
    raw.execute("DELETE FROM trail WHERE seq > ?", (size - 3,))
    raw.execute("DELETE FROM trail_rows WHERE seq > ?", (size - 3,))
    _arm(raw)
    found = verify_round(place).faults
    assert any(f"{size}.json: the trail ends at seq {size - 3}, before" in line for line in found)
    assert any(line.startswith("table runs, row ") for line in found)


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
    _arm(raw)
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
    outcome = run_round(place, _tools(scans_of()))
    assert any("does not continue this checkpoint" in line for line in outcome.warnings)
    assert any("before this checkpoint" in line or "rewritten" in line
               for line in verify_round(place).faults)  # fmt: skip


def test_missing_guards_and_a_missing_trail_are_named(
    raw: sqlite3.Connection, place: Settings
) -> None:
    assert "trigger trail_no_delete: was removed, disabled or changed" in verify_round(place).faults
    _arm(raw)
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


def _small_trail(folder: Path) -> Path:
    """A trail of a few entries with a few rows, exported."""
    from tests.audit.test_store import _case

    with open_store(f"sqlite:///{folder / 's.db'}", now=clock) as store:
        _case(store)
        for name in ("anna", "bình"):
            with store.writing(Act(Action.LOGIN, clock(), name, "desk", always=True)):
                pass
    path = folder / "trail.jsonl"
    with reading(f"sqlite:///{folder / 's.db'}") as cursor:
        lines: list[str] = []
        assert write_transcript(cursor, lines.append) == 4
    path.write_text("".join(lines), "utf-8")
    return path


def test_every_flipped_byte_of_an_exported_trail_is_found_and_named(tmp_path: Path) -> None:
    path = _small_trail(tmp_path)
    good = path.read_bytes()
    assert verify_file(path).faults == []
    starts = [0] + [n + 1 for n, byte in enumerate(good) if byte == 10]
    owner: dict[int, set[str]] = {}
    for number, text in enumerate(good.splitlines(), start=1):
        data = json.loads(text)
        owner[number] = {f"line {number}"} | ({f"seq {data['seq']}"} if "seq" in data else set())
    draw = random.Random(5)
    for position in range(len(good)):
        line = sum(start <= position for start in starts)
        # a line that lost its end runs into the next
        names = owner[line] | owner.get(line + 1, {"the file ends"})
        for mask in (0x01, draw.randrange(1, 256)):
            bad = bytearray(good)
            bad[position] ^= mask
            path.write_bytes(bad)
            found = verify_file(path).faults
            assert found, f"byte {position} of {len(good)} ^ {mask:#x}"
            assert any(any(n in fault for n in names) for fault in found), (line, mask, found)


cells = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=6)
cells |= st.sampled_from(["0" * 64, "{}", '{"action":5}', "[" * 2000, "\ud800"])
lines_ = st.one_of(
    st.fixed_dictionaries({"body": cells, "hash": cells, "prev": cells, "seq": cells}),
    st.fixed_dictionaries({"digest": cells, "key": cells, "row": cells, "seq": cells}),
    st.dictionaries(st.text(max_size=4), cells, max_size=3),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(lines_, max_size=5), st.binary(max_size=40))
def test_whatever_a_file_holds_is_told_and_never_ends_in_an_error(
    tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, Any]], tail: bytes
) -> None:
    path = tmp_path_factory.mktemp("f") / "t.jsonl"
    text = "".join(canonical(line) + "\n" for line in [{"format": "survey-audit trail 1"}, *lines])
    path.write_bytes(text.encode() + tail)
    assert verify_file(path).faults


def test_lines_deleted_doubled_swapped_and_cut_off_are_found(tmp_path: Path) -> None:
    path = _small_trail(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    for number in range(len(lines)):
        for changed in (
            lines[:number] + lines[number + 1 :],
            lines[: number + 1] + lines[number:],
            [*lines[:number], *lines[number : number + 2][::-1], *lines[number + 2 :]],
            lines[:number],
        ):
            if changed != lines:
                path.write_bytes(b"".join(changed))
                assert verify_file(path).faults


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
    run_round(place, _tools(FakeScans()))
    found = verify_round(place)
    assert found.faults == []
    assert any("signing key was changed at seq" in line for line in found.notes)
    assert (place.base / ".survey-audit.key").stat().st_mode & 0o777 == 0o600


def test_commands_tell_the_place_and_end_in_twelve(
    place: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(place.base / "audit.toml")
    exported = tmp_path / "elsewhere/trail.jsonl"
    assert command(["verify", "-c", config, "--export", str(exported)]) == ExitCode.DONE
    assert command(["report", "-c", config]) == ExitCode.DONE
    page = str(place.base / "reports/index.html")
    folder = str(place.base / "runs/checkpoints")
    key = str(place.base / "reports/trail-key.pem")
    words = ["verify", "--trail", str(exported), "--config", str(tmp_path / "none")]
    more = ["--checkpoints", folder, "--public-key", key, "--report", page]
    assert command([*words, *more]) == ExitCode.DONE
    assert "made from the trail as it was at seq" in capsys.readouterr().err
    assert command([*words, "--report", "0" * 64]) == ExitCode.TRAIL
    text = Path(page).read_text("utf-8")
    head = text.split('class="trail-head">')[1][:64]
    assert command([*words, "--report", head.upper()]) == ExitCode.DONE
    Path(page).write_text(text.replace(head, head[::-1]), "utf-8")
    capsys.readouterr()
    assert command(["verify", "-c", config, "--report", page]) == ExitCode.TRAIL
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert page in said[0]
    assert command(["verify", "--trail", "a", "--export", "b"]) == ExitCode.USAGE


def test_the_verifier_knows_nothing_of_the_orm() -> None:
    code = (
        "import sys, audit.trail.verify\n"
        "heavy = {'sqlalchemy', 'alembic', 'pandas', 'numpy', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

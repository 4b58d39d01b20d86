"""Backups that can be put back, while a run writes; and originals deleted in time."""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run as command
from audit.keeping.backup import KEEPING_LOCK, back_up
from audit.keeping.purge import purge
from audit.keeping.restore import Restored, restore
from audit.pipeline.lock import round_lock
from audit.pipeline.run import run_round
from audit.settings import Settings
from audit.store import open_store
from audit.trail.acts import Action
from audit.trail.cursor import reading
from audit.verification import verify_round
from detectors.errors import Busy, ExitCode, InputError, TrailError, UsageError
from tests.audit.nights import GOOD, fill, quiet, rows
from tests.audit.rounds import FakeScans, Sheet, act, clock, settings_of, small_round
from tests.audit.test_store import postgres_url

__all__ = ["postgres_url"]


def quietly(items: Any, *_: object, **__: object) -> Iterator[Any]:
    return iter(items)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        text = config.read_text("utf-8").replace('# store = "sqlite:///audit.db"', "")
        config.write_text(f'store = "{url}"\n{text}', "utf-8")
    fill(folder, scans)
    settings = settings_of(config)
    run_round(settings, quiet(scans))
    yield settings
    if request.param == "postgresql":
        with open_store(settings.store_url) as store, store.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")


def _backup(settings: Settings, target: Path) -> Path:
    return back_up(settings, target, now=clock, actor="anna", progress=quietly).path


def _restore(archive: Path, settings: Settings, *, force: bool = False) -> Restored:
    config = settings.base / "audit.toml"
    return restore(archive, config, force=force, now=clock, actor="anna", progress=quietly)


def _acts(settings: Settings) -> list[dict[str, Any]]:
    with reading(settings.store_url) as cursor:
        return [json.loads(row[0]) for row in cursor("SELECT body FROM trail ORDER BY seq")]


def test_a_backup_is_put_back_and_the_trail_tells(place: Settings, tmp_path: Path) -> None:
    before = rows(place)
    archive = _backup(place, tmp_path / "backups")
    assert archive.name.startswith("r-2026")
    assert _acts(place)[-1]["action"] == "backup"
    # Later work, that the backup does not know.
    scans = FakeScans()
    late = scans.put(place.base, "u1/late.png", Sheet(GOOD, serial="S-9"))
    for path in place.base.glob("inbox/scans/*/[a-d].png"):
        path.unlink()
    run_round(place, quiet(scans))
    assert rows(place) != before
    late.unlink()
    with pytest.raises(UsageError, match="--force"):
        _restore(archive, place)
    done = _restore(archive, place, force=True)
    assert done.faults == ()
    assert rows(place) == before
    last = _acts(place)[-1]
    assert (last["action"], last["actor"]) == ("restore", "anna")
    assert last["before"]["size"] > last["after"]["trail"]["size"]
    # The checkpoint of the run that is undone is explained, not hidden.
    found = verify_round(place)
    assert found.faults == []
    assert any("set aside by a restore" in line for line in found.notes)
    if place.store_url.startswith("sqlite"):
        assert done.set_aside is not None
        assert done.set_aside.is_file()
    # And the round goes on.
    scans.put(place.base, "u1/late.png", Sheet(GOOD, serial="S-9"))
    run_round(place, quiet(scans))
    assert verify_round(place).faults == []


def test_a_lost_round_is_made_again_from_its_backup(place: Settings, tmp_path: Path) -> None:
    before, units = rows(place), (place.base / "units.csv").read_bytes()
    # Wherever the desk's key lies, it is in no backup.
    with (place.base / "audit.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[desk]\nsecret = "rules/desk.key"\n')
    (place.base / "rules/desk.key").write_text("secret", "utf-8")
    archive = _backup(settings_of(place.base / "audit.toml"), tmp_path / "b.tar")
    shutil.rmtree(place.base)
    if not place.store_url.startswith("sqlite"):
        with open_store(place.store_url) as store, store.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    _restore(archive, place)
    settings = settings_of(place.base / "audit.toml")
    assert rows(settings) == before
    assert verify_round(settings).faults == []
    assert not (place.base / ".survey-audit.key").exists()
    assert not (place.base / "rules/desk.key").exists()
    assert (place.base / "units.csv").read_bytes() == units


def test_a_backup_while_somebody_writes_is_one_moment(place: Settings, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with open_store(place.store_url) as store:
            while not stop.is_set():
                with store.writing(act()) as connection:
                    from audit.store.rows import insert
                    from audit.store.schema import key_of, problems

                    key = key_of("problem", clock())
                    row = {"id": key, "round_id": "r", "place": "p", "what": "w"}
                    insert(connection, problems, [row | {"remedy": "r", "code": "c"}])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        archives = [_backup(place, tmp_path / f"{n}.tar") for n in range(3)]
    finally:
        stop.set()
        thread.join()
    for archive in archives:
        assert _restore(archive, place, force=True).faults == ()


def test_a_damaged_or_hostile_archive_changes_nothing(place: Settings, tmp_path: Path) -> None:
    if not place.store_url.startswith("sqlite"):
        pytest.skip("the same code for both stores")
    archive = _backup(place, tmp_path / "b.tar")
    good = archive.read_bytes()
    before = (place.base / "audit.db").read_bytes()
    with tarfile.open(archive) as tar:
        offsets = {m.name: m.offset_data for m in tar if m.size}
    assert not any(".survey-audit.key" in name for name in offsets)
    for name, offset in offsets.items():
        bad = bytearray(good)
        bad[offset] ^= 1
        archive.write_bytes(bad)
        with pytest.raises(InputError, match="cannot be used"):
            _restore(archive, place, force=True)
        assert name
    for size in (0, 600, len(good) // 2, offsets["manifest.json"]):
        archive.write_bytes(good[:size])
        with pytest.raises(InputError):
            _restore(archive, place, force=True)
    for name, kind in (
        ("../evil", tarfile.REGTYPE),
        ("/evil", tarfile.REGTYPE),
        ("runs/../../evil", tarfile.REGTYPE),
        ("runs/link", tarfile.SYMTYPE),
        ("runs/pipe", tarfile.FIFOTYPE),
        ("elsewhere/x", tarfile.REGTYPE),
    ):
        with tarfile.open(archive, "w") as tar:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info, io.BytesIO(b""))
        with pytest.raises(InputError, match="which no backup holds"):
            _restore(archive, place, force=True)
    assert (place.base / "audit.db").read_bytes() == before
    assert not list(tmp_path.rglob("evil"))
    assert not list(place.base.glob(".restore-*"))


def test_a_backup_of_something_changed_is_not_put_back_unseen(
    place: Settings, tmp_path: Path
) -> None:
    sql = "UPDATE findings SET severity = 'green'"
    with open_store(place.store_url) as store, store.engine.begin() as connection:
        connection.exec_driver_sql(sql)
    archive = _backup(place, tmp_path / "b.tar")
    with pytest.raises(TrailError, match="table findings, row"):
        _into_nothing(archive, place)
    done = _restore(archive, place, force=True)
    assert len(done.faults) == 1
    assert _acts(place)[-1]["after"]["faults"] == 1


def _into_nothing(archive: Path, place: Settings) -> None:
    if place.store_url.startswith("sqlite"):
        for path in place.base.glob("audit.db*"):
            path.unlink()
    else:
        with open_store(place.store_url) as store, store.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    _restore(archive, place)


def test_a_missing_original_is_told_and_the_rest_is_kept(place: Settings, tmp_path: Path) -> None:
    original = next(p for p in (place.base / "originals").rglob("*") if p.is_file())
    original.unlink()
    made = back_up(place, tmp_path / "b.tar", now=clock, actor="a", progress=quietly)
    assert made.left_out == (original.name,)
    assert made.files > 5


def test_originals_are_deleted_when_their_time_is_over(place: Settings, tmp_path: Path) -> None:
    def at(day: dt.date) -> Any:
        return lambda: dt.datetime.combine(day, dt.time(1), dt.UTC)

    rule = place.retention.model_copy(update={"scans": 30})
    settings = place.model_copy(update={"retention": rule})
    last = settings.round.date_to + dt.timedelta(days=30)
    before = rows(settings)
    kept = sorted(p.name for p in (place.base / "originals").rglob("*") if p.is_file())
    with open_store(settings.store_url) as store:
        early = purge(store, settings, apply=True, now=at(last), actor="anna")
        assert early.files == ()
        late = at(last + dt.timedelta(days=1))
        dry = purge(store, settings, apply=False, now=late, actor="anna")
        assert len(dry.files) == 4
        assert len(dry.inbox) == 4
        assert not dry.done
        assert rows(settings) == before
        with round_lock(settings.base / KEEPING_LOCK, "backup"), pytest.raises(Busy):
            purge(store, settings, apply=True, now=late, actor="anna")
        done = purge(store, settings, apply=True, now=late, actor="anna")
        assert done.files == dry.files
        again = purge(store, settings, apply=True, now=late, actor="anna")
        assert again.files == ()
    gone = {sha256 for _, sha256 in done.files}
    left = sorted(p.name for p in (place.base / "originals").rglob("*") if p.is_file())
    assert left == sorted(set(kept) - gone)
    told = [body for body in _acts(settings) if body["action"] == Action.RETENTION]
    assert len(told) == 1
    assert told[0]["after"] == {"files": 4, "sha256": sorted(gone)}
    assert told[0]["reason"] == f"scan kept until {last.isoformat()}"
    # Hashes and results stay; what was deleted is explained.
    found = verify_round(settings)
    assert found.faults == []
    assert "4 originals were deleted by the rule of retention" in found.notes
    same = rows(settings, without=("files",))
    assert same == {name: rows for name, rows in before.items() if name != "files"}
    scans = FakeScans()
    table = settings.base / "units.csv"
    text = table.read_text("utf-8")
    table.write_text(text + "u3,Đơn vị u3,G,xã,true,500\n", "utf-8")
    with pytest.raises(UsageError, match="retention"):
        run_round(settings, quiet(scans))
    table.write_text(text, "utf-8")
    assert run_round(settings, quiet(scans)).nothing_new
    # Nobody can pretend that an original was deleted in time.
    archive = _backup(settings, tmp_path / "b.tar")
    assert archive.stat().st_size > 0


def test_originals_of_another_round_of_the_store_are_no_leftovers(place: Settings) -> None:
    other = place.round.model_copy(update={"id": "another"})
    scans = FakeScans()
    for path in place.base.glob("inbox/scans/*/*.png"):
        path.unlink()
    scans.put(place.base, "u1/late.png", Sheet(GOOD, serial="S-9"))
    run_round(place.model_copy(update={"round": other}), quiet(scans))
    kept = [p for p in (place.base / "originals").rglob("*") if p.is_file()]
    found = verify_round(place)
    assert found.checked["originals"] < len(kept)
    assert (found.faults, found.notes) == ([], [])


def test_an_original_that_two_files_share_stays_while_one_needs_it(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    scans.put(folder, "u1/a.png", Sheet(GOOD, serial="S-1"))
    shutil.copy(folder / "inbox/scans/u1/a.png", folder / "inbox/responses/a.csv")
    settings = settings_of(config)
    run_round(settings, quiet(scans))
    rule = settings.retention.model_copy(update={"scans": 0})
    settings = settings.model_copy(update={"retention": rule})
    with open_store(settings.store_url) as store:
        done = purge(store, settings, apply=True, now=clock, actor="anna")
    assert len(done.files) == 1
    assert any(p.name == done.files[0][1] for p in (folder / "originals").rglob("*"))
    assert verify_round(settings).faults == []


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    fill(folder, scans)
    run_round(settings_of(config), quiet(scans))
    words = ["-c", str(config)]
    archive = tmp_path / "b.tar"
    assert command(["purge", *words]) == ExitCode.CONFIG
    text = config.read_text("utf-8")
    config.write_text(text + "\n[retention]\nscans = 0\nresponses = 100000\n", "utf-8")
    assert command(["backup", *words, "--output", str(archive)]) == ExitCode.DONE
    assert command(["backup", *words]) == ExitCode.DONE
    assert len(list((folder / "backups").glob("*.tar"))) == 1
    assert command(["restore", str(archive), *words]) == ExitCode.USAGE
    assert command(["restore", str(archive), *words, "--force"]) == ExitCode.DONE
    assert command(["restore", str(folder / "units.csv"), *words, "--force"]) == ExitCode.INPUT
    fresh = tmp_path / "fresh"
    capsys.readouterr()
    assert command(["restore", str(archive), "-c", str(fresh)]) == ExitCode.DONE
    told = capsys.readouterr().err
    assert "mount or make inbox/scans and inbox/responses before the next run" in told
    assert command(["verify", "-c", str(fresh)]) == ExitCode.DONE
    other = small_round(tmp_path / "other")
    capsys.readouterr()
    assert command(["restore", str(archive), "-c", str(other)]) == ExitCode.INPUT
    assert "of round r, and this is other" in capsys.readouterr().err
    assert not list(tmp_path.glob("*/.restore-*"))
    capsys.readouterr()
    assert command(["purge", *words]) == ExitCode.DONE
    assert "4 originals" in capsys.readouterr().out
    assert len([p for p in (folder / "originals").rglob("*") if p.is_file()]) == 6
    assert command(["purge", *words, "--apply"]) == ExitCode.DONE
    assert len([p for p in (folder / "originals").rglob("*") if p.is_file()]) == 2
    assert command(["verify", *words]) == ExitCode.DONE
    assert command(["report", *words]) == ExitCode.DONE
    original = next(p for p in (folder / "originals").rglob("*") if p.is_file())
    original.unlink()
    assert command(["backup", *words, "-o", str(archive)]) == ExitCode.TRAIL

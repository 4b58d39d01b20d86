"""What a run, a decision, an export and an upgrade leave in the trail."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run as command
from audit.judge.decision import Verdict
from audit.pipeline.run import run_round
from audit.settings import Settings
from audit.store import open_store
from audit.store.engine import _begin_trail
from audit.trail.cursor import reading
from audit.verification import verify_round
from detectors.errors import ExitCode
from tests.audit.nights import GOOD, decide, fill, quiet
from tests.audit.rounds import (
    FakeScans,
    Sheet,
    act,
    clock,
    digest,
    erasure,
    put_scan,
    settings_of,
    small_round,
)
from tests.audit.test_store import postgres_url

__all__ = ["postgres_url"]


def acts(settings: Settings) -> list[dict[str, Any]]:
    with reading(settings.store_url) as cursor:
        return [json.loads(row[0]) for row in cursor("SELECT body FROM trail ORDER BY seq")]


def _told(settings: Settings, *actions: str) -> list[dict[str, Any]]:
    return [body for body in acts(settings) if body["action"] in actions]


def test_a_run_tells_what_came_in_what_was_found_and_how_it_ended(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    fill(folder, scans)
    settings = settings_of(config)
    outcome = run_round(settings, quiet(scans))
    start, end = _told(settings, "run.start", "run.end")
    assert start["object"] == end["object"] == outcome.run_id
    assert end["after"]["status"] == "done"
    assert end["after"]["exit_code"] == int(outcome.exit_code)
    came = {body["object"]: body["after"] for body in _told(settings, "file.in")}
    assert came["inbox/scans/u1/a.png"]["sha256"] == digest("u1/a.png")
    assert len(came) == 6
    (found,) = _told(settings, "evidence")
    assert found["after"]["findings"] == {"new": 1, "withdrawn": 0}
    assert found["rows"]["tables"]["findings"] == [1, 0]
    before = acts(settings)
    assert run_round(settings, quiet(scans)).nothing_new
    assert acts(settings) == before


def test_a_withdrawn_finding_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    scans.put(folder, "u1/b.png", Sheet(GOOD, serial="S-1", findings=(erasure("A1"),)))
    settings = settings_of(config)
    run_round(settings, quiet(scans))
    put_scan(folder, "u1/b.png", "other")
    scans.sheets[digest("other")] = [Sheet(GOOD, serial="S-1")]
    run_round(settings, quiet(scans))
    changes = [body["after"]["findings"] for body in _told(settings, "evidence")]
    assert changes == [{"new": 1, "withdrawn": 0}, {"new": 0, "withdrawn": 1}]
    assert verify_round(settings).faults == []


def test_changed_settings_and_rules_stand_there_with_before_and_after(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    fill(folder, scans)
    run_round(settings_of(config), quiet(scans))
    text = config.read_text("utf-8")
    config.write_text(text.replace("false_flag_rate = 0.01", "false_flag_rate = 0.02"), "utf-8")
    rules = folder / "rules/default.toml"
    rules.write_text(rules.read_text("utf-8") + "\n# seen\n", "utf-8")
    settings = settings_of(config)
    run_round(settings, quiet(scans))
    first, second = _told(settings, "settings.change")
    assert first["before"] is None
    assert second["before"] == first["after"]
    assert second["before"]["false_flag_rate"] == "0.01"
    assert second["after"]["false_flag_rate"] == "0.02"
    assert "store" not in second["after"]
    assert len(_told(settings, "rules.change")) == 2
    assert len(_told(settings, "instruments.change", "key.change")) == 2


def test_a_failed_run_is_told_without_its_words(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans(break_after=0)
    fill(folder, scans)
    settings = settings_of(config)
    with pytest.raises(KeyboardInterrupt):
        run_round(settings, quiet(scans))
    (end,) = _told(settings, "run.end")
    assert end["after"] == {"status": "interrupted"}
    assert end["reason"] == "KeyboardInterrupt"
    assert verify_round(settings).faults == []


def test_each_decision_is_an_entry_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    fill(folder, scans)
    settings = settings_of(config)
    run_round(settings, quiet(scans))
    with reading(settings.store_url) as cursor:
        record = cursor("SELECT record_id FROM findings")[0][0]
    with open_store(settings.store_url) as store:
        decide(store, settings, record, Verdict.CONFIRM)
    said = [(b["actor"], b["before"]["state"], b["after"]["state"]) for b in acts(settings)[-2:]]
    assert said == [("a", "open", "second_needed"), ("b", "second_needed", "confirmed")]


def test_an_export_is_told_before_anybody_gets_it(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    fill(folder, scans)
    settings = settings_of(config)
    run_round(settings, quiet(scans))
    target = tmp_path / "s.csv"
    words = ["export", "scores", "-c", str(config), "-o", str(target)]
    assert command(words) == ExitCode.DONE
    (told,) = _told(settings, "export")
    assert told["after"]["file"] == "s.csv"
    (manifest,) = (folder / "runs/exports").glob("*.json")
    kept = json.loads(manifest.read_text("utf-8"))
    assert kept["sha256"] == told["after"]["sha256"]
    found = verify_round(settings, reports=[kept["trail"]["head"]])
    assert found.faults == []
    assert command(["export", "scores", "-c", str(config)]) == ExitCode.DONE
    assert [b["after"]["file"] for b in _told(settings, "export")] == ["s.csv", ""]
    # Where it cannot be recorded, nothing leaves.
    target.unlink()
    with open_store(settings.store_url) as store, store.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON trail BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    assert command(words) != ExitCode.DONE
    assert not target.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_an_upgrade_covers_every_row_anew(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    fill(folder, scans)
    settings = settings_of(config)
    run_round(settings, quiet(scans))
    with open_store(settings.store_url) as store, store.engine.begin() as connection:
        # What a migration may do to rows.
        connection.exec_driver_sql("UPDATE records SET channel = 'elsewhere'")
        _begin_trail(connection, "0002", clock())
    last = acts(settings)[-1]
    assert last["action"] == "store.upgrade"
    assert last["rows"]["tables"]["records"] == [65, 0]
    assert verify_round(settings).faults == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_verifying_while_somebody_writes_accuses_nobody(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    settings = settings_of(config)
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_url")
        settings = settings.model_copy(update={"store": url})
    fill(folder, scans)
    run_round(settings, quiet(scans))
    stop = threading.Event()

    def write() -> None:
        from audit.store.rows import insert
        from audit.store.schema import key_of, problems

        with open_store(settings.store_url) as store:
            while not stop.is_set():
                row = {"id": key_of(clock()), "round_id": "r", "place": "p", "what": "w"}
                with store.writing(act()) as connection:
                    insert(connection, problems, [row | {"remedy": "r", "code": "c"}])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        sizes = []
        for _ in range(5):
            found = verify_round(settings)
            assert found.faults == []
            sizes.append(found.size)
    finally:
        stop.set()
        thread.join()
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]

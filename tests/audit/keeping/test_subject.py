"""A person asks about their own record."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from audit.cli.main import run
from audit.keeping.subject import due_on, erasable, erase, held_about, told, waiting
from audit.keeping.workdays import Workdays
from audit.pipeline.run import run_round
from audit.settings import Settings
from audit.store import open_store
from audit.store.schema import trail
from detectors.errors import ConfigError, ExitCode, UsageError
from tests.audit.rounds import (
    FakeScans,
    Sheet,
    answers,
    erasure,
    responses_csv,
    settings_of,
    small_round,
    tools,
)
from tests.audit.test_store import postgres_url

__all__ = ["postgres_url"]

FRIDAY = dt.datetime(2026, 10, 2, 3, 0, tzinfo=dt.UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        text = config.read_text("utf-8").replace('# store = "sqlite:///audit.db"', "")
        config.write_text(f'store = "{url}"\n{text}', "utf-8")
    good = {"A1": 5, "A2": 4, "B1": 1, "B2": 5}
    scans.put(tmp_path / "r", "u1/a.png", Sheet(good, serial="PB-1", findings=(erasure("A1"),)))
    scans.put(tmp_path / "r", "u1/b.png", Sheet(good, serial="PB-2"), Sheet(good, serial="PB-3"))
    (tmp_path / "r/inbox/responses/a.csv").write_text(responses_csv(answers(1, 12, "u1")), "utf-8")
    settings = settings_of(config)
    run_round(settings, tools(scans))
    yield settings
    if request.param == "postgresql":
        with open_store(settings.store_url) as store, store.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")


@pytest.mark.parametrize(
    ("asked", "last"),
    [
        ("2026-10-01", "2026-10-05"),
        ("2026-10-02", "2026-10-06"),
        ("2026-10-03", "2026-10-06"),
        ("2026-10-05", "2026-10-07"),
        # Tết 2026 from the eve (16 February, a Monday) to the fourth day.
        ("2026-02-13", "2026-02-24"),
        ("2026-02-18", "2026-02-24"),
        # Hùng Kings' day on a Sunday: the Monday is off in lieu; then 30 April and 1 May.
        ("2026-04-24", "2026-04-29"),
        ("2026-04-29", "2026-05-05"),
        # 31 August is off for Saturday, 22 August, which is worked; National Day has two days.
        ("2026-08-20", "2026-08-22"),
        ("2026-08-28", "2026-09-04"),
        ("2026-12-31", "2027-01-05"),
        ("2027-02-03", "2027-02-12"),
    ],
)
def test_two_working_days_count_no_weekend_and_no_holiday(asked: str, last: str) -> None:
    assert due_on(dt.date.fromisoformat(asked)) == dt.date.fromisoformat(last)


def test_an_office_may_close_and_work_on_other_days(place: Settings) -> None:
    day = dt.date.fromisoformat
    calendar = Workdays(off=(day("2026-10-05"),), worked=(day("2026-10-03"),))
    assert due_on(day("2026-10-02"), calendar) == day("2026-10-06")
    config = place.base / "audit.toml"
    text = config.read_text("utf-8") + "\n[workdays]\noff = [2026-10-05, 2026-10-06]\n"
    config.write_text(text, "utf-8")
    told_of = settings_of(config)
    assert told_of.results_sha256 == place.results_sha256
    with open_store(place.store_url) as store:
        told(store, told_of, "PB-1", "find", at=FRIDAY, actor="lan")
        with store.reading() as connection:
            ((_, last),) = waiting(connection)
    assert last == "2026-10-08"
    config.write_text(text + "worked = [2026-10-05]\n", "utf-8")
    with pytest.raises(ConfigError, match="2026-10-05 stands under off and under worked"):
        settings_of(config)


def test_a_person_gets_what_is_held_and_the_trail_names_nobody(
    place: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(place.base / "audit.toml")
    with open_store(place.store_url) as store:
        told(store, place, "PB-1", "find", at=FRIDAY, actor="lan")
        with store.reading() as connection:
            ((who, day),) = waiting(connection)
        assert who.startswith("~")
        assert day == "2026-10-06"
    assert run(["status", "-c", config, "--format", "json"]) == ExitCode.DONE
    shown = json.loads(capsys.readouterr().out)
    assert shown["requests of persons"] == 1
    assert shown["answer due"] == "2026-10-06"
    assert run(["subject", "find", "PB-1", "-c", config]) == ExitCode.DONE
    assert "scan inbox/scans/u1/a.png" in capsys.readouterr().out
    assert run(["subject", "export", "PB-1", "-c", config]) == ExitCode.DONE
    (mine,) = json.loads(capsys.readouterr().out)
    assert {a["item"]: a["value"] for a in mine["answers"]}["B1"] == "1"
    assert mine["signs"][0]["severity"] == "orange"
    with open_store(place.store_url) as store, store.reading() as connection:
        assert waiting(connection) == []
        bodies = connection.execute(sa.select(trail.c.body)).scalars().all()
    asked = [body for body in bodies if json.loads(body)["action"] == "subject.request"]
    assert len(asked) == 3
    assert not [body for body in asked if "PB-1" in body]
    assert run(["subject", "find", "PB-9", "-c", config]) == ExitCode.USAGE
    assert run(["verify", "-c", config]) == ExitCode.DONE


def test_only_what_shows_nobody_else_is_erased_and_only_after_the_round(place: Settings) -> None:
    config = str(place.base / "audit.toml")
    with open_store(place.store_url) as store:
        assert erasable(store, place, "PB-2") == []  # its file shows PB-3, too
        (row,) = erasable(store, place, "PB-1")
        with pytest.raises(UsageError, match="collected until"):
            erase(store, place, "PB-1", at=FRIDAY.replace(year=2025), actor="lan")
        late = dt.datetime.combine(place.round.date_to, dt.time(5), dt.UTC) + dt.timedelta(days=9)
        originals = place.base / place.originals
        kept = [path for path in originals.rglob("*") if path.name.startswith(row["sha256"])]
        assert kept
        erase(store, place, "PB-1", at=late, actor="lan")
        assert not any(path.exists() for path in kept)
        assert erasable(store, place, "PB-1") == []
        (mine,) = held_about(store, place, "PB-1")
        assert mine["files"][0]["deleted_at"]
    assert run(["verify", "-c", config]) == ExitCode.DONE

"""The store: tables as migrated, strict on every connection, decisions only added."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from audit.intake.originals import Folder, list_files
from audit.judge.case import record_case
from audit.judge.decision import CaseState, Decision, Verdict
from audit.store import Store, open_store
from audit.store.cases import Cases
from audit.store.migrate import _config
from audit.store.results import Runs
from audit.store.rows import insert, sync
from audit.store.schema import batches, decisions, key_of, metadata, rounds
from detectors.errors import AccessError, InputError, UsageError
from tests.audit.rounds import act, erasure
from tests.postgres import NoServer, postgres_server


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'audit.db'}") as store:
        yield store


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A server of our own, on a socket in a temporary folder."""
    try:
        with postgres_server() as url:
            yield url
    except NoServer as error:
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'audit.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    with open_store(url) as opened:
        yield opened
        with opened.engine.begin() as connection:
            if request.param == "postgresql":
                connection.execute(sa.text("DROP SCHEMA public CASCADE"))
                connection.execute(sa.text("CREATE SCHEMA public"))


def test_models_are_what_the_migrations_make(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        wanted = sa.MetaData()
        for table in metadata.sorted_tables:
            if table.name != "alembic_version":
                table.to_metadata(wanted)
        assert compare_metadata(context, wanted) == []
    assert len(ScriptDirectory.from_config(_config()).get_heads()) == 1


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'audit.db'}"
    for _ in range(2):
        with open_store(url) as opened, opened.reading() as connection:
            found = connection.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar()
            assert found == 1


def test_every_connection_of_sqlite_is_strict(sqlite: Store) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
    with sqlite.reading() as one, sqlite.reading() as other:
        for connection in (one, other):
            for name, value in wanted.items():
                assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value
    row = {"id": 1, "round_id": "nowhere"}
    with pytest.raises(DBAPIError, match="FOREIGN KEY"), sqlite.writing(act()) as connection:
        connection.execute(sa.insert(batches).values(row))


def _case(store: Store) -> int:
    import datetime as dt

    case = record_case("r1", "u", [erasure("A1")], (), flagged=True)
    assert case is not None
    day = dt.date(2026, 1, 1)
    row = {"id": "k", "title_vi": "k", "title_en": "k", "period_from": day, "period_to": day}
    with store.writing(act()) as connection:
        insert(connection, rounds, [row])
        run = {"id": "run", "started_at": "t", "software": "1", "config_sha256": "c"}
        Runs(connection, "k").start(run)
        cases = Cases(connection, "k")
        cases.save("i", [case], "run")
        return cases.key("i", "record", "r1")


def _said(store: Store, case: int, actor: str, verdict: Verdict) -> CaseState:
    with store.writing(act()) as connection:
        cases = Cases(connection, "k")
        evidence = next(row["evidence"] for row in cases.open() if row["id"] == case)
        return cases.decide(case, Decision(actor, verdict, evidence, "reason", at="t"))


def test_decisions_are_added_and_never_changed(store: Store) -> None:
    case = _case(store)
    assert _said(store, case, "a", Verdict.DISMISS) is CaseState.SECOND_NEEDED
    with pytest.raises(UsageError, match="already"):
        _said(store, case, "a", Verdict.DISMISS)
    assert _said(store, case, "b", Verdict.DISMISS) is CaseState.DISMISSED
    for statement in (
        sa.update(decisions).values(actor="x"),
        sa.delete(decisions),
    ):
        with pytest.raises(DBAPIError, match="only added"), store.writing(act()) as connection:
            connection.execute(statement)
    with store.reading() as connection:
        assert [row["actor"] for row in Cases(connection, "k").decisions()] == ["a", "b"]


def test_replacing_a_decision_is_refused_too(sqlite: Store) -> None:
    case = _case(sqlite)
    _said(sqlite, case, "a", Verdict.CONFIRM)
    statement = (
        "INSERT OR REPLACE INTO decisions (seq, case_id, evidence, actor, verdict, reason, at)"
    )
    with pytest.raises(DBAPIError, match="only added"), sqlite.writing(act()) as connection:
        connection.exec_driver_sql(
            statement + " VALUES (1, ?, 'e', 'x', 'dismiss', 'r', 't')", (case,)
        )


def test_sync_touches_only_what_differs(store: Store) -> None:
    _case(store)
    rows = [
        {
            "id": key_of("b", n),
            "round_id": "k",
            "batch": f"b{n}",
            "issued": n,
        }
        for n in range(3)
    ]
    scope = batches.c.round_id == "k"
    with store.writing(act()) as connection:
        assert sync(connection, batches, scope, rows).added == 3
        again = sync(connection, batches, scope, rows)
        assert not again.any
        rows[0]["issued"] = 9
        moved = sync(connection, batches, scope, rows[:2])
        assert (moved.added, moved.removed, moved.changed) == (0, 1, 1)


def test_a_store_that_cannot_be_reached_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="run"):
        open_store(f"sqlite:///{tmp_path / 'none.db'}", create=False)
    (tmp_path / "no.db").write_text("this is no database, only text that stands in a file\n" * 50)
    with pytest.raises(AccessError):
        open_store(f"sqlite:///{tmp_path / 'no.db'}")


def test_originals_are_kept_once_and_checked(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(b"scan" * 1000)
    originals = Folder(tmp_path / "originals")
    first, second = originals.add(source), originals.add(source)
    assert first == second
    path = originals.path(first.sha256)
    assert path.parent.parent.name == first.sha256[:2]
    assert path.read_bytes() == source.read_bytes()
    assert originals.verify(first.sha256) is None
    assert list(originals.orphans(frozenset())) == [str(path)]
    path.chmod(0o640)
    path.write_bytes(b"scan" * 999 + b"scam")
    assert originals.verify(first.sha256) == "changed"
    path.unlink()
    assert originals.verify(first.sha256) == "missing"


def test_only_regular_files_are_taken(tmp_path: Path) -> None:
    originals = Folder(tmp_path / "originals")
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(InputError):
            originals.add(tmp_path / name)
    with pytest.raises(AccessError):
        originals.add(tmp_path / "absent")
    assert not list(list_files(tmp_path / "originals"))


def test_what_a_crash_left_is_swept(tmp_path: Path) -> None:
    originals = Folder(tmp_path / "originals")
    originals.root.mkdir()
    (originals.root / ".part-abc").write_text("half")
    assert originals.sweep() == 1
    assert not list(originals.root.iterdir())

"""Writing the trail: only the next entry, in the transaction of what it records, on both stores."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from audit.judge.decision import Verdict
from audit.pipeline.run import run_round
from audit.store import Store, open_store
from audit.store.migrate import upgrade
from audit.store.results import Runs
from audit.store.schema import metadata, rounds, trail, trail_rows
from audit.trail.acts import Act, Action
from audit.trail.canonical import START
from audit.trail.chain import head, note, touched
from audit.trail.cursor import reading
from audit.trail.links import Chain
from audit.trail.stored import check_guards, check_rows
from audit.trail.transcript import Fault, from_store
from detectors.errors import TrailError
from tests.audit.nights import fill, quiet
from tests.audit.rounds import FakeScans, act, clock, settings_of, small_round
from tests.audit.test_store import _case, _said, postgres_url, sqlite, store

__all__ = ["postgres_url", "sqlite", "store"]


def faults(opened: Store) -> list[Fault]:
    """Everything that the verifier has to say about a store's trail and rows."""
    url = opened.engine.url.render_as_string(hide_password=False)
    with reading(url) as cursor:
        chain = Chain()
        found = [*chain.check(from_store(cursor)), *check_guards(cursor), *check_rows(cursor)]
        assert chain.size > 0
        return found


def entries(opened: Store) -> list[Any]:
    with opened.reading() as connection:
        rows = connection.execute(sa.select(trail).order_by(trail.c.seq)).mappings()
        return [json.loads(row["body"]) | {"seq": row["seq"]} for row in rows]


def test_a_new_store_begins_its_trail_and_every_write_goes_on_with_it(store: Store) -> None:
    case = _case(store)
    _said(store, case, "a", Verdict.DISMISS)
    found = entries(store)
    assert [row["seq"] for row in found] == list(range(1, len(found) + 1))
    assert found[0]["action"] == "trail.begin"
    last = found[-1]
    assert (last["action"], last["actor"], last["object"]) == ("decision", "a", f"case {case}")
    assert last["before"] == {"state": "open"}
    assert last["after"]["state"] == "second_needed"
    assert last["rows"]["tables"] == {"decisions": [1, 0]}
    assert faults(store) == []


def test_what_is_not_stored_is_not_recorded_and_the_other_way_round(store: Store) -> None:
    _case(store)
    before = entries(store)
    with pytest.raises(ZeroDivisionError), store.writing(act()) as connection:
        Runs(connection, "k").finish("run", status="failed")
        _ = 1 / 0
    assert entries(store) == before
    with store.writing(act()):
        pass
    assert entries(store) == before
    with store.writing(Act(Action.LOGIN, clock(), "anna", "desk", always=True)):
        pass
    assert entries(store)[-1]["actor"] == "anna"
    assert faults(store) == []


def test_rows_cannot_be_written_without_an_act(store: Store) -> None:
    _case(store)
    with pytest.raises(RuntimeError, match="writing"), store.engine.begin() as connection:
        Runs(connection, "k").start(
            {"id": "x", "started_at": "t", "software": "1", "config_sha256": "c"}
        )
    with pytest.raises(RuntimeError, match="writing"), store.reading() as connection:
        touched(connection, "runs", ["x"])


def _next(opened: Store, **changes: Any) -> dict[str, Any]:
    with opened.reading() as connection:
        last = head(connection)
    row = {"seq": last.size + 1, "prev_hash": last.hash.hex(), "hash": "0", "action": "x"}
    return row | {"body": "{}"} | changes


def test_only_the_next_entry_is_taken(store: Store) -> None:
    _case(store)
    size = _next(store)["seq"] - 1
    statements: list[Any] = [
        sa.update(trail).values(body="{}"),
        sa.delete(trail),
        sa.update(trail_rows).values(digest=None),
        sa.delete(trail_rows),
        sa.insert(trail).values(_next(store, seq=size + 2)),
        sa.insert(trail).values(_next(store, seq=size)),
        sa.insert(trail).values(_next(store, seq=0)),
        sa.insert(trail).values(_next(store, prev_hash=START.hex())),
        sa.insert(trail_rows).values(seq=size, tbl="files", key=1),
        sa.insert(trail_rows).values(seq=size + 2, tbl="files", key=1),
    ]
    if store.engine.dialect.name == "postgresql":
        statements += [sa.text("TRUNCATE trail"), sa.text("TRUNCATE trail_rows")]
    for statement in statements:
        with pytest.raises(DBAPIError), store.engine.begin() as connection:
            connection.execute(statement)
    assert faults(store) == []


def test_replacing_is_refused_without_recursive_triggers_too(sqlite: Store) -> None:
    _case(sqlite)
    path = sqlite.engine.url.database
    assert path is not None
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA recursive_triggers").fetchone() == (0,)
        for statement in (
            "INSERT OR REPLACE INTO trail SELECT * FROM trail WHERE seq = 1",
            "REPLACE INTO trail VALUES (2, '', '', '', '')",
            "INSERT OR REPLACE INTO trail_rows SELECT seq, tbl, key, NULL FROM trail_rows",
            "UPDATE OR REPLACE trail SET seq = 1 WHERE seq = 2",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(statement)
    assert faults(sqlite) == []


def test_writers_at_once_queue_up(store: Store) -> None:
    _case(store)
    before, errors = len(entries(store)), []

    def write(name: str) -> None:
        try:
            for _ in range(8):
                with store.writing(act()) as connection:
                    note(connection, Action.EXPORT, object=name)
                    note(connection, Action.EXPORT, object=name)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(str(n),)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(entries(store)) == before + 48
    assert faults(store) == []


def test_a_disabled_guard_is_named(store: Store) -> None:
    _case(store)
    with store.engine.begin() as connection:
        if store.engine.dialect.name == "postgresql":
            connection.execute(sa.text("ALTER TABLE trail_rows DISABLE TRIGGER trail_rows_next"))
        else:
            connection.execute(sa.text("DROP TRIGGER trail_rows_next"))
    assert [fault.where for fault in faults(store)] == ["trigger trail_rows_next"]


def test_a_removed_trail_is_not_begun_again(sqlite: Store) -> None:
    _case(sqlite)
    with sqlite3.connect(str(sqlite.engine.url.database)) as connection:
        connection.execute("DROP TRIGGER trail_no_delete")
        connection.execute("DELETE FROM trail")
    with pytest.raises(TrailError, match="no audit trail"), sqlite.writing(act()) as connection:
        Runs(connection, "k").finish("run", status="failed")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_store_from_before_the_trail_is_taken_up_with_its_data(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    fill(tmp_path / "r", scans)
    settings = settings_of(config)
    run_round(settings, quiet(scans))
    name = tmp_path / "old.db"
    url = f"sqlite:///{name}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_url")
    _old_store(settings.store_url, url)
    with open_store(url, now=clock) as opened:
        first = entries(opened)[0]
        assert first["action"] == "trail.begin"
        assert first["before"] == {"revision": "0001"}
        assert first["rows"]["tables"]["records"] == [65, 0]
        assert faults(opened) == []
    # The round goes on as if it had always had one, and adds nothing.
    settings = settings.model_copy(update={"store": url})
    assert run_round(settings, quiet(scans)).nothing_new
    scans.put(tmp_path / "r", "u1/late.png", *scans.sheets[next(iter(scans.sheets))])
    assert not run_round(settings, quiet(scans)).nothing_new
    with open_store(url) as opened:
        assert faults(opened) == []
        with opened.engine.begin() as connection:
            if kind == "postgresql":
                connection.execute(sa.text("DROP SCHEMA public CASCADE"))
                connection.execute(sa.text("CREATE SCHEMA public"))


def _old_store(source: str, target: str) -> None:
    """A store as the first version left it, with the rows of another."""
    old = sa.create_engine(target)
    upgrade(old, "0001")
    reflected = sa.MetaData()
    with open_store(source) as new, new.reading() as read, old.begin() as write:
        reflected.reflect(write)
        assert "trail" not in reflected.tables
        for table in metadata.sorted_tables:
            if table.name not in reflected.tables or table.name == "alembic_version":
                continue
            rows = [dict(row) for row in read.execute(sa.select(table)).mappings()]
            columns = reflected.tables[table.name].columns
            rows = [{n: v for n, v in row.items() if n in columns} for row in rows]
            for row in rows:
                if table.name == "records":
                    row["content"] = "0" * 32
            if rows:
                write.execute(sa.insert(table), rows)
        assert write.execute(sa.select(sa.func.count()).select_from(rounds)).scalar_one() == 1
    old.dispose()


def test_both_stores_hash_rows_alike(tmp_path: Path, postgres_url: str) -> None:
    from audit.trail.covered import TABLES
    from audit.trail.hashed import digests

    found = []
    for name in ("a", "b"):
        config, scans = small_round(tmp_path / name / "r"), FakeScans()
        fill(tmp_path / name / "r", scans)
        settings = settings_of(config)
        if name == "b":
            settings = settings.model_copy(update={"store": postgres_url})
        run_round(settings, quiet(scans))
        with reading(settings.store_url) as cursor:
            same = set(TABLES) - {"runs", "files", "findings", "cases"}
            found.append({table: list(digests(cursor, table)) for table in sorted(same)})
    with open_store(postgres_url) as opened, opened.engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    assert found[0] == found[1]
    assert sum(map(len, found[0].values())) > 70

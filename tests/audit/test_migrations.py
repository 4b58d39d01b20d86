"""Stores of every earlier revision, with data in them, brought up to date and worked on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from audit.judge.decision import Verdict
from audit.pipeline.run import run_round
from audit.settings import Settings
from audit.store import open_store
from audit.store.migrate import _config, upgrade
from audit.store.schema import metadata
from audit.trail.acts import Act, Action
from audit.trail.chain import append, begin
from audit.trail.covered import GROUPS, TABLES
from audit.trail.cursor import reading
from audit.verification import verify_round
from detectors.errors import TrailError
from tests.audit.crash import database
from tests.audit.nights import GOOD, decide, fill, quiet, rows
from tests.audit.rounds import FakeScans, Sheet, clock, settings_of, small_round
from tests.audit.test_store import postgres_url

__all__ = ["postgres_url"]

REVISIONS = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
EARLIER = sorted(REVISIONS)[:-1]

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Grown:
    """A round that never was anything else than up to date.

    Attributes:
        data: Its rows by table, as they were before a late form came.
        kept: Its originals and manifests at that time.
        after: Its rows when the late form was in.
    """

    data: Rows
    kept: Path
    after: Rows


def _begin(folder: Path) -> tuple[Path, FakeScans]:
    config, scans = small_round(folder), FakeScans()
    fill(folder, scans)
    return config, scans


def _late(folder: Path, scans: FakeScans) -> None:
    scans.put(folder, "u2/late.png", Sheet(GOOD | {"A1": 3}, serial="S-7"))


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    folder = tmp_path_factory.mktemp("grown") / "r"
    config, scans = _begin(folder)
    settings = settings_of(config)
    run_round(settings, quiet(scans))
    with open_store(settings.store_url) as store:
        decide(store, settings, "S-2", Verdict.DISMISS)
    data: Rows = {}
    with open_store(settings.store_url) as store, store.reading() as connection:
        for table in metadata.sorted_tables:
            found = connection.execute(sa.select(table)).mappings().all()
            data[table.name] = [dict(row) for row in found]
    assert data["decisions"]
    kept = folder.parent / "kept"
    shutil.copytree(folder / "originals", kept / "originals")
    # No checkpoint: it would speak of another trail.
    (kept / "runs").mkdir()
    for path in (folder / "runs").glob("*.json"):
        shutil.copy(path, kept / "runs")
    _late(folder, scans)
    run_round(settings, quiet(scans))
    return Grown(data, kept, rows(settings))


def _older(url: str, revision: str, data: Rows) -> None:
    """A store as the program of an earlier revision left it, with these rows."""
    engine = sa.create_engine(url)
    try:
        upgrade(engine, revision)
        tables = sa.MetaData()
        tables.reflect(engine)
        with engine.begin() as connection:
            for table in tables.sorted_tables:
                if table.name not in ("alembic_version", "trail", "trail_rows"):
                    _insert(connection, table, data.get(table.name, []))
            if "trail" in tables.tables:
                # What it had recorded: every row whose columns were then as they are now.
                begin(connection, Act(Action.TRAIL_BEGIN, clock(), "then"), _known(tables))
                for action in (Action.RUN_START, Action.RUN_END):
                    append(connection, Act(action, clock(), "then", always=True), {})
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(
                    "SELECT setval(pg_get_serial_sequence('decisions', 'seq'), MAX(seq)) "
                    "FROM decisions"
                )
    finally:
        engine.dispose()


def _known(tables: sa.MetaData) -> list[str]:
    found = {name: set(table.columns.keys()) for name, table in tables.tables.items()}
    whole = [n for n, t in TABLES.items() if {name for name, _ in t.columns} <= found.get(n, set())]
    return [*whole, *(name for name in GROUPS if name in found)]


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        known = {name: row[name] for name in row if name in table.columns}
        connection.execute(sa.insert(table).values(known))


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Settings, FakeScans]]:
    """A round whose store is not there yet."""
    config, scans = _begin(tmp_path / "r")
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_url")
        number = abs(hash(request.node.name)) % 10**9
        url = database(server.replace("/postgres?", "/{}?"), number)
        config.write_text(f'store = "{url}"\n' + config.read_text("utf-8"), "utf-8")
    yield settings_of(config), scans


def test_there_is_something_to_come_from() -> None:
    assert EARLIER[0] == "0001"
    assert len(EARLIER) >= 6


@pytest.mark.parametrize("revision", EARLIER)
def test_a_store_of_every_revision_comes_up_with_its_data(
    revision: str, place: tuple[Settings, FakeScans], grown: Grown
) -> None:
    settings, scans = place
    _older(settings.store_url, revision, grown.data)
    shutil.copytree(grown.kept, settings.base, dirs_exist_ok=True)
    with open_store(settings.store_url) as store, store.reading() as connection:
        now = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        assert now == max(REVISIONS)
        for name in ("files", "pages", "records", "findings", "cases", "decisions", "scores"):
            count = sa.select(sa.func.count()).select_from(metadata.tables[name])
            assert connection.execute(count).scalar() == len(grown.data[name]), name
    assert verify_round(settings).faults == []
    with reading(settings.store_url) as cursor:
        actors = [str(row[0]) for row in cursor("SELECT body FROM trail ORDER BY seq")]
    assert sum('"actor":"then"' in body for body in actors) == (0 if revision == "0001" else 3)
    # And it goes on as if it had never been older.
    _late(settings.base, scans)
    run_round(settings, quiet(scans))
    found = rows(settings)
    for name in found:
        assert found[name] == grown.after[name], name
    assert verify_round(settings).faults == []


def test_an_upgrade_makes_no_altered_row_good(tmp_path: Path, grown: Grown) -> None:
    config, _ = _begin(tmp_path / "r")
    settings = settings_of(config)
    _older(settings.store_url, "0008", grown.data)
    shutil.copytree(grown.kept, settings.base, dirs_exist_ok=True)
    engine = sa.create_engine(settings.store_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE records SET state = 'excluded' WHERE record_id = 'S-1'")
    engine.dispose()
    with pytest.raises(TrailError, match="table records, row "):
        open_store(settings.store_url)

"""An older store is verified before and after it is brought up to date, or stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from audit.pipeline.run import run_round
from audit.settings import Settings
from audit.store import open_store
from audit.store.migrate import _config
from audit.verification import verify_round
from detectors.errors import ExitCode, TrailError
from tests.audit.nights import fill, quiet
from tests.audit.rounds import FakeScans, clock, settings_of, small_round
from tests.audit.test_store import postgres_url
from tests.audit.trail.test_run_trail import acts

__all__ = ["postgres_url"]

OLDER = "0008"


@pytest.fixture(params=["sqlite", "postgresql"])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A round whose store lacks the last change of its tables."""
    config, scans = small_round(tmp_path / "r"), FakeScans()
    custody = "unit_id,batch,serial_from,serial_to,issued\nu1,b1,S-1,S-9,9\n"
    (tmp_path / "r/custody.csv").write_text(custody, "utf-8")
    settings = settings_of(config)
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        settings = settings.model_copy(update={"store": url})
    fill(tmp_path / "r", scans)
    run_round(settings, quiet(scans))
    engine = sa.create_engine(settings.store_url)
    with engine.begin() as connection:
        alembic = _config()
        alembic.attributes["connection"] = connection
        command.downgrade(alembic, OLDER)
    engine.dispose()
    yield settings
    if request.param == "postgresql":
        engine = sa.create_engine(settings.store_url)
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
        engine.dispose()


def _by_hand(settings: Settings, *statements: str) -> str:
    """Change it as its owner can; the revision that it is of."""
    engine = sa.create_engine(settings.store_url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    with engine.connect() as connection:
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    engine.dispose()
    return str(revision)


def test_an_honest_store_is_brought_up_to_date_and_verifies(older: Settings) -> None:
    with open_store(older.store_url, now=clock):
        pass
    last = acts(older)[-1]
    assert last["action"] == "store.upgrade"
    assert last["before"] == {"revision": OLDER}
    assert verify_round(older).faults == []


def test_a_row_that_was_changed_by_hand_stops_it(older: Settings) -> None:
    size = len(acts(older))
    _by_hand(older, "UPDATE records SET channel = 'elsewhere' WHERE record_id = 'u1-3'")
    said = r"table records, row \d+: is not what the trail covers"
    with pytest.raises(TrailError, match=said) as refused:
        open_store(older.store_url, now=clock)
    assert refused.value.exit_code == ExitCode.TRAIL
    assert _by_hand(older) == OLDER
    assert len(acts(older)) == size


def test_an_entry_that_was_changed_by_hand_stops_it(older: Settings) -> None:
    other = older.store_url.startswith("postgresql")
    _by_hand(
        older,
        "DROP TRIGGER trail_only_added ON trail" if other else "DROP TRIGGER trail_no_update",
        "UPDATE trail SET body = replace(body, 'a.csv', 'b.csv') WHERE action = 'file.in'",
    )
    with pytest.raises(TrailError, match=r"trail, seq \d+: its content is not what was recorded"):
        open_store(older.store_url, now=clock)
    assert _by_hand(older) == OLDER

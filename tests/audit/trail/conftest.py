"""The watched round: made once, copied for every test that changes it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.settings import Settings
from tests.audit.rounds import (
    settings_of,
)
from tests.audit.trail.watched import make_whole


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A round of three nights with decisions, so that every table has rows."""
    return make_whole(tmp_path_factory.mktemp("whole") / "r")


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

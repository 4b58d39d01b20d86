"""One run at a time on a shared store, also where the connection that holds the round is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from audit.pipeline.lock import LeaseLost, store_lock
from audit.pipeline.run import run_round
from audit.rescore import rescore
from audit.settings import Settings
from audit.store import open_store
from audit.verification import verify_round
from detectors.errors import Busy, ExitCode
from tests.audit.crash import database
from tests.audit.nights import fill, quiet, rows, table
from tests.audit.rounds import FakeScans, clock, settings_of, small_round
from tests.audit.test_store import postgres_url

__all__ = ["postgres_url"]


@pytest.fixture
def shared(
    postgres_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[str], Settings]:
    """A round in a folder of its own; store and originals are everybody's."""
    url = database(postgres_url.replace("/postgres?", "/{}?"), f"lease_{abs(hash(request.node))}")

    def make(name: str) -> Settings:
        config = small_round(tmp_path / name / "r")
        shared = f'store = "{url}"\noriginals = "{tmp_path / "kept"}"\n'
        config.write_text(shared + config.read_text("utf-8"), "utf-8")
        return settings_of(config)

    return make


def _end_the_holder(settings: Settings) -> None:
    """The one connection with an advisory lock ends, as by a firewall; the others stay."""
    engine = sa.create_engine(settings.store_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        ended = connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        ).all()
    engine.dispose()
    assert len(ended) == 1


class _Interrupted(FakeScans):
    """Something happens in the middle of the pages."""

    happens: Callable[[], object] | None = None

    def __call__(self, *words: Any, **more: Any) -> Iterator[Any]:
        for number, outcome in enumerate(super().__call__(*words, **more)):
            if number == 2 and self.happens is not None:
                self.happens()
            yield outcome


def test_a_run_that_lost_the_round_stops_before_it_commits_anything(
    shared: Callable[[str], Settings], tmp_path: Path
) -> None:
    settings, scans = shared("a"), _Interrupted()
    fill(settings.base, scans)
    stored: list[Any] = []

    def lose() -> None:
        stored.append(rows(settings))
        _end_the_holder(settings)

    scans.happens = lose
    with pytest.raises(LeaseLost) as told:
        run_round(settings, quiet(scans))
    assert told.value.exit_code is ExitCode.ACCESS
    assert re.fullmatch(
        r"[^\n]*holds the round was lost[^\n]* — [^\n]*run again[^\n]*", str(told.value)
    )
    assert rows(settings) == stored[0]
    scans.happens = None
    run_round(settings, quiet(scans))
    assert table(settings, "runs")["status"].tolist() == ["interrupted", "done"]
    assert verify_round(settings).faults == []
    alone = settings_of(small_round(tmp_path / "other/r"))
    plain = FakeScans()
    fill(alone.base, plain)
    run_round(alone, quiet(plain))
    assert rows(settings) == rows(alone)


def test_the_run_that_takes_the_round_over_is_not_disturbed(
    shared: Callable[[str], Settings],
) -> None:
    first, second = shared("a"), shared("b")
    scans, others = _Interrupted(), FakeScans()
    for settings, made in ((first, scans), (second, others)):
        fill(settings.base, made)
    whole: list[Any] = []

    def taken_over() -> None:
        _end_the_holder(first)
        run_round(second, quiet(others))
        whole.append(rows(second))

    scans.happens = taken_over
    with pytest.raises(LeaseLost):
        run_round(first, quiet(scans))
    assert rows(second) == whole[0]
    assert table(second, "runs")["status"].tolist() == ["interrupted", "done"]
    assert verify_round(second).faults == []


def test_another_machine_is_told_that_the_round_is_held(shared: Callable[[str], Settings]) -> None:
    first, second = shared("a"), shared("b")
    run_round(first, quiet(FakeScans()))
    with open_store(first.store_url) as store, store_lock(store, first.round.id):
        with pytest.raises(Busy, match="another run holds this round"):
            run_round(second, quiet(FakeScans()))
        with open_store(second.store_url) as other, pytest.raises(Busy):
            rescore(other, second, now=clock)
    assert run_round(second, quiet(FakeScans())).nothing_new

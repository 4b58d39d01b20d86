"""People decide while a run writes, on both stores: nobody waits for long, nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.judge.decision import Decision, Verdict
from audit.pipeline.run import run_round
from audit.settings import Settings
from audit.store import Store, open_store
from audit.store.cases import Cases
from audit.verification import verify_round
from tests.audit.crash import database
from tests.audit.nights import GOOD, quiet, rows
from tests.audit.rounds import FakeScans, Sheet, act, erasure, settings_of, small_round
from tests.audit.test_store import postgres_url

__all__ = ["postgres_url"]

FLAGGED = 6


def _flagged(folder: Path, scans: FakeScans) -> None:
    for n in range(FLAGGED):
        low = Sheet(GOOD | {"A1": 1}, serial=f"S-{n}", findings=(erasure("A1"),))
        scans.put(folder, f"u1/{n}.png", low)


def _more(folder: Path, scans: FakeScans) -> None:
    for n in range(10, 30):
        scans.put(folder, f"u2/{n}.png", Sheet(GOOD, serial=f"S-{n}"))


def _say(store: Store, settings: Settings, record: str, actor: str) -> None:
    with store.writing(act()) as connection:
        cases = Cases(connection, settings.round.id)
        case = next(row for row in cases.open() if row["subject_id"] == record)
        decision = Decision(actor, Verdict.DISMISS, case["evidence"], "seen", at="2026-10-02")
        cases.decide(case["id"], decision)


class _Watched(FakeScans):
    """Says when the run is in the middle of its pages."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, *words: Any, **more: Any) -> Iterator[Any]:
        for number, outcome in enumerate(super().__call__(*words, **more)):
            if number == 5:
                self.begun.set()
                # The first decisions fall while pages are judged, the others as they come.
                assert self.go_on.wait(60)
            yield outcome


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_decisions_fall_while_a_run_writes(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    plain = FakeScans()
    one = settings_of(small_round(tmp_path / "a/r"))
    _flagged(one.base, plain)
    run_round(one, quiet(plain))
    with open_store(one.store_url) as store:
        for n in range(FLAGGED):
            for actor in ("an", "binh"):
                _say(store, one, f"S-{n}", actor)
    _more(one.base, plain)
    run_round(one, quiet(plain))

    config, watched = small_round(tmp_path / "b/r"), _Watched()
    if kind == "postgresql":
        server = request.getfixturevalue("postgres_url")
        url = database(server.replace("/postgres?", "/{}?"), 0)
        config.write_text(f'store = "{url}"\n' + config.read_text("utf-8"), "utf-8")
    two = settings_of(config)
    watched.go_on.set()
    _flagged(two.base, watched)
    run_round(two, quiet(watched))
    watched.go_on.clear()
    watched.begun.clear()
    _more(two.base, watched)
    problems: list[BaseException] = []

    def decide() -> None:
        try:
            assert watched.begun.wait(60)
            with open_store(two.store_url) as store:
                for n in range(FLAGGED):
                    for actor in ("an", "binh"):
                        _say(store, two, f"S-{n}", actor)
                    if n == 1:
                        watched.go_on.set()
        except BaseException as error:
            problems.append(error)
        finally:
            watched.go_on.set()

    people = threading.Thread(target=decide)
    people.start()
    run_round(two, quiet(watched))
    people.join()
    assert problems == []
    assert verify_round(two).faults == []
    # What fell after the run had counted is counted by the next.
    run_round(two, quiet(watched))
    assert rows(two) == rows(one)
    assert run_round(two, quiet(watched)).nothing_new

"""Whole rounds for tests: what fills them, how they are run, and what is stored then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from audit.export import frame_of
from audit.judge.decision import CaseState, Decision, Verdict
from audit.pipeline.run import Outcome, run_round
from audit.pipeline.tools import Tools
from audit.settings import Settings
from audit.store import Store, open_store
from audit.store.cases import Cases
from audit.store.schema import metadata
from scans.types import Status
from tests.audit.rounds import (
    FakeScans,
    Sheet,
    act,
    answers,
    erasure,
    responses_csv,
    settings_of,
    tools,
)

__all__ = ["GOOD", "Silent", "count", "decide", "fill", "quiet", "rows", "run", "table"]

GOOD = {"A1": 5, "A2": 4, "B1": 5, "B2": 4}


class Silent:
    """Table checks that see nothing, for tests about everything else."""

    def __init__(self) -> None:
        import pandas as pd

        self.records = pd.DataFrame(
            columns=[
                "record_id",
                "unit_id",
                "p_value",
                "q_value",
                "severity",
                "flagged",
                "not_testable",
            ]
        )
        self.units = self.records.drop(columns="record_id").assign(n=[], value=[])
        self.findings = ()


def quiet(scans: FakeScans) -> Tools:
    return tools(scans, screen=lambda *_args, **_kwargs: Silent())


def fill(folder: Path, scans: FakeScans) -> None:
    rows = answers(1, 30, "u1") + answers(2, 30, "u2")
    (folder / "inbox/responses/a.csv").write_text(responses_csv(rows), "utf-8")
    scans.put(folder, "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(folder, "u1/b.png", Sheet(GOOD | {"A1": 2}, serial="S-2", findings=(erasure("A1"),)))
    scans.put(folder, "u2/c.png", Sheet(GOOD), Sheet(GOOD | {"B2": 1}))
    scans.put(folder, "u2/d.png", Sheet(status=Status.UNREADABLE))


def rows(settings: Settings, *, without: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    """Every row of the store, the marks of the run itself left out."""
    runs = ("run_id", "opened_run", "added_run", "withdrawn_run")
    with open_store(settings.store_url) as store, store.reading() as connection:
        found = {}
        for table in metadata.sorted_tables:
            if table.name in (*without, "runs", "trail", "trail_rows"):
                continue
            rows = connection.execute(sa.select(table)).mappings()
            kept = [{k: v for k, v in row.items() if k not in runs} for row in rows]
            found[table.name] = sorted(kept, key=lambda row: json.dumps(row, default=str))
        return found


def count(settings: Settings) -> dict[str, int]:
    with open_store(settings.store_url) as store, store.reading() as connection:
        return {
            table.name: connection.execute(
                sa.select(sa.func.count()).select_from(table)
            ).scalar_one()
            for table in metadata.sorted_tables
        }


def table(settings: Settings, what: str) -> Any:
    with open_store(settings.store_url) as store:
        return frame_of(store, settings, what)


def run(config: Path, scans: FakeScans) -> Outcome:
    return run_round(settings_of(config), quiet(scans))


def decide(store: Store, settings: Settings, record: str, verdict: Verdict) -> CaseState:
    state = CaseState.OPEN
    with store.writing(act()) as connection:
        cases = Cases(connection, settings.round.id)
        case = next(row for row in cases.open() if row["subject_id"] == record)
        for actor in ("a", "b"):
            decision = Decision(actor, verdict, case["evidence"], "seen", at="2026-10-02")
            state = cases.decide(case["id"], decision)
    return state

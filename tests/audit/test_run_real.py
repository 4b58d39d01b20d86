"""A round of real scans, read by the real checks, and the same on PostgreSQL."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from audit.pipeline.lock import store_lock
from audit.pipeline.run import run_round
from audit.pipeline.tools import real_tools
from audit.reporting import write_round_reports
from audit.settings import Settings
from audit.store import open_store
from audit.store.schema import metadata
from detectors.errors import Busy, ExitCode
from tests.audit.nights import fill, quiet
from tests.audit.rounds import FakeScans, clock, put_scan, settings_of, small_round
from tests.audit.test_store import postgres_url
from tests.data import real

__all__ = ["postgres_url"]


def _dump(settings: Settings) -> dict[str, list[str]]:
    runs = ("run_id", "opened_run", "added_run", "withdrawn_run")
    with open_store(settings.store_url) as store, store.reading() as connection:
        found = {}
        for table in metadata.sorted_tables:
            if table.name not in ("runs", "alembic_version", "trail", "trail_rows"):
                rows = connection.execute(sa.select(table)).mappings()
                kept: list[dict[str, Any]] = [
                    {k: v for k, v in row.items() if k not in runs} for row in rows
                ]
                found[table.name] = sorted(json.dumps(r, default=str, sort_keys=True) for r in kept)
        return found


def test_postgresql_stores_what_sqlite_stores(tmp_path: Path, postgres_url: str) -> None:
    dumps = []
    for name in ("a", "b"):
        config, scans = small_round(tmp_path / name / "r"), FakeScans()
        fill(tmp_path / name / "r", scans)
        settings = settings_of(config)
        if name == "b":
            settings = settings.model_copy(update={"store": postgres_url})
        assert run_round(settings, quiet(scans)).exit_code is ExitCode.PARTLY_JUDGED
        assert run_round(settings, quiet(scans)).nothing_new
        dumps.append(_dump(settings))
    assert dumps[0] == dumps[1]


def test_one_run_at_a_time_where_machines_share_only_the_server(
    tmp_path: Path, postgres_url: str
) -> None:
    settings = settings_of(small_round(tmp_path / "elsewhere"))
    settings = settings.model_copy(update={"store": postgres_url})
    with (
        open_store(postgres_url) as store,
        store_lock(store, settings.round.id),
        pytest.raises(Busy),
    ):
        run_round(settings, quiet(FakeScans()))
    assert run_round(settings, quiet(FakeScans())).exit_code is ExitCode.DONE


def test_real_scans_from_the_inbox_to_a_report(tmp_path: Path) -> None:
    source = real("scans", "formscanner")
    folder = tmp_path / "r"
    config = small_round(folder)
    text = config.read_text("utf-8")
    form = source / "instrument.toml"
    config.write_text(text.replace("instruments/instrument.toml", str(form)), "utf-8")
    (folder / "inbox/scans/u1").mkdir()
    scans = sorted(path for path in (source / "scans").iterdir() if path.is_file())
    for path in scans:
        shutil.copyfile(path, folder / "inbox/scans/u1" / path.name)
    # A picture that is none, and a text that only pretends.
    put_scan(folder, "u1/broken.png", "no picture at all")
    settings = settings_of(config)
    tools = real_tools(now=clock, progress=lambda items, label, total: iter(items))
    outcome = run_round(settings, tools)
    assert outcome.exit_code is ExitCode.PARTLY_JUDGED
    assert any("broken.png" in line for line in outcome.not_judged)
    with open_store(settings.store_url) as store, store.reading() as connection:
        pages = connection.execute(sa.select(metadata.tables["pages"])).mappings().all()
        marks = connection.execute(sa.select(metadata.tables["marks"])).mappings().all()
    assert sum(page["status"] == "read" for page in pages) == len(scans)
    assert sum(mark["state"] == "marked" for mark in marks) >= 40
    assert run_round(settings, tools).nothing_new
    written = write_round_reports(settings)
    page = next(path for path in written if path.name.endswith(".en.html"))
    assert "signs" in page.read_text("utf-8")

"""The page of runs and the manifests that it is made from."""

from __future__ import annotations

import hashlib
import html
import json
from pathlib import Path

import pytest

from audit.pipeline.run import run_round
from audit.reporting.runs import write_runs_page
from audit.reporting.write import write_round_reports
from audit.verification import verify_round
from tests.audit.nights import GOOD, fill, quiet, table
from tests.audit.rounds import FakeScans, Sheet, settings_of, small_round


def test_every_run_is_on_the_page_with_its_phases(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans(break_after=2)
    fill(tmp_path / "r", scans)
    scans.put(tmp_path / "r", "u9/<b>x.png", Sheet(GOOD, serial="S-9"))
    settings = settings_of(config)
    with pytest.raises(KeyboardInterrupt):
        run_round(settings, quiet(scans))
    first = write_runs_page(settings)
    assert [path.name for path in first] == ["runs.html", "runs.en.html"]
    assert "Bị ngắt (130)" in first[0].read_text("utf-8")
    scans.break_after = None
    outcome = run_round(settings, quiet(scans))
    vi, en = (path.read_text("utf-8") for path in write_runs_page(settings))
    runs = table(settings, "runs")
    for page in (vi, en):
        assert all(run in page for run in runs["id"])
        assert outcome.run_id in page
        assert "<b>x.png" not in page
        assert "&lt;b&gt;x.png" in page
    assert "Interrupted (130)" in en
    assert "Kiểm tra trang" in vi
    assert "1 page unreadable" not in en
    assert "page unreadable" in html.unescape(en)


def test_a_manifest_is_hashed_and_left_by_a_run_that_failed_too(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    fill(tmp_path / "r", scans)
    settings = settings_of(config)
    (tmp_path / "r/units.csv").write_text("unit_id,name\n", "utf-8")
    with pytest.raises(Exception, match="no unit is valid"):
        run_round(settings, quiet(scans))
    (failed,) = (json.loads(p.read_text("utf-8")) for p in (tmp_path / "r/runs").glob("*.json"))
    assert (failed["status"], failed["error"], failed["exit_code"]) == ("failed", "InputError", 2)
    assert [(p["phase"], p["status"]) for p in failed["phases"]] == [
        *(("look", "done"), ("take_in", "done"), ("registers", "failed")),
    ]
    (tmp_path / "r/units.csv").write_text("unit_id,name\nu1,A\nu2,B\n", "utf-8")
    outcome = run_round(settings, quiet(scans))
    path = tmp_path / "r/runs" / f"{outcome.run_id}.json"
    done = json.loads(path.read_text("utf-8"))
    assert done["failures"] == [{"place": "inbox/scans/u2/d.png, page 1", "code": "unreadable"}]
    assert {"python", "numpy", "opencv-python-headless"} <= done["libraries"].keys()
    assert "scores" in [part["phase"] for part in done["phases"]]
    assert {entry["sha256"] for entry in done["inputs"]} >= {
        hashlib.sha256((tmp_path / "r/units.csv").read_bytes()).hexdigest()
    }
    assert verify_round(settings).faults == []
    path.write_text(path.read_text("utf-8").replace('"exit_code": 10', '"exit_code": 0'), "utf-8")
    assert any("manifest is changed" in fault for fault in verify_round(settings).faults)


def test_the_report_of_the_round_leads_to_the_runs(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    fill(tmp_path / "r", scans)
    settings = settings_of(config)
    run_round(settings, quiet(scans))
    target = tmp_path / "elsewhere"
    write_round_reports(settings, units=("u1",), folder=target)
    for index, runs in (("index.html", "runs.html"), ("index.en.html", "runs.en.html")):
        assert f'href="{runs}"' in (target / index).read_text("utf-8")
        assert f'href="{index}"' in (target / runs).read_text("utf-8")

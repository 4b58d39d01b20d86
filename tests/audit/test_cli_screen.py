"""``survey-audit screen`` on files: what is written, what is printed, how it ends."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
import pytest

from audit.cli.main import run
from detectors.errors import ExitCode
from detectors.simulate.frauds import Fraud, FraudPlan
from detectors.simulate.round import simulate_round
from tests.schemas import accept_finding


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("screen")
    world = simulate_round(
        41, 20, records_per_unit=40, frauds={0: FraudPlan(Fraud.COPY, 0.4)}, digital_share=0.2
    )
    world.responses.to_csv(place / "r.csv", index=False)
    world.units.to_csv(place / "u.csv", index=False)
    world.custody.to_csv(place / "c.csv", index=False)
    lines = ['id = "SIM"', 'version = "1"', 'title = { vi = "Phiếu", en = "Form" }']
    for item in world.instrument.items:
        lines += ["[[item]]", f'id = "{item.id}"', "scale = [1, 2, 3, 4, 5]"]
        if item.not_applicable is not None:
            lines.append(f"not_applicable = {item.not_applicable}")
    (place / "t.toml").write_text("\n".join(lines), encoding="utf-8")
    return place


def call(folder, *more, responses="r.csv"):
    table, form = str(folder / responses), str(folder / "t.toml")
    return run(["screen", table, "--instrument", form, "--output", str(folder / "out"), *more])


def test_three_files_and_a_summary(folder, capsys):
    tables = ("--units", str(folder / "u.csv"), "--custody", str(folder / "c.csv"))
    period = ("--period", "2026-07-01..2026-09-30")
    assert call(folder, *tables, *period, "--format", "json") == ExitCode.DONE
    counts = json.loads(capsys.readouterr().out)
    records = pd.read_csv(folder / "out" / "records.csv", dtype=str, keep_default_na=False)
    units = pd.read_csv(folder / "out" / "units.csv", dtype=str, keep_default_na=False)
    assert list(records)[:2] == ["record_id", "unit_id"]
    assert set(records["flagged"]) <= {"true", "false"}
    assert set(units["flagged"]) <= {"true", "false"}
    assert counts["records"] == len(records)
    assert counts["units"] == len(units) == 20
    assert set(counts["inputs"]) == {"responses", "instrument", "units", "custody"}
    told = counts["inputs"]["responses"]
    assert told["file"] == str(folder / "r.csv")
    assert told["sha256"] == hashlib.sha256((folder / "r.csv").read_bytes()).hexdigest()
    lines = (folder / "out" / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    assert counts["findings"] == len(lines)
    for line in lines:
        finding = json.loads(line)
        accept_finding(finding)
        assert finding["innocent"]
        for explanation in finding["innocent"]:
            assert explanation["vi"] in finding["message"]["vi"]
            assert explanation["en"] in finding["message"]["en"]


def test_a_value_off_the_scale_is_told_and_ends_with_ten(folder, capsys):
    rows = pd.read_csv(folder / "r.csv", dtype=str)
    rows.loc[3, "A1"] = "8"
    rows.to_csv(folder / "bad.csv", index=False)
    assert call(folder, responses="bad.csv") == ExitCode.PARTLY_JUDGED
    assert "A1" in capsys.readouterr().err


@pytest.mark.parametrize("period", ["2026-07-01", "2026-09-30..2026-07-01", "a..b"])
def test_a_wrong_period_is_wrong_usage(folder, period, capsys):
    assert call(folder, "--period", period) == ExitCode.USAGE
    assert period in capsys.readouterr().err


def test_a_table_that_is_not_there(folder, capsys):
    assert call(folder, responses="none.csv") in (ExitCode.INPUT, ExitCode.ACCESS)
    assert "none.csv" in capsys.readouterr().err

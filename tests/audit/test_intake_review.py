"""Answers that somebody rejected on the platform: kept apart and told, whatever they answered."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from audit.intake.mapping import Review, TableMapping
from audit.intake.tables import read_responses
from detectors.instrument import load_instrument
from tests.audit.nights import run, table
from tests.audit.platforms import EXPORTS, instrument, kobo_json, odk_odata
from tests.audit.rounds import FakeScans, answers, responses_csv, settings_of, small_round

# Of each platform: its export, the words by which the second answer is rejected in it.
_CSV = {
    "kobo.csv": ('"submitted_via_web"', '"validation_status_not_approved"'),
    "odk_plain.csv": ("approved", "rejected"),
    "odk.csv": ("desk 1,0,0,,,", "desk 1,0,0,,hasIssues,"),
    "surveycto.csv": ("APPROVED", "REJECTED"),
    "qualtrics.csv": ("IP Address,10.0.0.1", "Spam,10.0.0.1"),
}


def _rejected(name: str) -> bytes:
    """The export with its second answer rejected."""
    if name == "kobo.json":
        kobo = kobo_json()
        # As the API gives it: an object for what was looked at, an empty one for the others.
        state = {"uid": "validation_status_on_hold", "label": "On Hold", "timestamp": 1780000000}
        kobo["results"][1]["_validation_status"] = state
        return json.dumps(kobo).encode()
    if name == "odk.json":
        rows = odk_odata()
        rows[1]["__system"]["reviewState"] = "rejected"
        return json.dumps({"value": rows}).encode()
    old, new = _CSV[name]
    lines = EXPORTS[name][1]().decode().split("\r\n")
    (row,) = [n for n, line in enumerate(lines) if "r2" in line]
    if name == "kobo.csv":
        head = [cell.strip('"') for cell in lines[0].split(";")]
        cells = lines[row].split(";")
        cells[head.index("_validation_status")] = new
        lines[row] = ";".join(cells)
    else:
        assert old in lines[row]
        lines[row] = lines[row].replace(old, new)
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("name", [*_CSV, "kobo.json", "odk.json"])
def test_what_a_platform_rejected_is_kept_and_told(name: str, tmp_path: Path) -> None:
    form = load_instrument(instrument(tmp_path))
    path = tmp_path / name
    path.write_bytes(_rejected(name))
    mapping = TableMapping(preset=EXPORTS[name][0])
    if name == "qualtrics.csv":
        columns = {"A1": "Q2_1", "B2": "Q2_2", "E3": "Q2_3"}
        mapping = TableMapping(preset="qualtrics", columns=columns)
    read = read_responses(path, form, mapping=mapping)
    assert len(read.frame) == 3
    found = [p for p in read.problems if p.code.startswith("not_accepted")]
    assert [(p.record_id, p.code) for p in found] == [("r2", "not_accepted")]
    assert "not accepted on the survey platform" in found[0].what
    counted = mapping.model_copy(update={"review": Review(then="count")})
    read = read_responses(path, form, mapping=counted)
    assert [p.code for p in read.problems if "accepted" in p.code] == ["not_accepted_counted"]


def test_states_of_the_offices_own(tmp_path: Path) -> None:
    form = load_instrument(instrument(tmp_path))
    path = tmp_path / "own.csv"
    path.write_text(
        "record_id,unit_id,A1,B2,E3,Duyệt\n1,u1,5,5,5,Đạt\n2,u1,1,1,1,KHÔNG ĐẠT\n", "utf-8"
    )
    rule = Review(column="Duyệt", states=("Không đạt",))
    read = read_responses(path, form, mapping=TableMapping(review=rule))
    assert [(p.record_id, p.code) for p in read.problems] == [("2", "not_accepted")]
    absent = TableMapping(review=Review(column="Trạng thái", states=("x",)))
    (problem,) = read_responses(path, form, mapping=absent).problems
    assert problem.code == "bad_mapping"
    assert "'Trạng thái'" in problem.what


def _night(folder: Path, name: str, states: dict[int, str], age: int) -> None:
    """An export of six answers of ODK Central with these states."""
    rows: list[dict[str, Any]] = [
        {"KEY": row.pop("record_id"), **row, "SubmitterName": "x", "ReviewState": ""}
        for row in answers(3, 6, "u1")
    ]
    for number, state in states.items():
        rows[number]["ReviewState"] = state
    path = folder / "inbox/responses" / name
    path.write_text(responses_csv(rows), "utf-8")
    os.utime(path, (1_780_000_000 - age, 1_780_000_000 - age))


def test_a_round_holds_them_and_follows_the_latest_export(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    config = small_round(folder)
    text = config.read_text("utf-8")
    place = text.find("\n[", text.index("[[instrument]]") + 1)
    place = len(text) if place < 0 else place
    line = '\n[instrument.mapping]\npreset = "odk"\n'
    config.write_text(text[:place] + line + text[place:], "utf-8")
    _night(folder, "1.csv", {1: "rejected"}, 900)
    run(config, FakeScans())
    settings = settings_of(config)
    records = table(settings, "records").set_index("record_id")
    assert records.loc["u1-1", ["state", "reasons"]].tolist() == ["held", ["not_accepted"]]
    assert (records.drop("u1-1")["state"] == "scored").all()
    scores = table(settings, "scores")
    score = scores[scores["unit_id"] == "u1"].iloc[0]
    assert score["bound_low"] < score["bound_high"]
    # Looked at again: one answer accepted after all, another rejected. No row comes twice.
    _night(folder, "2.csv", {1: "approved", 4: "hasIssues"}, 600)
    run(config, FakeScans())
    records = table(settings, "records").set_index("record_id")
    assert len(records) == 6
    assert records.index[records["state"] == "held"].tolist() == ["u1-4"]

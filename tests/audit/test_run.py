"""A whole round: what comes in, what is held, what counts, twice, and after a crash."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from audit.export import frame_of
from audit.judge.decision import CaseState, Decision, Verdict
from audit.pipeline.lock import round_lock
from audit.pipeline.run import LOCK, Outcome, run_round
from audit.pipeline.tools import Tools
from audit.rescore import rescore
from audit.settings import Settings
from audit.store import Store, open_store
from audit.store.cases import Cases
from audit.store.schema import metadata
from audit.verification import verify_round
from detectors.errors import Busy, ConfigError, ExitCode
from detectors.finding import Severity
from scans.types import Status
from tests.audit.rounds import (
    FakeScans,
    Sheet,
    act,
    answers,
    clock,
    digest,
    erasure,
    put_scan,
    responses_csv,
    settings_of,
    small_round,
    tools,
)

GOOD = {"A1": 5, "A2": 4, "B1": 5, "B2": 4}


class _Silent:
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


def _quiet(scans: FakeScans) -> Tools:
    return tools(scans, screen=lambda *_args, **_kwargs: _Silent())


def _fill(folder: Path, scans: FakeScans) -> None:
    rows = answers(1, 30, "u1") + answers(2, 30, "u2")
    (folder / "inbox/responses/a.csv").write_text(responses_csv(rows), "utf-8")
    scans.put(folder, "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(folder, "u1/b.png", Sheet(GOOD | {"A1": 2}, serial="S-2", findings=(erasure("A1"),)))
    scans.put(folder, "u2/c.png", Sheet(GOOD), Sheet(GOOD | {"B2": 1}))
    scans.put(folder, "u2/d.png", Sheet(status=Status.UNREADABLE))


def _rows(settings: Settings, *, without: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
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


def _count(settings: Settings) -> dict[str, int]:
    with open_store(settings.store_url) as store, store.reading() as connection:
        return {
            table.name: connection.execute(
                sa.select(sa.func.count()).select_from(table)
            ).scalar_one()
            for table in metadata.sorted_tables
        }


def _table(settings: Settings, what: str) -> Any:
    with open_store(settings.store_url) as store:
        return frame_of(store, settings, what)


def _run(config: Path, scans: FakeScans) -> Outcome:
    return run_round(settings_of(config), _quiet(scans))


def test_a_round_from_inbox_to_scores(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    _fill(tmp_path / "r", scans)
    outcome = _run(config, scans)
    assert outcome.exit_code is ExitCode.PARTLY_JUDGED
    assert [line.split(":")[0] for line in outcome.not_judged] == ["inbox/scans/u2/d.png, page 1"]
    settings = settings_of(config)
    held = _table(settings, "held")
    assert dict(zip(held["unit_id"], held["state"], strict=True)) == {"u1": "held", "u2": "held"}
    assert held["detectors"].tolist()[0] == ["erasure.test"]
    records = _table(settings, "records")
    assert len(records) == 60 + 5
    assert records.set_index("record_id").loc["S-2", "A1"] == 2
    scores = _table(settings, "scores")
    overall = scores[scores["measure"] == "overall"].set_index("unit_id")
    u2 = overall.loc["u2"]
    assert (u2["n"], u2["held"], u2["received"]) == (32, 1, 33)
    # One unreadable sheet of four items stands in both bounds.
    assert u2["answers_bound_low"] == u2["answers_after_review"] + 4
    assert u2["bound_low"] < u2["value_after_review"] < u2["bound_high"]
    manifest = json.loads((tmp_path / "r/runs" / f"{outcome.run_id}.json").read_text("utf-8"))
    assert {entry["path"] for entry in manifest["inputs"]} >= {"units.csv", "inbox/scans/u1/a.png"}
    assert "S-2" not in json.dumps(manifest)


def test_a_second_run_adds_nothing(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    _fill(tmp_path / "r", scans)
    first = _run(config, scans)
    before, judged = _count(settings_of(config)), list(scans.judged)
    second = _run(config, scans)
    assert second.nothing_new
    assert (second.run_id, second.exit_code) == (first.run_id, first.exit_code)
    assert _count(settings_of(config)) == before
    assert scans.judged == judged
    assert len(list((tmp_path / "r/runs").glob("*.json"))) == 1


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_killed_run_is_taken_up_and_ends_as_if_nothing_had_happened(
    after: int, tmp_path: Path
) -> None:
    whole, broken = FakeScans(), FakeScans(break_after=after)
    one, two = small_round(tmp_path / "a/r"), small_round(tmp_path / "b/r")
    _fill(tmp_path / "a/r", whole)
    _fill(tmp_path / "b/r", broken)
    _run(one, whole)
    with pytest.raises(KeyboardInterrupt):
        _run(two, broken)
    assert _table(settings_of(two), "runs")["status"].tolist() == ["interrupted"]
    broken.break_after = None
    assert not _run(two, broken).nothing_new
    # At most the file that was in hand when it died is judged again.
    assert set(broken.judged) == set(whole.judged)
    assert len(broken.judged) <= len(whole.judged) + 1
    assert verify_round(settings_of(two)).faults == []
    assert _rows(settings_of(one)) == _rows(settings_of(two))


_KILLED = """
import os, signal, sys
from pathlib import Path
from audit.pipeline.run import run_round
from tests.audit.rounds import FakeScans, settings_of
from tests.audit.test_run import _fill, _quiet

class Killer(FakeScans):
    def __call__(self, paths, instrument, **more):
        for number, outcome in enumerate(super().__call__(paths, instrument, **more)):
            if number == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            yield outcome

folder, scans = Path(sys.argv[1]), Killer()
_fill(folder, scans)
run_round(settings_of(folder / "audit.toml"), _quiet(scans))
"""


def test_sigkill_leaves_what_the_next_run_takes_up(tmp_path: Path) -> None:
    one, two = small_round(tmp_path / "a/r"), small_round(tmp_path / "b/r")
    scans = FakeScans()
    _fill(tmp_path / "a/r", scans)
    _run(one, scans)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "b/r")]
    done = subprocess.run(command, cwd=root, check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert _table(settings_of(two), "runs")["status"].tolist() == ["running"]
    assert verify_round(settings_of(two)).faults == []
    scans.judged.clear()
    _run(two, scans)
    assert verify_round(settings_of(two)).faults == []
    # Whole files were stored before it died, and only the others were judged now.
    assert 0 < len(scans.judged) < 4
    assert _rows(settings_of(one)) == _rows(settings_of(two))
    assert _table(settings_of(two), "runs")["status"].tolist() == ["interrupted", "done"]


def test_many_nights_are_as_good_as_one(tmp_path: Path) -> None:
    one, two = small_round(tmp_path / "a/r"), small_round(tmp_path / "b/r")
    scans, later = FakeScans(), FakeScans()
    _fill(tmp_path / "a/r", scans)
    _run(one, scans)
    folder = tmp_path / "b/r"
    later.put(folder, "u2/c.png", Sheet(GOOD), Sheet(GOOD | {"B2": 1}))
    _run(two, later)
    _fill(folder, later)
    _run(two, later)
    assert _rows(settings_of(one)) == _rows(settings_of(two))


def test_what_the_tool_wrote_can_be_made_again(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    _fill(tmp_path / "r", scans)
    _run(config, scans)
    before = _rows(settings_of(config))
    for name in ("originals", "runs"):
        shutil.rmtree(tmp_path / "r" / name)
    for path in (tmp_path / "r").glob("audit.db*"):
        path.unlink()
    _run(config, scans)
    assert _rows(settings_of(config)) == before


def test_new_decisions_change_the_score_and_dismissing_all_gives_what_was_received(
    tmp_path: Path,
) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u1/a.png", Sheet(GOOD, serial="S-1"))
    for name, serial in (("b", "S-2"), ("c", "S-3")):
        low = Sheet(GOOD | {"A1": 1}, serial=serial, findings=(erasure("A1", Severity.RED),))
        scans.put(tmp_path / "r", f"u1/{name}.png", low)
    assert _run(config, scans).exit_code is ExitCode.DONE
    settings = settings_of(config)

    def u1() -> Any:
        scores = _table(settings, "scores")
        return scores[(scores["measure"] == "overall") & (scores["unit_id"] == "u1")].iloc[0]

    assert (u1()["value_as_received"], u1()["value_after_review"]) == (10 / 12, 1.0)
    with open_store(settings.store_url) as store:
        assert _decide(store, settings, "S-2", Verdict.DISMISS) is CaseState.DISMISSED
        rescore(store, settings, now=clock)
        assert u1()["value_after_review"] == 7 / 8
        assert _decide(store, settings, "S-3", Verdict.DISMISS) is CaseState.DISMISSED
        rescore(store, settings, now=clock)
    assert u1()["value_after_review"] == u1()["value_as_received"]
    assert u1()["bound_low"] == u1()["bound_high"]
    # The run that follows knows the decisions and takes nothing back.
    assert not _run(config, scans).nothing_new
    assert u1()["value_after_review"] == u1()["value_as_received"]
    assert _table(settings, "decisions")["actor"].tolist() == ["a", "b", "a", "b"]


def _decide(store: Store, settings: Settings, record: str, verdict: Verdict) -> CaseState:
    state = CaseState.OPEN
    with store.writing(act()) as connection:
        cases = Cases(connection, settings.round.id)
        case = next(row for row in cases.open() if row["subject_id"] == record)
        for actor in ("a", "b"):
            decision = Decision(actor, verdict, case["evidence"], "seen", at="2026-10-02")
            state = cases.decide(case["id"], decision)
    return state


def test_one_serial_on_two_sheets_holds_both(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(tmp_path / "r", "u1/b.png", Sheet(GOOD | {"A1": 1}, serial="S-1"))
    _run(config, scans)
    held = _table(settings_of(config), "held")
    assert held["record_id"].tolist() == ["S-1", "S-1#2"]
    assert held["detectors"].tolist() == [["custody.serial_reused"]] * 2


def test_two_pages_with_one_serial_are_one_record(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r", pages=2), FakeScans()
    folder = tmp_path / "r"
    scans.put(folder, "u1/a.png", Sheet({"A1": 5, "A2": 5}, serial="S-1"))
    scans.put(folder, "u1/b.png", Sheet({"B1": 4, "B2": 2}, serial="S-1", form_page=2))
    scans.put(folder, "u1/c.png", Sheet({"A1": 1, "A2": 1}, serial="S-2"))
    _run(config, scans)
    records = _table(settings_of(config), "records").set_index("record_id")
    assert records.loc["S-1", ["A1", "A2", "B1", "B2"]].tolist() == [5, 5, 4, 2]
    assert records.loc["S-1", "state"] == "scored"
    assert records.loc["S-2", "state"] == "held"
    assert records.loc["S-2", "reasons"] == ["page_missing"]


def test_custody_gives_unit_and_batch_and_tells_mixed_batches(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    folder = tmp_path / "r"
    (folder / "custody.csv").write_text(
        "unit_id,batch,serial_from,serial_to,issued\nu1,b1,S-001,S-050,50\nu2,b2,S-051,S-099,49\n",
        "utf-8",
    )
    scans.put(folder, "a.png", Sheet(GOOD, serial="S-007"))
    scans.put(folder, "u1/b.png", Sheet(GOOD, serial="S-060"))
    scans.put(folder, "u1/c.png", Sheet(GOOD, serial="S-200"))
    _run(config, scans)
    records = _table(settings_of(config), "records").set_index("record_id")
    assert records.loc["S-007", ["unit_id", "batch", "state"]].tolist() == ["u1", "b1", "scored"]
    assert records.loc["S-060", ["unit_id", "state"]].tolist() == ["u2", "held"]
    assert records.loc["S-200", ["unit_id", "state"]].tolist() == ["u1", "scored"]
    findings = _table(settings_of(config), "findings").set_index("record_id")
    assert findings.loc["S-060", "detector"] == "custody.unit_differs"
    assert findings.loc["S-200", "severity"] == "yellow"


def test_optional_columns_of_the_custody_table_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    head = "unit_id,batch,issued,returned,printed,outstanding,scanned_at,invalid_reasons\n"
    for book in ("u1,b1,50,40,60,10,2026-08-03,BO_TRONG=2\n", "u1,b1,50,40,60,9,,\n"):
        (folder / "custody.csv").write_text(head + book, "utf-8")
        _run(config, scans)
        (row,) = _table(settings_of(config), "custody").to_dict("records")
        assert (row["issued"], row["printed"]) == (50, 60)
        told = book.strip().split(",")
        assert row["outstanding"] == int(told[5])
        assert str(row["scanned_at"] or "")[:10] == told[6]
        assert (row["invalid_reasons"] or "") == told[7]
        assert verify_round(settings_of(config)).faults == []
    assert row["handed_out"] is None


def test_a_typed_record_is_held_against_its_paper(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    folder = tmp_path / "r"
    scans.put(folder, "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(folder, "u1/b.png", Sheet(GOOD | {"A1": 2}, serial="S-2"))
    rows = [
        {"record_id": f"t{n}", "unit_id": "u1", "channel": "paper", "serial": f"S-{n}", **GOOD}
        for n in (1, 2)
    ]
    (folder / "inbox/responses/typed.csv").write_text(responses_csv(rows), "utf-8")
    _run(config, scans)
    records = _table(settings_of(config), "records").set_index("record_id")
    assert records["source"].tolist() == ["both", "both"]
    assert records["state"].to_dict() == {"t1": "scored", "t2": "held"}
    finding = _table(settings_of(config), "findings").iloc[0]
    assert (finding["detector"], finding["item"]) == ("custody.record_differs", "A1")


def test_bad_inputs_are_listed_and_the_rest_is_done(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    folder = tmp_path / "r/inbox/responses"
    good = answers(1, 5, "u1")
    (folder / "a.csv").write_text(responses_csv(good), "utf-8")
    (folder / "b.csv").write_text("record_id,unit_id,A1,A2,B1\nx,u1,5,5,5\n", "utf-8")
    (folder / "c.csv").write_bytes(b"")
    (folder / "d.xlsx").write_bytes(b"PK\x03\x04 broken")
    odd = [
        {"record_id": "k1", "unit_id": "u9", "channel": "QR", **GOOD},
        {"record_id": "k2", "unit_id": "u1", "channel": "QR", **GOOD, "A1": 7},
    ]
    (folder / "e.csv").write_text(responses_csv(odd), "utf-8")
    # The same records sent again are the same records; a changed one is a conflict.
    again = [*good, {**good[0], "record_id": "u1-9"}]
    again[1] = {**good[1], "A1": 1 if good[1]["A1"] != 1 else 2}
    (folder / "f.csv").write_text(responses_csv(again), "utf-8")
    outcome = _run(config, scans)
    assert outcome.exit_code is ExitCode.PARTLY_JUDGED
    text = "\n".join(outcome.not_judged)
    for words in ("b.csv: the column B2", "c.csv: the file is empty", "d.xlsx: the workbook"):
        assert words in text
    for words in ("e.csv, line 2, column unit_id", "e.csv, line 3, column A1: 7 is off the scale"):
        assert words in text
    records = _table(settings_of(config), "records").set_index("record_id")
    assert len(records) == 5 + 2 + 2
    assert records.loc["k1", "state"] == "not_scored"
    assert records.loc["k2", "state"] == "held"
    assert records.loc[["u1-1", "u1-1@2"], "state"].tolist() == ["held", "held"]
    assert records.loc["u1-0", "state"] == "scored"


def test_a_scan_of_no_known_unit_is_kept_and_listed_and_not_scored(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u7/a.png", Sheet(GOOD, serial="S-1"))
    outcome = _run(config, scans)
    assert outcome.exit_code is ExitCode.PARTLY_JUDGED
    assert outcome.not_judged[0].startswith("inbox/scans/u7/a.png, form S-1: no unit")
    held = _table(settings_of(config), "held").iloc[0]
    assert (held["state"], held["reasons"]) == ("not_scored", ["unknown_unit"])


def test_a_page_that_was_read_and_not_judged_is_held_and_listed(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u1/a.png", Sheet(GOOD, serial="S-1", judged=False))
    outcome = _run(config, scans)
    assert outcome.exit_code is ExitCode.PARTLY_JUDGED
    assert outcome.not_judged[0].startswith("inbox/scans/u1/a.png, page 1: read, but not judged")
    held = _table(settings_of(config), "held").iloc[0]
    assert (held["state"], held["reasons"]) == ("held", ["page_not_judged"])


def test_a_replaced_file_counts_with_its_new_content_and_the_old_is_kept(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    path = tmp_path / "r/inbox/responses/a.csv"
    path.write_text(responses_csv(answers(1, 5, "u1")), "utf-8")
    _run(config, scans)
    path.write_text(responses_csv(answers(1, 3, "u1")), "utf-8")
    _run(config, scans)
    settings = settings_of(config)
    assert len(_table(settings, "records")) == 3
    report = verify_round(settings)
    assert report.faults == []
    assert report.checked | {"entries": 0} == {
        "originals": 3,
        "manifests": 2,
        "checkpoints": 2,
        "entries": 0,
    }


def test_a_finding_that_is_gone_is_withdrawn_and_comes_back_as_the_same(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    path = scans.put(tmp_path / "r", "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(tmp_path / "r", "u1/b.png", Sheet(GOOD | {"A1": 1}, serial="S-1"))
    _run(config, scans)
    first = _table(settings_of(config), "findings")
    put_scan(tmp_path / "r", "u1/b.png", "other")
    scans.sheets[digest("other")] = [Sheet(GOOD, serial="S-9")]
    _run(config, scans)
    assert _table(settings_of(config), "findings").empty
    assert _table(settings_of(config), "held").empty
    put_scan(tmp_path / "r", "u1/b.png", "u1/b.png")
    _run(config, scans)
    back = _table(settings_of(config), "findings")
    assert back["run_id"].tolist() == first["run_id"].tolist()
    assert path.is_file()


def test_units_without_procedures_have_no_result(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    units = tmp_path / "r/units.csv"
    units.write_text(units.read_text("utf-8").replace("u2,Đơn vị u2,G,xã,true", "u2,U2,G,xã,false"))
    _fill(tmp_path / "r", scans)
    _run(config, scans)
    assert set(_table(settings_of(config), "scores")["unit_id"]) == {"u1"}


def test_findings_above_the_threshold_end_in_their_own_code(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u1/b.png", Sheet(GOOD, serial="S-2", findings=(erasure("A1"),)))
    settings = settings_of(config)
    strict = settings.model_copy(update={"fail_on": "orange"})
    assert run_round(strict, _quiet(scans)).exit_code is ExitCode.FINDINGS
    lax = settings.model_copy(update={"fail_on": "red"})
    assert run_round(lax, _quiet(scans)).exit_code is ExitCode.DONE


def test_only_one_run_holds_the_round(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    with round_lock(tmp_path / "r" / LOCK, "somebody"), pytest.raises(Busy, match="somebody"):
        _run(config, scans)
    _run(config, scans)


def test_a_round_without_units_table_says_so(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    (tmp_path / "r/units.csv").unlink()
    with pytest.raises(ConfigError, match="units"):
        _run(config, scans)


def test_several_instruments_in_one_round(tmp_path: Path) -> None:
    from tests.audit.rounds import write_instrument

    config, scans = small_round(tmp_path / "r"), FakeScans()
    write_instrument(tmp_path / "r/instruments/second", form_id="T-02")
    second = tmp_path / "r/instruments/second/instrument.toml"
    second.write_text(second.read_text("utf-8").replace("B2", "C1"), "utf-8")
    text = config.read_text("utf-8")
    config.write_text(
        text.replace(
            "[engine]", '[[instrument]]\nfile = "instruments/second/instrument.toml"\n[engine]'
        ),
        "utf-8",
    )
    folder = tmp_path / "r/inbox/responses"
    (folder / "a.csv").write_text(responses_csv(answers(1, 4, "u1")), "utf-8")
    other = [{("C1" if k == "B2" else k): v for k, v in row.items()} for row in answers(2, 3, "u1")]
    (folder / "b.csv").write_text(responses_csv(other), "utf-8")
    assert _run(config, scans).exit_code is ExitCode.DONE
    records = _table(settings_of(config), "records")
    assert records.groupby("instrument_id").size().to_dict() == {"T-01": 4, "T-02": 3}


def test_the_real_table_checks_fit_in(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    _fill(tmp_path / "r", scans)
    outcome = run_round(settings_of(config), tools(scans))
    assert outcome.counts["records"] == 65
    units = _table(settings_of(config), "units").set_index("unit_id")
    assert units.loc["u1", "n"] == 32
    records = _table(settings_of(config), "records")
    assert records["p_value"].notna().any()
    assert set(records["state"]) <= {"scored", "held"}

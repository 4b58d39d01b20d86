"""A whole round: what comes in, what is held, what counts, twice, and after a crash."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from audit.judge.decision import CaseState, Verdict
from audit.pipeline.lock import round_lock
from audit.pipeline.run import LOCK, run_round
from audit.rescore import rescore
from audit.store import open_store
from audit.verification import verify_round
from detectors.errors import Busy, ConfigError, ExitCode
from detectors.finding import Severity
from scans.outdated import versions_today
from tests.audit.crash import database
from tests.audit.nights import GOOD, count, decide, fill, quiet, rows, run, table
from tests.audit.rounds import (
    FakeScans,
    Sheet,
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
from tests.audit.test_store import postgres_url

__all__ = ["postgres_url"]

_NUMBERS = itertools.count()
MakeRound = Callable[[Path], Path]


@pytest.fixture(scope="module")
def migrated(postgres_url: str) -> Callable[[], str]:
    """Makes databases with all tables in them, without waiting for the migrations each time."""
    server = postgres_url.replace("/postgres?", "/{}?")
    first = database(server, "migrated")
    open_store(first).close()
    name = sa.make_url(first).database
    return lambda: database(server, f"run_{next(_NUMBERS)}", name)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_round(request: pytest.FixtureRequest) -> MakeRound:
    """Makes a small round with a store of its own: everything here holds on both."""

    def make(folder: Path) -> Path:
        config = small_round(folder)
        if request.param == "postgresql":
            url = request.getfixturevalue("migrated")()
            config.write_text(f'store = "{url}"\n' + config.read_text("utf-8"), "utf-8")
        return config

    return make


def test_a_round_from_inbox_to_scores(new_round: MakeRound, tmp_path: Path) -> None:
    config, scans = new_round(tmp_path / "r"), FakeScans()
    fill(tmp_path / "r", scans)
    outcome = run(config, scans)
    assert outcome.exit_code is ExitCode.PARTLY_JUDGED
    assert [line.split(":")[0] for line in outcome.not_judged] == ["inbox/scans/u2/d.png, page 1"]
    settings = settings_of(config)
    held = table(settings, "held")
    assert dict(zip(held["unit_id"], held["state"], strict=True)) == {"u1": "held", "u2": "held"}
    assert held["detectors"].tolist()[0] == ["erasure.test"]
    records = table(settings, "records")
    assert len(records) == 60 + 5
    assert records.set_index("record_id").loc["S-2", "A1"] == 2
    scores = table(settings, "scores")
    overall = scores[scores["measure"] == "overall"].set_index("unit_id")
    u2 = overall.loc["u2"]
    assert (u2["n"], u2["held"], u2["received"]) == (32, 1, 33)
    # One unreadable sheet of four items stands in both bounds.
    assert u2["answers_bound_low"] == u2["answers_after_review"] + 4
    assert u2["bound_low"] < u2["value_after_review"] < u2["bound_high"]
    manifest = json.loads((tmp_path / "r/runs" / f"{outcome.run_id}.json").read_text("utf-8"))
    assert {entry["path"] for entry in manifest["inputs"]} >= {"units.csv", "inbox/scans/u1/a.png"}
    assert "S-2" not in json.dumps(manifest)


def test_a_second_run_adds_nothing(new_round: MakeRound, tmp_path: Path) -> None:
    config, scans = new_round(tmp_path / "r"), FakeScans()
    fill(tmp_path / "r", scans)
    first = run(config, scans)
    before, judged = count(settings_of(config)), list(scans.judged)
    second = run(config, scans)
    assert second.nothing_new
    assert (second.run_id, second.exit_code) == (first.run_id, first.exit_code)
    assert count(settings_of(config)) == before
    assert scans.judged == judged
    assert len(list((tmp_path / "r/runs").glob("*.json"))) == 1


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_killed_run_is_taken_up_and_ends_as_if_nothing_had_happened(
    after: int, new_round: MakeRound, tmp_path: Path
) -> None:
    whole, broken = FakeScans(), FakeScans(break_after=after)
    one, two = new_round(tmp_path / "a/r"), new_round(tmp_path / "b/r")
    fill(tmp_path / "a/r", whole)
    fill(tmp_path / "b/r", broken)
    run(one, whole)
    with pytest.raises(KeyboardInterrupt):
        run(two, broken)
    assert table(settings_of(two), "runs")["status"].tolist() == ["interrupted"]
    broken.break_after = None
    assert not run(two, broken).nothing_new
    # At most the file that was in hand when it died is judged again.
    assert set(broken.judged) == set(whole.judged)
    assert len(broken.judged) <= len(whole.judged) + 1
    assert verify_round(settings_of(two)).faults == []
    assert rows(settings_of(one)) == rows(settings_of(two))


_KILLED = """
import os, signal, sys
from pathlib import Path
from audit.pipeline.run import run_round
from tests.audit.rounds import FakeScans, settings_of
from tests.audit.nights import fill, quiet

class Killer(FakeScans):
    def __call__(self, paths, instrument, **more):
        for number, outcome in enumerate(super().__call__(paths, instrument, **more)):
            if number == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            yield outcome

folder, scans = Path(sys.argv[1]), Killer()
fill(folder, scans)
run_round(settings_of(folder / "audit.toml"), quiet(scans))
"""


def test_sigkill_leaves_what_the_next_run_takes_up(new_round: MakeRound, tmp_path: Path) -> None:
    one, two = new_round(tmp_path / "a/r"), new_round(tmp_path / "b/r")
    scans = FakeScans()
    fill(tmp_path / "a/r", scans)
    run(one, scans)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "b/r")]
    done = subprocess.run(command, cwd=root, check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    # A server sees that its client is gone when it next listens.
    time.sleep(0.5)
    assert table(settings_of(two), "runs")["status"].tolist() == ["running"]
    assert verify_round(settings_of(two)).faults == []
    scans.judged.clear()
    run(two, scans)
    assert verify_round(settings_of(two)).faults == []
    # Whole files were stored before it died, and only the others were judged now.
    assert 0 < len(scans.judged) < 4
    assert rows(settings_of(one)) == rows(settings_of(two))
    assert table(settings_of(two), "runs")["status"].tolist() == ["interrupted", "done"]


def test_many_nights_are_as_good_as_one(new_round: MakeRound, tmp_path: Path) -> None:
    one, two = new_round(tmp_path / "a/r"), new_round(tmp_path / "b/r")
    scans, later = FakeScans(), FakeScans()
    fill(tmp_path / "a/r", scans)
    run(one, scans)
    folder = tmp_path / "b/r"
    later.put(folder, "u2/c.png", Sheet(GOOD), Sheet(GOOD | {"B2": 1}))
    run(two, later)
    fill(folder, later)
    run(two, later)
    assert rows(settings_of(one)) == rows(settings_of(two))


def test_what_the_tool_wrote_can_be_made_again(new_round: MakeRound, tmp_path: Path) -> None:
    config, scans = new_round(tmp_path / "r"), FakeScans()
    fill(tmp_path / "r", scans)
    run(config, scans)
    before = rows(settings_of(config))
    for name in ("originals", "runs"):
        shutil.rmtree(tmp_path / "r" / name)
    for path in (tmp_path / "r").glob("audit.db*"):
        path.unlink()
    if (url := settings_of(config).store_url).startswith("postgresql"):
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
        engine.dispose()
    run(config, scans)
    assert rows(settings_of(config)) == before


def test_new_decisions_change_the_score_and_dismissing_all_gives_what_was_received(
    new_round: MakeRound,
    tmp_path: Path,
) -> None:
    config, scans = new_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u1/a.png", Sheet(GOOD, serial="S-1"))
    for name, serial in (("b", "S-2"), ("c", "S-3")):
        low = Sheet(GOOD | {"A1": 1}, serial=serial, findings=(erasure("A1", Severity.RED),))
        scans.put(tmp_path / "r", f"u1/{name}.png", low)
    assert run(config, scans).exit_code is ExitCode.DONE
    settings = settings_of(config)

    def u1() -> Any:
        scores = table(settings, "scores")
        return scores[(scores["measure"] == "overall") & (scores["unit_id"] == "u1")].iloc[0]

    assert (u1()["value_as_received"], u1()["value_after_review"]) == (10 / 12, 1.0)
    with open_store(settings.store_url) as store:
        assert decide(store, settings, "S-2", Verdict.DISMISS) is CaseState.DISMISSED
        rescore(store, settings, now=clock)
        assert u1()["value_after_review"] == 7 / 8
        assert decide(store, settings, "S-3", Verdict.DISMISS) is CaseState.DISMISSED
        rescore(store, settings, now=clock)
    assert u1()["value_after_review"] == u1()["value_as_received"]
    assert u1()["bound_low"] == u1()["bound_high"]
    # The run that follows knows the decisions and takes nothing back.
    assert not run(config, scans).nothing_new
    assert u1()["value_after_review"] == u1()["value_as_received"]
    assert table(settings, "decisions")["actor"].tolist() == ["a", "b", "a", "b"]


def test_bad_inputs_are_listed_and_the_rest_is_done(new_round: MakeRound, tmp_path: Path) -> None:
    config, scans = new_round(tmp_path / "r"), FakeScans()
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
    outcome = run(config, scans)
    assert outcome.exit_code is ExitCode.PARTLY_JUDGED
    text = "\n".join(outcome.not_judged)
    for words in ("b.csv: the column B2", "c.csv: the file is empty", "d.xlsx: the workbook"):
        assert words in text
    for words in ("e.csv, line 2, column unit_id", "e.csv, line 3, column A1: 7 is off the scale"):
        assert words in text
    records = table(settings_of(config), "records").set_index("record_id")
    assert len(records) == 5 + 2 + 2
    assert records.loc["k1", "state"] == "not_scored"
    assert records.loc["k2", "state"] == "held"
    assert records.loc[["u1-1", "u1-1@2"], "state"].tolist() == ["held", "held"]
    assert records.loc["u1-0", "state"] == "scored"


def test_a_replaced_file_counts_with_its_new_content_and_the_old_is_kept(
    new_round: MakeRound, tmp_path: Path
) -> None:
    config, scans = new_round(tmp_path / "r"), FakeScans()
    path = tmp_path / "r/inbox/responses/a.csv"
    path.write_text(responses_csv(answers(1, 5, "u1")), "utf-8")
    run(config, scans)
    path.write_text(responses_csv(answers(1, 3, "u1")), "utf-8")
    run(config, scans)
    settings = settings_of(config)
    assert len(table(settings, "records")) == 3
    report = verify_round(settings)
    assert report.faults == []
    assert report.checked | {"entries": 0} == {
        "originals": 3,
        "manifests": 2,
        "checkpoints": 2,
        "entries": 0,
    }


def test_a_finding_that_is_gone_is_withdrawn_and_comes_back_as_the_same(
    new_round: MakeRound, tmp_path: Path
) -> None:
    config, scans = new_round(tmp_path / "r"), FakeScans()
    path = scans.put(tmp_path / "r", "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(tmp_path / "r", "u1/b.png", Sheet(GOOD | {"A1": 1}, serial="S-1"))
    run(config, scans)
    first = table(settings_of(config), "findings")
    put_scan(tmp_path / "r", "u1/b.png", "other")
    scans.sheets[digest("other")] = [Sheet(GOOD, serial="S-9")]
    run(config, scans)
    assert table(settings_of(config), "findings").empty
    assert table(settings_of(config), "held").empty
    put_scan(tmp_path / "r", "u1/b.png", "u1/b.png")
    run(config, scans)
    back = table(settings_of(config), "findings")
    assert back["run_id"].tolist() == first["run_id"].tolist()
    assert path.is_file()


def test_findings_above_the_threshold_end_in_their_own_code(
    new_round: MakeRound, tmp_path: Path
) -> None:
    config, scans = new_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u1/b.png", Sheet(GOOD, serial="S-2", findings=(erasure("A1"),)))
    settings = settings_of(config)
    strict = settings.model_copy(update={"fail_on": "orange"})
    assert run_round(strict, quiet(scans)).exit_code is ExitCode.FINDINGS
    lax = settings.model_copy(update={"fail_on": "red"})
    assert run_round(lax, quiet(scans)).exit_code is ExitCode.DONE


def test_only_one_run_holds_the_round(new_round: MakeRound, tmp_path: Path) -> None:
    config, scans = new_round(tmp_path / "r"), FakeScans()
    with round_lock(tmp_path / "r" / LOCK, "somebody"), pytest.raises(Busy, match="somebody"):
        run(config, scans)
    run(config, scans)


def test_a_round_without_units_table_says_so(new_round: MakeRound, tmp_path: Path) -> None:
    config, scans = new_round(tmp_path / "r"), FakeScans()
    (tmp_path / "r/units.csv").unlink()
    with pytest.raises(ConfigError, match="units"):
        run(config, scans)


def test_several_instruments_in_one_round(new_round: MakeRound, tmp_path: Path) -> None:
    from tests.audit.rounds import write_instrument

    config, scans = new_round(tmp_path / "r"), FakeScans()
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
    assert run(config, scans).exit_code is ExitCode.DONE
    records = table(settings_of(config), "records")
    assert records.groupby("instrument_id").size().to_dict() == {"T-01": 4, "T-02": 3}


def test_the_real_table_checks_fit_in(new_round: MakeRound, tmp_path: Path) -> None:
    config, scans = new_round(tmp_path / "r"), FakeScans()
    fill(tmp_path / "r", scans)
    outcome = run_round(settings_of(config), tools(scans))
    assert outcome.counts["records"] == 65
    units = table(settings_of(config), "units").set_index("unit_id")
    assert units.loc["u1", "n"] == 32
    records = table(settings_of(config), "records")
    assert records["p_value"].notna().any()
    assert set(records["state"]) <= {"scored", "held"}


def test_every_run_says_that_a_reference_was_learned_with_other_checks(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    fill(tmp_path / "r", scans)
    reference = tmp_path / "r/instruments/honest.json"
    learned = {"format": 2, "pages": {"continuous": 40}, "fusion": {}, "honest": []}
    learned["checks"] = {**versions_today("of today"), "paste.copy_move": "0"}
    reference.write_text(json.dumps(learned), "utf-8")
    named = '[[instrument]]\nreference = "instruments/honest.json"\n'
    config.write_text(config.read_text("utf-8").replace("[[instrument]]\n", named), "utf-8")
    for new in (True, False):
        outcome = run_round(settings_of(config), quiet(scans))
        assert outcome.nothing_new is not new
        (line,) = [line for line in outcome.warnings if "calibrate" in line]
        assert str(reference) in line
        assert "paste.copy_move" in line
        assert "erasure.fluid" not in line

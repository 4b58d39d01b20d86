"""Back-checks of a small round, by the command line: draw, hand out, record, result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from sqlalchemy.exc import DBAPIError

from audit.cli.main import run as command
from audit.judge.backcheck import Arm, Eligible, Outcome, Said, Verdict, choose, verdict_of
from audit.pipeline.run import run_round
from audit.store import open_store
from audit.store.backchecks import Backchecks
from audit.trail.cursor import reading
from audit.verification import verify_round
from detectors.errors import ExitCode
from tests.audit.rounds import (
    FakeScans,
    Sheet,
    answers,
    erasure,
    responses_csv,
    settings_of,
    small_round,
    tools,
)

GOOD = {"A1": 5, "A2": 5, "B1": 5, "B2": 5}
SEED = "2026-11-26: 6 3 1 4 2"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backchecks") / "r"
    path, scans = small_round(folder), FakeScans()
    for number in range(6):
        signs = (erasure("A1"),)
        scans.put(folder, f"u1/{number}.png", Sheet(GOOD, serial=f"S-{number}", findings=signs))
    rows = answers(1, 40, "u1") + answers(2, 40, "u2")
    # In unit u2 all are satisfied, so that it has a tier to lose.
    rows = [r | (dict.fromkeys(GOOD, 5) if r["unit_id"] == "u2" else {}) for r in rows]
    (folder / "inbox/responses/a.csv").write_text(responses_csv(rows), "utf-8")
    run_round(settings_of(path), tools(scans))
    return path


def _draw(config: Path, folder: Path, *words: str) -> pd.DataFrame:
    path = folder / "list.csv"
    done = command(["backcheck", "draw", "-c", str(config), "-o", str(path), *words])
    assert done == ExitCode.DONE
    return pd.read_csv(path, dtype=str)


def _members(config: Path, number: int | None = None) -> list[dict[str, Any]]:
    settings = settings_of(config)
    with open_store(settings.store_url) as store, store.reading() as connection:
        repository = Backchecks(connection, settings.round.id)
        draws = repository.draws()
        row = draws[-1] if number is None else draws[number - 1]
        return [dict(member) for member in repository.members(row["id"])]


def _result(config: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    call = ["backcheck", "result", "-c", str(config), "--format", "json", *words]
    assert command(call) == ExitCode.DONE
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def _fill(frame: pd.DataFrame, path: Path, **cells: Any) -> Path:
    frame.assign(**({"outcome": "reached"} | cells)).to_csv(path, index=False)
    return path


STANDS = {"used_service": "yes", "answered": "yes", "filled_by": "self", "facts_fit": "yes"}


def test_the_list_tells_nothing_of_answers_signs_and_arms(config: Path, tmp_path: Path) -> None:
    frame = _draw(config, tmp_path, "--seed", SEED, "--size", "10")
    assert list(frame.columns[:3]) == ["reference", "unit_id", "unit_name"]
    assert frame.iloc[:, 3:].isna().all().all()
    members = _members(config)
    assert [m["reference"] for m in members] == frame["reference"].tolist()
    arms = [m["arms"] for m in members]
    assert sum("suspect" in a for a in arms) == 6
    assert sum("high" in a for a in arms) == sum("random" in a for a in arms) == 10
    # No arm stands together.
    places = [n for n, a in enumerate(arms) if "suspect" in a]
    assert places[-1] - places[0] >= len(places)
    cells = set(frame.to_numpy().ravel().tolist())
    assert cells.isdisjoint(m["record_id"] for m in members)


def test_the_same_draw_is_found_again_and_another_seed_is_another(
    config: Path, tmp_path: Path
) -> None:
    one = _draw(config, tmp_path, "--seed", SEED, "--size", "10")
    again = _draw(config, tmp_path, "--seed", SEED, "--size", "10")
    other = _draw(config, tmp_path, "--seed", "7", "--size", "10")
    assert one.equals(again)
    assert set(one["reference"]).isdisjoint(other["reference"])
    later = _draw(config, tmp_path, "--draw", "1")
    assert one.equals(later)


def test_the_key_goes_to_who_keeps_contacts_and_is_told(config: Path, tmp_path: Path) -> None:
    key, sheets = tmp_path / "key.csv", tmp_path / "sheets.html"
    frame = _draw(
        config, tmp_path, "--seed", SEED, "--size", "10", "--key", str(key), "--sheets", str(sheets)
    )
    keys = pd.read_csv(key, dtype=str)
    assert list(keys.columns) == ["reference", "record_id", "serial", "unit_id"]
    assert set(keys["reference"]) == set(frame["reference"])
    assert key.stat().st_mode & 0o077 == 0
    assert sheets.read_text("utf-8").count("<section>") == len(frame)
    with reading(settings_of(config).store_url) as cursor:
        bodies = [
            json.loads(r[0]) for r in cursor("SELECT body FROM trail WHERE action = 'export'")
        ]
    assert bodies[-1]["object"] == "backcheck key"


def test_a_workbook_has_choices_to_pick_from(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    words = ["backcheck", "draw", "-c", str(config), "--seed", SEED, "--size", "10"]
    assert command([*words, "-o", str(path)]) == ExitCode.DONE
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    rules = {str(v.formula1) for v in sheet.data_validations.dataValidation}
    assert '"reached,refused,not_reached,wrong_contact"' in rules
    assert '"1,2,3,4,5"' in rules
    assert command([*words, "-o", str(tmp_path / "list.pdf")]) == ExitCode.USAGE


def test_what_is_recorded_is_only_added_to_and_covered(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = _draw(config, tmp_path, "--seed", "record", "--size", "10")
    first = _result(config, capsys)
    assert not first["enough"]
    assert {arm["open"] for arm in first["arms"]} == {6, 10}
    suspects = {m["reference"] for m in _members(config) if "suspect" in m["arms"]}
    staff = frame["reference"].map(lambda r: "staff" if r in suspects else "self")
    path = _fill(frame, tmp_path / "filled.csv", **(STANDS | {"filled_by": staff}))
    assert command(["backcheck", "record", str(path), "-c", str(config)]) == ExitCode.DONE
    found = _result(config, capsys)
    suspect, high, _ = found["arms"]
    assert (suspect["altered"], suspect["stands"]) == (6, 0)
    assert suspect["share"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert high["altered"] == 0
    assert high["share"]["high"] < 0.35
    assert found["flags"] == "better"
    assert found["enough"]
    assert found["exhausted"]
    assert {"kind": "unit", "name": "u1"}.items() <= found["escalate"][-1].items()
    # The same again adds nothing; a correction stands beside what it corrects.
    settings = settings_of(config)
    command(["backcheck", "record", str(path), "-c", str(config)])
    with reading(settings.store_url) as cursor:
        assert cursor("SELECT count(*) FROM backcheck_results")[0][0] == len(frame)
    one = frame[frame["reference"].isin(suspects)].head(1)
    path = _fill(one, tmp_path / "corrected.csv", **STANDS)
    assert command(["backcheck", "record", str(path), "-c", str(config)]) == ExitCode.DONE
    assert _result(config, capsys)["arms"][0]["altered"] == 5
    with reading(settings.store_url) as cursor:
        assert cursor("SELECT count(*) FROM backcheck_results")[0][0] == len(frame) + 1
    assert verify_round(settings).faults == []
    for table in ("backcheck_results", "backcheck_members", "backcheck_draws"):
        with (
            open_store(settings.store_url) as store,
            pytest.raises(DBAPIError, match="only added"),
            store.engine.begin() as connection,
        ):
            connection.exec_driver_sql(f"DELETE FROM {table}")


def test_wrong_rows_are_told_with_their_place_and_the_rest_is_kept(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = _draw(config, tmp_path, "--seed", "wrong", "--size", "10").head(6)
    frame["outcome"] = ["reached", "perhaps", "reached", None, "reached", "reached"]
    frame["overall"] = ["5", None, "7", None, None, None]
    frame["used_service"] = "yes"
    frame.loc[4, "reference"] = frame.loc[4, "reference"][:-1] + "?"
    frame.loc[5, "reference"] = frame.loc[0, "reference"]
    path = tmp_path / "w.csv"
    frame.to_csv(path, index=False)
    capsys.readouterr()
    assert command(["backcheck", "record", str(path), "-c", str(config)]) == ExitCode.PARTLY_JUDGED
    told = capsys.readouterr().err
    assert "1 recorded" in told
    assert "1 not filled in" in told
    for place in ("line 3, column outcome", "line 4, column overall", "line 6, column reference"):
        assert place in told
    assert "stands twice" in told
    path.write_text("reference,outcome\n0000-0000,reached\n", "utf-8")
    assert command(["backcheck", "record", str(path), "-c", str(config)]) == ExitCode.PARTLY_JUDGED
    assert "was never drawn" in capsys.readouterr().err
    path.write_text("a,b\n1,2\n", "utf-8")
    assert command(["backcheck", "record", str(path), "-c", str(config)]) == ExitCode.INPUT


def test_a_tier_is_tested_in_list_order_and_the_missing_count_against_it(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = _draw(config, tmp_path, "--seed", "tier", "--unit", "u2", "--response", "1")
    assert set(frame["unit_id"]) == {"u2"}
    random = [m for m in _members(config) if "random" in m["arms"]]
    (tier,) = _result(config, capsys)["tiers"]
    assert (tier["tier"], tier["value"], tier["records"], tier["risk"]) == ("xuat_sac", 1, 40, 1)
    assert tier["more"] == len(random)
    # All but the first of the list have answered: nothing may be concluded from them yet.
    path = _fill(frame.iloc[1:], tmp_path / "f.csv", **STANDS)
    command(["backcheck", "record", str(path), "-c", str(config)])
    (tier,) = _result(config, capsys)["tiers"]
    later = random[0]["reference"] != frame["reference"].iloc[0]
    assert later or tier["risk"] == 1.0
    path = _fill(frame.iloc[:1], tmp_path / "f.csv", **STANDS)
    command(["backcheck", "record", str(path), "-c", str(config)])
    (tier,) = _result(config, capsys)["tiers"]
    assert tier["risk"] <= 0.05
    assert tier["enough"]
    path = _fill(frame.iloc[:9], tmp_path / "f.csv", outcome="refused")
    command(["backcheck", "record", str(path), "-c", str(config)])
    (tier,) = _result(config, capsys)["tiers"]
    assert tier["risk"] > tier["risk_if_typical"] > 0.05
    assert not tier["enough"]


@pytest.mark.parametrize(
    "words",
    [
        ["draw"],
        ["draw", "--seed", " "],
        ["draw", "--seed", "1", "--power", "1.5"],
        ["draw", "--seed", "1", "--rate", "0.6"],
        ["draw", "--seed", "1", "--unit", "nowhere"],
        ["draw", "--seed", "1", "--instrument", "nowhere"],
        ["draw", "--seed", "1", "--size", "0"],
        ["draw", "--draw", "99"],
        ["record"],
        ["result", "--format", "xml"],
        ["result", "--confidence", "95"],
        ["result", "--draw", "99"],
        ["result", "x.csv"],
        ["nothing"],
    ],
)
def test_wrong_words_end_in_one_line(
    words: list[str], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert command(["backcheck", *words, "-c", str(config)]) == ExitCode.USAGE
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


# --- pure parts


def _record(name: str, **changes: Any) -> Eligible:
    about = {"unit_id": "u", "suspect": False, "counted": True, "satisfied": 4, "answers": 4}
    return Eligible(name, **(about | {"level": 1.0} | changes))


def test_arms_are_what_they_are_called() -> None:
    low = _record("a", satisfied=1)
    assert [a for a in Arm if low.belongs(a)] == [Arm.RANDOM]
    assert [a for a in Arm if _record("a").belongs(a)] == [Arm.HIGH, Arm.RANDOM]
    bad = _record("a", suspect=True)
    assert [a for a in Arm if bad.belongs(a)] == [Arm.SUSPECT, Arm.RANDOM]
    blank = _record("a", satisfied=0, answers=0)
    assert not blank.belongs(Arm.HIGH)


def test_a_record_of_two_arms_is_asked_once() -> None:
    records = [_record(str(number), suspect=number < 5) for number in range(12)]
    drawn = choose(records, dict.fromkeys(Arm, 12), "s")
    assert len({d.record.record_id for d in drawn}) == len(drawn) == 12
    assert sum(Arm.SUSPECT in d.arms for d in drawn) == 5


@pytest.mark.parametrize(
    ("said", "level", "verdict"),
    [
        (Said(Outcome.NOT_REACHED, 2), 1.0, Verdict.OPEN),
        (Said(Outcome.NOT_REACHED, 6), 1.0, Verdict.MISSING),
        (Said(Outcome.REFUSED), 1.0, Verdict.MISSING),
        (Said(Outcome.WRONG_CONTACT), 1.0, Verdict.MISSING),
        (Said(Outcome.REACHED), 1.0, Verdict.UNCLEAR),
        (Said(Outcome.REACHED, 1, "yes", "yes", "self"), None, Verdict.STANDS),
        (Said(Outcome.REACHED, 1, "yes", "yes", "family", "yes", 0.75), 1.0, Verdict.STANDS),
        (Said(Outcome.REACHED, 1, "yes", "unsure", "self"), 1.0, Verdict.UNCLEAR),
        (Said(Outcome.REACHED, 1, "yes", "yes", "self", "no"), 1.0, Verdict.UNCLEAR),
        (Said(Outcome.REACHED, 1, "no"), 1.0, Verdict.ALTERED),
        (Said(Outcome.REACHED, 1, "yes", "no"), 1.0, Verdict.ALTERED),
        (Said(Outcome.REACHED, 1, "yes", "yes", "staff"), 1.0, Verdict.ALTERED),
        (Said(Outcome.REACHED, 1, "yes", "yes", "self", "yes", 0.5), 1.0, Verdict.ALTERED),
        (Said(Outcome.REACHED, 1, "yes", "yes", "self", "yes", 1.0), 0.5, Verdict.UNCLEAR),
        (Said(Outcome.REACHED, 1, "yes", "yes", "self", "yes", 0.5, 0.5), 1.0, Verdict.STANDS),
    ],
)
def test_only_what_cannot_be_forgotten_counts_as_altered(
    said: Said, level: float | None, verdict: Verdict
) -> None:
    assert verdict_of(said, level) is verdict

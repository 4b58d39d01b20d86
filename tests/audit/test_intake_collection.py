"""What is known of a collection: read from TOML and tables, and how a mistake is told."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from audit.intake.collection import Collection, load_collection, read_circumstances
from audit.pipeline.run import run_round
from audit.settings import load_settings
from detectors.circumstances import ANY_UNIT, Circumstances
from detectors.errors import ConfigError, InputError
from detectors.instrument import load_instrument
from tests.audit.rounds import answers, responses_csv, small_round, tools, write_instrument

TEXT = """
office_hours = [8.0, 17.0]
office_days = [1, 6]
shared = ["kiosk-1"]
assisted_days = [{ day = 2026-08-01, unit = "u1" }, { day = 2026-08-02 }]
transactions = "t.csv"
complaints = "c.csv"
baseline = "b.csv"
successors = { old = "u1" }
"""


@pytest.fixture
def folder(tmp_path):
    write_instrument(tmp_path)
    (tmp_path / "collection.toml").write_text(TEXT, "utf-8")
    (tmp_path / "t.csv").write_text(
        "case_id,unit_id,finished_at\nH1,u1,2026-07-01T09:00\nH2,u1,\n,u1,2026-07-02\n", "utf-8"
    )
    (tmp_path / "c.csv").write_text("unit_id,complaints\nu1,1.200\nu2,many\n", "utf-8")
    (tmp_path / "b.csv").write_text(responses_csv(answers(1, 30, "old")), "utf-8")
    return tmp_path


def known(folder):
    written = load_collection(folder / "collection.toml")
    files = {key: folder / path for key, path in written.files().items()}
    return read_circumstances(written, files, load_instrument(folder / "instrument.toml"))


def test_everything_written_reaches_the_checks(folder):
    found = known(folder)
    beside = found.circumstances
    assert beside.office_hours == (8.0, 17.0)
    assert beside.office_days == {0, 5}
    assert beside.shared == {"kiosk-1"}
    assert beside.assisted_days == {("u1", dt.date(2026, 8, 1)), (ANY_UNIT, dt.date(2026, 8, 2))}
    assert beside.successors == {"old": "u1"}
    assert beside.transactions["case_id"].tolist() == ["H1", "H2"]
    assert beside.transactions["finished_at"].tolist()[0] == pd.Timestamp("2026-07-01 09:00")
    assert beside.complaints["complaints"].tolist()[0] == 1200
    assert len(beside.baseline) == 30
    assert [problem.where for problem in found.problems] == ["c.csv, line 3, column complaints"]


def test_nothing_written_is_what_checks_assume(folder):
    beside = read_circumstances(Collection(), {}, load_instrument(folder / "instrument.toml"))
    usual = Circumstances()
    for name in ("timezone", "office_hours", "office_days", "shared", "cutoffs", "method_break"):
        assert getattr(beside.circumstances, name) == getattr(usual, name)
    assert beside.circumstances.transactions is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("office_hours = [18, 7]", "key office_hours"),
        ("office_days = [0]", "1 Monday to 7 Sunday"),
        ("kiosks = []", "known keys are office_hours"),
        ("assisted_days = [{ unit = 'u1' }]", "key assisted_days.0.day"),
        ("office_days = ", "not a valid TOML"),
    ],
)
def test_a_wrong_key_is_named(tmp_path, text, says):
    path = tmp_path / "c.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_collection(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_table_without_its_column_is_told(folder):
    (folder / "t.csv").write_text("case,unit_id\nH1,u1\n", "utf-8")
    with pytest.raises(InputError, match="case_id"):
        known(folder)


def test_a_round_reads_it_and_works_again_when_it_changes(tmp_path):
    config = small_round(tmp_path / "r")
    folder = config.parent
    (folder / "t.csv").write_text("case_id\nH1\n", "utf-8")
    config.write_text(
        config.read_text("utf-8") + '\n[collection]\ntransactions = "t.csv"\n', "utf-8"
    )
    rows = responses_csv(answers(2, 30, "u1"))
    (folder / "inbox/responses/r.csv").write_text(rows, "utf-8")
    seen = []

    def screen(*args, **kwargs):
        from detectors.screening import screen as real

        seen.append(kwargs["circumstances"])
        return real(*args, **kwargs)

    first = run_round(load_settings(config), tools(screen=screen))
    assert seen[0].transactions["case_id"].tolist() == ["H1"]
    assert seen[0].cutoffs == (0.95, 0.8, 0.7, 0.5)
    assert first.counts["new_collection"] == 1
    assert run_round(load_settings(config), tools(screen=screen)).nothing_new
    (folder / "t.csv").write_text("case_id\nH1\nH2\n", "utf-8")
    assert not run_round(load_settings(config), tools(screen=screen)).nothing_new
    assert seen[-1].transactions["case_id"].tolist() == ["H1", "H2"]


def test_a_table_that_the_settings_name_must_be_there(tmp_path):
    config = small_round(tmp_path / "r")
    config.write_text(
        config.read_text("utf-8") + '\n[collection]\ncomplaints = "none.csv"\n', "utf-8"
    )
    with pytest.raises(ConfigError, match=r"collection\.complaints"):
        run_round(load_settings(config), tools())

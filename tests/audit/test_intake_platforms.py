"""Exports of survey platforms: the same answers from each, by a mapping that was guessed."""

from __future__ import annotations

import csv
import io
import tomllib
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from audit.cli.intake import mapping_toml
from audit.cli.main import run as command
from audit.intake._labels import scale_of
from audit.intake._moments import month_first_seen, parse_platform_time
from audit.intake.guess import guess_mapping
from audit.intake.mapping import Repeated, TableMapping
from audit.intake.presets import PRESETS
from audit.intake.tables import read_responses
from audit.settings import load_settings
from detectors.errors import ConfigError, ExitCode, InputError
from detectors.instrument import Instrument, load_instrument
from tests.audit.platforms import ANSWERS, EXPORTS, instrument
from tests.audit.rounds import small_round


@pytest.fixture
def form(tmp_path: Path) -> Instrument:
    return load_instrument(instrument(tmp_path))


@pytest.fixture(params=EXPORTS)
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    path.write_bytes(EXPORTS[request.param][1]())
    return path


def test_every_platform_gives_the_same_records(export: Path, form: Instrument) -> None:
    guess = guess_mapping(export, form)
    assert guess.mapping.preset == EXPORTS[export.name][0]
    assert guess.complete
    read = read_responses(export, form, mapping=guess.mapping)
    frame = read.frame
    assert len(frame) == len(ANSWERS)
    if not export.name.startswith("google"):
        assert frame["record_id"].tolist() == [row[0] for row in ANSWERS]
    assert frame["record_id"].is_unique
    assert frame["unit_id"].tolist() == [row[1] for row in ANSWERS]
    stamps = [pd.Timestamp(row[2]) for row in ANSWERS]
    assert frame["submitted_at"].dt.floor("s").tolist() == stamps
    for place, item in enumerate(("A1", "B2", "E3"), start=3):
        wanted = [float(row[place]) for row in ANSWERS]
        assert frame[item].tolist() == wanted, item
    # A fact that was asked as a choice of several counts only where one was chosen.
    assert frame["D7"].fillna(0).tolist() == [1, 0, 2]
    codes = {problem.code for problem in read.problems}
    assert codes <= {"select_multiple", "test_row"}
    assert "select_multiple" in codes
    assert ("test_row" in codes) == (export.name == "qualtrics.csv")


def test_a_mapping_that_was_written_down_is_read_again(
    export: Path, form: Instrument, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "mapping.toml"
    words = ["intake", str(export), "-i", str(form.path), "-o", str(written)]
    assert command(words) == ExitCode.DONE
    told = capsys.readouterr().err
    assert f"{len(ANSWERS)} records, {len(ANSWERS)} with answers" in told
    guess = guess_mapping(export, form)
    found = tomllib.loads(written.read_text("utf-8"))["instrument"]["mapping"]
    assert TableMapping(**found) == guess.mapping
    config = small_round(tmp_path / "r")
    text = config.read_text("utf-8")
    table = text.index("[[instrument]]")
    after = text.find("\n[", table + 1)
    after = len(text) if after < 0 else after
    config.write_text(text[:after] + "\n" + written.read_text("utf-8") + text[after:], "utf-8")
    settings = load_settings(config)
    assert settings.instrument[0].table == guess.mapping


def test_a_survey_without_date_stamps_has_no_times(form: Instrument, tmp_path: Path) -> None:
    path = tmp_path / "limesurvey.csv"
    text = EXPORTS["limesurvey.csv"][1]().decode("utf-8")
    for _, _, at, *_ in ANSWERS:
        text = text.replace(at, "1980-01-01 00:00:00")
    path.write_text(text, "utf-8")
    guess = guess_mapping(path, form)
    read = read_responses(path, form, mapping=guess.mapping)
    assert len(read.frame) == len(ANSWERS)
    assert read.frame["submitted_at"].isna().all()
    assert "bad_value" not in {problem.code for problem in read.problems}


def test_labels_that_nobody_chose_yet_are_known_too(form: Instrument, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("record_id,unit_id,A1,B2,E3\n1,u1,Hài lòng,Hài lòng,Hài lòng\n", "utf-8")
    mapping = guess_mapping(path, form).mapping
    path.write_text("record_id,unit_id,A1,B2,E3\n1,u1,rất không hài lòng,3,Hài lòng\n", "utf-8")
    read = read_responses(path, form, mapping=mapping)
    assert read.problems == ()
    assert read.frame.loc[0, ["A1", "B2", "E3"]].tolist() == [1, 3, 4]


def test_what_is_doubtful_is_said_and_not_guessed(
    form: Instrument, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "Timestamp,Đơn vị,A1,B2,E3\n3/7/2026 8:00:00,u1,Tuyệt vời,5,4\n", encoding="utf-8"
    )
    guess = guess_mapping(path, form)
    assert guess.mapping.labels == {}
    assert any("'Tuyệt vời'" in doubt for doubt in guess.doubts)
    assert any("day or with the month" in doubt for doubt in guess.doubts)
    path.write_text("id,B2,E3\n1,4,5\n", encoding="utf-8")
    assert command(["intake", str(path), "-i", str(form.path)]) == ExitCode.PARTLY_JUDGED
    told = capsys.readouterr()
    assert "missing: a rating needs its column" in told.err
    assert "[instrument.mapping]" in told.out
    path.write_bytes(b"")
    assert command(["intake", str(path), "-i", str(form.path)]) == ExitCode.INPUT
    assert command(["intake", str(tmp_path / "no.csv"), "-i", str(form.path)]) == ExitCode.ACCESS


def test_labels_are_taken_only_from_a_scale_that_holds_all_of_them() -> None:
    assert scale_of(["Hài lòng", "5. RẤT HÀI LÒNG."], 5) == {"hài lòng": 3, "5. rất hài lòng": 4}
    assert scale_of(["Hài lòng"], 3) == {"hài lòng": 2}
    assert scale_of(["Hài lòng", "Good"], 5) is None
    assert scale_of(["Tốt", "Khá", "Kém"], 4) == {"tốt": 3, "khá": 2, "kém": 0}
    assert scale_of(["Hài lòng"], 7) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Mar 7, 2023 2:05:11 PM", "2023-03-07T14:05:11"),
        ("Oct 10, 2015 12:26:24 AM", "2015-10-10T00:26:24"),
        ("2023/03/07 8:10:01 AM GMT+7", "2023-03-07T08:10:01+07:00"),
        ("2023/03/07 8:10:01 PM GMT-3:30", "2023-03-07T20:10:01-03:30"),
        ("07/03/2023 2:05:11 CH", "2023-03-07T14:05:11"),
        ("07/03/2023 12:05:11 SA", "2023-03-07T00:05:11"),
        ("07/03/2023", "2023-03-07T00:00:00"),
        ("07-03-2023 14:05", "2023-03-07T14:05:00"),
    ],
)
def test_times_of_platforms(text: str, wanted: str) -> None:
    assert parse_platform_time(text).isoformat() == wanted


@pytest.mark.parametrize("text", ["13:00", "Foo 7, 2023", "31/02/2023", "07/03/2023 13:00 CH"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_platform_time(text)


def test_the_month_is_told_by_a_part_above_twelve() -> None:
    assert parse_platform_time("3/7/2023", month_first=True).isoformat() == "2023-03-07T00:00:00"
    assert month_first_seen(["7/3/2023", "7/15/2023"]) is True
    assert month_first_seen(["7/3/2023", "15/7/2023"]) is False
    assert month_first_seen(["7/3/2023"]) is None
    assert month_first_seen(["15/7/2023", "7/15/2023"]) is None


@pytest.mark.parametrize(("keep", "code", "rows"), [("all", "repeated_submission", {0, 2}),
                                                    ("last", "superseded", {0})])  # fmt: skip
def test_repeated_submissions_are_kept_and_told(
    keep: str, code: str, rows: set[int], form: Instrument, tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    path.write_text(
        "record_id,unit_id,account,case_id,submitted_at,A1,B2,E3\n"
        "a,u1,p,c1,2026-07-01T08:00,5,5,5\nb,u1,q,c1,2026-07-01T08:00,5,5,5\n"
        "c,u1,p,c1,2026-07-02T08:00,1,1,1\nd,u1,,c1,2026-07-02T08:00,1,1,1\n",
        "utf-8",
    )
    rule = Repeated(by=("account", "case_id"), keep=keep)
    read = read_responses(path, form, mapping=TableMapping(repeated=rule))
    assert len(read.frame) == 4
    found = {problem.record_id for problem in read.problems}
    assert {problem.code for problem in read.problems} == {code}
    assert found == {"abcd"[row] for row in rows}
    absent = Repeated(by=("phone",))
    read = read_responses(path, form, mapping=TableMapping(repeated=absent))
    assert [problem.code for problem in read.problems] == ["bad_mapping"]


def test_constants_units_and_codes_of_a_mapping(form: Instrument, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("record_id,office,A1,B2,E3\n1,Phường Một,tốt lắm,-,Không rõ\n", "utf-8")
    mapping = TableMapping(
        columns={"unit_id": "office"},
        units={"Phường Một": "u1"},
        channel="kiosk",
        labels={"Tốt lắm": 5},
        item_labels={"E3": {"không rõ": 3}},
        blank=("-",),
    )
    read = read_responses(path, form, mapping=mapping, units={"u1"})
    row = read.frame.iloc[0]
    assert (row["unit_id"], row["channel"], row["A1"], row["E3"]) == ("u1", "kiosk", 5.0, 3.0)
    assert pd.isna(row["B2"])
    assert read.problems == ()
    one = TableMapping(unit="u7", labels={"Tốt lắm": 5}, blank=("-", "không rõ"), columns={})
    path.write_text("record_id,A1,B2,E3\n1,5,-,-\n", "utf-8")
    assert read_responses(path, form, mapping=one, required=("unit_id",)).frame[
        "unit_id"
    ].tolist() == ["u7"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('preset = "survey_planet"', "no preset 'survey_planet'"),
        ('times = "Hanoi"', "no time zone"),
        ('colums = { A1 = "x" }', "colums"),
    ],
)
def test_a_wrong_mapping_is_told(line: str, words: str, tmp_path: Path) -> None:
    config = small_round(tmp_path / "r")
    text = config.read_text("utf-8")
    place = text.index("[[instrument]]")
    after = text.find("\n[", place + 1)
    after = len(text) if after < 0 else after
    new = f"{text[:after]}\n[instrument.mapping]\n{line}\n{text[after:]}"
    config.write_text(new, "utf-8")
    with pytest.raises(ConfigError, match=r".") as caught:
        load_settings(config)
    assert words in str(caught.value)


def test_every_preset_has_an_export_here() -> None:
    assert {platform for platform, _ in EXPORTS.values()} == set(PRESETS)
    assert mapping_toml(TableMapping(preset="odk")) == '[instrument.mapping]\npreset = "odk"'


def test_an_archive_gives_its_own_table_or_says_why_not(form: Instrument, tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    for names, said in (
        (("a.csv", "b.csv"), "2 tables of its own"),
        (("media/a.csv",), "no CSV file at its top"),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "record_id,unit_id,A1,B2,E3\n1,u1,1,1,1\n")
        with pytest.raises(InputError, match=said):
            read_responses(path, form)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match="damaged"):
        read_responses(path, form)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "record_id\n" + "1\n" * 5_000_000)
    with pytest.raises(InputError, match="unpacks to far more"):
        read_responses(path, form)


def _saved_again(name: str, rows: slice, heads: dict[str, str], coding: str) -> bytes:
    """An export as people hand it on: header rows deleted, heads of another language."""
    text = EXPORTS[name][1]().decode("utf-8-sig")
    separator = ";" if text.split("\n")[0].count(";") else ","
    lines = list(csv.reader(io.StringIO(text), delimiter=separator))
    kept = [[heads.get(cell, cell) for cell in lines[0]], *lines[1:][rows]]
    stream = io.StringIO()
    csv.writer(stream, delimiter=";").writerows(kept)
    return stream.getvalue().encode(coding)


@pytest.mark.parametrize(
    ("name", "rows", "heads", "coding"),
    [
        ("kobo.csv", slice(0, None), {}, "utf-16"),
        ("odk.csv", slice(0, None), {}, "utf-8-sig"),
        ("google.csv", slice(0, None), {"Dấu thời gian": "Horodateur"}, "utf-8-sig"),
        ("limesurvey_text.csv", slice(0, None), {"Response ID": "ID phản hồi"}, "utf-8-sig"),
    ],
)
def test_exports_that_were_saved_again(
    name: str, rows: slice, heads: dict[str, str], coding: str, form: Instrument, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(_saved_again(name, rows, heads, coding))
    guess = guess_mapping(path, form)
    assert guess.mapping.preset == EXPORTS[name][0]
    assert guess.complete
    frame = read_responses(path, form, mapping=guess.mapping).frame
    assert frame["A1"].tolist() == [float(row[3]) for row in ANSWERS]
    stamps = [pd.Timestamp(row[2]) for row in ANSWERS]
    assert frame["submitted_at"].dt.floor("s").tolist() == stamps


def test_header_rows_that_were_deleted_by_hand(form: Instrument, tmp_path: Path) -> None:
    """Of Qualtrics' three: with the texts, items are guessed; without, they are mapped by hand."""
    path = tmp_path / "qualtrics.csv"
    names = TableMapping(preset="qualtrics", columns={"A1": "Q2_1", "B2": "Q2_2", "E3": "Q2_3"})
    for kept in (slice(0, None), slice(1, None), slice(2, None)):
        path.write_bytes(_saved_again("qualtrics.csv", kept, {}, "utf-8"))
        read = read_responses(path, form, mapping=names)
        assert read.frame["record_id"].tolist() == [row[0] for row in ANSWERS], kept
    lines = _saved_again("qualtrics.csv", slice(0, None), {}, "utf-8").split(b"\r\n")
    path.write_bytes(b"\r\n".join([*lines[:2], *lines[3:]]))
    guess = guess_mapping(path, form)
    assert guess.complete
    assert guess.mapping.columns["A1"] == "Q2_1"
    assert len(read_responses(path, form, mapping=guess.mapping).frame) == len(ANSWERS)

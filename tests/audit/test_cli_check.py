"""``survey-audit check`` and ``calibrate`` on files: what is printed, where, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import shutil

import numpy as np
import pytest

from audit.cli.check import _COLUMNS
from audit.cli.main import run
from detectors.errors import ExitCode
from detectors.registry import Level, discover
from scans.reference import PAGE
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec, tampered_spec
from tests.scans.pages import form, honest, written
from tests.schemas import accept_page


@pytest.fixture(scope="module")
def sheet():
    return written(honest("HL-01", 2, 11), "cli-honest")


@pytest.fixture(scope="module")
def toml():
    return str(form("HL-01").path)


@pytest.fixture
def folder(tmp_path, sheet):
    """A good page, a file that is none, and a text that says it is a page."""
    shutil.copy(sheet, tmp_path / "b-good.jpg")
    (tmp_path / "a-cut.jpg").write_bytes(sheet.read_bytes()[:5000])
    (tmp_path / "c-text.jpg").write_text("not a picture")
    return tmp_path


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_data_go_to_output_and_talk_goes_to_error(sheet, toml, capsys):
    assert run(["check", str(sheet), "--instrument", toml]) == ExitCode.DONE
    out, err = capsys.readouterr()
    (line,) = lines_of(out)
    accept_page(line)
    assert (line["file"], line["status"], line["form_page"]) == (str(sheet), "read", 2)
    assert "1 pages: 1 read" in err


def test_a_page_drawn_from_a_pdf_is_read_and_not_shown_as_clean(sheet, toml, tmp_path, capsys):
    """The picture is laid under a text: the page has to be rendered, and no such page is known."""
    import pikepdf
    from PIL import Image

    path = tmp_path / "page.pdf"
    Image.open(sheet).convert("RGB").save(path, "PDF", resolution=300.0)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].contents_add(b"q 0 0 0 rg 20 20 60 2 re f Q")
        pdf.save(path)
    assert run(["check", str(path), "--instrument", toml]) == ExitCode.PARTLY_JUDGED
    out, err = capsys.readouterr()
    (line,) = lines_of(out)
    accept_page(line)
    assert (line["status"], line["scan_class"]) == ("read", "rendered")
    # The contract wants a number and a boolean of a page that was read; green it is not.
    assert (line["flagged"], line["suspicion"], line["severity"]) == (False, 0.5, "yellow")
    assert "erasure.fluid" in line["not_assessable"]
    assert "not judged" in err
    assert "1 could not be judged" in err
    assert run(["check", str(path), "--instrument", toml, "--format", "csv"]) == (
        ExitCode.PARTLY_JUDGED
    )
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["flagged"] == ""


def test_bad_files_are_listed_and_the_good_one_is_judged(folder, toml, capsys):
    missing = folder / "none.jpg"
    code = run(["check", str(folder), str(missing), "--instrument", toml])
    assert code == ExitCode.PARTLY_JUDGED
    out, err = capsys.readouterr()
    lines = lines_of(out)
    for line in lines:
        accept_page(line)
    status = {line["file"].rsplit("/", 1)[-1]: line["status"] for line in lines}
    assert status["b-good.jpg"] == "read"
    assert {status[name] for name in ("a-cut.jpg", "none.jpg")} == {"not_checked"}
    for name in ("a-cut.jpg", "c-text.jpg", "none.jpg"):
        assert name in err, name
    assert "could not be judged" in err


def test_another_form_is_refused_and_ends_with_ten(sheet, capsys):
    assert run(["check", str(sheet), "-i", str(form("YK-01").path)]) == ExitCode.PARTLY_JUDGED
    out, err = capsys.readouterr()
    (line,) = lines_of(out)
    accept_page(line)
    assert line["status"] == "wrong_form"
    assert "wrong_form" in err


def test_csv_has_one_row_a_page_and_no_formulas(folder, sheet, toml, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    code = run(["check", "b-good.jpg", "=1+1.jpg", "--instrument", toml, "--format", "csv"])
    assert code == ExitCode.PARTLY_JUDGED
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert tuple(rows[0]) == _COLUMNS
    assert [row["file"] for row in rows] == ["b-good.jpg", "'=1+1.jpg"]
    assert [row["status"] for row in rows] == ["read", "not_checked"]
    assert rows[0]["flagged"] in {"true", "false"}
    # Not judged is not clean.
    assert rows[1]["flagged"] == rows[1]["severity"] == rows[1]["suspicion"] == ""


def test_a_table_is_for_people(sheet, toml, capsys):
    assert run(["check", str(sheet), "--instrument", toml, "--format", "table"]) == ExitCode.DONE
    head, row = capsys.readouterr().out.splitlines()
    assert tuple(head.split()) == _COLUMNS
    assert row.startswith(str(sheet))


def test_a_file_is_written_whole_and_nothing_is_printed(folder, toml, capsys):
    target = folder / "deep" / "out.jsonl"
    page = str(folder / "b-good.jpg")
    assert run(["check", page, "--instrument", toml, "--output", str(target)]) == ExitCode.DONE
    assert capsys.readouterr().out == ""
    (line,) = lines_of(target.read_text(encoding="utf-8"))
    accept_page(line)
    assert [path.name for path in target.parent.iterdir()] == ["out.jsonl"]


def test_a_check_that_fails_leaves_the_old_file(folder, toml, capsys):
    target = folder / "out.jsonl"
    target.write_text("old")
    (folder / "ref.json").write_text("{}")
    more = ["--reference", str(folder / "ref.json"), "--output", str(target)]
    code = run(["check", str(folder / "b-good.jpg"), "--instrument", toml, *more])
    assert code == ExitCode.INPUT
    assert "ref.json" in capsys.readouterr().err
    assert target.read_text() == "old"
    assert not list(folder.glob(".out.jsonl*"))


@pytest.mark.parametrize("rate", ["0", "1", "-0.1", "1.5", "nan", "much"])
def test_a_rate_must_be_a_share(sheet, toml, rate, capsys):
    code = run(["check", str(sheet), "--instrument", toml, f"--false-flag-rate={rate}"])
    assert code == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "--false-flag-rate" in err


@pytest.mark.parametrize(
    "more", [["--format", "xml"], ["--jobs", "0"], ["--nothing"]], ids=["format", "jobs", "option"]
)
def test_wrong_words_are_wrong_usage(sheet, toml, more, capsys):
    assert run(["check", str(sheet), "--instrument", toml, *more]) == ExitCode.USAGE
    assert more[0] in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "calibrate"])
def test_pages_and_an_instrument_are_needed(sheet, toml, command, capsys):
    assert run([command, "--instrument", toml]) == ExitCode.USAGE
    assert run([command, str(sheet)]) == ExitCode.USAGE
    assert "--instrument" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read"),
        ("id = ", "TOML"),
        ('id = "X"\ntitel = "x"', "titel"),
        ('id = "X"\n[[item]]\nid = "A"\nscale = [1]', "scale"),
    ],
    ids=["missing", "no-toml", "unknown-key", "short-scale"],
)
def test_a_bad_instrument_is_told_in_one_line(sheet, tmp_path, content, told, capsys):
    path = tmp_path / "bad.toml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert run(["check", str(sheet), "--instrument", str(path)]) == ExitCode.INPUT
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert "bad.toml" in line
    assert told in line
    assert "Traceback" not in err


def test_calibrate_learns_and_check_uses_it(folder, toml, capsys):
    second = written(honest("HL-01", 2, 12), "cli-second")
    first, target = folder / "b-good.jpg", folder / "ref.json"
    assert run(["calibrate", str(first), str(second), "-i", toml, "-o", str(target)]) == (
        ExitCode.DONE
    )
    out, err = capsys.readouterr()
    assert out == ""
    assert "2 pages learnt, 0 left out" in err
    # Two pages are too few to replace what ships with the program, and it says so.
    assert "built-in reference stays in force" in err
    learnt = json.loads(target.read_text(encoding="utf-8"))
    assert sum(learnt["pages"].values()) == 2
    assert learnt["source"]["instrument"] == "HL-01"
    known = {*discover(Level.PAGE), PAGE}
    assert {entry["check"] for entry in learnt["honest"]} <= known
    plain = ["check", str(second), "--instrument", toml]
    assert run(plain) == run([*plain, "--reference", str(target)]) == ExitCode.DONE
    one, other = lines_of(capsys.readouterr().out)
    assert one == other


def test_calibrate_names_what_it_leaves_out(folder, toml, capsys):
    target = folder / "ref.json"
    assert run(["calibrate", str(folder), "-i", toml, "-o", str(target)]) == ExitCode.PARTLY_JUDGED
    assert "a-cut.jpg" in capsys.readouterr().err
    assert json.loads(target.read_text(encoding="utf-8"))["pages"]


def test_calibrate_writes_nothing_where_it_learnt_nothing(folder, toml, capsys):
    target = folder / "ref.json"
    code = run(["calibrate", str(folder / "a-cut.jpg"), "-i", toml, "-o", str(target)])
    assert code == ExitCode.INPUT
    assert "none of the pages" in capsys.readouterr().err
    assert not target.exists()


# --- references that were learned with other versions of the checks


@pytest.fixture(scope="module")
def learnt(toml, tmp_path_factory):
    """What ``calibrate`` writes, as if it had seen three hundred pages that are always loud."""
    folder = tmp_path_factory.mktemp("reference")
    sheets = [written(honest("HL-01", 2, seed), f"cli-learnt-{seed}") for seed in (21, 22)]
    target = folder / "ref.json"
    assert run(["calibrate", *map(str, sheets), "-i", toml, "-o", str(target)]) == ExitCode.DONE
    data = json.loads(target.read_text(encoding="utf-8"))
    for entry in data["honest"]:
        if entry["check"] != PAGE:
            entry |= {"scores": [1e6], "counts": [300]}
    return data


def told(toml, data, path, sheet, capsys):
    """The page and what was said of the reference; that as its file is on ``path``."""
    path.write_text(json.dumps(data), encoding="utf-8")
    assert run(["check", str(sheet), "-i", toml, "--reference", str(path)]) == ExitCode.DONE
    out, err = capsys.readouterr()
    (page,) = lines_of(out)
    return page, [line for line in err.splitlines() if "warning" in line]


@pytest.fixture(scope="module")
def copied():
    """A page with a mark that was copied in the file."""
    plain = random_spec("HL-01", 2, 31, profile="flatbed")
    spec = tampered_spec(plain, "CAT_3", np.random.default_rng(31), variant="box", strength="gross")
    return written(simulate_page(spec, 31), "cli-copied")


def test_calibrate_notes_with_which_versions_of_the_checks_it_learnt(learnt):
    today = {check_id: check.info.version for check_id, check in discover(Level.PAGE).items()}
    assert {check: learnt["checks"][check] for check in today} == today
    assert learnt["checks"].keys() - today.keys() == {PAGE}


def test_a_reference_of_todays_checks_is_used_without_a_word(
    learnt, toml, copied, tmp_path, capsys
):
    page, said = told(toml, learnt, tmp_path / "ref.json", copied, capsys)
    assert said == []
    # It was made to say that honest pages of this scanner are louder than anything.
    assert "paste.copy_move" not in {finding["detector"] for finding in page["findings"]}


def test_a_check_that_changed_since_falls_back_to_the_builtin_reference(
    learnt, toml, copied, tmp_path, capsys
):
    old = learnt | {"checks": learnt["checks"] | {"paste.copy_move": "0"}}
    page, said = told(toml, old, tmp_path / "old.json", copied, capsys)
    assert page["flagged"]
    assert {finding["detector"] for finding in page["findings"]} == {"paste.copy_move"}
    (line,) = said
    for part in (str(tmp_path / "old.json"), "paste.copy_move", "survey-audit calibrate"):
        assert part in line
    assert "paste.cloned_box" not in line


def test_a_reference_that_does_not_say_is_as_if_there_were_none(
    learnt, toml, copied, tmp_path, capsys
):
    old = {key: value for key, value in learnt.items() if key != "checks"}
    page, said = told(toml, old, tmp_path / "old.json", copied, capsys)
    assert run(["check", str(copied), "-i", toml]) == ExitCode.DONE
    assert lines_of(capsys.readouterr().out) == [page]
    (line,) = said
    assert "all checks" in line


def test_what_the_builtin_reference_does_not_know_is_not_assessable(
    learnt, toml, copied, tmp_path, capsys
):
    """Fine print is judged after ``calibrate`` only."""
    check = "erasure.light_print"
    scan_class = next(e["scan_class"] for e in learnt["honest"] if e["check"] == PAGE)
    known = {"check": check, "scan_class": scan_class, "scores": [0.0], "counts": [300]}
    data = learnt | {"honest": [*learnt["honest"], known]}
    page, _ = told(toml, data, tmp_path / "ref.json", copied, capsys)
    before = page["not_assessable_reasons"].get(check, "")
    assert "no honest pages" not in before
    old = data | {"checks": data["checks"] | {check: "0"}}
    page, (line,) = told(toml, old, tmp_path / "old.json", copied, capsys)
    assert "no honest pages" in page["not_assessable_reasons"][check]
    assert check in line

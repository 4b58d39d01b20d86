"""The commands of a round, as a shell sees them: output, exit codes, errors in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.cli.main import build_app, run
from audit.export import csv_text, json_text, write_frame
from audit.pipeline.run import LOCK
from detectors.errors import ExitCode
from tests.audit.rounds import answers, responses_csv, small_round, write_instrument

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = small_round(tmp_path / "r")
    rows = answers(1, 30, "u1") + answers(2, 30, "u2")
    (tmp_path / "r/inbox/responses/a.csv").write_text(responses_csv(rows), "utf-8")
    return path


def _call(*words: str) -> subprocess.CompletedProcess[str]:
    code = "from audit.cli.main import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C"}
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )


def test_help_is_there_in_a_blink_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom audit.cli.main import run\ncode = run(['--help'])\n"
        "heavy = {'pandas', 'scipy', 'sklearn', 'pyod', 'numba', 'matplotlib', 'cv2',"
        " 'sqlalchemy', 'pydantic_settings', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'{heavy}' if heavy else int(code))"
    )
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - start < 1.5
    for name in ("init", "run", "status", "score", "report", "export", "verify"):
        assert name in done.stdout


def test_results_of_agencies_stand_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small_round(tmp_path / "r")
    write_instrument(tmp_path / "r/instruments/second", form_id="T-02")
    second = '[[instrument]]\nfile = "instruments/second/instrument.toml"\nprogramme = "agency"\n'
    text = config.read_text("utf-8")
    config.write_text(text.replace("[engine]", second + "[engine]"), "utf-8")
    for form, count in (("T-01", 4), ("T-02", 3)):
        place = tmp_path / "r/inbox/responses" / form
        place.mkdir()
        rows = answers(1 if form == "T-01" else 2, count, "u1")
        (place / "a.csv").write_text(responses_csv(rows), "utf-8")
    run(["run", "-c", str(config)])
    told = capsys.readouterr().err
    assert told.count("reports: ") == 2
    for form in ("T-01", "T-02"):
        assert f"{form}/index.html" in told
    assert run(["score", "-c", str(config)]) == ExitCode.DONE
    lines = capsys.readouterr().out.splitlines()
    found = {line: lines[n + 2].split() for n, line in enumerate(lines) if line.startswith("T-0")}
    assert {name: cells[:2] for name, cells in found.items()} == {
        "T-01 (satisfaction)": ["u1", "4"],
        "T-02 (agency)": ["u1", "3"],
    }


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    names = [command.name for command in build_app().registered_commands]
    for name in names:
        assert name is not None
        assert run([name, "--help"]) == ExitCode.DONE
        text = capsys.readouterr().out
        assert len(text.splitlines()) > 5


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nothing"],
        ["--nothing"],
        ["run", "--fail-on", "purple"],
        ["run", "--jobs", "many"],
        ["export", "everything"],
        ["export", "records", "--format", "xlsx"],
        ["report", "--format", "stone"],
        ["status", "--format", "stone"],
    ],
)
def test_wrong_usage_ends_in_one(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == ExitCode.USAGE
    assert "Traceback" not in capsys.readouterr().err


def test_a_traceback_is_shown_only_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "--config", str(tmp_path / "none.toml")]
    assert run(words) == ExitCode.CONFIG
    text = capsys.readouterr().err
    assert len(text.splitlines()) == 1
    assert "none.toml" in text
    assert run([*words, "--debug"]) == ExitCode.CONFIG
    assert "Traceback" in capsys.readouterr().err


def test_an_unexpected_error_is_one_line_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug\nin two lines")

    monkeypatch.setattr("audit.summary.summarise", broken)
    assert run(["run", "-c", str(config), "--no-reports"]) == ExitCode.DONE
    capsys.readouterr()
    assert run(["status", "-c", str(config)]) == ExitCode.WORKER
    text = capsys.readouterr().err
    assert len(text.splitlines()) == 1
    assert "--debug" in text

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("audit.summary.summarise", stopped)
    assert run(["status", "-c", str(config)]) == ExitCode.INTERRUPTED


def _metrics(text: str) -> dict[str, float]:
    """Samples of the Prometheus text format, read by its own parser."""
    from prometheus_client.parser import text_string_to_metric_families

    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{k}="{v}"' for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_a_round_by_its_commands(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status", "-c", str(config)]) == ExitCode.ACCESS
    assert "survey-audit run" in capsys.readouterr().err
    assert run(["run", "-c", str(config)]) == ExitCode.DONE
    first = capsys.readouterr().out
    assert run(["run", "-c", str(config.parent)]) == ExitCode.DONE
    assert "nothing new" in capsys.readouterr().out
    assert first.split(":")[0]
    assert run(["status", "-c", str(config), "--format", "json"]) == ExitCode.DONE
    status = json.loads(capsys.readouterr().out)
    assert (status["runs"], status["not_judged"]) == (1, [])
    assert run(["status", "-c", str(config), "--format", "prometheus"]) == ExitCode.DONE
    metrics = _metrics(capsys.readouterr().out)
    of_round = f'{{round="{status["round"]}"}}'
    assert metrics[f"survey_audit_runs{of_round}"] == 1
    assert metrics[f"survey_audit_not_judged{of_round}"] == 0
    assert metrics[f"survey_audit_last_run_finished_seconds{of_round}"] > 1.7e9
    assert any(name.startswith('survey_audit_records{kind="') for name in metrics)
    # A label would tell a monitoring server what a report masks.
    assert "u1" not in "".join(metrics)
    assert run(["score", "-c", str(config)]) == ExitCode.DONE
    assert capsys.readouterr().out.startswith("unit_id")
    assert (config.parent / "reports/index.html").is_file()
    out = tmp_path / "out"
    words = ["report", "u1", "-c", str(config), "--language", "en", "--output", str(out)]
    assert run(words) == ExitCode.DONE
    pages = capsys.readouterr().out.split()
    assert len(pages) == 2
    assert "signs" in Path(pages[-1]).read_text("utf-8")
    assert run(["report", "u7", "-c", str(config)]) == ExitCode.USAGE
    assert "u7" in capsys.readouterr().err


def test_reports_are_the_same_bytes_when_made_again(config: Path, tmp_path: Path) -> None:
    assert run(["run", "-c", str(config)]) == ExitCode.DONE
    for name in ("one", "two"):
        assert run(["report", "-c", str(config), "-o", str(tmp_path / name)]) == ExitCode.DONE
    one = {
        p.relative_to(tmp_path / "one"): p.read_bytes() for p in (tmp_path / "one").rglob("*.html")
    }
    two = {
        p.relative_to(tmp_path / "two"): p.read_bytes() for p in (tmp_path / "two").rglob("*.html")
    }
    assert one == two
    assert len(one) == 2 + 2 + 2 * 2


def test_verify_tells_a_changed_original(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "-c", str(config), "--no-reports"]) == ExitCode.DONE
    assert run(["verify", "-c", str(config)]) == ExitCode.DONE
    original = next(p for p in (config.parent / "originals").rglob("*") if p.is_file())
    original.chmod(0o640)
    original.write_bytes(original.read_bytes() + b"x")
    capsys.readouterr()
    assert run(["verify", "-c", str(config)]) == ExitCode.TRAIL
    assert original.name in capsys.readouterr().out


def test_a_held_round_ends_in_seventy_five(config: Path) -> None:
    import fcntl

    with (config.parent / LOCK).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert run(["run", "-c", str(config)]) == ExitCode.BUSY


def test_a_reader_that_goes_away_is_no_error(config: Path) -> None:
    assert run(["run", "-c", str(config), "--no-reports"]) == ExitCode.DONE
    code = "from audit.cli.main import main; main()"
    command = f"{sys.executable} -c '{code}' export records -c {config} | head -1"
    done = subprocess.run(
        command,
        shell=True,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("instrument_id,record_id")


def test_vietnamese_leaves_a_machine_without_a_locale(tmp_path: Path) -> None:
    done = _call("init", str(tmp_path / "Quý 3"))
    assert done.returncode == 0
    assert "Quý 3" in done.stdout


@pytest.mark.parametrize(
    "what", ["records", "findings", "units", "scores", "decisions", "held", "custody", "runs"]
)
def test_every_export_comes_in_every_format(what: str, config: Path, tmp_path: Path) -> None:
    assert run(["run", "-c", str(config), "--no-reports"]) == ExitCode.DONE
    sizes = {}
    for kind in ("csv", "xlsx", "parquet", "json"):
        path = tmp_path / f"{what}.{kind}"
        words = ["export", what, "-c", str(config), "--format", kind, "--output", str(path)]
        assert run(words) == ExitCode.DONE
        sizes[kind] = _read(path, kind)
    assert len(set(sizes.values())) == 1


def _read(path: Path, kind: str) -> int:
    if kind == "json":
        return len(json.loads(path.read_text("utf-8")))
    if kind == "parquet":
        return len(pd.read_parquet(path))
    if kind == "xlsx":
        return max(0, (openpyxl.load_workbook(path).worksheets[0].max_row or 1) - 1)
    lines = path.read_text("utf-8-sig").strip()
    return 0 if not lines else len(pd.read_csv(path))


def test_scores_have_the_columns_of_the_contract(config: Path, tmp_path: Path) -> None:
    assert run(["run", "-c", str(config), "--no-reports"]) == ExitCode.DONE
    path = tmp_path / "s.csv"
    assert run(["export", "scores", "-c", str(config), "-o", str(path)]) == ExitCode.DONE
    frame = pd.read_csv(path)
    versions = ("as_received", "after_review", "bound_low", "bound_high")
    wanted = {"value_as_received", "value_after_review", "bound_low", "bound_high", "tier_firm"}
    wanted |= {f"{part}_{version}" for part in ("tier", "rank") for version in versions}
    assert wanted <= set(frame.columns)
    overall = frame[frame["measure"] == "overall"]
    assert overall["value_as_received"].between(0, 1).all()
    assert sorted(overall["rank_as_received"]) == [1, 2]


texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\r", exclude_categories=["Cs", "Cc"]),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(texts, st.sampled_from(["=1+1", "+7", "-2", "@x", "\tx"])),
            st.floats(allow_nan=False, allow_infinity=False, width=32),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_text_becomes_a_formula_and_no_number_is_touched(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, float]]
) -> None:
    import csv
    import io

    frame = pd.DataFrame({"text": [row[0] for row in rows], "number": [row[1] for row in rows]})
    numbers = [row[1] for row in rows]
    back = list(csv.reader(io.StringIO(csv_text(frame), newline="")))[1:]
    assert [float(row[1]) for row in back] == numbers
    assert not any(row[0].startswith(("=", "+", "-", "@", "\t")) for row in back)
    assert [row[0].removeprefix("'") for row in back] == [row[0].removeprefix("'") for row in rows]
    path = tmp_path_factory.mktemp("x") / "t.xlsx"
    write_frame(frame, path, "xlsx")
    sheet = openpyxl.load_workbook(path).worksheets[0]
    cells = list(sheet.iter_rows(min_row=2, max_row=len(rows) + 1, max_col=2))
    assert all(cell.data_type != "f" for row in cells for cell in row)
    np.testing.assert_allclose([row[1].value for row in cells], numbers, rtol=1e-15)
    assert [item["number"] for item in json.loads(json_text(frame))] == numbers

"""Hostile names through a whole round: every format, page, file name, log and terminal."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from audit.cli.export import _WHAT
from audit.cli.main import run
from audit.desk.app import build_app, make_desk
from audit.desk.people import Users
from audit.judge.authority import Role
from audit.store import open_store
from audit.trail.acts import Act, Action
from detectors.errors import ExitCode
from reports.files import FORMATS
from tests.audit.rounds import answers, clock, settings_of, small_round
from tests.reports.test_report_formats import READ

NAMES = {
    "formula": "=cmd|' /C calc'!A0",
    "html": "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "attribute": "\" onmouseover=alert(1) x='",
    "template": '{{7*7}} {% raw %} ${7*7} #panic("x") $1/0$ @ref',
    "ansi": "\x1b]0;own\x07\x1b[2J\x1b[31mred \x9b31m\x85\x90q\x9c",
    "bidi": "\u202egpj.exe\u202c \u2066abc\u2069",
    "zero": "C\u200bông\u200d \ufeffan\u2060",
    "decomposed": unicodedata.normalize("NFD", "Công an phường Nguyễn Thị Minh Khai"),
    "long": "dài " * 3_000,
    "xml": "a\x00b\x01\x0b\x1f\x7f\ufffe\uffff\ud800]]>--><!-- &amp; &#0;",
    "../../../../tmp/survey-audit-evil": "../../../../etc/passwd",
    "=1+1": "a\r\nSet-Cookie: x=1\r\n\r\nb\u2028c",
    "<b>u</b>": "http://evil.example/?q=",
}
STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A round of units with these names that has run."""
    path = small_round(tmp_path_factory.mktemp("names") / "r")
    folder = path.parent
    text = re.sub("(?m)^units = .*$", "", path.read_text("utf-8"))
    path.write_text('log = "runs/log.jsonl"\nunits = "units.json"\n' + text, "utf-8")
    units = [
        {"unit_id": unit, "name": name, "group": name[:200], "level": name[:200], "served": 500}
        for unit, name in NAMES.items()
    ]
    (folder / "units.json").write_text(json.dumps(units), "utf-8")
    rows = [
        row | {"comment": NAMES[unit][:500], "batch": NAMES[unit][:50]}
        for number, unit in enumerate(NAMES)
        for row in answers(number, 12, unit)
    ]
    (folder / "inbox/responses/a.json").write_text(json.dumps(rows), "utf-8")
    return path


def _plain(html: str) -> None:
    assert "<img src=x" not in html
    assert "<script>alert" not in html
    assert not re.search(r"<[^>]*\sonmouseover=", html)
    assert STEERING.findall(html) == []


def _no_formulas(data: bytes) -> None:
    for sheet in openpyxl.load_workbook(io.BytesIO(data)):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", cell.value
                assert cell.hyperlink is None or cell.hyperlink.location, cell.value


def _no_dangerous_cell(path: Path) -> None:
    for row in csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")):
        for cell in row:
            number = re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


@pytest.mark.slow
def test_no_name_steers_anything_that_it_comes_to(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-c", str(config)]
    assert run(["run", *words]) in (ExitCode.DONE, ExitCode.PARTLY_JUDGED)
    for command in ("status", "score", "verify"):
        assert run([command, *words]) in (ExitCode.DONE, ExitCode.PARTLY_JUDGED)
    for fmt in FORMATS:
        said = ["report", *words, "--format", fmt, "--output", str(tmp_path / fmt)]
        assert run(said) == ExitCode.DONE
    told = capsys.readouterr()
    assert STEERING.findall(told.err) == []
    for what in _WHAT:
        for fmt in ("csv", "xlsx", "parquet", "json"):
            target = tmp_path / "export" / f"{what}.{fmt}"
            assert run(["export", what, *words, "--output", str(target)]) == ExitCode.DONE
    assert STEERING.findall((config.parent / "runs/log.jsonl").read_text("utf-8")) == []

    # Nothing was written elsewhere, and no file is called as a name says.
    assert not list(Path("/tmp").glob("survey-audit-evil*"))
    for path in (*tmp_path.rglob("*"), *config.parent.rglob("*")):
        assert not set(path.name) & set("<>\"'|=\n"), path
        assert STEERING.findall(path.name) == []

    for fmt in FORMATS:
        files = [path for path in (tmp_path / fmt).rglob(f"*.{fmt}") if path.is_file()]
        assert len(files) > len(NAMES), fmt
        for path in files:
            data = path.read_bytes()
            assert len(data) < 4_000_000, path
            text = READ[fmt](data)
            if fmt == "html":
                _plain(text)
            assert STEERING.findall(text) == [], path
            if fmt == "xlsx":
                _no_formulas(data)
    for path in (tmp_path / "export").iterdir():
        if path.suffix == ".csv":
            _no_dangerous_cell(path)
        elif path.suffix == ".xlsx":
            _no_formulas(path.read_bytes())
        elif path.suffix == ".parquet":
            pd.read_parquet(path)
        elif path.suffix == ".json":
            json.loads(path.read_text("utf-8"))


@pytest.mark.slow
def test_no_name_steers_a_page_of_the_desk(config: Path) -> None:
    settings = settings_of(config)
    assert run(["run", "-c", str(config)]) in (ExitCode.DONE, ExitCode.PARTLY_JUDGED)
    with open_store(settings.store_url) as store:
        with store.writing(Act(Action.DESK, clock())) as connection:
            password = Users(connection).add("lan", now=clock(), role=Role.APPROVER)
        desk = make_desk(settings, store, clock)
        client = TestClient(build_app(desk), base_url="https://testserver", follow_redirects=False)
        client.headers["origin"] = "https://testserver"
        assert client.post("/login", data={"name": "lan", "password": password}).status_code == 303
        waiting, done, pages = ["/queue?state=all", "/round", "/results"], set(), 0
        while waiting and pages < 80:
            path = waiting.pop(0)
            if path in done or path.startswith(("/static", "/logout")):
                continue
            done.add(path)
            answer = client.get(path)
            assert answer.status_code < 500, path
            for value in answer.headers.values():
                assert not STEERING.findall(value), path
                assert "\n" not in value
            if "html" in answer.headers.get("content-type", ""):
                pages += 1
                _plain(answer.text)
                links = re.findall(r'href="(/[^"#]*)', answer.text)
                waiting += [link.replace("&amp;", "&") for link in links]
        assert pages > len(NAMES)
        desk.close()

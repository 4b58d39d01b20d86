"""Hostile names through a whole round, into everything that leaves it.

Units, files, batches, records and comments are called what an attacker would call them. Then
every command, report, export, message, log and page of the desk is read for what must not be
there: markup, formulas, terminal escapes, marks of direction, headers, paths.
"""

from __future__ import annotations

import contextlib
import csv
import http.server
import io
import json
import re
import socket
import sys
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from audit.cli.export import _FORMATS, _WHAT
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

controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed")

MARKUP = "<img src=x onerror=alert(1)><script>alert(1)</script>\" onmouseover=alert(1) x='"
STEERS = "\x1b]0;own\x07\x1b[2J\x1b[31m\x9b31m\x85\x90q\x9c\u202egpj.exe\u202c\u2066abc\u2069"
XML = "a\x00b\x01\x0b\x1f\x7f\ufffe\uffff\ud800]]>--><!-- &amp; &#0; {{7*7}} ${7*7} #panic() $1/0$"
COMPOSED = "Công an phường Nguyễn Thị Minh Khai"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
UNITS = {
    f"=1+1{MARKUP[:40]}": f"=cmd|' /C calc'!A0 {MARKUP}",
    f"-2+3{STEERS}": f"@SUM(A1){STEERS} a\r\nSet-Cookie: x=1\r\n\r\nb\u2028c",
    "../../../../tmp/survey-audit-evil": f"../../../../etc/passwd {XML}",
    "u;=1+1": f'a;=HYPERLINK("http://x/?"&A1) C\u200bông\u200d\ufeffan\u2060 {"dài " * 900}',
    COMPOSED: DECOMPOSED,
}  # fmt: skip
FILES = ("=cmd.png", f"{STEERS}.png", '"><img src=x onerror=alert(1)>.png', "\u200ba;=1.png")
DONE = (ExitCode.DONE, ExitCode.PARTLY_JUDGED)
STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# PDFium's word for a hyphen at the end of a line.
HYPHEN = "\x02"


@dataclass
class Came:
    """What the operator's own servers got of a run."""

    mails: list[Any]
    posts: list[bytes]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 kept"


@contextlib.contextmanager
def servers() -> Iterator[tuple[Came, int, int]]:
    """A mail server and a web server, with what they got."""
    came = Came([], [])

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.posts.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mail = controller.Controller(came, hostname="127.0.0.1", port=port)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as web:
        thread = threading.Thread(target=web.serve_forever, daemon=True)
        thread.start()
        mail.start()
        try:
            yield came, port, web.server_port
        finally:
            mail.stop()
            web.shutdown()
            thread.join()


@dataclass
class Place:
    config: Path
    out: Path
    said: str
    came: Came


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A round of such names: run, told, reported, exported; what was said on a terminal."""
    folder = tmp_path_factory.mktemp("names")
    config = small_round(folder / "r")
    units = [
        {"unit_id": unit, "name": name, "group": "=1+1<b>", "level": name[:60], "served": 500}
        for unit, name in UNITS.items()
    ]
    (folder / "r/units.json").write_text(json.dumps(units), "utf-8")
    rows = []
    for number, (unit, name) in enumerate(UNITS.items()):
        # Each unit's name comes decomposed, as another program may write it.
        asked = unicodedata.normalize("NFD", unit)
        more = {"unit_id": asked, "comment": name[:500], "batch": name[:50]}
        rows += [
            row | more | {"record_id": f"{name[:12]}{number}-{k}"}
            for k, row in enumerate(answers(number, 12, unit))
        ]
        # Copies of one another, so that there is something to show a sign of.
        alike = [row | more | dict(zip(["A1", "A2", "B1", "B2"], (1, 5, 2, 4), strict=True))
                 for row in answers(9, 8, unit, start=50)]  # fmt: skip
        rows += [row | {"record_id": f"{unit[:9]}c{k}"} for k, row in enumerate(alike)]
    (folder / "r/inbox/responses/=1+1<b>.json").write_text(json.dumps(rows), "utf-8")
    (folder / "r/inbox/scans/u1").mkdir(parents=True)
    for number, name in enumerate(FILES):
        (folder / "r/inbox/scans/u1" / name).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes([number]))
    shown = [io.StringIO(), io.StringIO()]
    with servers() as (came, mail, web), pytest.MonkeyPatch.context() as patch:
        text = re.sub("(?m)^units = .*$", "", config.read_text("utf-8"))
        top = 'log = "runs/log.jsonl"\nunits = "units.json"\n'
        told = (
            f'[notify]\nwhen = "always"\nwebhook = "http://127.0.0.1:{web}/"\nmail = {{ host = '
            f'"127.0.0.1", port = {mail}, tls = "none", from = "a@x.vn", to = ["b@x.vn"] }}\n'
        )
        config.write_text(top + text.replace("[round]", told + "[round]", 1), "utf-8")
        # On a terminal: what goes into a file is as it is.
        patch.setattr(shown[0], "isatty", lambda: True, raising=False)
        for name, stream in zip(("stdout", "stderr"), shown, strict=True):
            patch.setattr(sys, name, stream)
        patch.setenv("SURVEY_AUDIT__SETTLE_SECONDS", "0")
        words = ["-c", str(config)]
        for command in ("run", "status", "score", "verify"):
            assert run([command, *words]) in DONE, command
        for fmt in FORMATS:
            there = ["--format", fmt, "--output", str(folder / "out" / fmt)]
            assert run(["report", *words, *there]) == ExitCode.DONE
        for what in _WHAT:
            for fmt in _FORMATS:
                target = folder / "out/export" / f"{what}.{fmt}"
                assert run(["export", what, *words, "-o", str(target)]) == ExitCode.DONE
            assert run(["export", what, *words]) == ExitCode.DONE
        form = str(folder / "r/instruments/instrument.toml")
        table = str(folder / "r/inbox/responses/=1+1<b>.json")
        there = ["--units", str(folder / "r/units.json"), "-o", str(folder / "out/export/screen")]
        for fmt in ("table", "csv", "json"):
            assert run(["screen", table, "-i", form, *there, "--format", fmt]) in DONE
    return Place(config, folder / "out", "".join(s.getvalue() for s in shown), came)


def _plain(html: str) -> None:
    """Only our own markup."""
    assert "<img src=x" not in html
    assert "<script>alert" not in html
    assert not re.search(r"<[a-z][^<>]*\sonmouseover=", html)
    assert STEERING.findall(html) == []


def _no_formulas(data: bytes) -> None:
    for sheet in openpyxl.load_workbook(io.BytesIO(data)):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", cell.value
                assert cell.hyperlink is None or cell.hyperlink.location, cell.value


def _no_formula_in_csv(text: str) -> None:
    number = re.compile(r"-?[\d.]+(e[-+]?\d+)?")
    # Opened where the separator is another one, too.
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in row:
                bare = cell.strip(' "\u00a0')
                safe = number.fullmatch(bare) or not bare.startswith(tuple("=+-@＝＋－＠"))
                assert safe, (separator, cell)


@pytest.mark.slow
def test_no_name_steers_a_terminal_a_log_or_a_message(place: Place) -> None:
    assert len(place.said) > 2_000
    assert STEERING.findall(place.said) == []
    assert "\\x1b[2J" in place.said, "the names came that far, spelled out"
    log = (place.config.parent / "runs/log.jsonl").read_text("utf-8")
    assert STEERING.findall(log) == []
    assert all(json.loads(line) for line in log.splitlines())
    assert place.came.mails
    assert place.came.posts
    for message in (*place.came.mails, *place.came.posts):
        text = message.decode("utf-8")
        assert STEERING.findall(text) == []
        for word in ("alert(1)", "calc", "passwd", "HYPERLINK", "Minh Khai", "Set-Cookie"):
            assert word not in text
    for path in (place.config.parent / "runs").rglob("*.json"):
        assert STEERING.findall(path.read_text("utf-8")) == [], path


@pytest.mark.slow
def test_no_name_becomes_a_path(place: Place) -> None:
    assert not list(Path("/tmp").glob("survey-audit-evil*"))
    given = {*FILES, "=1+1<b>.json"}
    for path in place.config.parent.parent.rglob("*"):
        if path.name not in given:
            assert not set(path.name) & set("<>\"'|=\n;"), path
            assert STEERING.findall(path.name) == [], path


@pytest.mark.slow
@pytest.mark.parametrize("fmt", list(FORMATS))
def test_no_name_steers_a_report(place: Place, fmt: str) -> None:
    files = [path for path in (place.out / fmt).rglob(f"*.{fmt}") if path.is_file()]
    assert len(files) > len(UNITS)
    texts = []
    for path in files:
        data = path.read_bytes()
        assert len(data) < 4_000_000, path
        texts.append(READ[fmt](data))
        if fmt == "html":
            _plain(texts[-1])
        if fmt == "xlsx":
            _no_formulas(data)
        assert STEERING.findall(texts[-1].replace(HYPHEN, "-")) == [], path
    every = "\n".join(texts)
    assert "alert(1)" in " ".join(every.split()), "the names are there, as text"
    assert DECOMPOSED not in every
    assert COMPOSED in " ".join(every.split())


@pytest.mark.slow
def test_no_name_is_a_formula_in_an_export(place: Place) -> None:
    seen = 0
    for path in (place.out / "export").rglob("*.*"):
        seen += 1
        if path.suffix == ".csv":
            _no_formula_in_csv(path.read_text("utf-8-sig"))
        elif path.suffix == ".xlsx":
            _no_formulas(path.read_bytes())
        elif path.suffix == ".parquet":
            pd.read_parquet(path)
        elif path.suffix == ".json":
            assert STEERING.findall(path.read_text("utf-8")) == [], path
            json.loads(path.read_text("utf-8"))
    assert seen >= len(_WHAT) * len(_FORMATS) + 3
    shown = pd.read_json(place.out / "export/records.json")
    counted = shown["unit_id"].value_counts()
    # Composed or decomposed, one unit is one unit.
    assert counted[COMPOSED] == 20
    assert len(counted) == len(UNITS)
    numbers = pd.read_csv(place.out / "export/units.csv")
    assert pd.api.types.is_numeric_dtype(numbers["n"])


@pytest.mark.slow
def test_no_name_steers_a_page_of_the_desk(place: Place) -> None:
    settings = settings_of(place.config)
    with open_store(settings.store_url) as store:
        with store.writing(Act(Action.DESK, clock())) as connection:
            password = Users(connection).add("lan", now=clock(), role=Role.APPROVER)
        desk = make_desk(settings, store, clock)
        with contextlib.closing(desk):
            client = TestClient(
                build_app(desk), base_url="https://testserver", follow_redirects=False
            )
            client.headers["origin"] = "https://testserver"
            said = client.post("/login", data={"name": "lan", "password": password})
            assert said.status_code == 303
            waiting, kinds = ["/queue?state=all", "/round"], list[str]()
            done = set[str]()
            while waiting and len(done) < 120:
                path = waiting.pop(0)
                if path in done or path.startswith(("/static", "/logout")):
                    continue
                done.add(path)
                answer = client.get(path)
                kinds.append(_steers_nothing(path, answer))
                if kinds[-1] == "text/html":
                    links = re.findall(r'href="(/[^"#]*)', answer.text)
                    waiting += [link.replace("&amp;", "&") for link in links]
            assert kinds.count("text/html") > len(UNITS)
            assert "text/csv" in kinds
            assert any("spreadsheet" in kind for kind in kinds)


def _steers_nothing(path: str, answer: Any) -> str:
    assert answer.status_code < 500, path
    for value in answer.headers.values():
        assert not STEERING.findall(value), path
        assert "\n" not in value
    assert "x=1" not in answer.headers.get("set-cookie", "")
    kind = str(answer.headers.get("content-type", "")).split(";")[0]
    if kind == "text/html":
        _plain(answer.text)
    elif kind == "text/csv":
        _no_formula_in_csv(answer.text.lstrip("\ufeff"))
    elif "spreadsheet" in kind:
        _no_formulas(answer.content)
    return kind

"""``survey-audit user`` and ``serve`` as a shell sees them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from audit.cli import demo
from audit.cli._console import program
from audit.cli.main import run
from audit.store.schema import users
from detectors.errors import ExitCode
from tests.audit.desk.conftest import Office
from tests.data import ROOT


@pytest.fixture
def config(office: Office) -> str:
    return str(office.desk.settings.base / "audit.toml")


def test_a_user_is_added_listed_and_disabled(
    config: str, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--role", "inspector", "--scope", "p1", "--home", "u2", "--valid-to", "2099-12-31"]
    assert run(["user", "add", "Nam.V", "--config", config, *words]) == ExitCode.DONE
    password = capsys.readouterr().out.strip()
    assert re.fullmatch(r"(\w{5}-){3}\w{5}", password)
    data = {"name": "nam.v", "password": password}
    assert office.anybody().post("/login", data=data).status_code == 303
    assert run(["user", "list", "--config", config]) == ExitCode.DONE
    assert re.search(r"nam\.v +nam\.v +inspector +p1 +u2 +2099-12-31", capsys.readouterr().out)
    assert run(["user", "disable", "nam.v", "--config", config]) == ExitCode.DONE
    assert office.anybody().post("/login", data=data).status_code == 401
    told = [about for act, about in office.told() if act == "user.change"]
    assert told == ["user nam.v", "user nam.v"]


def test_a_new_password_ends_the_old_one_and_all_sessions(
    config: str, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    client = office.logged_in("an")
    assert run(["user", "password", "An", "--config", config]) == ExitCode.DONE
    password = capsys.readouterr().out.strip()
    assert client.get("/queue").status_code == 303
    old = {"name": "an", "password": office.passwords["an"]}
    assert office.anybody().post("/login", data=old).status_code == 401
    assert office.anybody().post("/login", data=old | {"password": password}).status_code == 303
    assert ("user.change", "user an") in office.told()


def test_programs_are_named_as_they_can_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/survey-audit", "demo"])
    monkeypatch.setenv("PATH", "")
    assert program() == ".venv/bin/survey-audit"
    monkeypatch.setattr(sys, "argv", ["/x/pytest"])
    assert program() == "survey-audit"


@pytest.mark.parametrize(
    "words",
    [
        ["remove", "an"],
        ["add"],
        ["add", "x y", "--role", "reader"],
        ["add", "an", "--role", "reader"],
        ["add", "new", "--role", "king"],
        ["add", "new"],
        ["add", "new", "--role", "reader", "--scope", "u99"],
        ["add", "new", "--role", "reader", "--valid-to", "soon"],
        ["disable", "nobody"],
        ["password", "nobody"],
        ["password"],
    ],
)
def test_what_cannot_be_done_is_one_line(
    config: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["user", *words, "--config", config]) == ExitCode.USAGE
    assert capsys.readouterr().err.count("\n") == 1


def test_serving_answers_and_stops_when_told(config: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "from audit.cli.main import main; main()"
    server = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--config", config, "--port", str(port)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for _ in range(240):
            try:
                url = f"http://127.0.0.1:{port}/healthz"
                with urllib.request.urlopen(url, timeout=5) as answer:
                    assert answer.status == 200
                    assert answer.headers.get("server") is None
                break
            except OSError:
                assert server.poll() is None, server.stderr.read() if server.stderr else ""
                time.sleep(0.25)
        else:
            pytest.fail("the desk did not answer within a minute")
    finally:
        server.send_signal(signal.SIGINT)
        said = server.communicate(timeout=120)[1]
    assert f"http://127.0.0.1:{port}/" in said


def test_a_port_that_is_taken_is_said_in_one_line(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = ["serve", "--config", config, "--port", port]
        # In a thread of its own: a browser's driver may have a loop in this one.
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(run, words).result() == ExitCode.ACCESS
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == (f"survey-audit: 127.0.0.1:{port}: cannot listen there — choose another --port")


def test_the_demo_makes_accounts_once_and_shows_their_passwords_once(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    with office.store.engine.begin() as connection:
        connection.execute(sa.delete(users))
    demo._desk(office.desk.settings.base)
    said = capsys.readouterr().err
    assert "survey-audit serve --config" in said
    name, role, password = re.findall(r"^(\w+) +(\w+) +((?:\w{5}-){3}\w{5})$", said, re.M)[0]
    assert (name, role) == ("lan", "inspector")
    data = {"name": name, "password": password}
    assert office.anybody().post("/login", data=data).status_code == 303
    demo._desk(office.desk.settings.base)
    assert not re.search(r"(\w{5}-){3}\w{5}", capsys.readouterr().err)


def test_a_round_that_never_ran_has_no_desk(tmp_path: Path) -> None:
    assert run(["init", str(tmp_path / "r")]) == ExitCode.DONE
    assert run(["serve", "--config", str(tmp_path / "r")]) == ExitCode.ACCESS

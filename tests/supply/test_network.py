"""At run time nothing is asked of any network: a whole round with every socket watched.

The watch is an audit hook of the interpreter, set up before the program in every process
that it starts: no module can go round it, worker processes included.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.audit.rounds import answers, responses_csv, small_round
from tests.data import ROOT
from tests.scans.pages import form, honest, written

WATCH = """
import os, sys
def watch(event, args):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"):
        # Workers speak with each other by paths of the file system.
        if isinstance(args[1], (str, bytes)) or getattr(args[0], "family", None) == 1:
            return
        # The desk listens, here and nowhere else.
        if event == "socket.bind" and os.environ.get("LISTENS") and args[1][0] == "127.0.0.1":
            return
    elif event == "socket.getaddrinfo" and os.environ.get("LISTENS") and args[0] == "127.0.0.1":
        return
    elif not event.startswith(("socket.getaddrinfo", "socket.gethostby", "urllib.", "http.",
                               "ftplib.", "smtplib.")):
        return
    with open(os.environ["WATCHED"], "a") as log:
        log.write(f"{event} {args[1:]!r}\\n")
    raise OSError("no network here")
sys.addaudithook(watch)
with open(os.environ["WATCHED"] + ".processes", "a") as log:
    log.write(f"{os.getpid()}\\n")
"""
WORK = """
import sys
from audit.cli.main import run
if __name__ == "__main__":
    round_, page, form, out = sys.argv[1:]
    table = round_ + "/inbox/responses/a.csv"
    for words in (
        ["check", page, "-i", form, "--jobs", "1", "--output", out + "/pages.jsonl"],
        ["calibrate", page, "-i", form, "--jobs", "1", "--output", out + "/reference.json"],
        ["screen", table, "-i", round_ + "/instruments/instrument.toml", "-o", out + "/screen"],
        ["run", "-c", round_], ["score", "-c", round_], ["report", "-c", round_],
        ["export", "records", "-c", round_, "--format", "parquet", "-o", out + "/r.parquet"],
        ["verify", "-c", round_], ["status", "-c", round_],
    ):
        code = int(run(words))
        print("ended", words[0], code, flush=True)
"""


@pytest.mark.slow
def test_a_whole_round_asks_nothing_of_any_network(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WATCH, "utf-8")
    script = tmp_path / "work.py"
    script.write_text(WORK, "utf-8")
    round_ = small_round(tmp_path / "r").parent
    rows = answers(1, 30, "u1") + answers(2, 30, "u2")
    (round_ / "inbox/responses/a.csv").write_text(responses_csv(rows), "utf-8")
    log = tmp_path / "watched"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "WATCHED": str(log),
    }
    page = written(honest("HL-01", 2, 11), "cli-honest")
    words = [str(round_), str(page), str(form("HL-01").path), str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, str(script), *words],
        env=environment, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    said = [line.split() for line in done.stdout.splitlines() if line.startswith("ended ")]
    ended = {name: code for _, name, code in said}
    assert len(ended) == 9, done.stderr
    assert {name: code for name, code in ended.items() if code not in ("0", "10")} == {}
    assert not log.exists(), log.read_text("utf-8")
    # The watch was really there, in workers too, and would have seen something.
    assert len((tmp_path / "watched.processes").read_text().split()) >= 2
    probe = "import socket; socket.create_connection(('127.0.0.1', 9))"
    subprocess.run([sys.executable, "-c", probe], env=environment, capture_output=True, check=False)
    assert "socket.getaddrinfo" in log.read_text("utf-8")


@pytest.mark.slow
def test_the_desk_listens_and_asks_nothing_of_any_network(tmp_path: Path) -> None:
    """The real server, real logins, every page it leads to: no connection is made from here."""
    (tmp_path / "sitecustomize.py").write_text(WATCH, "utf-8")
    log = tmp_path / "watched"
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "WATCHED": str(log)}
    environment["LISTENS"] = "1"
    round_ = small_round(tmp_path / "r").parent
    rows = answers(1, 30, "u1") + answers(2, 30, "u2")
    (round_ / "inbox/responses/a.csv").write_text(responses_csv(rows), "utf-8")
    command = [sys.executable, "-c", "from audit.cli.main import main; main()"]

    def call(*words: str) -> str:
        done = subprocess.run(
            [*command, *words, "-c", str(round_)],
            env=environment, capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode in (0, 10), done.stderr
        return done.stdout + done.stderr

    call("run")
    password = re.search(r"\b(?:[a-z2-9]{5}-){3}[a-z2-9]{5}\b", call("user", "add", "lan", "--role",
                                                                      "approver"))  # fmt: skip
    assert password
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*command, "serve", "-c", str(round_), "--port", str(port)],
        env=environment, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    try:
        place = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=place, headers={"origin": place}, timeout=30) as client:
            _until_it_answers(client, server)
            said = client.post("/login", data={"name": "lan", "password": password[0]})
            assert said.status_code == 303
            waiting, seen = ["/queue", "/round", "/units/u1", "/account", "/units/u1/report"], set()
            while waiting and len(seen) < 60:
                path = waiting.pop(0)
                if path in seen:
                    continue
                seen.add(path)
                answer = client.get(path)
                assert answer.status_code < 500, path
                waiting += re.findall(r'(?:href|src)="(/[^"#]*)', answer.text)
            assert len(seen) > 10
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=30)
    assert not log.exists(), log.read_text("utf-8")
    assert len((tmp_path / "watched.processes").read_text().split()) >= 3


def _until_it_answers(client: httpx.Client, server: subprocess.Popen[str]) -> None:
    for _ in range(240):
        with contextlib.suppress(httpx.HTTPError):
            assert client.get("/healthz").status_code == 200
            return
        assert server.poll() is None, server.stderr.read() if server.stderr else ""
        time.sleep(0.25)
    pytest.fail("the desk did not answer within a minute")

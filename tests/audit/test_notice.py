"""Word of a run: by mail to a real SMTP server, by webhook to a real HTTP server."""

from __future__ import annotations

import http.server
import importlib
import json
import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from audit.nightly import run_and_tell
from audit.pipeline import tools as real
from audit.settings import load_settings
from audit.trail.cursor import reading
from audit.verification import verify_round
from detectors.errors import AccessError, ConfigError, ExitCode
from tests.audit.nights import GOOD, Silent
from tests.audit.rounds import FakeScans, Sheet, clock, settings_of, small_round

controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed")


class _Inbox:
    """Keeps what comes by mail."""

    def __init__(self) -> None:
        self.got: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.got.append((envelope, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 kept"


@pytest.fixture
def inbox() -> Iterator[tuple[_Inbox, int]]:
    kept = _Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = controller.Controller(kept, hostname="127.0.0.1", port=port)
    running.start()
    try:
        yield kept, port
    finally:
        running.stop()


class _Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(self.server.answer)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[Any]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
    server.got, server.answer = [], 204
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, FakeScans]:
    """A round with a page, a sheet of an unknown unit and pages judged by hand."""
    config, scans = small_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u1/tên-riêng.png", Sheet(GOOD, serial="S-1"))
    scans.put(tmp_path / "r", "u9/b.png", Sheet(GOOD, serial="S-2"))
    monkeypatch.setattr(real, "_judge_pages", scans)
    screening = importlib.import_module("detectors.screening")
    monkeypatch.setattr(screening, "screen", lambda *_, **__: Silent())
    monkeypatch.setenv("SURVEY_AUDIT__SETTLE_SECONDS", "0")
    return config, scans


def _configured(config: Path, *lines: str) -> None:
    text = config.read_text("utf-8")
    config.write_text(text.replace("[round]", "\n".join([*lines, "[round]"]), 1), "utf-8")


def run(config: Path, said: list[str]) -> Any:
    return run_and_tell(
        settings_of(config),
        now=clock,
        progress=lambda items, label, total: iter(items),
        actor="anna",
        talk=said.append,
    )


def _mail(port: int) -> str:
    return (
        f'mail = {{ host = "127.0.0.1", port = {port}, tls = "none", '
        'from = "audit@x.vn", to = ["a@x.vn", "b@x.vn"] }'
    )


def _notices(config: Path) -> list[dict[str, Any]]:
    with reading(settings_of(config).store_url) as cursor:
        bodies = [json.loads(row[0]) for row in cursor("SELECT body FROM trail ORDER BY seq")]
    return [body["after"] for body in bodies if body["action"] == "notice"]


def test_mail_and_webhook_tell_counts_and_no_names(
    place: tuple[Path, FakeScans],
    inbox: tuple[_Inbox, int],
    hook: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config, _ = place
    address = f"http://127.0.0.1:{hook.server_port}/hook"
    monkeypatch.setenv("HOOK_TOKEN", "sesame")
    _configured(
        config, "[notify]", _mail(inbox[1]), f'webhook = "{address}"', 'token_env = "HOOK_TOKEN"'
    )
    said: list[str] = []
    outcome = run(config, said)
    assert (said, outcome.exit_code) == ([], ExitCode.PARTLY_JUDGED)
    ((envelope, message),) = inbox[0].got
    assert envelope.rcpt_tos == ["a@x.vn", "b@x.vn"]
    assert message["Subject"].startswith("[survey-audit] r: Đã xong")
    assert message["Subject"].endswith("(10)")
    text = message.get_content()
    assert "Not judged: 1" in text
    assert "Chưa đánh giá được: 1" in text
    ((path, headers, body),) = hook.got
    assert (path, headers["Authorization"]) == ("/hook", "Bearer sesame")
    assert (body["exit_code"], body["run"]) == (10, outcome.run_id)
    assert body["counts"]["records"] == 2
    manifest = json.loads((config.parent / f"runs/{outcome.run_id}.json").read_text("utf-8"))
    assert manifest["exit_code"] == 10
    assert len(body["manifest_sha256"]) == 64
    for word in ("tên-riêng", "u1", "u9", "S-1", "S-2"):
        assert word not in text + json.dumps(body, ensure_ascii=False)
    assert _notices(config) == [{"mail": "sent", "webhook": "sent"}]
    # Nothing new: nobody is told, and nothing is written.
    assert run(config, said).nothing_new
    assert (len(inbox[0].got), len(hook.got), len(_notices(config))) == (1, 1, 1)
    assert verify_round(settings_of(config)).faults == []


def test_what_cannot_be_sent_is_recorded_and_fails_nothing(
    place: tuple[Path, FakeScans], hook: Any
) -> None:
    config, _ = place
    hook.answer = 302
    address = f"http://127.0.0.1:{hook.server_port}/hook"
    _configured(config, "[notify]", _mail(9), f'webhook = "{address}"')
    said: list[str] = []
    assert run(config, said).exit_code is ExitCode.PARTLY_JUDGED
    assert said == [
        "warning: the mail was not sent: ConnectionRefusedError",
        "warning: the webhook was not sent: HTTP 302",
    ]
    assert len(hook.got) == 1
    assert _notices(config) == [{"mail": "ConnectionRefusedError", "webhook": "HTTP 302"}]


def test_a_run_that_fails_tells_so(place: tuple[Path, FakeScans], hook: Any) -> None:
    config, _ = place
    address = f"http://127.0.0.1:{hook.server_port}/hook"
    _configured(config, "[notify]", 'when = "trouble"', f'webhook = "{address}"')
    run(config, [])
    (config.parent / "inbox/scans/u1/c.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"c")
    (config.parent / "originals").rename(config.parent / "gone")
    (config.parent / "originals").write_text("a file stands in the way")
    with pytest.raises(AccessError):
        run(config, [])
    assert [body["exit_code"] for _, _, body in hook.got] == [10, 5]
    assert hook.got[1][2]["error"] == "AccessError"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["[notify]", 'webhook = "ftp://x"'], "key notify.webhook"),
        (["[notify]", 'webhook = "https://u:p@x/"'], "without a password"),
        (["[notify]", 'mail = { host = "h", from = "a@x", to = [] }'], "key notify.mail.to"),
        (["[notify]", 'mail = { host = "h", from = "a@x", to = ["b"] }'], "no mail address"),
        (["[notify]", 'mail = { host = "h", from = "a@x\\n", to = ["b@x"] }'], "notify.mail.from"),
        (
            ["[notify]", 'mail = { host = "h", from = "a@x", to = ["b@x"], user = "u" }'],
            "go together",
        ),
        (["[notify]", "whem = 1"], "known are when, mail, webhook, token_env"),
        (["[notify.mail]", 'hots = "h"'], "key notify.mail"),
    ],
)
def test_a_wrong_key_is_named(lines: list[str], says: str, tmp_path: Path) -> None:
    config = small_round(tmp_path / "r")
    _configured(config, *lines)
    with pytest.raises(ConfigError) as told:
        load_settings(config)
    assert says in str(told.value)


def test_addresses_of_people_stay_out_of_the_trail(
    place: tuple[Path, FakeScans], inbox: tuple[_Inbox, int]
) -> None:
    config, _ = place
    _configured(config, "[notify]", _mail(inbox[1]))
    run(config, [])
    with reading(settings_of(config).store_url) as cursor:
        assert not any("a@x.vn" in str(row[0]) for row in cursor("SELECT body FROM trail"))


def test_the_log_withholds_whatever_names_anybody(place: tuple[Path, FakeScans]) -> None:
    config, _ = place
    config.write_text('log = "runs/log.jsonl"\n' + config.read_text("utf-8"), "utf-8")
    outcome = run(config, [])
    text = (config.parent / "runs/log.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "phase.start"
    assert events.count("file.judged") == 2
    assert events[-1] == "run.end"
    assert (lines[-1]["run"], lines[-1]["exit_code"]) == (outcome.run_id, 10)
    assert all("timestamp" in line for line in lines)
    assert {line["phase"] for line in lines if line["event"] == "phase.end"} >= {
        *("look", "take_in", "registers", "pages", "comparison", "tables", "records", "scores")
    }
    for word in ("tên-riêng", "u1/", "u9/", "S-1", "S-2", "anna"):
        assert word not in text
    assert "withheld" not in text
    from audit.logs import log_to

    with log_to("other.jsonl", config.parent) as log:
        log("event", run="Nguyễn Văn A", place="units/u1.csv", records=3, error="line 2: A1")
    told = json.loads((config.parent / "other.jsonl").read_text("utf-8"))
    assert told.pop("timestamp")
    assert told == {
        "event": "event",
        "run": "withheld",
        "place": "withheld",
        "records": 3,
        "error": "withheld",
    }

"""What ASVS 5.0 asks of every answer, every password, every session: on all that the desk has."""

from __future__ import annotations

import json
import math
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from starlette.types import Receive, Scope, Send

from audit.cli.serve import configured
from audit.desk import factors, passwords
from audit.desk.people import Users
from audit.desk.permissions import Permission
from audit.judge.authority import Role
from audit.store import open_store
from audit.store.schema import decisions, sessions, users
from tests.audit.desk.conftest import PEOPLE, Office
from tests.audit.desk.test_desk_access import every_route
from tests.data import ROOT

YEAR = 31_536_000
STATIC = ROOT / "audit/desk/static"
TEXTS = ("text/", "application/javascript", "image/svg+xml")


def everything(office: Office) -> list[tuple[str, Any]]:
    """What every route answers to nobody and to somebody of every role, with its address."""
    people = [office.anybody()]
    people += [office.logged_in(n) for n in ("an", "dung", "khanh", "lam", "mai")]
    found = []
    for method, path, permission in every_route(office):
        # Whoever logs out gets no further answers.
        if path == "/logout":
            continue
        for client in people if permission is not Permission.PUBLIC else people[:1]:
            found.append((path, client.request(method, path)))
    assert len(found) > 150
    return found


def test_every_answer_has_every_header_and_is_what_it_says(office: Office) -> None:
    for path, answer in everything(office):
        headers = answer.headers
        policy = dict(part.strip().split(" ", 1) for part in
                      headers["content-security-policy"].split(";"))  # fmt: skip
        for name in ("default-src", "base-uri", "frame-ancestors"):
            assert policy[name] == "'none'", path
        assert policy.get("object-src", "'none'") == "'none'"
        assert not re.search(r"unsafe|\*|https?:|data:", " ".join(policy.values())), path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        age = re.match(r"max-age=(\d+); includeSubDomains", headers["strict-transport-security"])
        assert age
        assert int(age[1]) >= YEAR
        assert not [name for name in headers if name.startswith("access-control-")], path
        if answer.status_code != 200 or not path.startswith("/static/"):
            assert headers["cache-control"] == "no-store", path
        kind = headers.get("content-type", "")
        if answer.content:
            assert kind, path
        if kind.startswith(TEXTS):
            assert "charset=utf-8" in kind.lower(), (path, kind)
        if kind.startswith("text/html"):
            assert answer.text.lstrip().lower().startswith("<!doctype html>"), path
        elif kind.startswith("application/json"):
            json.loads(answer.content)
        elif kind == "image/jpeg":
            assert answer.content.startswith(b"\xff\xd8\xff"), path


def test_every_page_leads_out_and_its_passwords_hide_and_take_what_is_pasted(
    office: Office,
) -> None:
    pages = [
        (path, answer.text)
        for path, answer in everything(office)
        if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    ]
    # A report is a document, opened from the page of its unit.
    inside = [(path, text) for path, text in pages if path not in ("/login", "/units/u1/report")]
    assert len(inside) > 20
    fields = set()
    with office.store.reading() as connection:
        hashed = connection.execute(sa.select(sessions.c.id_hash)).scalars().all()
    for path, text in pages:
        assert 'action="/logout"' in text or (path, text) not in inside, path
        for link in re.findall(r'(?:href|src|action)="([^"]*)"', text):
            assert not re.search("password=|token|session=", link), link
            assert not [key for key in hashed if key in link], path
        for field in re.findall(r"<input[^>]*>", text):
            named = re.search(r'name="(password|new|again|old)"', field)
            if named:
                fields.add(named[1])
                assert 'type="password"' in field
                assert re.search(r'autocomplete="(current|new)-password"', field), field
                assert "readonly" not in field
    assert fields >= {"password", "new", "again"}
    for path in STATIC.glob("*.js"):
        assert "paste" not in path.read_text("utf-8")


def test_logging_out_clears_what_the_browser_kept(office: Office) -> None:
    client = office.logged_in("an")
    answer = client.post("/logout")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert "__Host-desk" not in client.cookies
    # Kept in a browser are the look of pages, and the draft of one's own remark until it is sent.
    kept = set[str]()
    for path in STATIC.glob("*.js"):
        kept |= set(re.findall(r"Storage\.\w+\(([^,)]+)", path.read_text("utf-8")))
    assert kept == {'"sent"', '"advance"', '"compare"', '"look"', '"layers-off"', "draft", "key",
                    "sent"}  # fmt: skip


@pytest.mark.parametrize(
    "password",
    [
        "toàn chữ thường không dấu nào khác ở đây cả",
        "0937 5521 8846 1190 3327",
        " có khoảng trắng ở đầu, và ở cuối nữa nhé ",
        "é" * 2 + "!\u3042\U0001f600 gạch ngói sông Hồng" * 3,
        "đường đê mùa nước nổi, " * 40,
    ],
)
def test_any_password_counts_exactly_as_it_was_typed(password: str) -> None:
    stored = passwords.hash_password(password)
    assert passwords.verify(stored, password)
    for other in (password.strip() + "x", password[:-1], password[1:], password.swapcase() + " "):
        assert not passwords.verify(stored, other)


def test_a_password_is_never_cut() -> None:
    longest = "đường đê mùa nước nổi, "
    longest = (longest * 50)[: passwords._LONGEST]
    stored = passwords.hash_password(longest)
    assert passwords.verify(stored, longest)
    assert not passwords.verify(stored, longest + "x")


def test_a_password_grows_no_older(office: Office) -> None:
    chosen = "một câu dài tự đặt"
    form = {"password": office.passwords["an"], "new": chosen, "again": chosen}
    assert office.logged_in("an").post("/account/password", data=form).status_code == 200
    office.clock.on(days=3 * 366)
    answer = office.anybody().post("/login", data={"name": "an", "password": chosen})
    assert answer.status_code == 303


def test_a_new_round_lets_nobody_in_and_asks_nothing_that_others_know(
    tmp_path: Path, office: Office
) -> None:
    with open_store(f"sqlite:///{tmp_path / 'new.db'}") as store, store.reading() as connection:
        assert list(Users(connection).all()) == []
    client = office.anybody()
    for name in ("admin", "root", "demo", "sa", "survey-audit"):
        for password in (name, "admin", "password", ""):
            said = client.post("/login", data={"name": name, "password": password})
            assert said.status_code in (401, 429)
    assert not {c.name for c in users.columns} & {"hint", "question", "answer", "birthday"}


def test_recovery_codes_are_too_many_to_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def choice(signs: str) -> str:
        drawn.append(signs)
        return signs[len(drawn) % len(signs)]

    monkeypatch.setattr(factors.secrets, "choice", choice)  # the system's own randomness
    code = factors._code()
    assert len(drawn) == len(code.replace("-", ""))
    assert sum(math.log2(len(set(signs))) for signs in drawn) >= 112
    uri = factors.enrolment_uri("A" * 32, "an", "r")
    assert "secret=" + "A" * 32 in uri  # 32 signs of base 32: 160 bits


def test_who_was_refused_what_is_told_without_a_name(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    client, number = office.logged_in("giang"), office.case("S-1")
    capsys.readouterr()
    assert client.get("/admin").status_code == 403
    assert client.get(f"/cases/{number}").status_code == 404
    said = client.post("/logout", headers={"sec-fetch-site": "cross-site"})
    assert said.status_code == 403
    assert client.post(f"/cases/{number}/notes", data={"text": "x"}).status_code in (400, 404)
    log = capsys.readouterr().err
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["event"] for line in lines] == ["refused"] * 4
    assert [line["status"] for line in lines[:3]] == [403, 404, 403]
    assert lines[0]["route"] == "/admin"
    assert lines[1]["route"] == "/cases/{case_id}"
    assert all(line["timestamp"].endswith("+00:00") for line in lines)
    with office.store.reading() as connection:
        query = sa.select(users.c.id).where(users.c.name == "giang")
        assert lines[0]["account"] == connection.execute(query).scalar()
    assert not re.search(rf"giang|S-1|u1|/{number}\b", log)


@pytest.mark.parametrize(
    ("peer", "seen"), [("203.0.113.9", "203.0.113.9"), ("127.0.0.1", "9.9.9.9")]
)
def test_only_a_proxy_on_this_machine_says_who_asks(
    peer: str, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import anyio

    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    came: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        came.append(scope)

    config = configured(app, "127.0.0.1", 1)
    config.load()
    headers = [(b"x-forwarded-for", b"9.9.9.9"), (b"x-forwarded-proto", b"https")]
    scope = {"type": "http", "method": "GET", "path": "/", "scheme": "http", "headers": headers,
             "client": (peer, 1), "server": ("127.0.0.1", 1), "query_string": b"",
             "http_version": "1.1", "asgi": {"version": "3.0"}}  # fmt: skip

    async def ask() -> None:
        await config.loaded_app(scope, None, None)

    # In a thread of its own: a browser's driver may have a loop in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(anyio.run, ask).result()
    assert came[0]["client"][0] == seen
    assert came[0]["scheme"] == ("https" if peer == "127.0.0.1" else "http")


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 4\r\nContent-Length: 60",
        "Content-Length: +4",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Content-Length : 4",
    ],
)
def test_where_a_message_ends_is_told_in_one_way(place: str, head: str) -> None:
    """A second request hidden in the first is not answered."""
    hidden = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    said = f"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n\r\na=b&{hidden}"
    address = urlsplit(place)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), timeout=5) as line:
        line.sendall(said.encode())
        line.shutdown(socket.SHUT_WR)
        got = b""
        while part := line.recv(65_536):
            got += part
    assert got.startswith(b"HTTP/1.1 4"), got[:200]
    assert b'"status":"ok"' not in got


def test_what_a_form_does_not_have_changes_nothing(office: Office) -> None:
    client, number = office.logged_in("an"), office.case("S-1")
    page = client.get(f"/cases/{number}").text
    version = re.search(r'name="version" value="([^"]+)"', page)
    assert version
    whole = {"version": version[1], "verdict": "confirm", "reason": "confirm.alteration_seen"}
    # Out of the address instead of the form, or of both.
    query = "&".join(f"{name}={value}" for name, value in whole.items())
    more = {"password": office.passwords["an"]}
    assert client.post(f"/cases/{number}/decide?{query}", data=more).status_code == 400
    assert office.state("S-1") == "open"
    # Whoever decides is who is logged in, whatever else is sent.
    beside = {"user_id": "1", "user": "binh", "actor": "binh", "role": "admin", "state": "closed"}
    said = client.post(f"/cases/{number}/decide", data=whole | more | beside)
    assert said.status_code == 303
    with office.store.reading() as connection:
        actors = connection.execute(sa.select(decisions.c.actor)).scalars().all()
        roles = dict(connection.execute(sa.select(users.c.name, users.c.role)).all())
    assert actors == ["an"]
    assert office.state("S-1") == "second_needed"
    new = {"password": office.passwords["an"], "new": "mật khẩu mới 2026 x", "role": "admin",
           "again": "mật khẩu mới 2026 x", "scope_unit": "", "id": "1"}  # fmt: skip
    assert client.post("/account/password", data=new).status_code == 200
    with office.store.reading() as connection:
        after = dict(connection.execute(sa.select(users.c.name, users.c.role)).all())
    assert after == roles == {name: Role(given["role"]).value for name, given in PEOPLE.items()}

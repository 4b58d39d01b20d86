"""A small round with one real page, people in every role, and a client for each."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import argon2
import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
import uvicorn
from fastapi.testclient import TestClient

from audit.desk import passwords
from audit.desk.app import build_app, make_desk
from audit.desk.people import Users
from audit.desk.web import Desk
from audit.judge.authority import Role
from audit.pipeline.run import run_round
from audit.settings import load_settings
from audit.store import Store, open_store
from audit.trail.acts import Act, Action
from detectors.finding import Severity
from detectors.instrument import load_instrument
from scans.simulate.form import write_instrument
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec, tampered_spec
from tests.audit.rounds import FakeScans, Sheet, erasure, small_round, tools

START = dt.datetime(2026, 10, 1, 2, 0, tzinfo=dt.UTC)
ADDING = Act(Action.DESK, dt.datetime(2026, 10, 1, 2, 0, tzinfo=dt.UTC))
PEOPLE: dict[str, dict[str, Any]] = {
    "an": {"role": Role.INSPECTOR},
    "binh": {"role": Role.INSPECTOR},
    "chi": {"role": Role.INSPECTOR},
    "dung": {"role": Role.APPROVER},
    "em": {"role": Role.APPROVER},
    "giang": {"role": Role.INSPECTOR, "scope_unit": "p2"},
    "hoa": {"role": Role.INSPECTOR, "home_unit": "u1"},
    "khanh": {"role": Role.READER},
    "lam": {"role": Role.ADMIN},
    "mai": {"role": Role.AUDITOR},
}
UNITS = """unit_id,name,group,level,parent_id,handles_procedures,served
p1,Công an tỉnh Một,T,tỉnh,,false,
p2,Công an tỉnh Hai,T,tỉnh,,false,
u1,=Đơn vị 1,G,xã,p1,true,500
u2,Đơn vị 2,G,xã,p1,true,500
u3,Đơn vị 3,G,xã,p2,true,500
"""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> dt.datetime:
        return self.time

    def on(self, **parts: float) -> None:
        self.time += dt.timedelta(**parts)


class Silent:
    """A screening of the table that finds nothing."""

    def __init__(self) -> None:
        names = ["record_id", "unit_id", "p_value", "q_value", "severity", "flagged"]
        self.records = pd.DataFrame(columns=[*names, "not_testable"])
        self.units = self.records.drop(columns="record_id").assign(n=[], value=[])
        self.findings = ()


@dataclasses.dataclass
class Made:
    """The round as it was made: its folder, and everybody's password."""

    folder: Path
    passwords: dict[str, str]


def _sheet(scans: FakeScans, folder: Path, name: str, *pages: tuple[Sheet, bytes | None]) -> None:
    for number, (sheet, data) in enumerate(pages, start=1):
        if data is None:
            scans.put(folder, f"{name}-{number}.png", sheet)
        else:
            path = folder / "inbox/scans" / f"{name}-{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            scans.sheets[hashlib.sha256(data).hexdigest()] = [sheet]


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Logging in often must not take the tests' time."""
    with pytest.MonkeyPatch.context() as patch:
        quick = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        patch.setattr(passwords, "_hasher", quick)
        yield


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_office_round(tmp_path_factory.mktemp("desk") / "r")


def make_office_round(folder: Path) -> Made:
    """The round that every test of the desk begins with, in the store that the settings name."""
    config = small_round(folder)
    shutil.rmtree(folder / "instruments")
    form = load_instrument(write_instrument("HL-01", folder / "instruments"))
    (folder / "units.csv").write_text(UNITS, "utf-8")
    spec = random_spec("HL-01", 2, 11, profile="flatbed", number=1)
    chance = np.random.default_rng(3)
    real = simulate_page(tampered_spec(spec, "TAY_2", chance, strength="gross", items=1), 11).data
    first, second = (p for p in form.pages)
    good = {item.id: item.ordered_scale[-1] for item in form.ratings}
    bad = {item.id: item.ordered_scale[0] for item in form.ratings}
    box = second.boxes[3]
    sign = dataclasses.replace(erasure(box.item), box_mm=box.box_mm)
    red = dataclasses.replace(sign, severity=Severity.RED)
    yellow = dataclasses.replace(sign, severity=Severity.YELLOW)

    def page(number: int, serial: str, answers: dict[str, Any], **more: Any) -> Sheet:
        items = {b.item for p in (first, second) if p.number == number for b in p.boxes}
        given = {k: v for k, v in answers.items() if k in items}
        return Sheet(given, serial=serial, form_page=number, **more)

    scans = FakeScans()
    one = (page(1, "S-1", bad), None)
    _sheet(scans, folder, "u1/s1", one, (page(2, "S-1", bad, findings=(red,)), real))
    _sheet(scans, folder, "u1/s2", (page(2, "S-2", good, findings=(sign,)), None))
    alike = dataclasses.replace(sign, matches=("inbox/scans/u1/s1-2.jpg#1",))
    for serial, unit, found in (("S-3", "u2", sign), ("S-4", "u3", alike), ("S-5", "u3", yellow)):
        flagged = False if found is yellow else None
        pages = (
            (page(1, serial, good), None),
            (page(2, serial, bad, findings=(found,), flagged=flagged), None),
        )
        _sheet(scans, folder, f"{unit}/{serial}", *pages)
    for number in range(6, 12):
        pages = ((page(1, f"S-{number}", good), None), (page(2, f"S-{number}", good), None))
        _sheet(scans, folder, f"u{number % 3 + 1}/h{number}", *pages)
    run_round(
        load_settings(config),
        tools(
            scans,
            screen=lambda *_args, **_kwargs: Silent(),
        ),
    )
    with open_store(load_settings(config).store_url) as store, store.writing(ADDING) as connection:
        users = Users(connection)
        secrets = {name: users.add(name, now=START, **given) for name, given in PEOPLE.items()}
    return Made(folder, secrets)


@dataclasses.dataclass
class Office:
    """The desk with its clients.

    Attributes:
        desk: The application's parts.
        app: The application.
        store: Its store.
        clock: Its clock.
        passwords: Of everybody.
    """

    desk: Desk
    app: Any
    store: Store
    clock: Clock
    passwords: dict[str, str]

    def anybody(self) -> TestClient:
        client = TestClient(
            self.app,
            base_url="https://testserver",
            follow_redirects=False,
            raise_server_exceptions=False,
        )
        client.headers["origin"] = "https://testserver"
        return client

    def logged_in(self, name: str) -> TestClient:
        client = self.anybody()
        answer = client.post("/login", data={"name": name, "password": self.passwords[name]})
        assert answer.status_code == 303, answer.text
        client.headers["x-name"] = name  # for the tests: whose password decide() gives again
        return client

    def case(self, label: str) -> int:
        """The key of the case about one record."""
        with self.store.reading() as connection:
            from audit.store.cases import Cases

            cases = Cases(connection, self.desk.settings.round.id).open()
        return next(c["id"] for c in cases if c["subject_id"] == label)

    def decide(
        self, client: TestClient, label: str, verdict: str, reason: str = "", **more: str
    ) -> Any:
        """Say a word on the version that the client sees."""
        return self.decide_on(client, self.case(label), verdict, reason, **more)

    def decide_on(
        self, client: TestClient, number: int, verdict: str, reason: str = "", **more: str
    ) -> Any:
        """The same on a case of that key."""
        found = re.search(r'name="version" value="([^"]+)"', client.get(f"/cases/{number}").text)
        codes = {
            "confirm": "confirm.alteration_seen",
            "dismiss": "dismiss.nothing_seen",
            "escalate": "escalate.unsure",
            "backcheck": "backcheck.ask_respondent",
            "reopen": "reopen.mistake",
        }
        data = {
            "version": found[1] if found else "none",
            "verdict": verdict,
            "reason": reason or codes.get(verdict, ""),
            "password": self.passwords.get(client.headers.get("x-name", ""), ""),
            **more,
        }
        return client.post(f"/cases/{number}/decide", data=data)

    def state(self, label: str) -> str:
        """Where a case stands."""
        from audit.store.cases import Cases

        with self.store.reading() as connection:
            return str(Cases(connection, self.desk.settings.round.id).states()[self.case(label)])

    def bodies(self) -> list[dict[str, Any]]:
        """Every entry of the trail, in order."""
        from audit.store.schema import trail

        with self.store.reading() as connection:
            found = connection.execute(sa.select(trail.c.body).order_by(trail.c.seq)).scalars()
            return [json.loads(body) for body in found]

    def told(self) -> list[tuple[str, str]]:
        """Acts and objects of everything that was told."""
        from audit.store.schema import trail

        with self.store.reading() as connection:
            bodies = connection.execute(sa.select(trail.c.body).order_by(trail.c.seq)).scalars()
            entries = [json.loads(body) for body in bodies]
        own = ("login", "logout", "session", "view", "lease", "export", "decision", "user")
        return [(e["action"], e["object"]) for e in entries if e["action"].startswith(own)]


@pytest.fixture
def office(made: Made, tmp_path: Path) -> Iterator[Office]:
    folder = tmp_path / "r"
    shutil.copytree(made.folder, folder)
    with opened(folder, made.passwords) as found:
        yield found


@contextlib.contextmanager
def opened(folder: Path, passwords_: dict[str, str]) -> Iterator[Office]:
    """The desk of a round."""
    settings, clock = load_settings(folder), Clock()
    with open_store(settings.store_url) as store:
        desk = make_desk(settings, store, clock)
        with contextlib.closing(desk):
            yield Office(desk, build_app(desk), store, clock, passwords_)


@pytest.fixture
def place(office: Office) -> Iterator[str]:
    """The desk on a port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(office.app, host="127.0.0.1", port=port, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield found
        found.close()

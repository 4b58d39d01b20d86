"""Fifty inspectors at work on a round of a million records: ``python -m tests.desk_load``.

The round is written straight into the store: records, and for every thirtieth of them a case
with its page, signs and answers; pages are real scans, a few dozen different ones, so that
pictures have to be decoded and laid over the form. The server is the command that users
start. Every inspector looks at a case as the browser does (page, first picture, places,
lease), thinks, and decides; all go through the same queue, so that they also meet conflicts.

Written to standard output: ``name value unit`` a line; times are of whole requests.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import sqlalchemy as sa

from audit.desk.people import Users
from audit.intake.originals_at import originals_at
from audit.judge.authority import Role
from audit.settings import Settings, load_settings
from audit.store import Store, open_store, schema
from audit.trail.acts import Act, Action
from detectors.instrument import Instrument, load_instrument
from scans.simulate.form import write_instrument
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec
from tests.postgres import postgres_server

NOW = dt.datetime(2026, 10, 1, 2, 0, tzinfo=dt.UTC)
UNITS = 700
_CONFIG = """\
language = "vi"
store = "{store}"
[round]
id = "load"
title = {{ vi = "Kỳ đo tải", en = "Load" }}
from = 2026-07-01
to = 2026-09-30
[[instrument]]
file = "instruments/instrument.toml"
"""


def make_round(folder: Path, store: str, records: int, cases: int, sheets: int) -> Settings:
    """Write a round with everything that the desk asks for."""
    form = load_instrument(write_instrument("HL-01", folder / "instruments"))
    (folder / "rules").mkdir()
    (folder / "units.csv").write_text("unit_id,name\n", "utf-8")
    (folder / "audit.toml").write_text(_CONFIG.format(store=store), "utf-8")
    settings = load_settings(folder)
    originals = originals_at(settings.originals_place)
    kept = []
    for number in range(sheets):
        spec = random_spec("HL-01", 2, 100 + number, profile="flatbed", number=number)
        (folder / "scan").write_bytes(simulate_page(spec, number).data)
        kept.append(originals.add(folder / "scan").sha256)
    with open_store(settings.store_url) as opened:
        with opened.writing(Act(Action.EVIDENCE, NOW)) as connection:
            _fill(connection, form, records, cases, kept)
        with opened.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
            plain.exec_driver_sql("ANALYZE")
    return settings


def _fill(
    connection: sa.Connection, form: Instrument, records: int, cases: int, sheets: list[str]
) -> None:
    day = dt.date(2026, 7, 1), dt.date(2026, 9, 30)
    of = {"round_id": "load", "instrument_id": form.id}

    def add(table: sa.Table, rows: list[dict[str, Any]]) -> None:
        for start in range(0, len(rows), 5_000):
            connection.execute(sa.insert(table), rows[start : start + 5_000])

    add(
        schema.rounds,
        [
            {
                "id": "load",
                "title_vi": "x",
                "title_en": "x",
                "period_from": day[0],
                "period_to": day[1],
            }
        ],
    )
    run = {"id": "run", "round_id": "load", "started_at": NOW.isoformat(), "status": "done"}
    add(schema.runs, [run | {"software": "x", "config_sha256": "x", "counts": {}}])
    units = [f"U{u:04d}" for u in range(UNITS)]
    plain = {"round_id": "load", "level": "xã", "parent_id": None, "served": 500.0}
    plain |= {"handles_procedures": True, "valid_from": None, "valid_to": None}
    add(
        schema.units,
        [
            plain | {"id": n, "unit_id": u, "name": f"Đơn vị {u}", "peer_group": f"G{n % 9}"}
            for n, u in enumerate(units)
        ],
    )
    versions = ("as_received", "after_review", "bound_low", "bound_high")
    score: dict[str, Any] = {f"{p}_{v}": 900 for p in ("satisfied", "answers") for v in versions}
    score |= {f"{p}_{v}": None for p in ("tier", "rank") for v in versions}
    score |= {f"answers_{v}": 1000 for v in versions}
    score |= {"measure": "overall", "factor": "", "rule_set": "x", "counts": {}}
    score |= {"ranked_units": 78, "rank_best": 1, "rank_worst": 9, "tier_firm": True}
    add(
        schema.scores,
        [
            score | of | {"id": n, "unit_id": u, "records_counted": 1400}
            for n, u in enumerate(units)
        ],
    )
    draw = np.random.default_rng(5)
    checks = ("records.longstring", "records.rare", "records.speed", "records.twin")
    some: dict[str, list[dict[str, Any]]] = {
        n: [] for n in ("file", "page", "link", "answer", "sign", "case")
    }
    step = records // cases
    page = next(p for p in form.pages if p.number == 2)
    for start in range(0, records, 20_000):
        size = min(20_000, records - start)
        scores = draw.random((size, len(checks))).round(4).tolist()
        rows = []
        for k in range(size):
            n = start + k
            flagged = n % step == 0 and n // step < cases
            rows.append(
                of
                | {
                    "id": n,
                    "record_id": f"R-{n:07d}",
                    "source": "scan",
                    "file_id": n if flagged else None,
                    "unit_id": units[n % UNITS],
                    "channel": "paper",
                    "serial": f"R-{n:07d}",
                    "batch": f"B{n // (UNITS * 50)}",
                    "collector": None,
                    "started_at": None,
                    "submitted_at": None,
                    "assisted": None,
                    "reasons": [],
                    "p_value": 0.001 if flagged else 0.5,
                    "q_value": 0.01 if flagged else 0.9,
                    "severity": "orange" if flagged else "green",
                    "flagged": flagged,
                    "not_testable": None,
                    "detectors": dict(zip(checks, scores[k], strict=True)),
                    "content": "x",
                    "state": "held" if flagged else "scored",
                }
            )
            if flagged:
                _case(some, n, units[n % UNITS], of, page, form, sheets)
        # Files before records, which name them; the rest after, as it names both.
        add(schema.files, some["file"])
        add(schema.records, rows)
        for name, table in (
            *(("page", schema.pages), ("link", schema.record_pages), ("answer", schema.answers)),
            *(("sign", schema.findings), ("case", schema.cases)),
        ):
            add(table, some[name])
        for found in some.values():
            found.clear()


def _case(
    some: dict[str, list[dict[str, Any]]],
    n: int,
    unit: str,
    of: Mapping[str, str],
    page: Any,
    form: Instrument,
    sheets: list[str],
) -> None:
    sha = sheets[n % len(sheets)]
    file = {"id": n, "round_id": "load", "path": f"inbox/scans/{unit}/{n}.jpg", "kind": "scan"}
    some["file"].append(file | {"sha256": sha, "size": 1, "state": "kept", "added_run": "run"})
    about = {"id": n, "file_id": n, "instrument_id": form.id, "page": 1, "form_page": 2}
    about |= {"status": "read", "serial": f"R-{n:07d}", "flagged": True, "severity": "orange"}
    about |= {"not_assessable": {}, "quality": {}, "findings": [], "matches": []}
    some["page"].append(about | {"work_key": "x", "scan_class": "continuous"})
    some["link"].append({"record": n, "page_id": n})
    some["answer"] += [
        {"record": n, "item": i.id, "state": "answered", "value": str(1 + (n + k) % 5)}
        for k, i in enumerate(form.ratings)
    ]
    box = page.boxes[n % len(page.boxes)]
    sign = {"id": n, "run_id": "run", "detector": "erasure.residue", "detector_version": "1"}
    sign |= {"family": "image", "kind": "erasure", "score": 5.0, "p_value": 0.001}
    sign |= {"severity": "orange", "item": box.item, "box_mm": list(box.box_mm), "page_id": n}
    sign |= {"record_id": f"R-{n:07d}", "unit_id": unit, "matches": None, "evidence": {}}
    some["sign"].append(
        of | sign | {"message_vi": "Dấu hiệu tẩy xóa.", "message_en": "Signs of erasing."}
    )
    case = {"id": n, "subject": "record", "subject_id": f"R-{n:07d}", "unit_id": unit}
    case |= {"severity": "orange", "holds": True, "evidence": f"e{n}", "reasons": []}
    some["case"].append(of | case | {"opened_run": "run", "withdrawn_run": None})


def add_people(store: Store, count: int) -> dict[str, str]:
    """Inspectors with their passwords."""
    now = dt.datetime.now(dt.UTC)
    with store.writing(Act(Action.USER, now)) as connection:
        users = Users(connection)
        return {f"i{n:03d}": users.add(f"i{n:03d}", Role.INSPECTOR, now) for n in range(count)}


@contextlib.contextmanager
def server(folder: Path) -> Iterator[tuple[str, int]]:
    """The desk as users start it, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = "from audit.cli.main import main; main()"
    command = [sys.executable, "-c", run, "serve", "--config", str(folder / "audit.toml")]
    process = subprocess.Popen([*command, "--port", str(port)])
    place = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{place}/healthz").status_code == 200:
                    break
            time.sleep(0.1)
        yield place, process.pid
    finally:
        process.terminate()
        process.wait()


def _cpu(process: int) -> float:
    """Processor seconds of a process so far; a busy machine does not change them much."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Times:
    """How long requests took, by what they were."""

    def __init__(self) -> None:
        self.of: dict[str, list[float]] = {}
        self.answers: dict[str, int] = {}

    async def take(self, name: str, request: Any) -> httpx.Response:
        start = time.perf_counter()
        answer: httpx.Response = await request
        self.of.setdefault(name, []).append(time.perf_counter() - start)
        if name == "decision":
            key = str(answer.status_code)
            self.answers[key] = self.answers.get(key, 0) + 1
            self.of.setdefault(f"decision_{key}", []).append(self.of[name][-1])
        return answer


async def inspect(
    place: str,
    name: str,
    password: str,
    ready: asyncio.Barrier,
    seconds: float,
    think: float,
    times: Times,
) -> None:
    """One person: log in, wait for the others, then look, think, decide until the time is over."""
    draw = random.Random(name)
    headers = {"origin": place}
    async with httpx.AsyncClient(base_url=place, headers=headers, timeout=600) as client:
        # All at the same moment, as at eight in the morning: a password costs its hash.
        await times.take("login", client.post("/login", data={"name": name, "password": password}))
        await ready.wait()
        until = time.monotonic() + seconds
        await asyncio.sleep(draw.random() * think)
        path = None
        while time.monotonic() < until:
            if path is None:
                # People begin at different places: each at a page of the queue of their own.
                page = 1 + int(name[1:])
                rows = await times.take("queue", client.get(f"/queue?page={page}"))
                found = re.findall(r'href="(/cases/[^"]+)"', rows.text)
                if not found:
                    raise RuntimeError(f"no case on page {page}: status {rows.status_code}")
                path = draw.choice(found).replace("&amp;", "&")
            start = time.perf_counter()
            case = await times.take("case", client.get(path))
            picture = re.search(r'<img id="scan" src="([^"]+)"', case.text)
            if picture:
                await times.take("picture", client.get(picture[1]))
                times.of.setdefault("first_sight", []).append(time.perf_counter() - start)
                places = re.search(r'data-places="([^"]+)"', case.text)
                if places:
                    await client.get(places[1])
            number = path.split("/")[2].split("?")[0]
            await client.post(f"/cases/{number}/lease")
            thought = draw.expovariate(1 / think)
            if time.monotonic() + thought > until:
                # Not decided at the end: fifty words at one moment are no day's work.
                await asyncio.sleep(max(0.0, until - time.monotonic()))
                return
            await asyncio.sleep(thought)
            # The form for taking back the word before has a version, too.
            form = case.text.partition('id="decide"')[2]
            version = re.search(r'name="version" value="([^"]+)"', form)
            path = None
            if version:
                data = {"version": version[1], "verdict": "dismiss", "advance": "1"}
                data["reason"] = "dismiss.nothing_seen"
                done = await times.take(
                    "decision", client.post(f"/cases/{number}/decide", data=data)
                )
                if done.status_code == 303:
                    path = done.headers["location"]


async def work(place: str, people: Mapping[str, str], seconds: float, think: float) -> Times:
    """All inspectors at once."""
    times, ready = Times(), asyncio.Barrier(len(people))
    await asyncio.gather(
        *(inspect(place, n, p, ready, seconds, think, times) for n, p in people.items())
    )
    return times


def figures(times: Times) -> list[tuple[str, float, str]]:
    """Percentiles in milliseconds."""
    found: list[tuple[str, float, str]] = []
    for name, taken in sorted(times.of.items()):
        for share in (50, 95, 99):
            found.append((f"{name}_p{share}", float(np.percentile(taken, share)) * 1000, "ms"))
        found.append((f"{name}_count", len(taken), "requests"))
    found += [(f"decision_{code}", n, "answers") for code, n in sorted(times.answers.items())]
    return found


def main() -> None:
    """Make the round, open the desk, let people work, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--records", type=int, default=1_000_000)
    options.add_argument("--cases", type=int, default=30_000)
    options.add_argument("--people", type=int, default=50)
    options.add_argument("--seconds", type=float, default=180.0)
    # 300 cases in eight hours are 96 seconds a case.
    options.add_argument("--think", type=float, default=60.0, help="mean seconds a case")
    options.add_argument("--sheets", type=int, default=40, help="different scans")
    options.add_argument("--postgresql", action="store_true", help="on a server of our own")
    options.add_argument("--folder", type=Path, help="keep the round here, or use it again")
    given = options.parse_args()
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = "sqlite:///audit.db"
        if given.postgresql:
            store = stack.enter_context(postgres_server(""))
        folder = given.folder or home / "round"
        start = time.monotonic()
        if not (folder / "audit.toml").exists():
            folder.mkdir(parents=True, exist_ok=True)
            make_round(folder, store, given.records, given.cases, given.sheets)
        settings = load_settings(folder)
        made = time.monotonic() - start
        with open_store(settings.store_url) as opened:
            with opened.reading() as connection:
                known = len(Users(connection).all())
            people = {}
            if not known:
                people = add_people(opened, given.people)
                (folder / "people.json").write_text(json.dumps(people), "utf-8")
        people = people or json.loads((folder / "people.json").read_text("utf-8"))
        with server(folder) as (place, process):
            start = time.monotonic()
            name, password = next(iter(people.items()))
            with httpx.Client(base_url=place, headers={"origin": place}, timeout=300) as first:
                first.post("/login", data={"name": name, "password": password})
                first.get("/queue")
            opening = time.monotonic() - start
            before = _cpu(process)
            times = asyncio.run(work(place, people, given.seconds, given.think))
            spent = _cpu(process) - before
        lines = [("round_made", made, "s"), ("first_queue", opening, "s"), *figures(times)]
        cases = max(1, len(times.of.get("case", ())))
        lines.append(("server_cpu_a_case", spent / cases * 1000, "ms"))
        lines.append(("machine_load", os.getloadavg()[0], "processes"))
        for name, value, unit in lines:
            sys.stdout.write(f"{name} {value:.1f} {unit}\n")


if __name__ == "__main__":
    main()

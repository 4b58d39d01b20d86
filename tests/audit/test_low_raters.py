"""An attacker who wants to know who gave the low scores, with every role and every export.

Five people of unit ``u1`` gave nothing but 1 and 2, by phone and on paper; nobody flagged
them. The attacker knows every record id and serial, and reads all that the program gives out.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from fastapi.testclient import TestClient

from audit.cli.export import _WHAT
from audit.cli.main import build_app as build_commands
from audit.cli.main import run
from audit.desk.app import build_app, make_desk
from audit.desk.people import Users
from audit.export import json_text, shared_frame
from audit.judge.authority import Role
from audit.pipeline.run import run_round
from audit.sharing import shared
from audit.store import open_store
from audit.trail.acts import Act, Action
from detectors.errors import ExitCode
from reports.files import FORMATS
from tests.audit.rounds import (
    ITEMS,
    FakeScans,
    Sheet,
    answers,
    erasure,
    responses_csv,
    settings_of,
    small_round,
    tools,
)
from tests.audit.routes_tried import PICTURES, addresses_of, crawl
from tests.reports.test_report_formats import READ

NOW = dt.datetime(2026, 10, 1, 2, 0, tzinfo=dt.UTC)
LOW = {"u1-3": 1, "u1-11": 2, "u1-17": 1, "u1-25": 2}
LOW_SHEET, FLAGGED, FINE_SHEET = "PB-2", "PB-1", "PB-3"
SECRET = {*LOW, LOW_SHEET}
SMALL = "u3"
BATCH = "unit_id,batch,serial_from,serial_to,issued\nu1,b1,PB-1,PB-9,9\n"


@dataclass
class Place:
    folder: Path
    config: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("low") / "r"
    config = small_round(folder, units=("u1", "u2", SMALL))
    (folder / "custody.csv").write_text(BATCH, "utf-8")
    scans = FakeScans()
    good = dict.fromkeys(ITEMS, 5)
    flagged = Sheet(dict.fromkeys(ITEMS, 1), serial=FLAGGED, findings=(erasure("A1"),))
    scans.put(folder, "u1/a.png", flagged)
    scans.put(folder, "u1/b.png", Sheet(dict.fromkeys(ITEMS, 1), serial=LOW_SHEET))
    scans.put(folder, "u1/c.png", Sheet(good, serial=FINE_SHEET))
    rows = answers(1, 40, "u1") + answers(2, 40, "u2")
    for row in rows:
        if row["record_id"] in LOW:
            # Not all alike, so that nobody takes them for copies of each other.
            value = LOW[row["record_id"]]
            row |= {"A1": value, "A2": 1, "B1": 3 - value, "B2": 2}
    rows += [
        {"record_id": f"s{k}", "unit_id": SMALL, "channel": "QR"} | dict(zip(ITEMS, v, strict=True))
        for k, v in enumerate(((1, 5, 2, 1), (5, 2, 1, 2), (2, 1, 5, 3)))
    ]
    (folder / "inbox/responses/a.csv").write_text(responses_csv(rows), "utf-8")
    run_round(settings_of(config), tools(scans))
    return Place(folder, str(config))


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype={"record_id": str, "serial": str})
    if path.suffix == ".json":
        return pd.DataFrame(json.loads(path.read_text("utf-8")))
    return pd.read_excel(path) if path.suffix == ".xlsx" else pd.read_parquet(path)


@pytest.fixture(scope="module")
def exports(place: Place, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """Every export in every format, as somebody who opens it gets it."""
    folder = tmp_path_factory.mktemp("out")
    found = {}
    for what in _WHAT:
        for fmt in ("csv", "xlsx", "parquet", "json"):
            path = folder / f"{what}.{fmt}"
            words = ["export", what, "-c", place.config, "-o", str(path)]
            assert run(words) == ExitCode.DONE, words
            with contextlib.suppress(pd.errors.EmptyDataError):
                found[path.name] = _read(path)
    return found


def _separates(known: pd.Series[bool], cells: pd.Series[Any]) -> bool:
    """Whether a column tells low givers from everybody else without a doubt."""
    one, other = cells[known].dropna(), cells[~known].dropna()
    if one.empty or other.empty:
        # Present for one kind only: that alone would tell them.
        return one.empty != other.empty and (known.all() is False)
    numbers = pd.to_numeric(cells, errors="coerce")
    if numbers.notna().sum() == cells.notna().sum():
        low, high = numbers[known].dropna(), numbers[~known].dropna()
        return bool(low.max() < high.min() or high.max() < low.min())
    return not set(map(str, one)) & set(map(str, other))


def test_no_column_of_an_export_tells_them_from_others(exports: dict[str, pd.DataFrame]) -> None:
    for name, frame in exports.items():
        if "record_id" not in frame:
            continue
        assert not set(ITEMS) & set(frame.columns), name
        known = frame["record_id"].astype(str).isin(SECRET)
        if name.startswith("records"):
            assert known.sum() == len(SECRET), "the attacker finds their ids, and nothing beside"
        quiet = frame[~frame["record_id"].astype(str).eq(FLAGGED)]
        same = quiet[quiet.get("unit_id", "u1").eq("u1")] if "unit_id" in quiet else quiet
        mine = same["record_id"].astype(str).isin(SECRET)
        if mine.any():
            for column in same.columns.difference(["record_id", "serial"]):
                assert not _separates(mine, same[column]), (name, column)


def test_no_export_but_the_list_of_records_names_them(exports: dict[str, pd.DataFrame]) -> None:
    for name, frame in exports.items():
        words = [str(cell) for cell in frame.to_numpy().ravel()]
        if not name.startswith("records"):
            found = [w for w in words for one in SECRET if one == w or f'"{one}"' in w]
            assert not found, name


def test_the_rows_of_records_stand_in_no_order_of_value(exports: dict[str, pd.DataFrame]) -> None:
    ids = exports["records.json"]["record_id"].astype(str).tolist()
    assert ids == sorted(ids)


def test_a_flagged_record_keeps_its_answers_inside_too(exports: dict[str, pd.DataFrame]) -> None:
    """Neither the box that was touched nor the wording of the sign leaves."""
    (finding,) = [
        r for r in exports["findings.json"].to_dict("records") if r["record_id"] == FLAGGED
    ]
    assert not finding["box_mm"]
    assert not finding["item"]
    assert not finding["evidence"]
    assert finding["message_vi"] == "erasure.test"


def test_a_small_unit_has_counts_and_no_value(exports: dict[str, pd.DataFrame]) -> None:
    for fmt in ("csv", "xlsx", "parquet", "json"):
        scores = exports[f"scores.{fmt}"]
        mine = scores[scores["unit_id"] == SMALL]
        assert len(mine) >= 4
        assert mine["received"].eq(3).all()
        values = [c for c in mine if c.startswith(("value", "bound", "tier", "rank_", "answers"))]
        assert mine[values].isna().all().all(), fmt
        others = scores[(scores["unit_id"] == "u1") & (scores["measure"] == "overall")]
        assert others["value_as_received"].notna().all()
        units = exports[f"units.{fmt}"].set_index("unit_id")
        assert pd.isna(units.loc[SMALL, "value"])


def test_nobody_gets_it_back_by_subtracting_units_from_a_total(
    exports: dict[str, pd.DataFrame],
) -> None:
    shown = exports["breakdowns.json"]
    whole = shown[(shown["scope"] == "all") & (shown["dimension"] == "")]
    assert len(whole)
    assert whole["suppressed"].all()
    assert whole["value_as_received"].isna().all()
    assert shown.loc[shown["scope"] == "group", "value_as_received"].isna().all()


def test_nobody_gets_a_small_factor_by_subtracting_factors_from_the_whole() -> None:
    base = {"instrument_id": "T", "unit_id": "u", "rule_set": "r", "value_as_received": 0.5}
    rows = [("overall", "", 50), ("factor", "A", 50), ("factor", "B", 40), ("factor", "E", 4)]
    frame = pd.DataFrame(
        [base | {"measure": m, "factor": f, "n": n, "received": 50} for m, f, n in rows]
    )
    out = shared("scores", frame, items=(), titles={}, sizes=pd.DataFrame()).set_index("factor")
    assert out["suppressed"].to_dict() == {"": False, "A": False, "B": True, "E": True}
    assert out["value_as_received"].isna().to_dict() == {
        "": False,
        "A": False,
        "B": True,
        "E": True,
    }


_FOLLOW = (
    *("value", "bound", "tier", "rank", "answers_", "satisfied", "mean", "lowest", "highest"),
    *("spread", "iqr", "leaders", "verdict", "points", "places", "recomputed"),
)


def _told(folder: Path, unit: str, value: int, forms: int) -> dict[str, dict[str, Any]]:
    """What exports say after so many forms more of one unit, all of one value."""
    config = small_round(folder, units=("u1", "u2", SMALL))
    rows = answers(1, 40, "u1") + answers(2, 40, "u2")
    rows += [
        {"record_id": f"late{k}", "unit_id": unit, "channel": "QR"} | dict.fromkeys(ITEMS, value)
        for k in range(forms)
    ]
    (folder / "inbox/responses/a.csv").write_text(responses_csv(rows), "utf-8")
    targets = "unit_id,indicator,operator,target\n*,overall,>=,80\n"
    (folder / "targets.csv").write_text(targets, "utf-8")
    figures = f'unit_id,value,source\n*,"90,00",a\n{unit},"50,00",a\n'
    (folder / "published.csv").write_text(figures, "utf-8")
    settings = settings_of(config)
    run_round(settings, tools(FakeScans()))
    found: dict[str, dict[str, Any]] = {}
    with open_store(settings.store_url) as store:
        for what in _WHAT:
            told = json.loads(json_text(shared_frame(store, settings, what)))
            found[what] = {
                f"{number} {name}": cell
                for number, row in enumerate(told)
                for name, cell in row.items()
                if name.startswith(_FOLLOW) or (name == "sha256" and row.get("kind") == "snapshot")
            }
    return found


def _differ(
    one: dict[str, dict[str, Any]], other: dict[str, dict[str, Any]]
) -> dict[str, set[str]]:
    found = {
        what: {n for n in one[what] | other[what] if one[what].get(n) != other[what].get(n)}
        for what in one
    }
    return {what: names for what, names in found.items() if names}


def test_whatever_a_unit_of_few_forms_answered_every_export_is_the_same(tmp_path: Path) -> None:
    """Not its value alone: no rank, mean, verdict or hash of others moves with its answers.

    Whether a check flags one of them is another matter: what is said of a flagged record is for
    those who decide on it.
    """
    low, high = (_told(tmp_path / str(value), SMALL, value, 4) for value in (1, 5))
    assert {what for what, cells in low.items() if cells} >= {"scores", "units", "groups"}
    found = _differ(low, high)
    found.pop("records", None)
    assert found == {}


def test_one_late_form_is_told_by_no_more_than_the_security_page_says(tmp_path: Path) -> None:
    """Two states of one unit that differ by a form: what remains, in these tables and no other."""
    low, high = (_told(tmp_path / str(value), "u1", value, 1) for value in (1, 5))
    assert set(_differ(low, high)) <= {
        *("records", "scores", "units", "breakdowns", "changes", "groups"),
        *("published", "targets", "awards", "complaints"),
    }


@pytest.fixture(scope="module")
def clients(place: Place) -> Iterator[dict[str, TestClient]]:
    """Somebody of every role, logged in."""
    settings = settings_of(Path(place.config))
    with open_store(settings.store_url) as store:
        with store.writing(Act(Action.DESK, NOW)) as connection:
            users = Users(connection)
            made = {r: users.add(f"p-{r.value}", now=NOW, role=r) for r in Role}
        desk = make_desk(settings, store, lambda: NOW)
        with contextlib.closing(desk):
            app, found = build_app(desk), {}
            for role, password in made.items():
                client = TestClient(app, base_url="https://testserver", follow_redirects=False)
                client.headers["origin"] = "https://testserver"
                data = {"name": f"p-{role.value}", "password": password}
                assert client.post("/login", data=data).status_code == 303
                found[role.value] = client
            yield found


@pytest.fixture(scope="module")
def pages(clients: dict[str, TestClient], place: Place) -> dict[str, dict[str, bytes]]:
    """All that each role gets."""
    addresses = addresses_of(settings_of(Path(place.config)), ("u1", "u2", SMALL))
    return {role: crawl(client, addresses) for role, client in clients.items()}


def test_no_route_is_left_out(pages: dict[str, dict[str, bytes]], place: Place) -> None:
    """A new page or export is looked at here, or the test says so."""
    addresses = addresses_of(settings_of(Path(place.config)), ("u1", "u2", SMALL))
    got = {path for found in pages.values() for path in found}
    seen = {route for route, many in addresses.items() if got & set(many)}
    assert set(addresses) - seen - PICTURES <= {"/metrics"}


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_no_page_of_the_desk_names_them(pages: dict[str, dict[str, bytes]], role: str) -> None:
    mine = pages[role]
    assert mine
    for path, content in mine.items():
        if content.startswith(b"PK"):
            text = pd.read_excel(io.BytesIO(content)).to_csv()
        else:
            text = content.decode("utf-8", "replace")
        for one in (*LOW, f">{LOW_SHEET}<", f'"{LOW_SHEET}"'):
            assert one not in text, path
        # Small units: 33.33 % of 12 answers are 4 or 5 nowhere.
        for value in ("25,00", "25.00%", "25,0 %"):
            assert value not in text or SMALL not in path, path


def test_a_reader_reads_no_name_of_a_form_and_opens_none(clients: dict[str, TestClient]) -> None:
    reader = clients["reader"]
    page = reader.get("/units/u1").text
    assert f"{FLAGGED} <small>" not in page
    assert "– <small>" in page
    assert reader.get("/queue").status_code == 403


def test_the_place_in_the_queue_is_the_same_whatever_the_answers_are(
    clients: dict[str, TestClient], place: Place
) -> None:
    """The effect is the most that a record of so many answers can have."""
    from audit.desk.entries import read_entries
    from audit.pipeline.sources import load_forms

    settings = settings_of(Path(place.config))
    forms = {f.instrument.id: f.instrument for f in load_forms(settings)}
    with open_store(settings.store_url) as store, store.reading() as connection:
        entries = read_entries(connection, settings.round.id, forms)
    (entry,) = [e for e in entries if e.subject_id == FLAGGED]
    # 43 records of 4 answers in u1: the most is max(share, 1 - share) * 4 / 168.
    assert entry.effect is not None
    assert 0.5 * 4 / 168 <= entry.effect <= 4 / 168


def test_neighbours_in_the_batch_that_nobody_flagged_are_not_shown(place: Place) -> None:
    from audit.desk.beside import batch_of
    from audit.store.schema import records

    settings = settings_of(Path(place.config))
    with open_store(settings.store_url) as store, store.reading() as connection:
        query = records.select().where(records.c.record_id == FLAGGED)
        record = connection.execute(query).mappings().one()
        found = batch_of(connection, record, lambda _: True)
    assert found is not None
    assert [row["serial"] for row in found.records] == [FLAGGED]


# Every command, and whether what it gives out is read here.
_COMMANDS = {
    **dict.fromkeys(("export", "report", "run", "status", "score", "verify", "serve"), "read"),
    **dict.fromkeys(("check", "screen", "intake", "calibrate", "demo", "init", "template"),
                    "works on files that whoever calls it has"),
    **dict.fromkeys(("backup", "restore", "purge", "pull", "rotate-keys", "user", "known"),
                    "tells counts and names of files"),
    "subject": "answers the person who asks, on the machine of the operator, and is told",
    "backcheck": "lists who is to be asked again, drawn by chance (its own tests)",
}  # fmt: skip


def test_no_command_is_left_out() -> None:
    assert set(_COMMANDS) == set(typer.main.get_command(build_commands()).commands)


def _inside(path: Path) -> str:
    """Every part of a package of XML: charts keep their numbers apart from the cells."""
    if path.suffix not in (".xlsx", ".docx"):
        return ""
    with zipfile.ZipFile(path) as package:
        parts = [n for n in package.namelist() if n.endswith((".xml", ".rels"))]
        return "\n".join(package.read(name).decode("utf-8") for name in parts)


def test_reports_status_manifests_and_logs_name_none_of_them(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["report", "-c", place.config, "--output", str(tmp_path), "--language", "vi"]
    texts: dict[str, str] = {}
    for fmt in FORMATS:
        assert run([*words, "--format", fmt]) == ExitCode.DONE
    for path in sorted(tmp_path.rglob("*")):
        texts[path.name] = path.name
        if path.is_file() and path.suffix[1:] in READ:
            texts[path.name] += READ[path.suffix[1:]](path.read_bytes())
            texts[path.name] += _inside(path)
    for command in ("status", "score", "verify"):
        run([command, "-c", place.config])
    for fmt in ("json", "prometheus"):
        run(["status", "-c", place.config, "--format", fmt])
    trail = tmp_path / "trail.jsonl"
    assert run(["verify", "-c", place.config, "--export", str(trail)]) == ExitCode.DONE
    texts["trail"] = trail.read_text("utf-8")
    said = capsys.readouterr()
    texts["terminal"] = said.out + said.err
    for path in (place.folder / "runs").rglob("*.json"):
        texts[path.name] = path.read_text("utf-8")
    assert len(texts) > 10
    for name, text in texts.items():
        for one in LOW:
            assert one not in text, name
        assert f"{LOW_SHEET} " not in text, name
        assert f'"{LOW_SHEET}"' not in text, name

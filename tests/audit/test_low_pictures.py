"""An attacker who looks at pictures: real scans, known forms, and sheets that are like others.

On sheet ``S-2`` of unit ``u1`` somebody gave nothing but the lowest values, and nobody flagged
it. Two sheets of its batch are flagged; a sign on one of them names ``S-2`` as its like. Forms
that measure the reviewers stand among the cases. Every role asks for everything.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

from audit.desk.app import build_app, make_desk
from audit.desk.people import Users
from audit.desk.web import Desk
from audit.judge.authority import Role
from audit.known.adding import add_known
from audit.known.drawing import draw
from audit.known.forms import CLEAN, TAMPERED
from audit.known.surroundings import surroundings
from audit.pipeline.run import run_round
from audit.pipeline.sources import one_form
from audit.pipeline.tools import real_tools
from audit.store import open_store, schema
from audit.trail.acts import Act, Action
from detectors.instrument import BoxMm, Instrument, load_instrument
from scans.laid import COVER, PX_PER_MM, window
from scans.looks import LOOKS
from scans.simulate.form import write_instrument
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec
from tests.audit.desk.conftest import Silent
from tests.audit.rounds import FakeScans, Sheet, erasure, settings_of, small_round, tools
from tests.audit.routes_tried import PICTURES, addresses_of, crawl

NOW = dt.datetime(2026, 10, 1, 2, 0, tzinfo=dt.UTC)
LOW, FLAGGED, ALSO = "S-2", "S-1", "S-3"
UNITS = ("u1", "u2")
# Whoever judges sees the sheets that are judged, covered; whoever only looks sees no picture.
JUDGES, LOOKERS = ("inspector", "approver"), ("reader", "admin")
BARE = "/cases/{case_id}/pages/{page_id}/bare/{look}.jpg"


@dataclasses.dataclass
class Place:
    desk: Desk
    clients: dict[str, TestClient]
    cases: dict[str, int]
    known: set[int]
    low: list[int]
    got: dict[str, dict[str, bytes]]
    form: Instrument

    def sheet(self, label: str) -> tuple[int, int, str]:
        """Case, page with a real scan, and hash of its file."""
        pages, files, links = schema.pages, schema.files, schema.record_pages
        query = (
            sa.select(pages.c.id, files.c.sha256)
            .join(files, files.c.id == pages.c.file_id)
            .join(links, links.c.page_id == pages.c.id)
            .join(schema.records, schema.records.c.id == links.c.record)
            .where(schema.records.c.record_id == label, files.c.path.endswith(".jpg"))
        )
        with self.desk.store.reading() as connection:
            page, sha256 = connection.execute(query).one()
        return self.cases.get(label, 0), page, sha256


def _filled(folder: Path) -> Any:
    """A round of sheets whose second page is a real scan."""
    config = small_round(folder, units=UNITS)
    shutil.rmtree(folder / "instruments")
    form = load_instrument(write_instrument("HL-01", folder / "instruments"))
    custody = "unit_id,batch,serial_from,serial_to,issued\nu1,b1,S-1,S-9,9\n"
    (folder / "custody.csv").write_text(custody, "utf-8")
    bad, good = ({i.id: i.ordered_scale[end] for i in form.ratings} for end in (0, -1))
    box = form.pages[1].boxes[3]
    sign = dataclasses.replace(erasure(box.item), box_mm=box.box_mm)
    like = "inbox/scans/u1/{}.jpg#1"
    scans = FakeScans()
    for number, (serial, name, answers, found) in enumerate((
        (FLAGGED, "a", good, (dataclasses.replace(sign, matches=(like.format("b"),)),)),
        (LOW, "b", bad, ()),
        (ALSO, "c", good, (dataclasses.replace(sign, matches=(like.format("a"),)),)),
    )):  # fmt: skip
        spec = random_spec("HL-01", 2, 20 + number, profile="flatbed", number=number)
        data = simulate_page(spec, 20 + number).data
        path = folder / "inbox/scans/u1" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        first, second = (
            {k: v for k, v in answers.items() if any(b.item == k for b in page.boxes)}
            for page in form.pages
        )
        sheet = Sheet(second, serial=serial, form_page=2, findings=found)
        scans.sheets[hashlib.sha256(data).hexdigest()] = [sheet]
        scans.put(folder, f"u1/{name}-1.png", Sheet(first, serial=serial))
    settings = settings_of(config)
    run_round(settings, tools(scans, screen=lambda *_args, **_kwargs: Silent()))
    return settings, form


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("pictures")
    settings, form = _filled(folder / "r")
    with open_store(settings.store_url) as store:
        judged = real_tools(now=lambda: NOW, progress=lambda items, _label, _total: iter(items))
        one, rng = one_form(settings, None), np.random.default_rng(8)
        around = surroundings(store, settings, one)
        drawn = draw(one.instrument, (CLEAN, TAMPERED), around, folder, rng)
        told = add_known(store, settings, one, drawn, around, judged, rng, source="drawn")
        assert told.clean + told.tampered, told.refused
        with store.writing(Act(Action.DESK, NOW)) as connection:
            users = Users(connection)
            made = {r: users.add(f"p-{r.value}", now=NOW, role=r) for r in Role}
        desk = make_desk(settings, store, lambda: NOW)
        with contextlib.closing(desk):
            app, clients = build_app(desk), dict[str, TestClient]()
            for role, password in made.items():
                client = TestClient(app, base_url="https://testserver", follow_redirects=False)
                client.headers["origin"] = "https://testserver"
                data = {"name": f"p-{role.value}", "password": password}
                assert client.post("/login", data=data).status_code == 303
                clients[role.value] = client
            yield _asked(desk, clients, form)


def _asked(desk: Desk, clients: dict[str, TestClient], form: Instrument) -> Place:
    cases, files, pages = schema.cases, schema.files, schema.pages
    with desk.store.reading() as connection:
        rows = connection.execute(sa.select(cases.c.id, cases.c.subject_id)).all()
        known = set(connection.execute(sa.select(schema.known_forms.c.case_id)).scalars())
        query = sa.select(pages.c.id).join(files, files.c.id == pages.c.file_id)
        scanned = connection.execute(query.where(~files.c.path.endswith("-1.png"))).scalars().all()
        low = connection.execute(query.where(files.c.path.endswith("/b.jpg"))).scalars().all()
    assert known and len(low) == 1
    labels = {label: number for number, label in rows if number not in known}
    assert set(labels) == {FLAGGED, ALSO} and len(scanned) > 3
    # The approver gives a reason first; then uncovered pictures are there for a while.
    for number in (*labels.values(), *known):
        given = clients["approver"].post(f"/cases/{number}/uncover", data={"why": "đối chiếu chữ"})
        assert given.status_code == 303
    few = {"form_id": ["HL-01"], "number": ["2"], "look": ["scan"], "part": ["scan"]}
    addresses = addresses_of(desk.settings, UNITS, page_id=scanned, step=["-1", "0", "1"], **few)
    got = {role: crawl(client, addresses) for role, client in clients.items()}
    seen = {r for r, many in addresses.items() if any(set(many) & set(g) for g in got.values())}
    assert seen >= PICTURES, PICTURES - seen
    return Place(desk, clients, labels, known, list(low), got, form)


def _pictures(got: dict[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in got.items() if data.startswith(b"\xff\xd8")}


def test_no_picture_of_a_sheet_that_nobody_flagged_comes_by_any_door(place: Place) -> None:
    form = place.form.id
    _, _, sha256 = place.sheet(LOW)
    whole = {
        place.desk.pictures.whole(sha256, 1, form, look, covered=covered, full=full)
        for look in LOOKS
        for covered in (True, False)
        for full in (True, False)
    }
    its = whole | {place.desk.pictures.straight(sha256, 1, form)}
    assert None not in its
    for role, got in place.got.items():
        for path, data in got.items():
            assert data not in its, (role, path)
            assert f"/pages/{place.low[0]}/" not in path, (role, path)
            assert not re.match(rf"/cases/\d+/batch/-?\d+/{place.low[0]}\.", path), (role, path)


def test_a_sign_that_names_it_shows_it_to_nobody(place: Place) -> None:
    """Compared are sheets that both have a case; the other way round they are shown."""
    with place.desk.store.reading() as connection:
        table = schema.findings
        query = sa.select(table.c.record_id, table.c.id).where(table.c.detector == "erasure.test")
        signs = {row[0]: row[1] for row in connection.execute(query)}
    for role in JUDGES:
        client = place.clients[role]
        for label, status in ((FLAGGED, 404), (ALSO, 200)):
            start = f"/cases/{place.cases[label]}/signs/{signs[label]}"
            assert client.get(f"{start}/compare").status_code == status, (role, label)
            assert client.get(f"{start}/page/other.jpg").status_code == status, (role, label)
        shown = client.get(f"/cases/{place.cases[FLAGGED]}/signs/{signs[FLAGGED]}/compare").text
        assert "has no case itself" in shown or "không có hồ sơ riêng" in shown


@pytest.mark.parametrize("role", LOOKERS)
def test_whoever_does_not_judge_gets_no_picture_at_all(place: Place, role: str) -> None:
    assert _pictures(place.got[role]) == {}
    for path in [p for got in place.got.values() for p in _pictures(got)][:200]:
        assert place.clients[role].get(path).status_code in (403, 404), path


def test_an_auditor_sees_what_is_judged_and_nothing_uncovered_or_known(place: Place) -> None:
    mine = _pictures(place.got["auditor"])
    assert mine
    for path in mine:
        assert "/bare/" not in path
        assert int(path.split("/")[2]) in place.cases.values(), path


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_no_page_tells_what_stands_on_it(place: Place, role: str) -> None:
    record, serial = LOW, LOW
    for path, data in place.got[role].items():
        if data.startswith((b"\xff\xd8", b"PK", b"\x89PNG")):
            continue
        text = data.decode("utf-8", "replace")
        for word in (f">{record}<", f'"{serial}"', f">{serial} ", f",{serial},"):
            assert word not in text, path


def test_pictures_carry_nothing_but_pixels_and_their_answers_no_name(place: Place) -> None:
    client = place.clients["approver"]
    for path, data in _pictures(place.got["approver"]).items():
        picture = Image.open(io.BytesIO(data))
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}, path
        assert not picture.getexif(), path
    for label in (FLAGGED, ALSO):
        number, page, _ = place.sheet(label)
        headers = client.get(f"/cases/{number}/pages/{page}/scan.jpg").headers
        told = " ".join(f"{name}: {value}" for name, value in headers.items())
        assert "disposition" not in told and "u1" not in told and label not in told
        assert headers["cache-control"] == "no-store"


def _decoded(data: bytes) -> NDArray[np.uint8]:
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return np.asarray(found, np.uint8)


def _inside(shape: tuple[int, ...], corners: Any) -> NDArray[np.bool_]:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.rint(np.array(corners)).astype(np.int32), 1)
    return np.asarray(cv2.erode(mask, np.ones((9, 9), np.uint8)), bool)


def _fields(place: Place, page: int = 2) -> list[BoxMm]:
    return [field.box_mm for field in place.form.pages[page - 1].fields]


def test_written_fields_are_one_grey_in_every_whole_picture(place: Place) -> None:
    number, page, sha256 = place.sheet(FLAGGED)
    found = place.desk.pictures.geometry(sha256, 1, place.form.id, tuple(_fields(place)))
    assert found is not None
    size, covered, outlines = found
    assert covered
    ink = 0
    for look in LOOKS:
        for full in ("", "?full=1") if look in ("scan", "noise") else ("",):
            shown = {
                way: _decoded(
                    place.clients["approver"]
                    .get(f"/cases/{number}/pages/{page}/{way}{look}.jpg{full}")
                    .content
                )
                for way in ("", "bare/")
            }
            grow = shown[""].shape[0] / size[1]
            for outline in outlines:
                zone = _inside(shown[""].shape, np.array(outline) * grow)
                assert zone.sum() > 200
                grey, bare = (shown[way][zone].astype(float) for way in ("", "bare/"))
                ink += grey.std() + 10 < bare.std()
                if look == "noise":
                    assert grey.max() <= 16, (look, full)
                elif look == "contrast":
                    # Stretched by what lies around, smoothly: no stroke can be seen in it.
                    edges = cv2.Laplacian(shown[""][:, :, 0], cv2.CV_64F)
                    assert np.abs(edges[zone]).max() <= 24, (look, full)
                else:
                    assert np.abs(grey - COVER[0]).max() <= 6, (look, full)
    assert ink >= 3, "without the cover something is to be seen there"


def test_and_in_every_picture_that_is_laid_straight(place: Place) -> None:
    form, (_, _, sha256) = place.form, place.sheet(FLAGGED)
    straight = [p for p in _pictures(place.got["inspector"]) if "/batch/" in p or "/page/" in p]
    assert len(straight) >= 4
    with place.desk.store.reading() as connection:
        query = sa.select(schema.pages.c.id, schema.pages.c.form_page)
        form_page = {str(row[0]): row[1] for row in connection.execute(query)}
    for path in straight:
        picture = _decoded(place.got["inspector"][path])
        for x, y, w, h in _fields(place, form_page.get(Path(path).stem, 2)):
            corners = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)]) * PX_PER_MM
            zone = _inside(picture.shape, corners)
            assert np.abs(picture[zone].astype(float) - COVER[0]).max() <= 6, path
    # A place right on a signature: the same, with its frame around it.
    box = next(f.box_mm for f in form.pages[1].fields if f.kind == "signature")
    around = window(box, form.pages[1].size_mm)
    for part in ("scan", "difference"):
        made = place.desk.pictures.place(sha256, 1, form.id, box, part, covered=True)
        assert made is not None
        picture = _decoded(made)
        left, top = ((box[k] - around[k]) * PX_PER_MM for k in (0, 1))
        width, height = box[2] * PX_PER_MM, box[3] * PX_PER_MM
        inner = picture[
            round(top) + 12 : round(top + height) - 12, round(left) + 12 : round(left + width) - 12
        ]
        assert np.abs(inner.astype(float) - COVER[0]).max() <= 6, part

"""Correcting where a form's boxes stand: a new version each time, the old one untouched."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from audit.store.schema import trail
from detectors.instrument import load_instrument
from detectors.instrument_toml import grids_of
from scans.page import check_page
from scans.types import Status
from tests.audit.desk.conftest import Office
from tests.audit.desk.test_desk_browser import CHROMIUM, playwright
from tests.scans.pages import honest, raw, wrong_readings

PAGE = "/forms/HL-01/1"


def file_of(office: Office) -> Path:
    return Path(office.desk.instruments["HL-01"].path)


def versions(office: Office) -> list[Path]:
    return sorted(file_of(office).parent.glob("*.v*.toml"))


def test_a_moved_grid_is_a_new_version_and_is_told(office: Office) -> None:
    client, old = office.logged_in("lam"), file_of(office)
    before = old.read_bytes()
    assert "grid-0-x" in client.get(PAGE).text
    answer = client.post(PAGE, data={"grid-0-x": "131,50", "grid-0-px": "9.10"})
    assert answer.status_code == 303
    assert old.read_bytes() == before
    (new,) = versions(office)
    form, first = load_instrument(new), load_instrument(old)
    assert form.version == f"{first.version}+2"
    assert form.items == first.items
    moved = {(b.item, b.value): b.box_mm for b in form.pages[0].boxes}
    changed = [
        (b, moved[b.item, b.value])
        for b in first.pages[0].boxes
        if abs(moved[b.item, b.value][0] - b.box_mm[0]) > 0.01
    ]
    assert {b.item for b, _ in changed} == {"A1", "A2", "A3", "A4"}
    box = next(place for b, place in changed if (b.item, b.value) == ("A1", 5))
    assert box[0] == pytest.approx(131.5 + 4 * 9.1, abs=0.005)
    assert new.name in client.get(answer.headers["location"]).text
    with office.store.reading() as connection:
        bodies = connection.execute(sa.select(trail.c.body)).scalars()
        told = [json.loads(b) for b in bodies]
    assert any(t["actor"] == "lam" and "new version of HL-01" in t["object"] for t in told)
    # Once more is one more file, never the same one.
    client.post(PAGE, data={"field-0-x": "80"})
    assert [p.name for p in versions(office)] == ["instrument.v2.toml", "instrument.v3.toml"]


def test_what_is_no_change_or_no_place_writes_nothing(office: Office) -> None:
    client = office.logged_in("lam")
    shown = client.get(PAGE).text
    same = dict(re.findall(r'name="([a-z0-9-]+)" value="([-.\d]+)"', shown))
    same = {name: value for name, value in same.items() if not name.endswith("-drop")}
    assert len(same) > 100
    assert client.post(PAGE, data=same).status_code == 200
    for wrong in ({"grid-0-x": "205"}, {"grid-0-x": "nan"}, {"box-0-w": "0"}, {"field-0-y": "<b>"}):
        answer = client.post(PAGE, data=wrong)
        assert answer.status_code == 400
        assert "<b>" not in answer.text
    assert not versions(office)


def test_boxes_and_fields_are_taken_off_renamed_and_added(office: Office) -> None:
    client = office.logged_in("lam")
    page = load_instrument(file_of(office)).pages[0]
    sent = {"field-0-id": "ngay-tra-loi", "field-0-kind": "date"}
    sent |= {"newfield-id": "dau", "newfield-kind": "seal"}
    sent |= dict(zip(map("newfield-{}".format, "xywh"), ("20", "240", "40", "40"), strict=True))
    assert client.post(PAGE, data=sent).status_code == 303
    fields = {f.id: f for f in load_instrument(versions(office)[-1]).pages[0].fields}
    renamed = fields["ngay-tra-loi"]
    assert (renamed.kind, renamed.box_mm) == ("date", page.fields[0].box_mm)
    assert (fields["dau"].kind, fields["dau"].box_mm) == ("seal", (20.0, 240.0, 40.0, 40.0))
    # What was saved reads a filled sheet.
    filled = honest("HL-01", 1, 7)
    outcome = check_page(
        raw(filled, "desk-form"), load_instrument(versions(office)[-1]), reference=None
    )
    assert outcome.result.status is Status.READ
    assert not wrong_readings(outcome, filled)
    lone = grids_of(page.boxes)[1][0]
    sent = {"field-0-drop": "1", "box-0-drop": "1"}
    sent |= {"newbox-item": lone.item, "newbox-value": str(lone.value)}
    sent |= dict(zip(map("newbox-{}".format, "xywh"), ("50", "60", "4", "4"), strict=True))
    assert client.post(PAGE, data=sent).status_code == 303
    after = load_instrument(versions(office)[-1]).pages[0]
    assert after.fields == page.fields[1:]
    assert len(after.boxes) == len(page.boxes)
    (there,) = [b for b in after.boxes if (b.item, b.value) == (lone.item, lone.value)]
    assert there.box_mm == (50.0, 60.0, 4.0, 4.0)
    for wrong in (
        {"grid-0-items": "A1, A1"},
        {"grid-0-items": "A1, A2, A3, nothing"},
        {"grid-0-values": ""},
        {"field-0-kind": "stain"},
        {"newbox-item": "A1", "newbox-value": "7", "newbox-x": "1", "newbox-y": "1"},
        {"newfield-id": "x", "newfield-kind": "seal", "newfield-x": "900"},
    ):
        assert client.post(PAGE, data=wrong).status_code == 400, wrong


def test_only_from_here_and_only_by_an_administrator(office: Office) -> None:
    client = office.logged_in("lam")
    hostile = {"sec-fetch-site": "cross-site"}
    assert client.post(PAGE, data={"grid-0-x": "120"}, headers=hostile).status_code == 403
    assert office.logged_in("dung").post(PAGE, data={"grid-0-x": "120"}).status_code == 403
    assert client.get("/forms/NONE/1").status_code == 404
    assert client.get("/forms/HL-01/9/blank.png").status_code == 404
    assert 'class="told"' not in client.get(f"{PAGE}?saved=../../../../etc/passwd").text
    assert not versions(office)


def _by_keys(page: Any) -> None:
    """Arrows move, Delete takes off, Ctrl+Z brings back, one step each."""
    field = page.locator("[data-piece=field-0]")
    field.focus()
    at = float(page.input_value("[name=field-0-x]"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert float(page.input_value("[name=field-0-x]")) == pytest.approx(at + 1.1, abs=0.011)
    page.keyboard.press("Delete")
    assert page.is_checked("[name=field-0-drop]")
    assert "dropped" in (field.get_attribute("class") or "")
    page.keyboard.press("Control+z")
    assert not page.is_checked("[name=field-0-drop]")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert float(page.input_value("[name=field-0-x]")) == pytest.approx(at, abs=0.001)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium (Debian package chromium)")
@pytest.mark.parametrize("script", [True, False])
def test_dragging_and_typing_in_a_browser(
    browser: Any, place: str, office: Office, script: bool
) -> None:
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, java_script_enabled=script
    )
    page = context.new_page()
    page.goto(f"{place}{PAGE}")
    page.fill("[name=name]", "lam")
    page.fill("[name=password]", office.passwords["lam"])
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"**{PAGE}")
    number = page.locator("[name=grid-0-x]")
    before = float(number.input_value())
    if script:
        first = page.locator("[data-piece=grid-0] rect").first
        first.scroll_into_view_if_needed()
        box = first.bounding_box()
        page.mouse.move(box["x"] + 3, box["y"] + 3)
        page.mouse.down()
        page.mouse.move(box["x"] + 43, box["y"] + 3, steps=4)
        page.mouse.up()
        # The page did not scroll away under what was dragged.
        assert float(page.input_value("[name=grid-0-y]")) == pytest.approx(195.1, abs=0.3)
        sheet = page.locator("#sheet").bounding_box()
        moved = 40 / sheet["width"] * 210
        assert float(number.input_value()) - before == pytest.approx(moved, abs=0.3)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        _by_keys(page)
    else:
        number.fill("130")
    page.click("button.primary")
    page.wait_for_url("**saved=*")
    (new,) = versions(office)
    grid = load_instrument(new).pages[0]
    a1 = next(b for b in grid.boxes if b.item == "A1" and b.value == 1)
    assert abs(a1.box_mm[0] - before) > 1
    context.close()
    assert playwright is not None

"""The desk in a real browser: covers, a forbidden unit, sheets beside each other, notes, keys."""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest

from tests.audit.desk.conftest import Office
from tests.audit.desk.person import Person

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium (Debian package chromium)"),
]

# How much of a rectangle of the picture is of the one grey that covers have.
GREY = """([name, x, y, width, height]) => {
  const image = document.getElementById(name);
  const canvas = Object.assign(document.createElement("canvas"),
    { width: image.naturalWidth, height: image.naturalHeight });
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const [w, h] = [canvas.width, canvas.height];
  const data = pen.getImageData(x * w, y * h, width * w, height * h).data;
  let grey = 0;
  for (let i = 0; i < data.length; i += 4)
    grey += Math.abs(data[i] - 205) < 8 && Math.abs(data[i + 1] - 205) < 8
      && Math.abs(data[i + 2] - 205) < 8;
  return grey / (data.length / 4);
}"""


def _covered(person: Person, office: Office) -> float:
    """How much of the signature's field is covered in the picture on the screen."""
    form = office.desk.instruments["HL-01"]
    page = form.pages[1]
    x, y, width, height = next(f for f in page.fields if f.kind == "signature").box_mm
    across, down = page.size_mm
    part = (x + 4) / across, (y + 4) / down, (width - 8) / across, (height - 8) / down
    person.page.wait_for_function("document.getElementById('scan').naturalWidth > 200")
    return float(person.page.evaluate(GREY, ["scan", *part]))


def test_written_fields_are_covered_until_a_reason_is_told(
    browser: Any, place: str, office: Office
) -> None:
    an, dung = (Person(browser, place, office, name) for name in ("an", "dung"))
    number = office.case("S-1")
    for person in (an, dung):
        person.page.goto(f"{place}/cases/{number}")
        assert _covered(person, office) > 0.95
        for look in ("contrast", "noise"):
            with person.page.expect_response(
                lambda answer, look=look: f"/{look}.jpg" in answer.url
            ):
                person.page.select_option("#look", look)
        person.page.select_option("#look", "scan")
    # Who may not look without covers has no way to ask, by whatever address.
    assert an.page.locator(".uncover").count() == 0
    sheet = re.search(r"/pages/(\d+)/", str(dung.page.get_attribute("#stage", "data-base")))
    assert sheet is not None
    bare = f"{place}/cases/{number}/pages/{sheet[1]}/bare/scan.jpg"
    assert an.page.request.get(bare).status == 403
    assert dung.page.request.get(bare).status == 403  # no reason yet
    assert ("view.reason", f"case {number}, dung") not in office.told()

    dung.page.click(".uncover summary")
    dung.page.fill(".uncover [name=why]", "đối chiếu chữ ký với giấy giao nhận")
    dung.page.click(".uncover button")
    dung.page.wait_for_url("**bare=1**")
    assert _covered(dung, office) < 0.05
    told = [body for body in office.bodies() if body["action"] == "view.reason"]
    assert [body["reason"] for body in told] == ["đối chiếu chữ ký với giấy giao nhận"]
    assert any(action == "view.unmasked" for action, _ in office.told())
    assert an.wrong == dung.wrong == []


def test_a_forbidden_unit_tells_nothing(browser: Any, place: str, office: Office) -> None:
    giang = Person(browser, place, office, "giang")
    giang.page.goto(f"{place}/queue?state=all")
    assert "S-4" in giang.page.inner_text("#queue") and "S-1" not in giang.page.inner_text("main")
    said = set()  # what is not there and what is not in sight look the same
    for path in (
        *("/units/u1", "/units/u1/report", "/units/u1/cases.csv", "/units/nothing"),
        *(f"/cases/{office.case('S-1')}", "/cases/1"),
    ):
        answer = giang.page.goto(f"{place}{path}")
        assert answer is not None and answer.status == 404, path
        text = giang.page.inner_text("body")
        assert "Đơn vị 1" not in text and "S-1" not in text
        said.add(giang.page.inner_text("main"))
    assert len(said) == 1
    khanh = Person(browser, place, office, "khanh")
    answer = khanh.page.goto(f"{place}/cases/{office.case('S-1')}")
    assert answer is not None and answer.status == 403
    assert giang.wrong == khanh.wrong == []


def test_sheets_of_a_batch_lie_beside_each_other_and_blink(
    browser: Any, place: str, office: Office
) -> None:
    an = Person(browser, place, office, "an")
    number = office.case("S-1")
    an.page.goto(f"{place}/cases/{number}")
    an.keys("]")
    an.page.wait_for_url(f"**/cases/{number}/batch/1**")
    assert an.page.locator(".pair figure").count() == 2
    an.fits()
    width = "document.querySelector('.pair figure').clientWidth"
    before = an.page.evaluate(width)
    an.keys("+")
    assert an.page.evaluate(width) > 1.2 * before
    an.keys("b")
    assert an.page.get_attribute("#blink", "aria-pressed") == "true"
    first, second = an.page.locator(".pair figure").all()
    second.wait_for(state="visible")
    first.wait_for(state="hidden")
    first.wait_for(state="visible")
    an.keys("b", "Escape")
    an.page.wait_for_url(f"**/cases/{number}")
    # A sign that names another page: both are laid straight beside each other.
    an.page.goto(f"{place}/cases/{office.case('S-4')}")
    an.keys("m")
    an.page.wait_for_url("**/compare**")
    assert an.page.locator(".pair figure").count() == 2
    an.page.wait_for_function("document.querySelector('.pair figure + figure img').naturalHeight")
    # Seals and signatures stand at the foot: what is below the window can be scrolled to.
    cut = "(f) => f.scrollHeight - f.clientHeight"
    assert an.page.eval_on_selector(".pair figure + figure", cut) <= 1
    assert an.wrong == []


def test_a_note_stays_at_the_place_where_it_was_put(
    browser: Any, place: str, office: Office
) -> None:
    an = Person(browser, place, office, "an")
    an.page.goto(f"{place}/cases/{office.case('S-1')}")
    an.page.wait_for_selector("#places g.sign", state="attached")
    an.keys("a")
    stage = an.page.locator("#layer").bounding_box()
    assert stage is not None
    left, top = stage["x"] + 0.4 * stage["width"], stage["y"] + 0.3 * stage["height"]
    an.page.mouse.move(left, top)
    an.page.mouse.down()
    an.page.mouse.move(left + 60, top + 30)
    an.page.mouse.up()
    an.page.keyboard.type("nét bút khác, xem lại jkc")
    an.page.click("#remark button:not([type=button])")
    an.page.wait_for_selector("#places g.note", state="attached")
    an.page.evaluate("document.getElementById('zoom-fit').click()")
    drawn = an.page.locator("#places g.note polygon").bounding_box()
    layer = an.page.locator("#layer").bounding_box()
    assert drawn is not None and layer is not None
    assert (drawn["x"] - layer["x"]) / layer["width"] == pytest.approx(0.4, abs=0.02)
    assert (drawn["y"] - layer["y"]) / layer["height"] == pytest.approx(0.3, abs=0.02)
    assert "nét bút khác, xem lại jkc" in an.page.inner_text("#remarks")
    # Another person meets it at the same place, and from the note gets there.
    binh = Person(browser, place, office, "binh")
    binh.page.goto(an.page.url)
    binh.page.wait_for_selector("#places g.note", state="attached")
    binh.page.click("[data-goto]")
    seen = binh.page.locator("#places g.note polygon").bounding_box()
    view = binh.page.locator("#stage").bounding_box()
    assert seen is not None and view is not None
    assert view["x"] < seen["x"] and seen["x"] + seen["width"] < view["x"] + view["width"]
    assert office.state("S-1") == "open"
    assert an.wrong == binh.wrong == []


def test_keys_of_ones_own_and_two_on_one_key(browser: Any, place: str, office: Office) -> None:
    an = Person(browser, place, office, "an")
    an.page.goto(f"{place}/account")
    an.page.fill(".keys [name=confirm]", "r")
    an.page.click("form[action='/account/keys'] button.main")
    an.page.wait_for_selector(".wrong")
    assert "r:" in an.page.inner_text(".wrong")
    an.page.goto(f"{place}/account")
    assert an.page.input_value(".keys [name=confirm]") == "c"  # nothing was kept
    an.page.fill(".keys [name=confirm]", "x")
    an.page.click("form[action='/account/keys'] button.main")
    an.page.wait_for_load_state()
    an.page.goto(f"{place}/cases/{office.case('S-1')}")
    assert "X" in an.page.inner_text(".verdict.confirm")
    an.keys("c")
    assert not an.page.is_checked("[value=confirm]")
    an.keys("x")
    assert an.page.is_checked("[value=confirm]")
    an.fits()
    binh = Person(browser, place, office, "binh")
    binh.page.goto(f"{place}/cases/{office.case('S-3')}")
    binh.keys("c")
    assert binh.page.is_checked("[value=confirm]")
    assert an.wrong == binh.wrong == []

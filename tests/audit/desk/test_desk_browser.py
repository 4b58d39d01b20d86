"""The desk in a real browser: keys, blind second, two tabs, take-over, covers, language."""

from __future__ import annotations

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


def test_a_case_from_first_sight_to_exclusion(browser: Any, place: str, office: Office) -> None:
    an = Person(browser, place, office, "an")
    an.fits()
    # Movement goes down and up; the second row is the red case; only Enter opens.
    an.keys("j", "ArrowDown", "k", "Enter")
    an.page.wait_for_url(f"**/cases/{office.case('S-1')}")
    an.page.wait_for_selector("#places g.sign", state="attached")
    an.fits()
    assert office.state("S-1") == "open"

    # Held, the boxes are gone; let go, they are back. Zoom goes to the sign and stays.
    sign = an.page.locator("#places g.sign").first
    an.page.keyboard.down("h")
    assert not sign.is_visible()
    an.page.keyboard.up("h")
    assert sign.is_visible()
    an.keys("z")
    width = an.page.evaluate("document.getElementById('layer').clientWidth")
    assert width > 1.5 * an.page.evaluate("document.getElementById('stage').clientWidth")
    other = an.tab()
    other.goto(an.page.url)

    # Keys are letters while somebody types.
    an.keys("n")
    an.page.keyboard.type("cjkzr?")
    an.keys("Enter")
    assert an.page.input_value("[name=note]") == "cjkzr?"
    assert not an.page.is_checked("[value=confirm]")
    an.keys("c", "1")
    assert office.state("S-1") == "open"
    # A word for exclusion asks for the password, and the cursor stands there already.
    an.page.keyboard.type(office.passwords["an"])
    an.keys("Enter")
    an.page.wait_for_selector(".notice")
    assert office.state("S-1") == "second_needed"
    assert f"/cases/{office.case('S-1')}" not in an.page.url.split("?")[0]

    # The other tab still shows the case as it was: nothing is overwritten, nothing is lost.
    an.keys("r", "2", "n", page=other)
    other.keyboard.type("tab cũ")
    an.keys("Enter", "Enter", page=other)
    other.wait_for_selector(".both")
    assert "tab cũ" in other.inner_text(".both")
    assert "cjkzr?" in other.inner_text(".both")
    assert office.state("S-1") == "second_needed"

    # The second person sees the signs and not the verdict.
    binh = Person(browser, place, office, "binh")
    binh.page.goto(f"{place}/queue?state=second_needed")
    binh.keys("Enter")
    binh.page.wait_for_url("**/cases/**")
    assert "cjkzr?" not in binh.page.content()
    binh.keys("c", "1")
    binh.page.keyboard.type(office.passwords["binh"])
    binh.keys("Enter")
    binh.page.wait_for_url("**/queue?**")
    assert office.state("S-1") == "confirmed"
    assert an.wrong == binh.wrong == []


def test_a_lease_is_seen_and_taken_over_and_a_word_is_taken_back(
    browser: Any, place: str, office: Office
) -> None:
    an, binh = (Person(browser, place, office, name) for name in ("an", "binh"))
    number = office.case("S-3")
    with an.page.expect_response(lambda answer: "/lease" in answer.url):
        an.page.goto(f"{place}/cases/{number}")
    binh.page.goto(f"{place}/cases/{number}")
    assert "an đang xem hồ sơ này" in binh.page.inner_text("#lease")
    binh.page.click("#lease button")
    binh.page.wait_for_selector("#decide")
    binh.page.uncheck("#advance")
    binh.keys("r", "6", "Enter")
    binh.page.wait_for_selector(".notice")
    assert office.state("S-3") == "second_needed"
    binh.keys("u")
    binh.page.wait_for_selector("#decide")
    assert office.state("S-3") == "open"
    assert an.wrong == binh.wrong == []


def test_help_language_and_deciding_without_scripts(
    browser: Any, place: str, office: Office
) -> None:
    an = Person(browser, place, office, "an")
    an.page.goto(f"{place}/cases/{office.case('S-1')}")
    an.keys("?")
    assert "Phím tắt của trang này" in an.page.inner_text("#help")
    an.keys("c")
    assert not an.page.is_checked("[value=confirm]")
    an.keys("Escape")
    an.page.click("text=English")
    an.page.wait_for_selector("text=Signs (1)")
    an.fits()
    assert an.page.get_attribute("html", "lang") == "en"

    plain = browser.new_context(java_script_enabled=False)
    plain.add_cookies(an.context.cookies())
    page = plain.new_page()
    page.goto(f"{place}/cases/{office.case('S-1')}")
    page.check("[value=dismiss]", force=True)
    page.check("[value='dismiss.nothing_seen']")
    page.click("#send")
    page.wait_for_selector(".notice")
    assert office.state("S-1") == "second_needed"
    assert an.wrong == []

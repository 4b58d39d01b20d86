"""Every page in both languages, as axe sees it; and at twice its size."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit.desk.conftest import Office
from tests.audit.desk.test_desk_browser import Person, pytestmark  # noqa: F401 - marks, too

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

OPEN = "document.querySelectorAll('details').forEach((d) => (d.open = true))"
SERIOUS = ("serious", "critical")


def faults(page: Any) -> list[str]:
    """What axe finds that keeps somebody from working."""
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{v['id']}: {node['html'][:200]}"
        for v in found
        if v["impact"] in SERIOUS
        for node in v["nodes"]
    ]


def pages_of(office: Office, name: str) -> list[str]:
    case = f"/cases/{office.case('S-1')}"
    return {
        "an": [
            *("/queue?state=all", case, f"/cases/{office.case('S-2')}", "/round", "/units/u1"),
            *(f"{case}/batch/1", "/account", "/account/factor", "/help", "/nowhere"),
        ],
        "lam": ["/admin", "/admin/users/new", "/admin/users/1", "/admin/log", "/admin/rules"],
    }[name]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", ["an", "lam"])
def test_axe_finds_nothing_serious(
    browser: Any,
    place: str,
    office: Office,
    name: str,
    language: str,
) -> None:
    # The page says what scripts it runs: axe is one more, and only here.
    person = Person(browser, place, office, name, bypass_csp=True)
    person.context.add_cookies([{"name": "lang", "value": language, "url": place}])
    seen = {}
    for path in pages_of(office, name):
        person.page.goto(f"{place}{path}")
        if "/cases/" in path and "batch" not in path:
            person.page.evaluate(
                "document.querySelectorAll('details').forEach((d) => (d.open = true))"
            )
            person.page.evaluate("document.querySelector('[value=confirm]').click()")
        seen[path] = faults(person.page)
        assert person.page.get_attribute("html", "lang") == language
    person.page.goto(f"{place}/login")
    seen["/login"] = faults(person.page)
    assert {path: found for path, found in seen.items() if found} == {}


def test_twice_its_size_everything_is_there_and_nothing_leads_sideways(
    browser: Any,
    place: str,
    office: Office,
) -> None:
    # A window of 1366 x 768 at 200 % has room for half of that.
    person = Person(browser, place, office, "an", viewport={"width": 683, "height": 384})
    for path in pages_of(office, "an"):
        person.page.goto(f"{place}{path}")
        wide = "document.documentElement.scrollWidth - window.innerWidth"
        assert person.page.evaluate(wide) <= 0, path
    person.page.goto(f"{place}/cases/{office.case('S-1')}")
    # The words to say stay in sight; what belongs to one comes up with it.
    assert person.page.locator(".verdict.confirm").is_visible()
    person.keys("r")
    for selector in ("#stage", "#send", "[name=note]"):
        person.page.locator(selector).scroll_into_view_if_needed()
        assert person.page.locator(selector).is_visible()

"""Somebody at a screen: the browser as the tests of the desk use it."""

from __future__ import annotations

from typing import Any

from tests.audit.desk.conftest import Office

__all__ = ["Person"]


class Person:
    """Somebody at a screen of 1366 x 768; nothing may go wrong in the page unseen."""

    def __init__(self, browser: Any, place: str, office: Office, name: str, **options: Any) -> None:
        screen = {"viewport": {"width": 1366, "height": 768}} | options
        self.context = browser.new_context(**screen)
        self.context.set_default_timeout(60_000)
        self.wrong: list[str] = []
        self.place = place
        self.page = self.tab()
        self.page.goto(f"{place}/login")
        self.page.fill("[name=name]", name)
        self.page.fill("[name=password]", office.passwords[name])
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".who")
        if name in ("an", "binh"):
            self.page.goto(f"{place}/queue")

    def tab(self) -> Any:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", self._heard)
        return page

    def _heard(self, line: Any) -> None:
        # Most files of the round hold no real picture: those are not found, and that is said.
        if line.type == "error" and not line.text.startswith("Failed to load resource"):
            self.wrong.append(line.text)

    def keys(self, *keys: str, page: Any = None) -> None:
        for key in keys:
            (page or self.page).keyboard.press(key)

    def fits(self) -> None:
        """Nothing leads sideways, and the keys of the page do not collide."""
        wide = "document.documentElement.scrollWidth - window.innerWidth"
        assert self.page.evaluate(wide) <= 0
        assert self.page.evaluate("document.documentElement.dataset.keys") == "ok"

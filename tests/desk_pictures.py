"""``python -m tests.desk_pictures [DEMO]``: pictures of the inspector's guide, by the desk itself.

Opens the demo round in a browser as its people do and takes a picture of each page that
``docs/so_tay_kiem_tra.md`` shows. Without ``DEMO`` a new one is made.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from audit.cli.main import run
from tests.data import ROOT

__all__ = ["make"]

_PORT = 8765
_WIDE = 1000  # px


def _added(name: str, role: str, config: Path) -> str:
    command = [sys.executable, "-m", "audit", "user", "add", name, "--role", role]
    done = subprocess.run(
        [*command, "--config", str(config)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (password,) = re.findall(r"[a-z0-9]{5}(?:-[a-z0-9]{5})+", done.stdout + done.stderr)
    return str(password)


@contextmanager
def _served(config: Path) -> Iterator[str]:
    place = f"http://127.0.0.1:{_PORT}"
    command = [sys.executable, "-m", "audit", "serve", "--config", str(config)]
    with subprocess.Popen([*command, "--port", str(_PORT)], cwd=ROOT) as server:
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"{place}/healthz", timeout=5).close()
                    break
                except (urllib.error.URLError, OSError):
                    time.sleep(0.5)
            yield place
        finally:
            server.terminate()


def _person(browser: Any, place: str, name: str, password: str) -> Any:
    page = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN").new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{place}/login")
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_selector(".who")
    return page


def _keep(page: Any, name: str, folder: Path, *, whole: bool = False) -> None:
    path = folder / f"desk-{name}.png"
    page.wait_for_timeout(1500)  # pictures of the scan come after the page
    page.screenshot(path=str(path), full_page=whole)
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.thumbnail((_WIDE, 4 * _WIDE), Image.Resampling.LANCZOS)
    # Few colours: a guide must not weigh more than its words; this way keeps rare ones.
    small.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


def make(demo: Path, folder: Path) -> None:
    """Take every picture into ``folder``, as an inspector of ``demo``."""
    config = demo / "audit.toml"
    password = _added("hoa", "inspector", config)
    with sync_playwright() as driver, _served(config) as place:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        page = _person(browser, place, "hoa", password)
        page.goto(f"{place}/queue")
        _keep(page, "queue", folder)
        page.goto(f"{place}/queue?kind=erasure")
        page.keyboard.press("Enter")
        page.wait_for_url("**/cases/**")
        _keep(page, "case", folder)
        page.keyboard.press("z")
        _keep(page, "zoom", folder)
        page.keyboard.press("?")
        _keep(page, "keys", folder)
        page.keyboard.press("Escape")
        page.goto(f"{place}/queue?kind=duplicate")
        page.keyboard.press("Enter")
        page.wait_for_url("**/cases/**")
        link = page.locator("a[href*=compare]").first
        if link.count():
            page.goto(place + str(link.get_attribute("href")))
            _keep(page, "compare", folder)
        page.goto(f"{place}/round")
        _keep(page, "round", folder)
        unit = page.locator("a[href*='/units/']").first
        page.goto(place + str(unit.get_attribute("href")))
        _keep(page, "unit", folder)
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        # A copy: the round of the caller gets no account of ours.
        round_ = Path(name) / "demo"
        if len(sys.argv) > 1:
            shutil.copytree(sys.argv[1], round_)
        else:
            run(["demo", str(round_)])
        make(round_, ROOT / "docs" / "pictures")

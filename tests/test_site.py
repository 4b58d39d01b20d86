"""The documentation builds as a site that needs no network."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.data import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for package in ("sphinx", "furo", "myst_parser"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install survey-audit[docs]")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(folder / "trees"), str(DOCS), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    # A page in no table of contents, a dead link and a broken table are warnings, and errors here.
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_every_page_is_there_and_found(site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert (site / f"{page.stem}.html").exists()
        assert f'"{page.stem}"' in index


def test_no_page_asks_another_machine_for_anything(site):
    for page in site.glob("*.html"):
        content = page.read_text(encoding="utf-8")
        asked = re.findall(r"<(?:script|img|iframe|source)[^>]*\bsrc=\"([^\"]+)\"", content)
        asked += re.findall(r"<link[^>]*\brel=\"stylesheet\"[^>]*\bhref=\"([^\"]+)\"", content)
        assert asked
        assert not [name for name in asked if "://" in name or name.startswith("//")]
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?https?:", sheet.read_text(encoding="utf-8"))

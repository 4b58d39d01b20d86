"""The wheel holds everything that the program opens at run time."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.util import find_spec

import pytest

from tests.data import ROOT

PACKAGES = ("audit", "detectors", "reports", "scans")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Content by name of a wheel of the tree as it is, built without network."""
    if find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed: pip install -r requirements.lock")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "-w", str(folder), "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("survey_audit-*.whl")
    with zipfile.ZipFile(built) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    "name",
    [
        "scans/builtin_reference.json",
        "reports/locale/vi/LC_MESSAGES/reports.po",
        "reports/locale/en/LC_MESSAGES/reports.po",
        "reports/html/templates/document.html.j2",
        "reports/pdf/document.typ",
        "reports/html/templates/style.css",
        "audit/scoring/rules/satisfaction-2023.toml",
        "audit/store/migrations/env.py",
        "audit/store/migrations/script.py.mako",
        "audit/store/migrations/versions/0001_first_tables.py",
        *(f"{package}/py.typed" for package in PACKAGES),
    ],
)
def test_what_the_program_opens_is_inside(wheel, name):
    assert name in wheel
    assert wheel[name] or name.endswith("py.typed")


def test_every_file_of_the_packages_is_inside_as_it_is(wheel):
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            hidden = "__pycache__" in path.parts or path.name.startswith(".")
            if path.is_file() and not hidden:
                name = path.relative_to(ROOT).as_posix()
                assert wheel.get(name) == path.read_bytes(), name


def test_nothing_else_is_inside(wheel):
    tops = {name.split("/")[0] for name in wheel}
    info = {top for top in tops if top.endswith(".dist-info")}
    assert tops - info == set(PACKAGES)
    assert len(info) == 1
    assert not [name for name in wheel if "__pycache__" in name or name.endswith(".pyc")]


def test_the_command_and_the_licence_are_declared(wheel):
    (info,) = {name.split("/")[0] for name in wheel if ".dist-info/" in name}
    declared = wheel[f"{info}/entry_points.txt"].decode()
    assert "survey-audit = audit.cli.main:main" in declared
    assert b"Apache License" in wheel[f"{info}/licenses/LICENSE"]

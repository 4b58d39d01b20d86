"""Each line of the container file against the tree; an image itself is built where an engine is."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from audit.cli.main import build_app
from tests.data import ROOT

FILE = ROOT / "docs/deploy/Containerfile"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def lines() -> list[tuple[str, str]]:
    """Instructions with their arguments, continued lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", FILE.read_text("utf-8"), flags=re.MULTILINE)
    return [
        (word, rest.strip())
        for word, _, rest in (line.partition(" ") for line in text.replace("\\\n", " ").split("\n"))
        if word
    ]


def _of(lines: list[tuple[str, str]], word: str) -> list[str]:
    return [rest for name, rest in lines if name == word]


def test_it_copies_what_the_wheel_is_built_of_and_nothing_else(lines):
    copied = {
        source
        for rest in _of(lines, "COPY")
        if not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    for source in copied:
        assert (ROOT / source).exists(), source
    project, wheel = PROJECT["project"], PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", "requirements.lock", project["readme"], *wheel["packages"]}
    assert copied == needed | set(project["license-files"])


def test_what_builds_is_locked_as_no_isolation_wants_it(lines):
    runs = " ".join(_of(lines, "RUN"))
    assert "--require-hashes -r requirements.lock" in runs
    assert "--no-build-isolation" in runs
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    for wanted in PROJECT["build-system"]["requires"]:
        assert f"\n{wanted} " in lock, wanted


def test_stages_python_and_paths_agree(lines):
    build, final = (rest.split() for rest in _of(lines, "FROM"))
    assert build[0] == final[0]
    assert build[1:] == ["AS", "build"]
    (version,) = re.findall(r"python:(\d+\.\d+)", final[0])
    assert PROJECT["project"]["requires-python"].startswith(f">={version}")
    (taken,) = [rest for rest in _of(lines, "COPY") if rest.startswith("--from")]
    stage, source, target = taken.split()
    assert stage == "--from=build"
    # A virtual environment does not move.
    assert source == target
    assert f"python -m venv {source}" in " ".join(_of(lines, "RUN"))
    assert f"PATH={source}/bin:$PATH" in " ".join(_of(lines, "ENV"))


def test_it_runs_as_its_own_user_in_the_volume(lines):
    words = [name for name, _ in lines]
    (user,) = _of(lines, "USER")
    (made,) = [rest for rest in _of(lines, "RUN") if "useradd" in rest]
    assert made.split()[-1] == user
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert _of(lines, "WORKDIR")[-1] == _of(lines, "VOLUME")[0] == "/round"
    (number,) = re.findall(r"--uid (\d+)", made)
    assert f"chown -R {number}" in (ROOT / "docs/installing.md").read_text("utf-8")


def test_its_command_and_port_are_those_of_the_program(lines):
    (entry,) = json.loads(_of(lines, "ENTRYPOINT")[0])
    assert entry in PROJECT["project"]["scripts"]
    names = {command.name for command in build_app().registered_commands}
    assert set(json.loads(_of(lines, "CMD")[0])) <= names
    (port,) = _of(lines, "EXPOSE")
    docs = (ROOT / "docs/installing.md").read_text("utf-8")
    for command in re.findall(r"^podman run .*survey-audit (\w+)", docs, flags=re.MULTILINE):
        assert command in names
    assert f"-p 127.0.0.1:{port}:{port}" in docs

"""What is locked: with hashes, and the same in the two files."""

from __future__ import annotations

import re

import pytest

from tests.data import ROOT

LOCKS = ("requirements.lock", "tests/requirements.lock")


def locked(name: str) -> dict[str, tuple[str, str]]:
    """Package -> version and everything that stands with it."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.findall(r"^([\w.\-]+)(?:\[[\w,]+\])?==(\S+)((?:.*\\\n)*.*)$", text, re.M)
    return {package: (version, rest) for package, version, rest in found}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_locked_with_hashes(name):
    packages = locked(name)
    assert len(packages) > 50
    for package, (_, rest) in packages.items():
        assert "--hash=sha256:" in rest, package


def test_the_tests_run_on_what_users_get():
    users, tests = (locked(name) for name in LOCKS)
    assert set(users) <= set(tests)
    differ = {
        name: (users[name][0], tests[name][0]) for name in users if users[name][0] != tests[name][0]
    }
    assert not differ, "run: make lock"

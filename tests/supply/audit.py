"""``make audit``: known holes in the locked packages.

With a network, pip-audit asks the Python advisory database; it is no dependency of this project
and runs where releases are made. Without one, ``ADVISORIES=all.zip`` (``--advisories``) names a
file of advisories that was carried here: see :mod:`tests.supply.advisories`.

Exit: 0 nothing known, 1 a package has a known hole, 2 the file is none, 3 nothing was checked.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.data import ROOT
from tests.supply.advisories import holes, read_advisories
from tests.supply.lock import read_lock

# What runs, and what only tests or an extra (a database, a bucket, a login elsewhere) need.
LOCKS = (ROOT / "requirements.lock", ROOT / "tests/requirements.lock")
_HOST = ("pypi.org", 443)
_FILE = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
_CARRY = f"fetch {_FILE} where a network is, and run: make audit ADVISORIES=all.zip"


def main(words: Sequence[str] | None = None) -> int:
    """Ask, and pass on what was answered; 3 where it cannot be asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.supply.audit")
    parser.add_argument("--advisories", type=Path, help="an OSV export: ZIP, folder or JSON file")
    path = parser.parse_args(words).advisories
    if path is not None:
        return _by_file(path)
    tool = shutil.which("pip-audit") or shutil.which(str(Path(sys.executable).parent / "pip-audit"))
    if tool is None:
        return _cannot("pip-audit is not installed", f"pipx install pip-audit; or {_CARRY}")
    try:
        socket.create_connection(_HOST, timeout=10).close()
    except OSError as error:
        return _cannot(f"{_HOST[0]} cannot be reached ({error})", _CARRY)
    command = [tool, "--require-hashes", "--disable-pip"]
    for lock in LOCKS:
        command += ["-r", str(lock)]
    return subprocess.run(command, check=False).returncode


def _by_file(path: Path) -> int:
    try:
        known = read_advisories(path)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"make audit: nothing was checked: {path}: {error} — {_CARRY}\n")
        return 2
    packages = {p.purl: p for lock in LOCKS for p in read_lock(lock)}
    run = {p.purl for p in read_lock(LOCKS[0])}
    found = holes(packages.values(), known)
    for hole in found:
        part = "the program" if f"pkg:pypi/{hole.package.replace(' ', '@')}" in run else "extras"
        mended = f"mended in {', '.join(hole.fixed)}" if hole.fixed else "not mended yet"
        names = " ".join((hole.advisory, *hole.also))
        sys.stdout.write(f"{hole.package} ({part}): {names}: {hole.summary} — {mended}\n")
    sys.stdout.write(
        f"{len(packages)} locked packages against {known.count} advisories, the newest of "
        f"{known.newest or 'no day that it says'}: {len(found)} known holes\n"
    )
    return 1 if found else 0


def _cannot(what: str, remedy: str) -> int:
    sys.stderr.write(f"make audit: nothing was checked: {what} — {remedy}\n")
    return 3


if __name__ == "__main__":
    sys.exit(main())

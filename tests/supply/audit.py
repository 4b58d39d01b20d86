"""``make audit``: known holes in the locked packages, asked of the Python advisory database.

It needs a network and pip-audit, which is no dependency of this project: it runs where
releases are made, never where the program does.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

from tests.data import ROOT

_HOST = ("pypi.org", 443)


def main() -> int:
    """Ask, and pass on what was answered; 3 where it cannot be asked."""
    tool = shutil.which("pip-audit") or shutil.which(str(Path(sys.executable).parent / "pip-audit"))
    if tool is None:
        return _cannot("pip-audit is not installed", "pipx install pip-audit")
    try:
        socket.create_connection(_HOST, timeout=10).close()
    except OSError as error:
        return _cannot(f"{_HOST[0]} cannot be reached ({error})", "run it where a network is")
    command = [tool, "--require-hashes", "--disable-pip", "-r", str(ROOT / "requirements.lock")]
    return subprocess.run(command, check=False).returncode


def _cannot(what: str, remedy: str) -> int:
    sys.stderr.write(f"make audit: nothing was checked: {what} — {remedy}\n")
    return 3


if __name__ == "__main__":
    sys.exit(main())

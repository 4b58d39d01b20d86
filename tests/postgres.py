"""A PostgreSQL server of our own, on a socket in a folder; nothing of it stays."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["NoServer", "postgres_server"]


class NoServer(Exception):
    """There is no server to start here."""


@contextmanager
def postgres_server(options: str = "-c fsync=off") -> Iterator[str]:
    """The URL of a fresh server.

    Args:
        options: Of the server, beside those that keep it to itself.

    Raises:
        NoServer: If the server, its user or the driver is not there.
    """
    if importlib.util.find_spec("psycopg") is None:
        raise NoServer("the extra [postgres] is not installed")
    tools = [shutil.which(name) for name in ("initdb", "pg_ctl")]
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    folder = Path(tools[0]).resolve().parent if all(tools) and tools[0] else None
    folder = folder or (found[-1] if found else None)
    if folder is None or not (folder / "initdb").exists():
        raise NoServer("no PostgreSQL server (Debian package postgresql)")
    with tempfile.TemporaryDirectory(prefix="survey-audit-pg-") as folder_:
        home = Path(folder_)
        data, socket = home / "data", home / "s"
        socket.mkdir()
        as_user: list[str] = []
        if os.geteuid() == 0:
            # The server refuses to run as root.
            runuser = shutil.which("runuser")
            if (
                runuser is None
                or subprocess.run(["id", "postgres"], capture_output=True).returncode
            ):
                raise NoServer("PostgreSQL does not run as root and there is no user postgres")
            # The server's user must be able to walk to its folder: not in pytest's own, which
            # every other run closes again.
            home.chmod(0o755)
            shutil.chown(home, "postgres")
            shutil.chown(socket, "postgres")
            as_user = [runuser, "-u", "postgres", "--"]
        make = [str(folder / "initdb"), "-D", str(data), "-A", "trust", "-U", "audit", "-E", "UTF8"]
        subprocess.run(
            [*as_user, *make, "--locale=C.UTF-8"], check=True, capture_output=True, cwd="/"
        )
        flags = f"-c listen_addresses='' -k {socket} {options}"
        start = [str(folder / "pg_ctl"), "-D", str(data), "-w", "-t", "300", "-o", flags]
        log = ["-l", str(data / "log")]
        subprocess.run([*as_user, *start, *log, "start"], check=True, capture_output=True, cwd="/")
        try:
            yield f"postgresql+psycopg://audit@/postgres?host={socket}"
        finally:
            stop = [str(folder / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"]
            subprocess.run([*as_user, *stop], check=False, capture_output=True, cwd="/")

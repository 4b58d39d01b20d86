"""A system that lacks what Linux has: no fcntl, pwd, resource, modes, links, folder descriptors.

Windows itself is not here. What it lacks is taken away before the program is loaded, and its
lock stands on a byte range of ours; a round then has to run as ever.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.intake.tables import read_responses
from audit.portable import lock
from detectors.instrument import load_instrument
from tests.audit.rounds import small_round
from tests.data import ROOT
from tests.scans.pages import honest

# The standard library is loaded first: it has its own ways on Windows.
BARE = """
import os, sys, types
import asyncio, multiprocessing, pathlib, shutil, socket, sqlite3, subprocess, tempfile
import cv2, matplotlib, numpy, pandas, PIL.Image, rich.console, sqlalchemy
import multiprocessing.popen_spawn_posix, multiprocessing.resource_tracker
import fcntl as real

windows = types.ModuleType("msvcrt")
windows.LK_NBLCK = 2

def locking(descriptor, mode, count):
    try:
        real.lockf(descriptor, real.LOCK_EX | real.LOCK_NB, count, 0, os.SEEK_CUR)
    except OSError as error:
        raise PermissionError(13, "locked") from error

windows.locking = locking
sys.modules["msvcrt"] = windows
for name in ("fcntl", "pwd", "resource"):
    sys.modules[name] = None
for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY", "fchmod", "pread", "pwrite"):
    delattr(os, name)
multiprocessing.get_all_start_methods = lambda: ["spawn"]
os.environ["USERNAME"] = "inspector"
"""
RUN = "from audit.cli.main import run\nif __name__ == '__main__': sys.exit(run(sys.argv[1:]))\n"
HOLD = """
from audit.portable import lock
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
held = lock(descriptor)
if held:
    os.write(descriptor, b"mine")
print(held, os.read(os.open(sys.argv[1], os.O_RDONLY), 4).decode(), flush=True)
sys.stdin.read()
"""


def bare(tmp_path: Path, code: str, *arguments: str, **more) -> subprocess.Popen[str]:
    script = tmp_path / "bare.py"
    script.write_text(BARE + code)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(script), *arguments]
    return subprocess.Popen(command, text=True, env=environment, stdout=-1, stderr=-1, **more)


def test_a_round_runs_where_windows_would_run_it(tmp_path):
    config = small_round(tmp_path / "round")
    # Of another form: it is decoded, looked at and refused, in a worker that was started anew.
    page = honest("HL-01", 2, 5)
    (config.parent / "inbox" / "scans" / f"page{page.suffix}").write_bytes(page.data)
    done = bare(tmp_path, RUN, "run", "--config", str(config))
    told = done.communicate(timeout=600)[1]
    assert done.returncode == 10, told
    assert f"page{page.suffix}" in told
    again = bare(tmp_path, RUN, "verify", "--config", str(config))
    told = again.communicate(timeout=300)[1]
    assert again.returncode == 0, told


def test_the_lock_of_bytes_keeps_others_out_and_its_note_readable(tmp_path):
    place = str(tmp_path / "lock")
    first = bare(tmp_path, HOLD, place, stdin=subprocess.PIPE)
    assert first.stdout is not None
    assert first.stdout.readline().split() == ["True", "mine"]
    second = bare(tmp_path, HOLD, place, stdin=subprocess.PIPE)
    assert second.communicate("", timeout=120)[0].split() == ["False", "mine"]
    first.communicate("", timeout=120)
    third = bare(tmp_path, HOLD, place, stdin=subprocess.PIPE)
    assert third.communicate("", timeout=120)[0].split() == ["True", "mine"]


def test_the_lock_of_this_system_is_let_go_with_its_descriptor(tmp_path):
    one = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    other = os.open(tmp_path / "lock", os.O_RDWR)
    assert lock(one)
    assert not lock(other)
    os.close(one)
    assert lock(other)
    os.close(other)


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_tables_are_read_with_the_line_ends_of_any_system(tmp_path, ending):
    form = tmp_path / "form.toml"
    item = ["[[item]]", 'id = "A1"', "scale = [1, 2, 3, 4, 5]"]
    lines = ['id = "F"', 'version = "1"', 'title = { vi = "P", en = "F" }', *item, ""]
    form.write_bytes(ending.join(lines).encode())
    path = tmp_path / "r.csv"
    rows = ["record_id,unit_id,channel,A1", "1,U,paper,5", "2,U,paper,4", ""]
    path.write_bytes(ending.join(rows).encode())
    read = read_responses(path, load_instrument(form))
    assert read.frame["A1"].astype(float).tolist() == [5.0, 4.0]
    assert not read.problems

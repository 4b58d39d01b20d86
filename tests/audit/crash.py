"""Whole rounds that die, or meet a fault, at a chosen step, and are taken up again.

A step is a statement or a commit of the store, or a call that makes files last (fsync,
replace, unlink), before and after. A round runs in a forked child that kills itself at a
step, or sees the disk full, an input-output error, or its connection to the database cut
there. Then it is run again to its end and the store must be that of a round that was never
disturbed. ``python -m tests.audit.crash --kills 200`` does it at random steps.
"""

from __future__ import annotations

import argparse
import errno
import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import event

from audit.pipeline.run import run_round
from detectors.errors import AuditError
from tests.audit.nights import fill, quiet, rows
from tests.audit.rounds import FakeScans, settings_of, small_round

__all__ = ["Ending", "Fault", "Trial", "trial"]

_FILE_CALLS = ("fsync", "replace", "rename", "unlink", "link")

Fault = str
FAULTS: tuple[Fault, ...] = ("kill", "full", "broken", "cut")


@dataclass(frozen=True)
class Ending:
    """How a child ended.

    Attributes:
        steps: Steps that it came to; 0 where it was killed.
        killed: Whether a signal ended it.
        error: Name of the program's own error; ``None`` where the round came to its end.
        crash: A traceback where something else than an error of the program came up.
    """

    steps: int
    killed: bool
    error: str | None
    crash: str | None


@dataclass(frozen=True)
class Trial:
    """What a disturbed round led to.

    Attributes:
        endings: Of every attempt but the last.
        rows: Of the store after the last.
    """

    endings: tuple[Ending, ...]
    rows: dict[str, list[dict[str, Any]]]


class _Steps:
    """Counts steps, and does its mischief at one of them."""

    def __init__(self, at: int | None, fault: Fault, url: str) -> None:
        self.count, self._at, self._fault, self._url = 0, at, fault, url

    def __call__(self, kind: str) -> None:
        self.count += 1
        if self.count != self._at:
            return
        if self._fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "after":
            # What is done cannot fail any more: the next step will.
            self._at = self.count + 1
            return
        if self._fault == "cut" and self._url.startswith("postgresql"):
            _cut_connections(self._url)
        elif kind == "file":
            code = errno.ENOSPC if self._fault == "full" else errno.EIO
            raise OSError(code, os.strerror(code))
        else:
            what = "database or disk is full" if self._fault == "full" else "disk I/O error"
            raise sa.exc.OperationalError("", {}, Exception(what))


def _cut_connections(url: str) -> None:
    """As when the server is restarted: every other session of the database ends."""
    import psycopg

    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def _watched(steps: _Steps) -> Iterator[None]:
    def statement(*_: Any) -> None:
        steps("store")

    def commit(_: Any) -> None:
        steps("store")

    def around(call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **more: Any) -> Any:
            steps("file")
            answer = call(*args, **more)
            steps("after")
            return answer

        return stepped

    event.listen(sa.Engine, "before_cursor_execute", statement)
    event.listen(sa.Engine, "commit", commit)
    kept = {name: getattr(os, name) for name in _FILE_CALLS}
    for name, call in kept.items():
        setattr(os, name, around(call))
    try:
        yield
    finally:
        for name, call in kept.items():
            setattr(os, name, call)
        event.remove(sa.Engine, "before_cursor_execute", statement)
        event.remove(sa.Engine, "commit", commit)


def _attempt(config: Path, scans: FakeScans, at: int | None, fault: Fault) -> Ending:
    """Run the round in a child that meets ``fault`` at step ``at``."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        error = crash = None
        steps = _Steps(at, fault, settings_of(config).store_url)
        try:
            with _watched(steps):
                run_round(settings_of(config), quiet(scans))
        except AuditError as found:
            error = f"{type(found).__name__}: {found}"
        except BaseException:
            crash = traceback.format_exc()
        os.write(theirs, json.dumps([steps.count, error, crash]).encode()[:60_000])
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return Ending(0, killed=True, error=None, crash=None)
    count, error, crash = json.loads(told)
    return Ending(count, killed=False, error=error, crash=crash)


def prepared(folder: Path, store_url: str | None = None) -> tuple[Path, FakeScans]:
    """A round with tables and scans in its inbox."""
    # The folder gives the round its name, and that its keys.
    folder = folder / "r"
    config, scans = small_round(folder), FakeScans()
    fill(folder, scans)
    if store_url is not None:
        text = config.read_text("utf-8")
        config.write_text(f'store = "{store_url}"\n{text}', "utf-8")
    return config, scans


def trial(
    folder: Path, disturbances: list[tuple[int, Fault]], store_url: str | None = None
) -> Trial:
    """A round that is disturbed once or more, and then left in peace."""
    config, scans = prepared(folder, store_url)
    endings = [_attempt(config, scans, at, fault) for at, fault in disturbances]
    last = _attempt(config, scans, None, "kill")
    assert not last.killed, "the undisturbed run was killed"
    assert last.error is None, last.error
    assert last.crash is None, last.crash
    return Trial(tuple(endings), rows(settings_of(config)))


def length(folder: Path, store_url: str | None = None) -> tuple[int, dict[str, Any]]:
    """Steps of a round that nobody disturbs, and its store."""
    config, scans = prepared(folder, store_url)
    ending = _attempt(config, scans, None, "kill")
    assert ending.error is None, ending.error
    assert ending.crash is None, ending.crash
    return ending.steps, rows(settings_of(config))


def main() -> None:
    """Many trials; ends in 1 with the first that differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", default=None, help="URL with {} for a database's name")
    given = parser.parse_args()
    chance = np.random.default_rng(given.seed)
    home = Path(tempfile.mkdtemp(prefix="survey-audit-crash-"))
    databases = itertools.count()

    def url() -> str | None:
        return None if given.store is None else database(given.store, next(databases))

    steps, whole = length(home / "whole", url())
    sys.stdout.write(f"a whole run has {steps} steps\n")
    done: dict[str, int] = {}
    for number in range(given.kills):
        faults: list[tuple[int, Fault]] = []
        while not faults or chance.random() < 0.3:
            fault = "kill" if chance.random() < 0.7 else str(chance.choice(FAULTS[1:]))
            faults.append((int(chance.integers(1, steps + 1)), fault))
        found = trial(home / f"t{number}", faults, url())
        for (_, fault), ending in zip(faults, found.endings, strict=True):
            done[fault] = done.get(fault, 0) + 1
            if ending.crash is not None:
                sys.exit(f"trial {number} {faults}: {ending.crash}")
        if found.rows != whole:
            other = [name for name in whole if whole[name] != found.rows.get(name)]
            sys.exit(f"trial {number} {faults}: the store differs in {other}")
        shutil.rmtree(home / f"t{number}")
        if (number + 1) % 10 == 0:
            sys.stdout.write(f"{number + 1} trials, {done}: all equal so far\n")
            sys.stdout.flush()
    sys.stdout.write(f"{given.kills} trials, {done}: every store equals the undisturbed one\n")
    shutil.rmtree(home)


def database(pattern: str, number: object, template: str | None = None) -> str:
    """A fresh database on the server of a pattern such as ``postgresql+psycopg://u@/{}?host=…``.

    It is empty, or has what the one named ``template`` has.
    """
    name = f"crash_{os.getpid()}_{number}"
    engine = sa.create_engine(pattern.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(
            sa.text(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        )
    engine.dispose()
    return pattern.format(name)


if __name__ == "__main__":
    main()

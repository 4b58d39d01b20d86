"""A box to read hostile files in: a process that may be killed, with its memory watched.

For each file it tells how reading ended, how long it took, and how far the resident
memory rose above what it was before: of the process and of any child it started.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from detectors.errors import AuditError
from scans.worker import limit_memory, limit_worker
from tests.hostile.targets import TARGETS

__all__ = ["Job", "Limits", "Outcome", "run"]

_MB = 1 << 20
_ADDRESSES = 6 << 30
_CHILD = 150 << 20  # what a child has with its libraries alone
_LONGEST_LINE = 2_000
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take."""

    seconds: float = 20.0
    memory_mb: float = 1024.0


@dataclass(frozen=True, slots=True)
class Job:
    """A file, and which of :data:`TARGETS` is to read it."""

    name: str
    target: str
    path: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """How reading ended.

    Attributes:
        job: What was read.
        kind: ``read``, ``refused``, or what must not be: ``crash``, ``hang``, ``memory``,
            ``unclear`` (a refusal that is no single clear line).
        text: What was read or said.
        seconds: On the clock.
        memory_mb: How far resident memory rose.
        code: Exit code of a refusal.
    """

    job: Job
    kind: str
    text: str
    seconds: float = 0.0
    memory_mb: float = 0.0
    code: int = 0

    @property
    def good(self) -> bool:
        """Whether it ended as it must."""
        return self.kind in ("read", "refused")

    def line(self) -> str:
        """For a person."""
        shown = ascii(self.text[:600])
        return (
            f"{self.kind:8} {self.job.target:10} {self.job.name} "
            f"({self.seconds:.2f} s, {self.memory_mb:.0f} MB): {shown}"
        )


def run(jobs: Iterable[Job], limits: Limits = Limits()) -> Iterator[Outcome]:
    """Read file after file; a box that is lost is replaced."""
    box = _Box()
    try:
        for job in jobs:
            outcome = box.read(job, limits)
            if outcome.kind in ("read", "refused") and outcome.memory_mb > limits.memory_mb:
                outcome = Outcome(
                    job, "memory", outcome.text, outcome.seconds, outcome.memory_mb, outcome.code
                )
            yield outcome
    finally:
        box.close()


class _Box:
    def __init__(self) -> None:
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["tests.hostile.targets", "scans.ready"])
        self._pipe: Connection | None = None
        self._process: Any = None

    def read(self, job: Job, limits: Limits) -> Outcome:
        if self._process is None:
            self._pipe, theirs = self._context.Pipe()
            # Not a daemon: what is read may have its own worker.
            self._process = self._context.Process(target=_work, args=(theirs,))
            self._process.start()
            theirs.close()
            self._pipe.recv()  # ready
        assert self._pipe is not None
        start = time.monotonic()
        self._pipe.send((job.target, job.path))
        if not self._pipe.poll(limits.seconds):
            self.close()
            return Outcome(job, "hang", "still reading", time.monotonic() - start)
        took = time.monotonic() - start
        try:
            kind, text, memory, code = self._pipe.recv()
        except EOFError:
            self._process.join(5)
            code = self._process.exitcode
            self.close()
            return Outcome(job, "crash", f"the process died ({code})", took)
        return Outcome(job, kind, text, took, memory / _MB, code)

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join(5)
            assert self._pipe is not None
            self._pipe.close()
            self._process = self._pipe = None


def _work(pipe: Connection) -> None:
    limit_worker()
    limit_memory(_ADDRESSES)
    pipe.send("ready")
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            target, path = pipe.recv()
            before = {pid: _forget(pid) for pid in _family()}
            code = 0
            try:
                kind, text = "read", str(TARGETS[target](path))
            except AuditError as error:
                kind, text, code = _refused(error)
            except BaseException:
                kind, text = "crash", traceback.format_exc()[-3000:]
            rose = [_memory(pid, "VmHWM") - before.get(pid, _CHILD) for pid in _family()]
            pipe.send((kind, text, max(rose), code))


def _refused(error: AuditError) -> tuple[str, str, int]:
    line = str(error)
    clear = error.where and error.remedy and len(line) <= _LONGEST_LINE
    clear = clear and not _UNSAFE.search(line)
    return ("refused" if clear else "unclear"), line[:5000], int(error.exit_code)


def _family() -> list[int]:
    """This process and those that it started."""
    return [os.getpid(), *(child.pid for child in active_children() if child.pid)]


def _forget(pid: int) -> int:
    """Resident memory now, its highest mark forgotten."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")
    return _memory(pid, "VmRSS")


def _memory(pid: int, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    return 0

"""Reading files in worker processes that may die, hang or eat memory without harm.

Each worker holds one file at a time, so whoever kills a worker is known. Its pages come
back one by one; the time limit is for a page, not for a file of two thousand. A file that
kills its worker, or lets it hang, is tried once more from the page where that happened;
then it is given up with its reason, and the rest goes on. One that takes too much processor
time is given up at once. Results come in the order of
the files, whatever finishes first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import connection, get_all_start_methods, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

from scans.worker import limit_cpu, limit_memory, limit_worker

__all__ = ["WORKER_LIMITS", "WorkerLimits", "in_workers"]

Job = TypeVar("Job")
Page = TypeVar("Page")

# Files in flight a worker: enough to keep it busy, few enough to hold in memory.
_AHEAD = 3
_TRIES = 2
_TOO_LONG = -getattr(signal, "SIGXCPU", 24)


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one worker may use.

    Attributes:
        memory_bytes: Address space; 0 is no limit. Libraries alone map about a gigabyte.
        page_seconds: For one page, processor time and, doubled, time on the clock.
    """

    memory_bytes: int = 6 << 30
    page_seconds: float = 120.0


WORKER_LIMITS = WorkerLimits()


@dataclass(eq=False)
class _File(Generic[Job, Page]):
    job: Job
    pages: deque[Page] = field(default_factory=deque)
    came: int = 0
    tries: int = 0
    done: bool = False


@dataclass(eq=False)
class _Worker(Generic[Job, Page]):
    process: BaseProcess
    pipe: Connection
    file: _File[Job, Page] | None = None
    deadline: float = 0.0


def in_workers(
    jobs: Iterable[Job],
    read: Callable[[Job], Iterable[Page]],
    given_up: Callable[[Job, int, str], Page],
    *,
    workers: int,
    limits: WorkerLimits = WORKER_LIMITS,
) -> Iterator[Page]:
    """Pages of all jobs, in order.

    Args:
        jobs: What to read, one after the other; taken as workers become free.
        read: Pages of a job; goes to other processes, so a function of a module or a partial
            of one, and what it yields must pickle.
        given_up: What stands for the rest of a job that cannot be read: the job, the number of
            the page from 1, and the reason.
        workers: Processes, at least 1.
        limits: Of each of them.
    """
    pool = _Pool(read, given_up, workers, limits)
    try:
        yield from pool.run(iter(jobs))
    finally:
        pool.close()


class _Pool(Generic[Job, Page]):
    def __init__(
        self,
        read: Callable[[Job], Iterable[Page]],
        given_up: Callable[[Job, int, str], Page],
        workers: int,
        limits: WorkerLimits,
    ) -> None:
        self._read, self._given_up, self._limits = read, given_up, limits
        forks = "forkserver" in get_all_start_methods()
        # Windows has no other way than to start each worker from nothing.
        self._context = get_context("forkserver") if forks else get_context("spawn")
        if forks:
            # Imported once in the server that workers are forked from.
            self._context.set_forkserver_preload(["scans.ready"])
        self._most = workers
        self._workers: list[_Worker[Job, Page]] = []
        self._waiting: deque[_File[Job, Page]] = deque()

    def run(self, jobs: Iterator[Job]) -> Iterator[Page]:
        order: deque[_File[Job, Page]] = deque()
        more = True
        while more or order:
            while more and len(order) < self._most * _AHEAD:
                try:
                    file: _File[Job, Page] = _File(next(jobs))
                except StopIteration:
                    more = False
                    break
                order.append(file)
                self._waiting.append(file)
            self._hand_out()
            while order and (order[0].pages or order[0].done):
                while order[0].pages:
                    yield order[0].pages.popleft()
                if not order[0].done:
                    break
                order.popleft()
            if order and not order[0].pages and not order[0].done:
                self._listen()

    def close(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join(5.0)
            worker.pipe.close()
        self._workers.clear()

    def _hand_out(self) -> None:
        while self._waiting:
            free = next((w for w in self._workers if w.file is None), None)
            if free is None and len(self._workers) < self._most:
                free = self._start()
            if free is None:
                return
            file = self._waiting.popleft()
            file.tries += 1
            free.file, free.deadline = file, self._next_deadline()
            try:
                free.pipe.send((file.job, file.came))
            except (BrokenPipeError, ConnectionResetError):
                # It died between two files, of its own: the file is not to blame.
                file.tries -= 1
                self._waiting.appendleft(file)
                self._bury(free)

    def _start(self) -> _Worker[Job, Page]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(theirs, self._read, self._limits), daemon=True
        )
        process.start()
        theirs.close()
        worker: _Worker[Job, Page] = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _next_deadline(self) -> float:
        return time.monotonic() + 2.0 * self._limits.page_seconds

    def _listen(self) -> None:
        """Wait for something to happen to a worker, and take note of it."""
        busy = [w for w in self._workers if w.file is not None]
        patience = max(0.0, min(w.deadline for w in busy) - time.monotonic())
        heard = set(connection.wait([w.pipe for w in busy], patience))
        for worker in busy:
            if worker.pipe in heard:
                self._hear(worker)
            elif time.monotonic() >= worker.deadline:
                self._lose(worker, f"reading it took longer than {self._limits.page_seconds:g} s")

    def _hear(self, worker: _Worker[Job, Page]) -> None:
        file = worker.file
        assert file is not None
        try:
            kind, content = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            worker.process.join(5.0)
            code = worker.process.exitcode
            # Processor time is the same a second time.
            self._lose(worker, self._cause(code), again=code != _TOO_LONG)
            return
        worker.deadline = self._next_deadline()
        if kind == "page":
            file.pages.append(content)
            file.came += 1
            return
        worker.file = None
        if kind == "failed":
            file.pages.append(self._given_up(file.job, file.came + 1, content))
        file.done = True

    def _cause(self, exit_code: int | None) -> str:
        if exit_code == _TOO_LONG:
            return f"reading it took more than {self._limits.page_seconds:g} s of processor time"
        return "reading it killed the worker twice (memory, or a broken file)"

    def _lose(self, worker: _Worker[Job, Page], reason: str, *, again: bool = True) -> None:
        """A worker is gone or must go; its file gets another try or is given up."""
        file = worker.file
        assert file is not None
        self._bury(worker)
        if again and file.tries < _TRIES:
            self._waiting.appendleft(file)
            return
        file.pages.append(self._given_up(file.job, file.came + 1, reason))
        file.done = True

    def _bury(self, worker: _Worker[Job, Page]) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join(5.0)
        worker.pipe.close()


def _work(pipe: Connection, read: Callable[[Job], Iterable[Page]], limits: WorkerLimits) -> None:
    """The life of a worker: a file at a time until the pipe is closed."""
    # An interrupt is the parent's to handle: it kills its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _silence()
    limit_worker()
    limit_memory(limits.memory_bytes)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            job, skip = pipe.recv()
            limit_cpu(limits.page_seconds)
            try:
                for number, page in enumerate(read(job)):
                    if number >= skip:
                        pipe.send(("page", page))
                    limit_cpu(limits.page_seconds)
            except (BrokenPipeError, ConnectionResetError):
                raise
            except Exception as error:
                # Whatever goes wrong with one file must not end the batch.
                pipe.send(("failed", _told(error)))
            else:
                pipe.send(("done", None))


def _silence() -> None:
    """Standard error goes nowhere: decoders write there what they please, unasked.

    What goes wrong comes back through the pipe, as a reason.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _told(error: Exception) -> str:
    # OpenCV has an error of its own for memory.
    if isinstance(error, MemoryError) or "Insufficient memory" in str(error):
        return "reading it takes more memory than a worker may have"
    return " ".join(f"the program failed on it ({type(error).__name__}: {error})".split())

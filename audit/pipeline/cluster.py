"""Judging pages on many machines by Dask; this process alone writes the store.

Workers get file names and give back results. A name means the same file on every machine:
in a shared folder, or in a bucket that workers fetch it from by its hash. A worker that dies
hands its files on to another, and files that kill worker after worker are tried one by one
until the guilty one is given up with its reason. Results come in the order of the files, so
they are those of one process, bit for bit.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from audit.version import software_version
from detectors.errors import AccessError, MissingComponent

if TYPE_CHECKING:
    from distributed import Client, Future

    from detectors.instrument import Instrument
    from scans.page import PageOutcome

__all__ = ["judge_on_cluster"]

# A task costs 4 ms to hand out: ten pages make that 5 % of a page's work.
_FILES_A_TASK = 10
_AHEAD = 4
_CONNECT_SECONDS = 20
# Workers are started again when they die; where none came back for so long, none will.
_PATIENCE_SECONDS = 10
_NO_WORKERS_SECONDS = 300


def judge_on_cluster(
    address: str,
    paths: Sequence[Path],
    instrument: Instrument,
    *,
    reference: Path | None,
    false_flag_rate: float,
    fetch: str | None = None,
) -> Iterator[PageOutcome]:
    """Every page of ``paths``, judged by the workers of a Dask scheduler.

    Args:
        address: Of the scheduler, e.g. ``tcp://10.0.0.5:8786``.
        paths: Files, as the workers see them.
        instrument: The form; its blank pages, too, must be where the workers see them.
        reference: A file made by ``calibrate``; the built-in one for ``None``.
        false_flag_rate: Share of honest pages that may be flagged, in (0, 1).
        fetch: A bucket, where ``paths`` are hashes of originals in it.

    Raises:
        MissingComponent: If Dask is not installed.
        AccessError: If the scheduler does not answer, has no workers, or lost all of them.
    """
    client = _client(address)
    try:
        how = _How(
            instrument, None if reference is None else str(reference), false_flag_rate, fetch
        )
        yield from _judged(client, list(paths), how)
    finally:
        client.close()


def _client(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingComponent(
            "Dask is not installed", remedy="pip install 'survey-audit[dask]'"
        ) from error
    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise AccessError(
            "the Dask scheduler does not answer, or has no workers",
            where=address,
            remedy="start `dask scheduler` and `dask worker`, or set [engine] kind",
        ) from error
    try:
        _same_program(client, address)
    except BaseException:
        client.close()
        raise
    return client


def _same_program(client: Client, address: str) -> None:
    """Workers of another version would judge otherwise than this process says."""
    ours = software_version()
    others = {w: v for w, v in client.run(software_version).items() if v != ours}
    if others:
        worker, version = min(others.items())
        raise AccessError(
            f"worker {worker} runs survey-audit {version}, this process {ours}",
            where=address,
            remedy="install the same version on every machine",
        )


@dataclass(frozen=True)
class _How:
    """All that pages depend on beside the files."""

    instrument: Instrument
    reference: str | None
    rate: float
    fetch: str | None

    @property
    def key(self) -> list[str]:
        form = self.instrument
        return [form.id, form.version, str(self.reference), str(self.rate), str(self.fetch)]


def _judged(client: Client, paths: list[Path], how: _How) -> Iterator[PageOutcome]:
    batches = deque(
        paths[start : start + _FILES_A_TASK] for start in range(0, len(paths), _FILES_A_TASK)
    )
    running: deque[tuple[list[Path], Future[list[PageOutcome]]]] = deque()
    threads = max(1, sum(client.nthreads().values()))
    while batches or running:
        while batches and len(running) < threads * _AHEAD:
            batch = batches.popleft()
            running.append((batch, _submitted(client, batch, how)))
        batch, future = running.popleft()
        outcomes = _result(client, future)
        if outcomes is not None:
            yield from outcomes
            continue
        if len(batch) == 1:
            yield _given_up(batch[0])
            continue
        # One of them kills its workers: each by itself, before what comes after.
        for path in reversed(batch):
            alone = [path]
            running.appendleft((alone, _submitted(client, alone, how)))


def _submitted(client: Client, batch: list[Path], how: _How) -> Future[list[PageOutcome]]:
    work = [str(path) for path in batch]
    text = repr((work, how.key))
    key = f"survey-audit-pages-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    return client.submit(_pages, work, how, key=key)


def _result(client: Client, future: Future[list[PageOutcome]]) -> list[PageOutcome] | None:
    """What came back; ``None`` where the task took its workers with it.

    Raises:
        AccessError: If the cluster has had no worker for :data:`_NO_WORKERS_SECONDS`; a task
            would wait for one for ever, and the night with it.
    """
    from distributed import CancelledError, KilledWorker

    alone_since: float | None = None
    try:
        while True:
            try:
                result: list[PageOutcome] = future.result(timeout=_PATIENCE_SECONDS)
            except TimeoutError:
                if future.done():
                    raise
            else:
                return result
            now = time.monotonic()
            alone_since = None if client.nthreads() else alone_since or now
            if alone_since is not None and now - alone_since >= _NO_WORKERS_SECONDS:
                raise AccessError(
                    "all workers of the Dask cluster are gone",
                    where=getattr(client.scheduler, "address", None),
                    remedy="start `dask worker` again, then this run: what was judged is kept",
                )
    except (KilledWorker, CancelledError):
        return None
    finally:
        future.release()


def _pages(paths: list[str], how: _How) -> list[PageOutcome]:
    """On a worker: all pages of some files."""
    if how.fetch is None:
        return _pages_of([Path(path) for path in paths], how)
    from audit.intake.originals_at import originals_at

    with originals_at(how.fetch).at_hand(paths) as there:
        names = {str(path): sha256 for sha256, path in there.items()}
        outcomes = _pages_of([there[sha256] for sha256 in paths], how)
    return [_named(outcome, names[outcome.result.origin.path]) for outcome in outcomes]


def _named(outcome: PageOutcome, name: str) -> PageOutcome:
    """A page under the name that was asked for, whatever it was called on the worker."""
    result, old = outcome.result, outcome.result.origin.path
    reason = None if result.reason is None else result.reason.replace(old, name)
    origin = replace(result.origin, path=name)
    return replace(outcome, result=replace(result, origin=origin, reason=reason))


def _pages_of(files: list[Path], how: _How) -> list[PageOutcome]:
    from scans.batch import page_outcomes
    from scans.reference import load_reference
    from scans.worker import limit_cpu, limit_worker
    from scans.workers import WORKER_LIMITS

    limit_worker()
    honest = load_reference(how.reference)
    instrument, rate = how.instrument, how.rate
    outcomes = []
    # A page that never ends takes its worker along, and the file is given up. Memory is for the
    # cluster's own nanny to watch.
    limit_cpu(WORKER_LIMITS.page_seconds)
    try:
        for outcome in page_outcomes(files, instrument, reference=honest, false_flag_rate=rate):
            outcomes.append(outcome)
            limit_cpu(WORKER_LIMITS.page_seconds)
    finally:
        limit_cpu(0)
    return outcomes


def _given_up(path: Path) -> PageOutcome:
    from scans.batch import given_up

    reason = "reading it killed one worker after the other (memory, or a broken file)"
    return given_up(path, 1, reason)

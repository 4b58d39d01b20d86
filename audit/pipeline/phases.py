"""The parts of a run, how long each took and what it did: for manifest, log and run page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

__all__ = ["Log", "Phases", "silent"]


class Log(Protocol):
    """Takes one event with its facts: numbers, codes, hashes, ids of runs; no names."""

    def __call__(self, event: str, **facts: Any) -> None:
        """Note it."""
        ...


def silent(event: str, **facts: Any) -> None:
    """A log that nobody reads."""


class Phases:
    """Keeps time, and tells the log."""

    def __init__(self, now: Callable[[], dt.datetime], log: Log) -> None:
        """Read the time from ``now``, tell ``log``."""
        self._now, self._log = now, log
        self.done: list[dict[str, Any]] = []

    @contextmanager
    def __call__(self, name: str, **facts: Any) -> Iterator[dict[str, Any]]:
        """One part; what is put into the dictionary that it gets is told at its end."""
        began, told = self._now(), dict(facts)
        self._log("phase.start", phase=name, **facts)
        status = "failed"
        try:
            yield told
            status = "done"
        finally:
            seconds = round((self._now() - began).total_seconds(), 3)
            entry = {"phase": name, "seconds": seconds, "status": status, **told}
            self.done.append(entry)
            self._log("phase.end", **entry)

"""Files that are still being copied: waited for a little, then left for the next run.

A file counts as whole when its size and its time of change stay the same for some seconds.
Only files changed within these last seconds are waited for, all of them at once, so a night
in which nobody copies anything waits for nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

__all__ = ["Settled", "settled"]

_ROUNDS = 3


class Settled(Protocol):
    """Says which of some files nobody is writing any more."""

    def __call__(self, paths: Sequence[Path], seconds: float) -> frozenset[Path]:
        """Those that stayed as they are for ``seconds``."""
        ...


def settled(
    paths: Sequence[Path],
    seconds: float,
    *,
    clock: Callable[[], float] = time.time,
    wait: Callable[[float], None] = time.sleep,
) -> frozenset[Path]:
    """Files that stayed as they are for some seconds; what cannot be looked at counts as such.

    Args:
        paths: Files.
        seconds: How long; 0 waits for nothing.
        clock: Seconds since 1970, as files are stamped.
        wait: Waits so long.
    """
    restless = {path: _state(path) for path in paths} if seconds > 0 else {}
    for _ in range(_ROUNDS):
        now = clock()
        # A time of change in the future says nothing about when it was written.
        restless = {
            path: state
            for path, state in restless.items()
            if state is not None and 0 <= now - state[1] / 1e9 < seconds
        }
        if not restless:
            break
        wait(seconds)
        restless = {path: new for path, old in restless.items() if (new := _state(path)) != old}
    return frozenset(paths) - frozenset(restless)


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns

"""How time is taken: CPU time of this process, the minimum over repeats in turn with the floor.

Machines are shared and noisy; a ratio to a floor or a peer in the same run is what counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Measure", "fastest", "peak_mb"]

REPEATS = 12


@dataclass(frozen=True)
class Measure:
    """One line: what, how much, in which unit, against which floor."""

    name: str
    value: float
    unit: str
    ratio: float | None
    against: str | None


def fastest(*works: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """Smallest CPU seconds of each work, run in turn so that noise hits all alike."""
    best = [float("inf")] * len(works)
    for _ in range(repeats):
        for k, work in enumerate(works):
            start = time.process_time()
            work()
            best[k] = min(best[k], time.process_time() - start)
    return best


def peak_mb() -> float:
    """Largest resident memory of this process in MB of 2^20 bytes.

    The peak of its own space: ``getrusage`` begins with that of its parent before exec.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

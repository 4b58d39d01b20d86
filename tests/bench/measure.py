"""How time is taken: CPU time of this process, the minimum over repeats in turn with the floor.

Machines are shared and noisy; a ratio to a floor or a peer in the same run is what counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Measure", "fastest"]

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

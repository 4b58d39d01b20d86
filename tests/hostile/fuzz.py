"""``python -m tests.hostile.fuzz --inputs 20000``: changed files into every parser.

Every input must end as it must: read, or refused in one clear line; within its time and
memory. What does not is written to a folder with the seed that makes it again.
"""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from tests.hostile.box import Job, Limits, Outcome, run
from tests.hostile.mutate import mutated
from tests.hostile.seeds import KINDS

__all__ = ["LIMITS", "fuzz", "made"]

LIMITS = Limits(seconds=60.0, memory_mb=1_024.0)


@cache
def _seeds(kind: str) -> list[bytes]:
    return list(KINDS[kind].seeds())


def made(kind: str, seed: int, number: int) -> bytes:
    """Input ``number`` of a kind: always the same bytes."""
    names = list(KINDS)
    draw = np.random.default_rng([seed, names.index(kind), number])
    seeds = _seeds(kind)
    data = mutated(seeds[number % len(seeds)], seeds, draw)
    mend = KINDS[kind].mend
    return data if mend is None else mend(data)


def fuzz(inputs: int, seed: int, folder: Path, kinds: list[str] | None = None) -> Iterator[Outcome]:
    """Outcomes of ``inputs`` files, spread over the kinds in turn."""
    names = kinds or list(KINDS)

    def jobs() -> Iterator[Job]:
        for number in range(inputs):
            kind = names[number % len(names)]
            path = folder / f"input{KINDS[kind].suffix}"
            path.write_bytes(made(kind, seed, number // len(names)))
            yield Job(f"{kind} {seed} {number // len(names)}", KINDS[kind].target, path)

    yield from run(jobs(), LIMITS)


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--inputs", type=int, default=20_000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--kind", action="append", choices=sorted(KINDS), help="only these")
    words.add_argument("--keep", type=Path, help="folder for inputs that end badly")
    given = words.parse_args()
    start = time.monotonic()
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    slowest: dict[str, float] = collections.defaultdict(float)
    largest: dict[str, float] = collections.defaultdict(float)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, outcome in enumerate(fuzz(given.inputs, given.seed, Path(folder), given.kind)):
            kind = outcome.job.name.split()[0]
            counts[kind][outcome.kind] += 1
            slowest[kind] = max(slowest[kind], outcome.seconds)
            largest[kind] = max(largest[kind], outcome.memory_mb)
            if not outcome.good:
                bad += 1
                sys.stdout.write(outcome.line() + "\n")
                if given.keep is not None:
                    given.keep.mkdir(parents=True, exist_ok=True)
                    name = outcome.job.name.replace(" ", "_") + outcome.job.path.suffix
                    (given.keep / name).write_bytes(outcome.job.path.read_bytes())
            if number % 500 == 499:
                sys.stderr.write(f"{number + 1} inputs, {bad} bad\n")
    sys.stdout.write("parser            inputs    read refused  bad  slowest  memory\n")
    for kind, found in sorted(counts.items()):
        total = sum(found.values())
        wrong = total - found["read"] - found["refused"]
        sys.stdout.write(
            f"{kind:16} {total:7} {found['read']:7} {found['refused']:7} {wrong:4} "
            f"{slowest[kind]:6.2f} s {largest[kind]:4.0f} MB\n"
        )
    took = time.monotonic() - start
    sys.stdout.write(
        f"{sum(sum(c.values()) for c in counts.values())} inputs, {bad} bad, {took:.0f} s\n"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

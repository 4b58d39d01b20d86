"""Best partners and near duplicates of a million records against brute force.

The table is a correlated ordinal one (one factor, correlation .5 between items) with 84 %
of the answers at the top. Brute force holds three bits an answer in two 64-bit words and
takes two exclusive ors and one popcount a pair, in one compiled loop; its time is
extrapolated from a few hundred records: all n² ordered pairs for the best partners, n² / 2
for the near ones. All of it runs in a process of its own, which tells its peak memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.measure import Measure, peak_mb

ROOT = Path(__file__).resolve().parents[2]
RECORDS = 1_000_000
ITEMS = 25
SLICE = 300
GROUP = 416
SIZES = (100_000, 300_000, 1_000_000, 5_000_000)
SHARES = (0.01, 0.02, 0.04, 0.09)
MOST = 3
GOAL = 50


def measures() -> list[Measure]:
    """A million records at once, then 100,000 to 5,000,000 records by units."""
    return [*_whole_table(**_child("whole")), *_by_units(**_child("units"))]


def _whole_table(
    best: float, near: float, pair: float, pack: float, unique: int, pairs: int, memory: float
) -> list[Measure]:
    name = f"{RECORDS} x {ITEMS}"
    brute = pair * RECORDS**2
    against = f"1/{GOAL} of bit-packed brute force ({{:.0f}} s)"
    ordered, unordered = against.format(brute), against.format(brute / 2)
    return [
        Measure(f"brute force, a pair of {name}", 1e9 * pair, "ns", None, None),
        Measure(f"pack {name}, {unique} unique rows", pack, "s", None, None),
        Measure(f"best partner of each of {name}", best, "s", best * GOAL / brute, ordered),
        Measure(
            f"{pairs} pairs within {MOST} mismatches of {name}",
            near,
            "s",
            near * GOAL / (brute / 2),
            unordered,
        ),
        Measure(f"peak memory, {name}", memory, "MB", memory / 1000, "1 GB"),
    ]


def _by_units(seconds: list[float], exponent: float) -> list[Measure]:
    found = [
        Measure(f"best partner in its unit of {GROUP}, {n} records", s, "s", None, None)
        for n, s in zip(SIZES, seconds, strict=True)
    ]
    return [*found, Measure("growth exponent of the same", exponent, "", exponent / 1.1, "1.1")]


def _child(part: str) -> Any:
    command = [sys.executable, "-m", "tests.bench.bench_pairs", part]
    done = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, text=True)
    return json.loads(done.stdout)


def _seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def table(n: int, seed: int = 1) -> Any:
    """float64 ``(n, ITEMS)`` answers 1 to 5, 84 % of them 5."""
    import numpy as np
    from scipy.special import ndtri

    rng = np.random.default_rng(seed)
    cuts = ndtri(np.cumsum(SHARES))
    answers = np.empty((n, ITEMS))
    for start in range(0, n, 50_000):
        block = answers[start : start + 50_000]
        latent = rng.standard_normal(block.shape) + rng.standard_normal((len(block), 1))
        block[:] = 1 + np.searchsorted(cuts, latent / np.sqrt(2.0))
    return answers


def _brute_force(answers: Any) -> Callable[[], float]:
    """What gives the CPU seconds of a pair, once compiled."""
    import numpy as np
    from numba import njit

    from detectors.pairs._compiler import popcount

    words = np.zeros((2, len(answers)), dtype=np.uint64)
    for item in range(ITEMS):
        place = np.uint64(3 * (item % 13))
        words[item // 13] |= answers[:, item].astype(np.uint64) << place
    lowest = np.uint64(sum(1 << 3 * item for item in range(13)))
    one, two, far = np.uint64(1), np.uint64(2), np.uint64(ITEMS)

    @njit(nogil=True)
    def least(first: Any, second: Any, rows: int) -> Any:
        found = np.empty(rows, np.uint64)
        for i in range(rows):
            best = far
            for j in range(np.uint64(first.size)):
                a, b = first[j] ^ first[i], second[j] ^ second[i]
                a = (a | (a >> one) | (a >> two)) & lowest
                b = (b | (b >> one) | (b >> two)) & lowest
                apart = popcount(a | (b << one))
                best = min(best, far if j == np.uint64(i) else apart)
            found[i] = best
        return found

    least(words[0, :100], words[1, :100], 3)
    return lambda: _seconds(lambda: least(*words, SLICE))[0] / SLICE / len(answers)


def _whole() -> dict[str, float]:
    """Everything that is measured on one million records."""
    import numpy as np

    from detectors.pairs import best_match, near_pairs, pack

    levels = np.full(ITEMS, 5)
    answers = table(RECORDS)
    few = pack(answers[:20_000], levels)
    best_match(few, compiled=True)
    list(near_pairs(few, MOST, compiled=True))
    brute = _brute_force(answers)
    packing, packed = _seconds(lambda: pack(answers, levels))
    pair = [brute()]
    best, _ = _seconds(lambda: best_match(packed))
    pair.append(brute())
    near, pairs = _seconds(lambda: sum(b.first.size for b in near_pairs(packed, MOST)))
    pair.append(brute())
    return {
        "best": best,
        "near": near,
        "pair": sorted(pair)[1],
        "pack": packing,
        "unique": len(packed),
        "pairs": pairs,
        "memory": peak_mb(),
    }


def _units() -> dict[str, Any]:
    """Packing and best partners within units, at several sizes."""
    import numpy as np

    from detectors.pairs import best_match, pack

    levels = np.full(ITEMS, 5)
    answers = table(SIZES[-1])
    best_match(pack(answers[:GROUP], levels), compiled=True)

    def work(n: int) -> None:
        best_match(pack(answers[:n], levels), np.arange(n) // GROUP, compiled=True)

    seconds = [_seconds(lambda n=n: work(n))[0] for n in SIZES]
    return {
        "seconds": seconds,
        "exponent": float(np.polyfit(np.log(SIZES), np.log(seconds), 1)[0]),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"whole": _whole, "units": _units}[sys.argv[1]]()))

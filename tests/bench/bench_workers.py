"""Judging pages by several processes: two workers against two plain loops, memory, a cluster.

Ratios are within one run, and what is compared is measured in turn, so that a machine that
others use too bends both alike.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.measure import Measure

ROOT = Path(__file__).resolve().parents[2]
# Few pages measure how workers start: on 12 two of them looked like 1.04 of one, on 60 1.9.
PAGES = 60
REPEATS = 2
CLUSTER = (1, 2, 4)
MEMORY_PAGES = 24


def measures() -> Iterator[Measure]:
    """Efficiency of two workers, memory of one by number of files, a cluster of 1, 2 and 4."""
    with TemporaryDirectory() as name:
        files = colour_pages(Path(name) / "pages", PAGES)
        yield from _two_workers(files)
        yield from _memory(files[:MEMORY_PAGES])
        yield from _cluster(files)


def colour_pages(folder: Path, count: int) -> list[Path]:
    """Colour A4 pages of 300 dpi: four pictures, each in several files that differ."""
    from scans.simulate.page import simulate_page
    from scans.simulate.respondents import random_spec

    folder.mkdir()
    pictures = [
        simulate_page(random_spec("HL-01", 2, seed, profile="flatbed"), seed) for seed in range(4)
    ]
    made = []
    for number in range(count):
        page = pictures[number % 4]
        path = folder / f"{number:03d}{page.suffix}"
        # A trailing byte makes another file of the same picture.
        path.write_bytes(page.data + bytes([number]))
        made.append(path)
    return made


def _decode(paths: list[Path], ready: Any) -> None:
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    ready.wait()
    for path in paths:
        cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)


def _loops(files: list[Path], workers: int) -> float:
    """Seconds on the clock of so many processes that only decode, each its share."""
    # Not forked: threads of the judging, which this process has by now, do not come along.
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(workers + 1)
    parts = [files[k::workers] * 4 for k in range(workers)]
    processes = [context.Process(target=_decode, args=(part, ready)) for part in parts]
    for process in processes:
        process.start()
    ready.wait()
    began = time.perf_counter()
    for process in processes:
        process.join()
    return time.perf_counter() - began


def _judged(files: list[Path], workers: int) -> float:
    """Seconds a page on the clock, the first ones and the start of the workers left out."""
    from scans.batch import page_outcomes
    from scans.reference import builtin_reference

    outcomes = page_outcomes(files, _form(), reference=builtin_reference(), jobs=workers)
    for _ in range(2):
        next(outcomes)
    began = time.perf_counter()
    count = sum(1 for _ in outcomes)
    return (time.perf_counter() - began) / count


def _form() -> Any:
    from detectors.instrument import load_instrument

    return load_instrument(_form_file())


def _form_file() -> Path:
    from scans.simulate.form import write_instrument

    folder = Path(os.environ.setdefault("SURVEY_AUDIT_BENCH_FORM", TemporaryDirectory().name))
    folder.mkdir(parents=True, exist_ok=True)
    return write_instrument("HL-01", folder)


def _two_workers(files: list[Path]) -> list[Measure]:
    best = {key: float("inf") for key in ("one", "two", "alone", "both")}
    for _ in range(REPEATS):
        for key, work, workers in (
            ("one", _judged, 1),
            ("two", _judged, 2),
            ("alone", _loops, 1),
            ("both", _loops, 2),
        ):
            best[key] = min(best[key], work(files, workers))
    one, two = best["one"], best["two"]
    plain = best["alone"] / (2 * best["both"])
    share = (one / (2 * two)) / plain
    name = "efficiency of two workers, of what two independent decode loops reach here"
    return [
        Measure("pages a second, one worker", 1 / one, "pages/s", None, None),
        Measure("pages a second, two workers", 1 / two, "pages/s", one / two, "one worker"),
        Measure(name, 100 * share, "%", share, f"two decode loops ({100 * plain:.0f} %)"),
    ]


_PEAK = """
import sys
from pathlib import Path
from detectors.instrument import load_instrument
from scans.batch import page_outcomes
from scans.reference import builtin_reference
from scans.worker import limit_worker
from tests.bench.measure import peak_mb
limit_worker()
form, files = load_instrument(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
for _ in page_outcomes(files, form, reference=builtin_reference(), jobs=0):
    pass
print(peak_mb())
"""


def _memory(files: list[Path]) -> list[Measure]:
    """Largest resident memory of a process that judges few or many files, set up as a worker."""
    # The form is drawn here: that takes more memory than judging its pages. For the same reason
    # the child asks for the peak of its own space: getrusage gives that of its parent before exec.
    form = _form_file()

    def peak(names: list[Path]) -> float:
        command = [sys.executable, "-c", _PEAK, str(form), *map(str, names)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        return float(done.stdout.split()[-1])

    few, many = peak(files[:4]), peak(files)
    against = f"4 files ({few:.0f} MB)"
    return [
        Measure(f"peak memory of a worker, {len(files)} files", many, "MB", many / few, against)
    ]


def _cluster(files: list[Path]) -> Iterator[Measure]:
    """Pages a second of a Dask cluster on this machine, by its worker processes."""
    from distributed import LocalCluster

    from audit.pipeline import cluster as room

    # As many tasks as keep four workers busy with this few files.
    room._FILES_A_TASK = 2
    speed: dict[int, float] = {}
    for workers in CLUSTER:
        with LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as local:
            how: dict[str, Any] = {"reference": None, "false_flag_rate": 0.01}
            address = local.scheduler_address
            # Every worker loads the checks once.
            list(room.judge_on_cluster(address, files[: 2 * workers], _form(), **how))
            began = time.perf_counter()
            done = list(room.judge_on_cluster(address, files[2 * workers :], _form(), **how))
            speed[workers] = len(done) / (time.perf_counter() - began)
        name = f"Dask, {workers} worker processes on {len(os.sched_getaffinity(0))} cores"
        ratio = speed[workers] / speed[1]
        yield Measure(name, speed[workers], "pages/s", ratio, "one worker process")

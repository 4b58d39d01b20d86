"""A night: two workers against two plain loops, memory, the single writer, the second run."""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.measure import Measure

ROOT = Path(__file__).resolve().parents[2]
_PAGES = 8
_FILES = 300
_ROWS = 4_000


def measures() -> list[Measure]:
    """Everything that the page on scaling counts with."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = _pages(folder / "pages")
        return [
            *_two_workers(files),
            *_memory(files),
            *_writer(folder / "writer"),
            *rows(folder / "rows"),
            *_second_run(folder / "second", files),
        ]


def _pages(folder: Path) -> list[Path]:
    """Colour A4 pages of 300 dpi, all different files."""
    from scans.simulate.page import simulate_page
    from scans.simulate.respondents import random_spec

    folder.mkdir()
    made = []
    for seed in range(4):
        page = simulate_page(random_spec("HL-01", 2, seed, profile="flatbed"), seed)
        for copy in range(_PAGES // 4):
            path = folder / f"{seed}-{copy}{page.suffix}"
            # A trailing byte makes another file of the same picture.
            path.write_bytes(page.data + bytes([copy]))
            made.append(path)
    return made


def _decode(paths: list[Path]) -> None:
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    for path in paths:
        cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)


def _loops(files: list[Path], workers: int) -> float:
    """Seconds on the clock of so many processes that only decode, each its share."""
    context = multiprocessing.get_context("fork")
    parts = [files[k::workers] * 8 for k in range(workers)]
    processes = [context.Process(target=_decode, args=(part,)) for part in parts]
    began = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return time.perf_counter() - began


def _judged(files: list[Path], workers: int) -> float:
    from scans.batch import page_outcomes
    from scans.reference import builtin_reference

    outcomes = page_outcomes(files, _form(), reference=builtin_reference(), jobs=workers)
    # Starting workers is not counted: a night starts them once.
    next(outcomes)
    began = time.perf_counter()
    count = sum(1 for _ in outcomes)
    return (time.perf_counter() - began) / count


def _form() -> Any:
    from detectors.instrument import load_instrument
    from scans.simulate.form import write_instrument

    folder = Path(os.environ.setdefault("SURVEY_AUDIT_BENCH_FORM", TemporaryDirectory().name))
    folder.mkdir(parents=True, exist_ok=True)
    return load_instrument(write_instrument("HL-01", folder))


def _least(work: Callable[[], float], repeats: int = 1) -> float:
    return min(work() for _ in range(repeats))


def _two_workers(files: list[Path]) -> list[Measure]:
    one, two = (_least(lambda w=w: _judged(files, w)) for w in (1, 2))
    alone, both = (_least(lambda w=w: _loops(files, w)) for w in (1, 2))
    plain = alone / (2 * both)
    name = "efficiency of two workers, of what two independent decode loops reach here"
    share = (one / (2 * two)) / plain
    return [
        Measure("pages a second, one worker", 1 / one, "pages/s", None, None),
        Measure("pages a second, two workers", 1 / two, "pages/s", one / two, "one worker"),
        Measure(name, 100 * share, "%", share, f"two decode loops ({100 * plain:.0f} %)"),
    ]


_PEAK = """
import sys
from pathlib import Path
import resource
from scans.batch import page_outcomes
from scans.reference import builtin_reference
from tests.bench.bench_night import _form
files = [Path(name) for name in sys.argv[1:]]
for _ in page_outcomes(files, _form(), reference=builtin_reference(), jobs=0):
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _memory(files: list[Path]) -> list[Measure]:
    """Largest resident memory of a process that judges few or many files."""

    def peak(names: list[Path]) -> float:
        command = [sys.executable, "-c", _PEAK, *map(str, names)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        return int(done.stdout.split()[-1]) / 1024

    few, many = peak(files[:4]), peak(files)
    against = f"4 files ({few:.0f} MB)"
    return [Measure(f"peak memory of a worker, {_PAGES} files", many, "MB", many / few, against)]


def _quiet_round(folder: Path) -> tuple[Any, Any, Any]:
    from tests.audit.nights import quiet
    from tests.audit.rounds import FakeScans, settings_of, small_round

    config, scans = small_round(folder / "r"), FakeScans()
    return settings_of(config), scans, quiet(scans)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(settings: Any, tools: Any) -> tuple[float, Any]:
    from audit.pipeline.run import run_round

    began = _cpu()
    outcome = run_round(settings, tools)
    return _cpu() - began, outcome


def _writer(folder: Path) -> list[Measure]:
    """What the one process that writes does for a page, where judging costs nothing."""
    from tests.audit.rounds import Sheet

    settings, scans, tools = _quiet_round(folder)
    answers = {"A1": 5, "A2": 4, "B1": 5, "B2": 4}
    for number in range(_FILES):
        scans.put(settings.base, f"u1/{number}.png", Sheet(answers, serial=f"S-{number}"))
    seconds, _ = run(settings, tools)
    return [Measure("single writer, a page", 1000 * seconds / _FILES, "ms", None, None)]


def rows(folder: Path) -> list[Measure]:
    """Rows of a table into records, and the run after that takes one more row."""
    import pandas as pd

    from detectors.simulate.round import simulate_round
    from tests.audit.rounds import settings_of, small_round, tools

    config = small_round(folder / "r")
    made = simulate_round(3, 40, records_per_unit=_ROWS // 40)
    base = config.parent
    table = base / "inbox/responses/a.csv"
    made.responses.to_csv(table, index=False)
    made.units.to_csv(base / "units.csv", index=False)
    _write_questionnaire(base / "instruments/instrument.toml", made.instrument)
    began = _cpu()
    pd.read_csv(table)
    floor = _cpu() - began
    seconds, outcome = run(settings_of(config), tools())
    count = outcome.counts["records"]
    items = len(made.instrument.items)
    name = f"rows of {items} items into records and units, {count} rows"
    return [Measure(name, 1e6 * seconds / count, "µs a row", seconds / floor, "pandas.read_csv")]


def _write_questionnaire(path: Path, form: Any) -> None:
    lines = [f'id = "{form.id}"', 'version = "1"', 'title = { vi = "x", en = "x" }']
    for item in form.items:
        lines += ["[[item]]", f'id = "{item.id}"', f"scale = {list(item.scale)}"]
        if item.factor:
            lines.append(f'factor = "{item.factor}"')
        if item.not_applicable is not None:
            lines.append(f"not_applicable = {item.not_applicable}")
        lines.append(f'kind = "{item.kind}"')
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _second_run(folder: Path, files: list[Path]) -> list[Measure]:
    """The same round again, with nothing new; real pages in workers, so by the clock."""
    import shutil

    from scans.simulate.form import write_instrument
    from tests.audit.rounds import settings_of, small_round, tools

    config = small_round(folder / "r")
    base = config.parent
    shutil.rmtree(base / "instruments")
    written = write_instrument("HL-01", base / "instruments")
    if written.name != "instrument.toml":
        written.rename(base / "instruments/instrument.toml")
    (base / "inbox/scans/u1").mkdir(parents=True)
    for path in files:
        shutil.copy(path, base / "inbox/scans/u1")
    settings = settings_of(config)
    real = tools(judge_pages=_real_pages())
    walls = []
    for _ in _twice():
        began = time.perf_counter()
        run(settings, real)
        walls.append(time.perf_counter() - began)
    share = walls[1] / walls[0]
    name = f"second run of {len(files)} pages, share of the first"
    return [Measure(name, 100 * share, "%", share, f"first run ({walls[0]:.1f} s)")]


def _twice() -> Iterator[int]:
    yield from range(2)


def _real_pages() -> Any:
    from audit.pipeline.tools import real_tools
    from tests.audit.rounds import clock

    return real_tools(now=clock, progress=lambda items, label, total: iter(items)).judge_pages

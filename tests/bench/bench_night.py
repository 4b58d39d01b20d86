"""A night: the one process that writes, and what a second run costs."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.bench_workers import colour_pages
from tests.bench.measure import Measure

_PAGES = 8
_FILES = 300


def measures() -> list[Measure]:
    """The single writer and the second run."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = colour_pages(folder / "pages", _PAGES)
        return [*_writer(folder / "writer"), *_second_run(folder / "second", files)]


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
    real = tools(_real_pages())
    walls = []
    for _ in range(2):
        began = time.perf_counter()
        run(settings, real)
        walls.append(time.perf_counter() - began)
    share = walls[1] / walls[0]
    name = f"second run of {len(files)} pages, share of the first"
    return [Measure(name, 100 * share, "%", share, f"first run ({walls[0]:.1f} s)")]


def _real_pages() -> Any:
    from audit.pipeline.tools import real_tools
    from tests.audit.rounds import clock

    return real_tools(now=clock, progress=lambda items, label, total: iter(items)).judge_pages

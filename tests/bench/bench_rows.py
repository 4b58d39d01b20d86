"""A table of responses into records, units and scores: time and memory a row, at two sizes.

``python -m tests.bench.bench_rows 5000000`` does one size of your choice and prints its
seconds, peak memory and the size of the store; each size runs in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.bench.measure import Measure, peak_mb

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
ITEMS = 22
UNIT = 416
SIZES = (50, 250)  # units
TARGET = 5_000_000


def measures() -> list[Measure]:
    """What a row costs where the fixed costs are taken off, and what millions would need."""
    few, many = (_child(units * UNIT) for units in SIZES)
    rows = many["rows"] - few["rows"]

    def each(name: str) -> float:
        return float(many[name] - few[name]) / rows

    found = [
        Measure(
            f"a night's {name} for a row of {ITEMS} items, {many['rows']} rows",
            1e6 * each(key),
            "µs",
            each(key) / each("floor"),
            "pandas.read_csv",
        )
        for name, key in (("work", "seconds"), ("screening", "screen"), ("storing", "store"))
    ]
    memory = each("peak_mb")
    gb = (few["peak_mb"] + memory * (TARGET - few["rows"])) / 1024
    return [
        *found,
        Measure("a row in memory at the peak", 1024 * memory, "kB", None, None),
        Measure(f"peak memory at {TARGET} rows, by these two sizes", gb, "GB", None, None),
        Measure("a row in the store", 1024 * each("store_mb"), "kB", None, None),
        Measure(
            f"second run of {many['rows']} rows, share of the first",
            100 * many["again"] / many["seconds"],
            "%",
            many["again"] / many["seconds"],
            "the first run",
        ),
    ]


def _child(rows: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.bench_rows", str(rows)]
    done = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def night(rows: int) -> dict[str, Any]:
    """One night on a table of so many rows, and the next on the same."""
    import pandas as pd

    import audit.pipeline.evaluate as room
    from audit.pipeline.run import run_round
    from tests.audit.rounds import settings_of, small_round, tools, units_csv

    spent = {"screen": 0.0, "store": 0.0}

    def timed(name: str, work: Any) -> Any:
        def call(*words: Any, **more: Any) -> Any:
            began = time.process_time()
            try:
                return work(*words, **more)
            finally:
                spent[name] += time.process_time() - began

        return call

    room.save_records = timed("store", room.save_records)
    with TemporaryDirectory() as name:
        config = small_round(Path(name) / "r")
        table = config.parent / "inbox/responses/a.csv"
        units = max(1, rows // UNIT)
        _table(rows, units).to_csv(table, index=False)
        names = [f"u{unit:05d}" for unit in range(units)]
        (config.parent / "units.csv").write_text(units_csv(names), "utf-8")
        _write_form(config.parent / "instruments/instrument.toml")
        began = time.process_time()
        pd.read_csv(table)
        floor = time.process_time() - began
        plain = tools()
        began_phase = 0.0

        def told(event: str, **facts: Any) -> None:
            """Say how far it is: millions of rows take a while."""
            nonlocal began_phase
            if event == "phase.start":
                began_phase = time.process_time()
            elif event == "phase.end":
                seconds = time.process_time() - began_phase
                line = f"{facts['phase']}: {seconds:.0f} s, peak so far {peak_mb():.0f} MB\n"
                sys.stderr.write(line)
                sys.stderr.flush()

        work = tools(screen=timed("screen", plain.screen), log=told)
        settings = settings_of(config)
        began = time.process_time()
        outcome = run_round(settings, work)
        seconds = time.process_time() - began
        began = time.process_time()
        run_round(settings, work)
        again = time.process_time() - began
        size = (config.parent / "audit.db").stat().st_size / (1 << 20)
    return {
        "rows": outcome.counts["records"],
        "seconds": seconds,
        "floor": floor,
        **spent,
        "again": again,
        "peak_mb": peak_mb(),
        "store_mb": size,
    }


def _table(rows: int, units: int) -> pd.DataFrame:
    """Answers near the ceiling, correlated .6, of units that differ; blanks now and then."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(4)
    unit = np.arange(rows) * units // rows
    levels = np.ones((rows, ITEMS), dtype=np.int8)
    effect = rng.normal(0.0, 0.2, units)[unit]
    common = rng.normal(0.0, 0.77, rows) + effect
    for item in range(ITEMS):
        latent = common + rng.normal(0.0, 0.63, rows)
        levels[:, item] += np.searchsorted((-2.6, -2.2, -1.7, -0.7), latent).astype(np.int8)
    columns: dict[str, Any] = {
        "record_id": [f"r{row:07d}" for row in range(rows)],
        "unit_id": [f"u{u:05d}" for u in unit.tolist()],
        "channel": "paper",
    }
    for item in range(ITEMS):
        blank = rng.random(rows) < 0.007
        columns[f"Q{item:02d}"] = pd.array(np.where(blank, 0, levels[:, item]), dtype="Int8")
        columns[f"Q{item:02d}"][blank] = pd.NA
    return pd.DataFrame(columns)


def _write_form(path: Path) -> None:
    lines = ['id = "BENCH"', 'version = "1"', 'title = { vi = "Phiếu thử", en = "Trial form" }']
    for item in range(ITEMS):
        lines += ["[[item]]", f'id = "Q{item:02d}"', "scale = [1, 2, 3, 4, 5]"]
    path.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(night(int(sys.argv[1]))) + "\n")

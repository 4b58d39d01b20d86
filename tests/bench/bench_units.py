"""The shape tests of units against reading and grouping their table with pandas.

12,000 units and 5,000,000 records of 25 items, the null and every pass included. Units of
416 records at three sizes of table give the exponent of growth. Compiled loops are loaded
before time is taken; a first run on a machine compiles them once (about 6 s).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.bench.measure import Measure

if TYPE_CHECKING:
    import pandas as pd

UNIT = 416
ITEMS = 25
SIZES = (240, 2_400, 12_000)  # units: 100,000 to 5,000,000 records


def measures() -> list[Measure]:
    """Ratio at 5,000,000 records, against CSV and Parquet, and the exponent."""
    import numpy as np

    from detectors.registry import Level, discover
    from detectors.table import RecordTable, UnitTable
    from detectors.units._shape import TESTS

    form = _form()
    checks = [discover(Level.UNIT)[name] for name in TESTS]

    def stage(frame: pd.DataFrame) -> None:
        table = UnitTable(RecordTable.build(frame, form))
        for check in checks:
            check.assess(table, seed=1)

    stage(_table(60))
    found: list[Measure] = []
    seconds = []
    for units in SIZES:
        frame = _table(units)
        seconds.append(_cpu(lambda frame=frame: stage(frame)))
        if units != SIZES[-1]:
            continue
        floors = _floors(frame)
        name = f"unit stage, {units} units, {len(frame)} records, table included"
        for kind, floor in floors.items():
            against = f"reading the table from {kind} and grouping it, pandas"
            found.append(Measure(name, seconds[-1], "s", seconds[-1] / floor, against))
    growth = np.polyfit(np.log(np.array(SIZES) * float(UNIT)), np.log(seconds), 1)[0]
    span = f"exponent of growth, {SIZES[0] * UNIT} to {SIZES[-1] * UNIT} records"
    return [*found, Measure(span, float(growth), "", None, None)]


def _floors(frame: pd.DataFrame) -> dict[str, float]:
    """CPU seconds of reading the table and grouping it: mean and standard deviation."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv, parquet

    items = [name for name in frame.columns if name.startswith("Q")]

    def group(read: Callable[[Path], pd.DataFrame], path: Path) -> None:
        read(path).groupby("unit_id")[items].agg(["mean", "std"])

    with TemporaryDirectory() as folder:
        text, columns = Path(folder) / "t.csv", Path(folder) / "t.parquet"
        table = pa.Table.from_pandas(frame, preserve_index=False)
        csv.write_csv(table, text)
        parquet.write_table(table, columns)
        del table
        return {
            "CSV": _cpu(lambda: group(pd.read_csv, text)),
            "Parquet": _cpu(lambda: group(pd.read_parquet, columns)),
        }


def _cpu(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def _form() -> object:
    from detectors.instrument import Instrument, Item, Marks

    items = tuple(Item(id=f"Q{j:02d}", scale=(1, 2, 3, 4, 5)) for j in range(ITEMS))
    title = {"vi": "Phiếu thử", "en": "Trial form"}
    return Instrument("BENCH", "1", title, items, Marks(), (), "bench", Path("BENCH"))


def _table(units: int) -> pd.DataFrame:
    """Records near the ceiling, correlated .6, units that differ; blanks now and then."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(4)
    parts = []
    for start in range(0, units, 500):
        n = min(500, units - start) * UNIT
        latent = rng.standard_normal((n, ITEMS), dtype=np.float32) * np.float32(0.63)
        latent += rng.standard_normal((n, 1), dtype=np.float32) * np.float32(0.77)
        effect = rng.normal(0.0, 0.2, n // UNIT).astype(np.float32)
        latent += np.repeat(effect, UNIT)[:, None]
        levels = np.ones((n, ITEMS), dtype=np.float32)
        for cut in (-2.6, -2.2, -1.7, -0.7):
            levels += latent > cut
        levels[rng.random((n, ITEMS), dtype=np.float32) < 0.007] = np.nan
        parts.append(levels)
    answers = np.concatenate(parts)
    del parts
    frame = pd.DataFrame({f"Q{j:02d}": answers[:, j] for j in range(ITEMS)})
    names = pd.array([f"u{u:05d}" for u in range(units)])
    frame.insert(0, "record_id", [f"r{i}" for i in range(len(frame))])
    frame.insert(1, "unit_id", names.take(np.repeat(np.arange(units), UNIT)))
    frame.insert(2, "channel", "paper")
    return frame

"""``python -m tests.bench.many_reports [UNITS] [FORMAT…]``: the reports of a whole force.

Writes the sample report of so many units as ``report`` does, in one worker a core, and says
how long it took beside the floor of drawing and writing the same plots alone,
in one process of the same run.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from audit.reporting.jobs import UnitJob, given_up, write_job
from detectors.instrument import Instrument, Marks
from reports.documents import unit_document
from reports.documents.blocks import Chart
from reports.files import write_file
from reports.views import UnitReport
from scans.workers import in_workers
from tests.reports import sample

_FLOOR_UNITS = 50


def main(units: int, formats: tuple[str, ...]) -> None:
    """Run it."""
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        start = time.perf_counter()
        for number in range(_FLOOR_UNITS):
            document = unit_document(_report(number), "vi")
            charts = [block for block in document.blocks if isinstance(block, Chart)]
            for place, chart in enumerate(charts):
                write_file(root / f"floor/{number}-{place}.svg", str(chart.svg).encode())
        floor = (time.perf_counter() - start) / _FLOOR_UNITS
        start = time.perf_counter()
        done = list(in_workers(_jobs(root, units, formats), write_job, given_up, workers=cores))
        took = (time.perf_counter() - start) / units
        size = max(path.stat().st_size for result in done for path in result.paths)
    failed = [result for result in done if result.error is not None]
    sys.stdout.write(
        f"{units} units, {'+'.join(formats)}, {cores} workers: {1000 * took:.0f} ms a unit, "
        f"{took * cores / floor:.2f} times the plots alone ({1000 * floor:.0f} ms), "
        f"{len(failed)} failed, largest file {size / 1e6:.2f} MB\n"
    )


def _report(number: int) -> UnitReport:
    return sample.unit_report(unit=replace(sample.unit(), id=f"U{number:04d}"))


def _jobs(root: Path, units: int, formats: tuple[str, ...]) -> Iterator[UnitJob]:
    form = Instrument("HL-01", "1", {}, (), Marks(), (), "", Path())
    for number in range(units):
        views = (_report(number),)
        yield UnitJob(root, f"U{number:04d}", views, ("vi",), formats, (), form)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1000, tuple(sys.argv[2:]) or ("html", "pdf"))

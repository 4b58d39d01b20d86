"""Prints a line a measure and writes ``bench.json``.

Times are CPU time of this process, the minimum over repeats taken in turn with their
floor, because machines are shared and noisy; a ratio is what counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scans.worker import limit_worker

ROOT = Path(__file__).resolve().parents[2]
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


def check_of_a_page(folder: Path) -> list[Measure]:
    """Decoding alone against the whole check of 300 dpi colour A4 pages."""
    import cv2
    import numpy as np

    from detectors.instrument import load_instrument
    from scans.page import check_page
    from scans.reference import builtin_reference
    from scans.register import register
    from scans.simulate.form import write_instrument
    from scans.simulate.page import simulate_page
    from scans.simulate.respondents import random_spec
    from scans.source import read_pages
    from scans.template import load_templates

    measures = []
    reference = builtin_reference()
    for form_id, page, profile in (("HL-01", 2, "flatbed"), ("HL-01", 2, "adf")):
        form = load_instrument(write_instrument(form_id, folder / form_id))
        made = simulate_page(random_spec(form_id, page, 5, profile=profile), 5)
        path = folder / f"{profile}{made.suffix}"
        path.write_bytes(made.data)
        data = np.frombuffer(made.data, np.uint8)
        (raw,) = list(read_pages(path))
        templates = load_templates(form)

        def decode(data: np.ndarray = data) -> object:
            return cv2.imdecode(data, cv2.IMREAD_COLOR)

        def read(path: Path = path) -> object:
            return list(read_pages(path))

        def lay(raw: object = raw, templates: object = templates) -> object:
            return register(raw, templates)  # type: ignore[arg-type]

        def whole(path: Path = path, form: object = form) -> object:
            return [check_page(p, form, reference=reference) for p in read_pages(path)]  # type: ignore[arg-type]

        floor, reading, laying, total = fastest(decode, read, lay, whole)
        name = f"{form_id} page {page}, {profile}"
        against = "JPEG decode of the same page"
        measures += [
            Measure(f"jpeg decode ({name})", 1000 * floor, "ms", None, None),
            Measure(f"read and classify ({name})", 1000 * reading, "ms", reading / floor, against),
            Measure(f"register ({name})", 1000 * laying, "ms", laying / floor, against),
            Measure(f"whole check ({name})", 1000 * total, "ms", total / floor, against),
        ]
    return measures


def start_up() -> list[Measure]:
    """``survey-audit --help`` against an empty Python process."""

    def wall(command: list[str]) -> float:
        best = float("inf")
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
            best = min(best, time.perf_counter() - start)
        return best

    code = "from audit.cli.main import run; run(['--help'])"
    floor = wall([sys.executable, "-c", "pass"])
    value = wall([sys.executable, "-c", code])
    return [Measure("survey-audit --help", 1000 * value, "ms", value / floor, "python -c pass")]


def screening() -> list[Measure]:
    """A table of 100,000 records against reading the same table from CSV."""
    import io

    import pandas as pd

    from detectors.screen import screen
    from detectors.simulate.round import simulate_round

    made = simulate_round(3, 500, records_per_unit=190)
    text = made.responses.to_csv(index=False)
    floor, value = fastest(
        lambda: pd.read_csv(io.StringIO(text)),
        lambda: screen(made.responses, made.instrument, units=made.units, seed=1),
        repeats=1,
    )
    name = f"screen {len(made.responses)} records of {len(made.units)} units"
    return [Measure(name, value, "s", value / floor, "pandas.read_csv of the same table")]


def main() -> None:
    """Run all benchmarks."""
    limit_worker()
    with TemporaryDirectory() as folder:
        measures = [*check_of_a_page(Path(folder)), *start_up(), *screening()]
    for m in measures:
        ratio = "" if m.ratio is None else f"{m.ratio:.2f}"
        sys.stdout.write(
            f"{m.name} {m.value:.1f} {m.unit} {ratio} {m.against or ''}".rstrip() + "\n"
        )
    rows = [asdict(m) for m in measures]
    (ROOT / "bench.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

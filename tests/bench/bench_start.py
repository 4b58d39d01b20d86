"""How long the program takes to say anything."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.bench.measure import Measure

ROOT = Path(__file__).resolve().parents[2]


def measures() -> list[Measure]:
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

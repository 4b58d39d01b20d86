"""``make bench``: prints a line a measure and writes ``bench.json``.

Every file ``bench_*.py`` in this folder with a function ``measures()`` is run; names on the
command line (``pages``, ``screen``, …) choose some of them, and each measure is kept at once.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def main(chosen: list[str]) -> None:
    """Run the benchmarks."""
    names = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    # Parts that were measured before stay, and each measure is kept at once: long ones are run
    # piece by piece.
    path = ROOT / "bench.json"
    kept = json.loads(path.read_text("utf-8")) if chosen and path.is_file() else []
    rows = {row["name"]: row for row in kept}
    for name in chosen or names:
        for m in importlib.import_module(f"tests.bench.bench_{name}").measures():
            ratio = "" if m.ratio is None else f"{m.ratio:.2f}"
            line = f"{m.name} {m.value:.1f} {m.unit} {ratio} {m.against or ''}".rstrip()
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
            rows[m.name] = asdict(m)
            path.write_text(json.dumps(list(rows.values()), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

"""``make accuracy``: measures, writes ``docs/accuracy.md`` and ``accuracy.json``."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.accuracy import images, real, statistics

ROOT = Path(__file__).resolve().parents[2]

_HEAD = """\
# Accuracy

Made by `python -m tests.accuracy --scale {scale:g}` (`make accuracy` is scale 1); every figure
comes from that command. Intervals are 95 %: look at them and at n before you believe a value.

**Positives are simulated**, because no public set of physically altered forms exists: frauds of
several independent renderings and three strengths are done to simulated sheets, and honest and
tampered pages go through the same chain (print, fill, scan, open and save). Seeds are apart from
those used for tuning and for learning the built-in reference. Rows named *held out* are of a
scanner or of a fraud rendering that tuning never saw; the form HL-02 was held out as a whole. How
well simulated erasures match real rubbers and fluids is not known: try the checks on thirty sheets
of your own before you rely on a recall.

Kinds: TAY_1 rubbed out, TAY_2 correction fluid or tape, TAY_3 scraped, GHI_DE overwritten,
DIGITAL_TAY painted out in the file, CAT_1 pasted paper, CAT_2 spliced in the file, CAT_3 mark
copied inside the page, CAT_4 pasted seal or signature. *found* means that the page is flagged at
an accepted false-flag rate of 1 %.
"""


def table(title: str, rows: Sequence[images.Row]) -> str:
    """A section of the page."""
    lines = [
        f"\n## {title}\n",
        "| measure | value | 95 % | n | target | |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        value, low, high = (float(str(row[key])) for key in ("value", "low", "high"))
        met = {True: "", False: "missed", None: ""}[_met(value, low, high, str(row["target"]))]
        lines.append(
            f"| {row['name']} | {value:.4f} | {low:.4f} to {high:.4f} | {row['n']} | "
            f"{row['target'] or '–'} | {met} |"
        )
    return "\n".join(lines) + "\n"


def _met(value: float, low: float, high: float, target: str) -> bool | None:
    """Whether the target is met; ``None`` without one."""
    del high
    found = re.match(r"\s*(>=|<=)?\s*([0-9.]+)\s*(\+ 2 SE)?", target)
    if found is None:
        return None
    sign, wanted, slack = found[1], float(found[2]), found[3]
    if sign == ">=":
        return value >= wanted
    if sign == "<=":
        # A rate that may exceed its target by chance: its lower limit may not.
        return (low if slack else value) <= wanted
    return value == wanted


def main() -> None:
    """Run the lab."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the pages to make")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    given = parser.parse_args()
    sections: list[tuple[str, list[images.Row]]] = []
    for title, work in (
        ("Real scans", real.measure),
        ("Simulated scans", lambda: images.measure(given.scale, given.workers)),
        ("Response tables", lambda: statistics.measure(max(1, round(3 * given.scale)))),
    ):
        sys.stderr.write(f"{title} …\n")
        rows = work()
        sections.append((title, list(rows)))
        # Kept at once: a lab runs for an hour, and what is measured is not measured twice.
        done = [row for _, part in sections for row in part]
        (ROOT / "accuracy.json").write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
    page = _HEAD.format(scale=given.scale) + "".join(table(title, rows) for title, rows in sections)
    (ROOT / "docs" / "accuracy.md").write_text(page, encoding="utf-8")
    sys.stdout.write(page)


if __name__ == "__main__":
    main()

"""The page ``docs/accuracy.md`` and ``accuracy.json``: a part is replaced, others are kept.

The page is a head and sections of level two. A section belongs to the part whose titles
begin with its prefix; what a part did not measure anew stays word by word, with the
command that made it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from tests.accuracy.measures import Measure, missed
from tests.accuracy.section import Section

__all__ = ["PREFIX", "listed", "made_by", "replace_rows", "replace_sections"]

PREFIX = {
    "real": "Real scans",
    "images": "Simulated scans",
    "scanner": "Pages of another scanner",
    "second": "Second maker of scans",
    "ruled": "Ruled tables",
    "tables": "Response tables",
    "units": "Units on many rounds",
    "ceiling": "Stuffed forms",
    "custody": "Forms and cases",
    "draft": "Drafted templates",
    "press": "Printed forms",
}

HEAD = """\
# Accuracy

Every section says with which command it was made; `make accuracy` makes all of them at full
scale. Intervals are 95 %: look at them and at n before you believe a value. Missed targets are
shown like the others.
"""


def listed(title: str, body: str, rows: Sequence[Measure]) -> Section:
    """A section that lists its measures one by one."""
    lines = [body, "| measure | value | 95 % | n | target | |", "|---|---|---|---|---|---|"]
    for row in rows:
        value, low, high = (float(str(row[key])) for key in ("value", "low", "high"))
        lines.append(
            f"| {row['name']} | {value:.4f} | {low:.4f} to {high:.4f} | {row['n']} | "
            f"{row['target'] or '–'} | {missed(row) or ''} |"
        )
    return Section(title, "\n".join(lines) + "\n", list(rows))


def made_by(part: str, scale: float) -> str:
    """The line that says how a section was made."""
    return f"Made by `python -m tests.accuracy --only {part} --scale {scale:g}`."


def replace_sections(page: str, part: str, sections: Sequence[Section], scale: float) -> str:
    """``page`` with the sections of ``part`` made anew, at their place or at the end."""
    kept = {
        found[1].strip(): found[2].strip("\n")
        for found in re.finditer(r"^## (.+)\n([\s\S]*?)(?=^## |\Z)", page, re.MULTILINE)
    }
    ordered: dict[str, str] = {}
    for name, prefix in PREFIX.items():
        if name == part:
            made = made_by(part, scale)
            ordered |= {s.title: f"{made}\n\n{s.body.strip()}" for s in sections}
        else:
            ordered |= {title: body for title, body in kept.items() if title.startswith(prefix)}
    return HEAD + "".join(f"\n## {title}\n\n{body.strip()}\n" for title, body in ordered.items())


def replace_rows(path: Path, part: str, rows: Sequence[Measure], scale: float) -> None:
    """The same for the measures of a JSON file; rows of no known part are dropped."""
    old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    kept = [row for row in old if row.get("part") in PREFIX and row["part"] != part]
    new = [{**row, "part": part, "scale": scale} for row in rows]
    text = json.dumps([*kept, *new], indent=1).replace("NaN", "null").replace("Infinity", "null")
    path.write_text(text + "\n", encoding="utf-8")

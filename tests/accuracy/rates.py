"""Section: how often honest records and units are flagged, with and without frauds beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.accuracy.cells import Cell, Result
from tests.accuracy.measures import Measure, mean, share
from tests.accuracy.rounds import CONTROLS
from tests.accuracy.section import Section, cell_of, chosen, matrix

__all__ = ["controls", "grounds", "rates"]

LEVELS = ("records", "units")
MOST_HONEST = "<= 0.002"


def grounds(results: Mapping[Cell, Result], room: str) -> list[str]:
    """Grounds that a room was measured on, simulated ones first."""
    found = {cell.ground for cell in results if cell.room == room}
    order = {"own": 0, "second": 1, "third": 2, "fourth": 3, "pool": 4}
    return sorted(found, key=lambda g: (order[g.split(":")[0]], g))


def rates(results: Mapping[Cell, Result]) -> Section:
    """False flags per honest subject, and false-discovery proportions."""
    rows: list[Measure] = []
    flags: dict[str, list[str]] = {}
    proportions: dict[str, list[str]] = {}
    for ground in grounds(results, "honest"):
        mine: dict[str, list[dict[str, Any]]] = {
            room: [r for _, r in chosen(results, room, lambda c, g=ground: c.ground == g)]
            for room in ("honest", "fraud", "whole")
        }
        flags[ground] = []
        for room in ("honest", "whole", "fraud"):
            for level in LEVELS:
                counts = [r[level] for r in mine[room]]
                found = share(
                    f"{ground}.{level}.honest_flagged_in_{room}_rounds",
                    sum(c["flagged"] for c in counts),
                    sum(c["n"] for c in counts),
                    MOST_HONEST if counts else "",
                )
                rows.append(found)
                flags[ground].append(_per_thousand(found))
        proportions[ground] = []
        for level in LEVELS:
            for rate in ("0.05", "0.1"):
                found = mean(
                    f"{ground}.{level}.fdp_at_{rate}",
                    [r[level]["fdp"][rate] for r in mine["fraud"]],
                    f"<= {rate} + 2 SE",
                )
                rows.append(found)
                proportions[ground].append(f"{cell_of(found)}, p95 {found.get('p95', 0):.2f}")
    heads = [
        f"{level}, {what}"
        for what in ("honest rounds", "honest rounds with everything known", "beside frauds")
        for level in LEVELS
    ]
    body = (
        "Honest subjects flagged, per 1,000 (target: at most 2), with 95 % limits. Beside frauds "
        "the target is stricter than a false-discovery rate of 5 %: where 4 units of 40 are found, "
        "5 % of the flags are 5.8 of 1,000 honest units.\n\n"
        + matrix("ground", heads, flags)
        + "\nFalse-discovery proportion, mean over rounds (95 % limits) and 95th percentile; "
        "target: nominal + 2 standard errors. Originals of copies belong to the fraud.\n\n"
        + matrix("ground", [f"{a} at q ≤ {q}" for a in LEVELS for q in (".05", ".10")], proportions)
    )
    return Section("Response tables: false flags", body, rows)


def _per_thousand(row: Measure) -> str:
    if row["n"] == 0:
        return "–"
    text = f"{1000 * row['value']:.2f} ({1000 * row['low']:.2f}–{1000 * row['high']:.2f})"
    return f"**{text}**" if row["value"] > 0.002 else text


def controls(results: Mapping[Cell, Result]) -> Section:
    """Units of a high level and an honest shape."""
    rows: list[Measure] = []
    table: dict[str, list[str]] = {}
    for label in CONTROLS:
        table[label] = []
        for origin in ("own", "second", "pool"):
            found = [
                row
                for _, result in chosen(
                    results, "control", lambda c, o=origin: c.ground.startswith(o)
                )
                for row in result["units"]["rows"]
                if row[0] == label and row[2] is not None
            ]
            target = "" if label == CONTROLS[2] else "<= 0.002 + 2 SE"
            one = share(
                f"control.{origin}.{label}.flagged", sum(r[4] for r in found), len(found), target
            )
            rows.append(one)
            table[label].append(cell_of(one))
    body = (
        "Share flagged of units that are better than their peers and otherwise honest: honest "
        "rows drawn with a preference for high levels (exponential tilt). The last line is no "
        "honest unit: it has none of its lower half, as if forms had been picked by hand; it is "
        "shown for comparison.\n\n"
        + matrix("unit", ["own generator", "second generator", "real rows"], table)
    )
    return Section("Response tables: high performers", body, rows)

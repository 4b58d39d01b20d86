"""Sections: what is found, kind by kind, at the issue's share and over all shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.accuracy.cells import Cell, Result
from tests.accuracy.frauds import COMMON, DIGITAL, KINDS, SHARES
from tests.accuracy.measures import Measure, share
from tests.accuracy.section import Section, cell_of, chosen, matrix
from tests.accuracy.worlds import GENERATORS, WORLDS

__all__ = ["recall", "shares"]

TARGETS = {"copy": 0.95, "invented": 0.85, "edited up": 0.60, "stuffed": 0.30}


def recall(results: Mapping[Cell, Result]) -> Section:
    """Recall at q <= .05 of units of 150 with 15 % of records tampered with."""
    rows: list[Measure] = []
    units: dict[str, list[str]] = {}
    records: dict[str, list[str]] = {}
    for kind in COMMON:
        units[kind], records[kind] = [], []
        for generator in GENERATORS:
            for world in WORLDS:
                ground = f"{generator}:{world}"
                found = [r for c, r in chosen(results, "fraud") if c.ground == ground]
                target = f">= {TARGETS[kind]}" if (generator, world) == ("own", "76") else ""
                for level, table in (("units", units), ("records", records)):
                    name = f"{ground}.{level}.recall.{kind}"
                    one = _recall(name, found, level, kind, target if level == "units" else "")
                    rows.append(one)
                    table[kind].append(cell_of(one, 2))
    heads = [f"{g} {w} % fives" for g in GENERATORS for w in WORLDS]
    pools: dict[str, list[str]] = {}
    real = [r for c, r in chosen(results, "fraud") if c.ground.startswith("pool")]
    kinds = sorted({row[0] for r in real for row in r["units"]["rows"]})
    for kind in kinds:
        both = [_recall(f"pools.{k}.recall.{kind}", real, k, kind) for k in ("units", "records")]
        rows += both
        pools[kind] = [cell_of(one, 2) for one in both]
    digital, measured = _digital(results)
    rows += measured
    body = (
        "Rounds of 40 units of 150 records, four of them tampered with (one a kind), 15 % of "
        "their records. Found: flagged at q ≤ .05. Targets hold at 76 % fives of the project's "
        "generator: copy .95, invented .85, edited up .60, stuffed .30.\n\nUnits:\n\n"
        + matrix("fraud", heads, units)
        + "\nRecords (stuffed and edited forms look like honest ones: only their number tells):\n\n"
        + matrix("fraud", heads, records)
        + "\nReal rows in random units of 15 to 150, one unit in ten tampered with, 15 or 30 % of "
        "its records, all pools together; units that are not testable (fewer than 20 records) stay "
        "out:\n\n"
        + matrix("fraud", ["units", "records"], pools)
        + "\nDigital frauds, by their share of the digital records of a unit (half of 150), "
        "over all ceilings; they betray themselves by times and sources:\n\n" + digital
    )
    return Section("Response tables: what is found", body, rows)


def _digital(results: Mapping[Cell, Result]) -> tuple[str, list[Measure]]:
    found = [r for _, r in chosen(results, "digital")]
    parts = sorted({row[1] for r in found for row in r["units"]["rows"]})
    rows: list[Measure] = []
    table: dict[str, list[str]] = {}
    for kind in DIGITAL:
        table[kind] = []
        for level in ("units", "records"):
            for part in parts:
                name = f"own.digital.{level}.recall.{kind}.{part:g}"
                one = _recall(name, found, level, kind, part=part)
                rows.append(one)
                table[kind].append(cell_of(one, 2))
    heads = [f"{level}, {100 * part:g} %" for level in ("units", "records") for part in parts]
    return matrix("fraud", heads, table), rows


def shares(results: Mapping[Cell, Result]) -> Section:
    """Recall of units by kind and share, over the ceilings."""
    rows: list[Measure] = []
    table: dict[str, list[str]] = {}
    found = [r for _, r in chosen(results, "shares")]
    for kind in KINDS:
        table[kind] = []
        for part in SHARES:
            mine = [
                row
                for result in found
                for row in result["units"]["rows"]
                if row[0] == kind and row[1] == part and row[2] is not None
            ]
            name = f"own.units.recall.{kind}.{part:g}"
            one = share(name, sum(bool(row[4]) for row in mine), len(mine))
            rows.append(one)
            table[kind].append(cell_of(one, 2))
    body = (
        "Units of 150 records of the project's generator found at q ≤ .05, over all four "
        "ceilings, by share of records tampered with.\n\n"
        + matrix("fraud", [f"{100 * s:g} %" for s in SHARES], table)
        + "\n**Plausible rows cannot be told by answers alone.** They are drawn from the model "
        "that honest people answer by, as a fitted model or a language model could do it; what "
        "is flagged of them is chance. Against them only custody, time, device, image and "
        "back-checks help.\n"
    )
    return Section("Response tables: kinds and shares", body, rows)


def _recall(
    name: str,
    results: Iterable[Result],
    level: str,
    kind: str,
    target: str = "",
    part: float | None = None,
) -> Measure:
    hits = n = 0
    for result in results:
        rows: list[list[Any]] = (
            result["units"]["rows"] if level == "units" else result["records"]["by_kind"]
        )
        for row in rows:
            untested = level == "units" and row[2] is None
            if row[0] == kind and part in (None, row[1]) and not untested:
                hits += bool(row[4]) if level == "units" else row[2]
                n += 1 if level == "units" else row[3]
    return share(name, hits, n, target)

"""Section: whether p-values on honest data are what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from tests.accuracy.cells import RATES, Cell, Result
from tests.accuracy.measures import Measure, clustered
from tests.accuracy.rates import grounds
from tests.accuracy.section import Section, cell_of, chosen, matrix

__all__ = ["uniform"]


def uniform(results: Mapping[Cell, Result]) -> Section:
    """Shares of small p-values: combined, then check by check."""
    rows: list[Measure] = []
    table: dict[str, list[str]] = {}
    for room in ("honest", "whole"):
        for ground in grounds(results, room):
            found = chosen(results, room, lambda c, g=ground: c.ground == g)
            measures = [
                *(_records(f"{ground}.{room}", [r for _, r in found], rate) for rate in RATES),
                *(_units(f"{ground}.{room}", [r for _, r in found], rate) for rate in RATES),
            ]
            rows += measures
            name = ground if room == "honest" else f"{ground}, everything known"
            table[name] = [cell_of(m, 4) for m in measures]
    heads = [f"{level}, p ≤ {rate}" for level in ("records", "units") for rate in (".01", ".05")]
    checks, single = _checks(results)
    body = (
        "Share of honest subjects with a p-value of at most .01 and .05 (95 % limits over rounds; "
        "for real rows, which come again in every round, over rows). Target: within 20 % of "
        "nominal, never above by more than 2 standard errors. *conservative* means that even the "
        "upper limit lies more than 20 % below.\n\n"
        + matrix("ground", heads, table)
        + "\nThe same of every check by itself, simulated grounds and real pools apart. Ranks "
        "within the table are uniform by construction; discrete statistics stay below.\n\n" + checks
    )
    return Section("Response tables: p-values on honest data", body, [*rows, *single])


def _target(rate: float) -> str:
    return f"{rate:g} within 20 %"


def _records(name: str, results: list[Result], rate: float) -> Measure:
    label = f"{name}.records.p_below_{rate:g}"
    if results and "rows" in results[0]["records"]:
        hit: Counter[int] = Counter()
        tried: Counter[int] = Counter()
        for result in results:
            hit.update(result["records"]["rows"][str(rate)])
            tried.update(result["records"]["tested_rows"])
        names = sorted(tried)
        counts = [hit[n] for n in names], [tried[n] for n in names]
        return clustered(label, *counts, _target(rate))
    hits = [r["records"]["hits"][str(rate)] for r in results]
    return clustered(label, hits, [r["records"]["tested"] for r in results], _target(rate))


def _units(name: str, results: list[Result], rate: float) -> Measure:
    p = [np.array(r["units"]["p"]) for r in results]
    hits = [int((values <= rate).sum()) for values in p]
    label = f"{name}.units.p_below_{rate:g}"
    return clustered(label, hits, [values.size for values in p], _target(rate))


def _checks(results: Mapping[Cell, Result]) -> tuple[str, list[Measure]]:
    rows: list[Measure] = []
    table: dict[str, list[str]] = {}
    places = (
        ("simulated", "honest", ("own", "second", "third", "fourth")),
        ("real", "honest", ("pool",)),
        ("everything known", "whole", ("own",)),
    )
    for at, (label, room, origins) in enumerate(places):
        found = [
            r["checks"]
            for c, r in chosen(results, room)
            if "checks" in r and c.ground.split(":")[0] in origins
        ]
        for name in sorted({name for counts in found for name in counts}):
            mine = [counts[name] for counts in found if name in counts]
            measures = [
                clustered(
                    f"{label}.{name}.p_below_{rate:g}",
                    [c[k] for c in mine],
                    [c[2] for c in mine],
                    f"<= {rate:g} + 2 SE",
                )
                for k, rate in enumerate(RATES)
            ]
            if measures[0]["n"]:
                rows += measures
                fields = table.setdefault(name, ["–"] * 6)
                at = (
                    2 * [p[0] for p in places].index(label) if label in ("simulated", "real") else 4
                )
                fields[at : at + 2] = [cell_of(m, 4) for m in measures]
    heads = [f"{place[0]}, p ≤ {rate}" for place in places for rate in (".01", ".05")]
    return matrix("check", heads, dict(sorted(table.items()))), rows

"""Section: books of forms and lists of cases, on honest units and where forms were taken away."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping

import numpy as np

from detectors.registry import Level, discover
from detectors.screening import screen
from detectors.table import RecordTable, UnitTable
from tests.accuracy.cells import RATES, Cell, Result, run
from tests.accuracy.custody_worlds import KINDS, book_of
from tests.accuracy.measures import Measure, clustered, share
from tests.accuracy.section import Section, cell_of, chosen, matrix
from tests.accuracy.worlds import GENERATORS, Ground, unit_name

__all__ = ["CHECKS", "cells_of", "measure", "work"]

FIRST_SEED = 19_000
ROUNDS = 30
SCREENED = 8
FRAUD_ROUNDS = 20
STRENGTHS = (0.15, 0.30)
RECORDS = 150
CEILINGS = ("76", "34")
CHECKS = ("custody.serial_gaps", "custody.delay", "custody.selective_loss", "linkage.identity",
          "channel.case_share")  # fmt: skip
# An honest desk that kept a pad back looks like one that took it out: it counts as neither.
LOOK_ALIKE = "pad never handed out"
# A broken identity has no p-value: it is seen where it is told.
RULE = "custody.balance"

BODY = """\
Forty units of 150 records, three in ten digital, at 76 and 34 % fives in turn. Two generators of
answers, and two hands that keep books and lists of cases and share no code: forms lost one by one,
in families and in gaps of a length of each unit's own; days between return and scan by road or with
a weekly courier; cases mistyped, rated twice, passed on. Shares are guesses, drawn unit by unit.
Seeds from 19,000 on; checks were tuned on others.
"""


def cells_of(scale: float) -> list[Cell]:
    """Every round of the part."""
    found = []
    for generator in GENERATORS:
        for i in range(max(2, round(ROUNDS * scale))):
            ground = f"{generator}:{CEILINGS[i % 2]}"
            extra = "screen" if i < max(2, round(SCREENED * scale)) else ""
            found.append(Cell("custody honest", ground, FIRST_SEED + i, RECORDS, extra=extra))
        for i in range(max(4, round(FRAUD_ROUNDS * scale))):
            strength = STRENGTHS[i // 2 % 2]
            plans = tuple((place, kind, strength) for place, kind in enumerate(KINDS))
            ground = f"{generator}:{CEILINGS[i % 2]}"
            found.append(Cell("custody fraud", ground, FIRST_SEED + 500 + i, RECORDS, plans))
    return found


def work(cell: Cell) -> Result:
    """Counts of one round: small p-values of honest units, flags, and what became of frauds."""
    generator, world = cell.ground.split(":")
    plans = {unit_name(place): (kind, strength) for place, kind, strength in cell.plans}
    ground = book_of(generator, world, cell.seed, cell.records, plans)
    result: Result = {"checks": {}, "kinds": []}
    p_of = _p_values(ground, cell.seed)
    for name, p in p_of.items():
        honest = [v for unit, v in p.items() if unit not in plans and np.isfinite(v)]
        result["checks"][name] = [*(sum(v <= r for v in honest) for r in RATES), len(honest)]
    if not plans and not cell.extra:
        return result
    found = screen(ground.responses, ground.instrument, seed=cell.seed, **ground.given)
    flagged = set(found.units["unit_id"][found.units["flagged"].astype(bool)].astype(str))
    told = Counter(
        f.detector for f in found.findings if f.unit_id in flagged and f.unit_id not in plans
    )
    broken = {f.unit_id for f in found.findings if f.detector == RULE}
    ids = set(found.units["unit_id"].astype(str))
    result["units"] = len(ids - set(plans))
    result["flagged"] = len(flagged - set(plans))
    result["told"] = dict(told)
    for unit, (kind, strength) in plans.items():
        check = KINDS[kind]
        own = 0.0 if check == RULE and unit in broken else p_of.get(check, {}).get(unit, 1.0)
        result["kinds"].append([kind, strength, unit in flagged, bool(own <= RATES[0])])
    return result


def _p_values(ground: Ground, seed: int) -> dict[str, dict[str, float]]:
    given = ground.given
    table = RecordTable.build(
        ground.responses, ground.instrument, given.get("units"), given["circumstances"]
    )
    whole = UnitTable(table, given.get("units"), None, given["custody"], given["period"])
    checks = discover(Level.UNIT)
    return {
        name: dict(
            zip(whole.unit_ids, checks[name].assess(whole, seed=seed).p_values.tolist(),
                strict=True)
        )
        for name in CHECKS
    }  # fmt: skip


def measure(scale: float = 1.0, workers: int = 1) -> list[Section]:
    """The section; some minutes on two cores at full scale."""
    results = run(cells_of(scale), work, workers)
    rates, first = _rates(results)
    flags, second = _flags(results)
    kinds, third = _kinds(results)
    body = (
        f"{BODY}\nShare of honest units with a p-value of at most .01 and .05, check by check. "
        f"The last two columns are of honest units beside five tampered ones.\n\n{rates}\n"
        f"Honest units flagged by the whole screen.\n\n{flags}\n"
        "What is found: *flagged* by the whole screen; *seen* by the check that is made for it "
        "(named) at p ≤ .01, in two strengths. 15 or 30 % of the unit's paper forms were taken "
        "away: the lowest, or a run of neighbours out of one pad; one of three batches lay 30 or "
        "60 days longer; 15 or 30 % of the digital ratings name no case or an invented one; the "
        "lowest forms were withheld after the book was closed, or one batch of the book lacks some "
        "forms (a tenth of the 15 or 30 %): a rule that does not hold, which is told whatever the "
        "p-values say. The row that begins with *honest* is no fraud: a pad of ten forms stayed "
        "in a drawer. It cannot be told from one that was taken out, so it has no target: look "
        "before you accuse.\n\n" + kinds
    )
    return [Section("Forms and cases", body, [*first, *second, *third])]


def _of(results: Mapping[Cell, Result], room: str, generator: str) -> list[Result]:
    """Results of one room and one generator, of both where it is empty."""
    return [r for _, r in chosen(results, room, lambda c: c.ground.startswith(generator))]


def _rates(results: Mapping[Cell, Result]) -> tuple[str, list[Measure]]:
    rows: list[Measure] = []
    table: dict[str, list[str]] = {}
    heads = []
    grounds = [("custody honest", g) for g in GENERATORS] + [("custody fraud", "")]
    for room, generator in grounds:
        label = f"{generator}, honest rounds" if generator else "beside frauds"
        heads += [f"{label}, p ≤ {rate}" for rate in (".01", ".05")]
        found = _of(results, room, generator)
        for name in CHECKS:
            counts = [r["checks"][name] for r in found]
            for k, rate in enumerate(RATES):
                m = clustered(
                    f"forms.{label}.{name}.p_below_{rate:g}",
                    [c[k] for c in counts],
                    [c[2] for c in counts],
                    f"<= {rate:g} + 2 SE",
                )
                rows.append(m)
                table.setdefault(name, []).append(cell_of(m, 4))
    return matrix("check", heads, table), rows


def _flags(results: Mapping[Cell, Result]) -> tuple[str, list[Measure]]:
    rows: list[Measure] = []
    table: dict[str, list[str]] = {}
    for generator in GENERATORS:
        for room in ("custody honest", "custody fraud"):
            found = [r for r in _of(results, room, generator) if "units" in r]
            name = f"{generator}, {'honest rounds' if room.endswith('honest') else 'beside frauds'}"
            m = share(
                f"forms.{name}.honest_units_flagged",
                sum(r["flagged"] for r in found),
                sum(r["units"] for r in found),
                "<= 0.002 + 2 SE",
            )
            told: Counter[str] = Counter()
            for r in found:
                told.update(r["told"])
            by = ", ".join(f"{check} {count}" for check, count in sorted(told.items())) or "–"
            rows.append(m)
            table[name] = [cell_of(m, 4), str(m["n"]), by]
    return matrix("rounds", ["honest units flagged", "n", "signs told of them"], table), rows


def _kinds(results: Mapping[Cell, Result]) -> tuple[str, list[Measure]]:
    rows: list[Measure] = []
    table: dict[str, list[str]] = {}
    for (kind, check), generator in itertools.product(KINDS.items(), GENERATORS):
        mine = [
            row
            for r in _of(results, "custody fraud", generator)
            for row in r["kinds"]
            if row[0] == kind
        ]
        label = kind if kind != LOOK_ALIKE else f"honest: {kind}"
        fields = []
        for strength in STRENGTHS:
            # the pad in the drawer is as long in every round
            found = [row for row in mine if kind == LOOK_ALIKE or row[1] == strength]
            for k, what in ((2, "flagged"), (3, "seen")):
                name = f"forms.{generator}.{label}.{strength:g}.{what}"
                rows.append(share(name, sum(row[k] for row in found), len(found)))
                fields.append(cell_of(rows[-1], 2))
        if kind == LOOK_ALIKE:
            rows, fields = rows[:-2], [*fields[:2], "–", "–"]
        table[f"{label}, {generator}"] = [*fields, check]
    heads = [f"{what}, {size}" for size in ("moderate", "strong") for what in ("flagged", "seen")]
    return matrix("kind", [*heads, "by"], table), rows

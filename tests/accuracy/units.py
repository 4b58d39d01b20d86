"""Section: error rates and recall of units on many rounds; with ``--weigh``, how to decide.

``python -m tests.accuracy.units --rounds 20`` measures on fresh seeds, ``--weigh`` on those
for tuning: what the largest p-value of a flagged unit and the weights cost and bring.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detectors._combination import calibrated_smallest_p
from detectors.calibration.multiplicity import q_values
from detectors.units._shape import TESTS
from detectors.weights import MOST_UNIT_P, SHAPE_WEIGHT, UNIT_WEIGHTS
from tests.accuracy.cells import RATES, Cell, Result, run
from tests.accuracy.frauds import COMMON
from tests.accuracy.measures import Measure, clustered, mean, share
from tests.accuracy.rates import grounds
from tests.accuracy.recall import TARGETS
from tests.accuracy.section import Section, cell_of, chosen, matrix
from tests.accuracy.unit_rounds import FIRST_SEED, TUNING_SEED, cells_of, unit_round

__all__ = ["measure"]

ROUNDS = 50
CAPS = (1.0, 0.005, 0.002, 0.001, 0.0005)
FACTORS = (0.5, 1.0, 2.0)

BODY = """\
The unit checks without the record checks, on rounds that nothing was tuned on: 40 units of 150
records (third and fourth generator: another survey and other sizes in every round), four of them
tampered with, 15 % of their records; real rows in random units, one in ten tampered with, 30 %.
Frauds of real rows come in turn: those of the table, copies between units, invented by one hand.
What one record says of how coherent its unit is was cut after a look at honest units of the pool
`careless2` that were flagged on these rounds.
"""

Array = NDArray[np.float64]


def measure(scale: float, workers: int) -> list[Section]:
    """The section."""
    cells = cells_of(max(2, round(ROUNDS * scale)), FIRST_SEED)
    return [section_of(run(cells, unit_round, workers))]


def section_of(results: Mapping[Cell, Result]) -> Section:
    """Tables of what is found, and of honest units."""
    rows: list[Measure] = []
    honest: dict[str, list[str]] = {}
    found: dict[str, list[str]] = {}
    for ground in grounds(results, "units"):
        mine = [r for _, r in chosen(results, "units", lambda c, g=ground: c.ground == g)]
        measures = _honest(ground, [r["units"] for r in mine])
        rows += measures
        honest[ground] = [cell_of(m, 4) for m in measures]
        kinds = [_recall(ground, kind, mine) for kind in COMMON]
        rows += kinds
        found[ground] = [cell_of(m, 2) for m in kinds]
    every = [r["units"] for _, r in chosen(results, "units")]
    total = _honest("all grounds", every)
    rows += total
    honest["all grounds"] = [cell_of(m, 4) for m in total]
    heads = ["honest flagged", "p ≤ .01", "p ≤ .05", "FDP at q ≤ .05", "FDP at q ≤ .10"]
    body = (
        f"{BODY}\nHonest units beside frauds:\n\n{matrix('ground', heads, honest)}\n"
        f"Tampered units flagged:\n\n{matrix('ground', list(COMMON), found)}"
    )
    return Section("Units on many rounds", body, rows)


def _honest(ground: str, mine: Sequence[Result]) -> list[Measure]:
    name = f"units.{ground}"
    p = [np.array(r["p"]) for r in mine]
    return [
        share(f"{name}.honest_flagged", sum(r["flagged"] for r in mine),
              sum(r["n"] for r in mine), "<= 0.002 + 2 SE"),
        *(
            clustered(f"{name}.p_below_{rate:g}", [int((v <= rate).sum()) for v in p],
                      [v.size for v in p], f"<= {rate:g} + 2 SE")
            for rate in RATES
        ),
        mean(f"{name}.fdp_5", [r["fdp"]["0.05"] for r in mine], "<= 0.05 + 2 SE"),
        mean(f"{name}.fdp_10", [r["fdp"]["0.1"] for r in mine], "<= 0.1 + 2 SE"),
    ]  # fmt: skip


def _recall(ground: str, kind: str, mine: Sequence[Result]) -> Measure:
    rows = [row for r in mine for row in r["units"]["rows"] if row[0] == kind and row[2]]
    target = f">= {TARGETS[kind]}" if ground == "own:76" else ""
    return share(f"units.{ground}.recall.{kind}", sum(row[4] for row in rows), len(rows), target)


def weigh(results: Mapping[Cell, Result]) -> Iterator[str]:
    """Lines: what each choice brings, on average over simulated grounds."""
    mine = [r for c, r in results.items() if not c.ground.startswith("pool")]
    for cap in CAPS:
        yield f"most p {cap:g}: {_brings(mine, SHAPE_WEIGHT, UNIT_WEIGHTS, cap)}"
    for factor in FACTORS:
        told = _brings(mine, factor * SHAPE_WEIGHT, UNIT_WEIGHTS, MOST_UNIT_P)
        yield f"shape weight {factor * SHAPE_WEIGHT:g}: {told}"
    for name in sorted({name for r in mine for name in r["p"]} - set(TESTS)):
        for factor in FACTORS:
            weights = {**UNIT_WEIGHTS, name: factor * UNIT_WEIGHTS.get(name, 1.0)}
            yield f"{name} {weights[name]:g}: {_brings(mine, SHAPE_WEIGHT, weights, MOST_UNIT_P)}"


def _brings(
    results: Sequence[Result], shape: float, weights: Mapping[str, float], cap: float
) -> str:
    hits = dict.fromkeys(("", *COMMON), 0)
    tried = dict.fromkeys(("", *COMMON), 0)
    for result in results:
        names = [name for name in result["p"] if name not in TESTS and weights.get(name, 1.0) > 0]
        columns = [result["joint"], *(result["p"][name] for name in names)]
        p = calibrated_smallest_p(
            np.array(columns, dtype=np.float64).T,
            np.array([shape, *(weights.get(name, 1.0) for name in names)]),
        )
        flagged = (np.nan_to_num(q_values(p), nan=1.0) <= 0.05) & (np.nan_to_num(p, nan=1.0) <= cap)
        for kind, flag in zip(result["kind"], flagged.tolist(), strict=True):
            if kind in hits:
                hits[kind] += flag
                tried[kind] += 1
    told = [f"{kind} {hits[kind] / max(tried[kind], 1):.2f}" for kind in COMMON]
    rate = 1000 * hits[""] / max(tried[""], 1)
    return f"honest flagged {rate:.2f} of 1,000 ({hits['']} of {tried['']}); " + ", ".join(told)


def main() -> None:
    """Measure, or weigh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--weigh", action="store_true")
    given = parser.parse_args()
    cells = cells_of(given.rounds, TUNING_SEED if given.weigh else FIRST_SEED)
    results = run(cells, unit_round, given.workers)
    lines = weigh(results) if given.weigh else [section_of(results).body]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

"""The statistical part of the accuracy lab: what the screen flags, of honest and of fraud.

Two grounds: simulated rounds near the ceiling, where everything is known, and real rows
of public questionnaires in random units, where frauds are planted. Every measure is a
dictionary ``name, value, low, high, n, target``; ``low`` and ``high`` are 95 % limits
(Wilson for shares, normal for means over rounds). Seeds here start at 7,000; the checks
were tuned on others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.instrument import Instrument
from detectors.records._twins import twins_of
from detectors.screen import screen
from detectors.simulate.frauds import FRAUDS, Fraud, FraudPlan
from detectors.simulate.population import Population
from detectors.simulate.round import simulate_round
from detectors.table import RecordTable
from tests.detectors.data import in_random_units, pool

__all__ = ["WORLDS", "measure", "measure_pools", "measure_worlds", "wilson"]

FIRST_SEED = 7_000
NOMINAL = 0.05
ANSWERS = (Fraud.COPY, Fraud.STUFFING, Fraud.EDIT_UP, Fraud.INVENTED)

# share of the best answer; the rest as published for such surveys
WORLDS = {
    "34": Population(fives=0.34, top_two=0.80, lowest_two=0.05),
    "55": Population(fives=0.55, top_two=0.90, lowest_two=0.02),
    "76": Population(fives=0.76, top_two=0.977, lowest_two=0.004),
    "90": Population(fives=0.90, top_two=0.985, lowest_two=0.003),
}

POOLS = {
    "attention": ("attention/responses.csv", 30),
    "careless_dataset2": ("reference/careless_dataset2.csv", 60),
    "inadequacy": ("reference/InadequacyData.csv", 60),
    "physfunc": ("reference/PhysFuncData.csv", 60),
    "acl_communality": ("reference/acl_communality.csv", 40),
    "aberrance_grm": ("reference/aberrance_grm_x.csv", 40),
}

Measure = dict[str, Any]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % limits of a share; (0, 1) without trials."""
    if n == 0:
        return 0.0, 1.0
    z, share = 1.959964, hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _share(name: str, hits: int, n: int, target: str) -> Measure:
    low, high = wilson(hits, n)
    value = hits / n if n else float("nan")
    return {"name": name, "value": value, "low": low, "high": high, "n": n, "target": target}


def _mean(name: str, values: list[float], target: str) -> Measure:
    series = np.asarray(values, dtype=np.float64)
    half = 1.96 * series.std(ddof=1) / np.sqrt(series.size) if series.size > 1 else 0.0
    value = float(series.mean()) if series.size else float("nan")
    return {
        "name": name,
        "value": value,
        "low": max(0.0, value - float(half)),
        "high": min(1.0, value + float(half)),
        "n": int(series.size),
        "target": target,
    }


@dataclass
class _Tally:
    """Counts over the rounds of one ground."""

    honest_records: list[int] = field(default_factory=lambda: [0, 0])
    honest_units: list[int] = field(default_factory=lambda: [0, 0])
    record_fdp: list[float] = field(default_factory=list)
    unit_fdp: list[float] = field(default_factory=list)
    units: dict[str, list[int]] = field(default_factory=dict)
    copies: list[int] = field(default_factory=lambda: [0, 0])
    twin_01: list[int] = field(default_factory=lambda: [0, 0])

    def add_round(
        self,
        records: pd.DataFrame,
        units: pd.DataFrame,
        fraud: pd.Series[Any],
        source: frozenset[str],
        unit_fraud: dict[str, str],
    ) -> None:
        """Count one screened round; originals that were copied count as part of the fraud."""
        kind = records["record_id"].map(fraud).fillna("")
        flagged = records["flagged"].to_numpy(dtype=bool)
        honest = ((kind == "") & ~records["record_id"].isin(source)).to_numpy()
        _count(self.honest_records, flagged[honest])
        self.record_fdp.append(float((flagged & honest).sum() / max(1, flagged.sum())))
        _count(self.copies, flagged[(kind == Fraud.COPY.value).to_numpy()])
        caught = units["flagged"].to_numpy(dtype=bool)
        kinds = units["unit_id"].map(unit_fraud).fillna("")
        clean = (kinds == "").to_numpy()
        _count(self.honest_units, caught[clean])
        self.unit_fdp.append(float((caught & clean).sum() / max(1, caught.sum())))
        for name in sorted(set(kinds) - {""}):
            _count(self.units.setdefault(name, [0, 0]), caught[(kinds == name).to_numpy()])

    def measures(self, ground: str) -> Iterator[Measure]:
        """What was counted."""
        most = "<= 0.05 + 2 SE"
        yield _share(f"{ground}.honest_records_flagged", *self.honest_records, "<= 0.002")
        yield _share(f"{ground}.honest_units_flagged", *self.honest_units, "<= 0.002")
        yield _mean(f"{ground}.record_fdp", self.record_fdp, most)
        yield _mean(f"{ground}.unit_fdp", self.unit_fdp, most)
        if self.copies[1]:
            yield _share(f"{ground}.recall_records_copy", *self.copies, "")
        for name, counts in self.units.items():
            yield _share(f"{ground}.recall_units_{name}", *counts, "")
        if self.twin_01[1]:
            yield _share(f"{ground}.honest_twin_p_below_01", *self.twin_01, "<= 0.01 + 2 SE")


def _count(counts: list[int], hits: NDArray[np.bool_]) -> None:
    counts[0] += int(hits.sum())
    counts[1] += int(hits.size)


def measure_worlds(
    rounds: int, *, n_units: int = 40, records: int = 150, share: float = 0.3
) -> list[Measure]:
    """Simulated rounds: one honest unit in ten is tampered with, kinds in turn."""
    measures: list[Measure] = []
    for name, population in WORLDS.items():
        tally = _Tally()
        for number in range(rounds):
            plans = {
                place: FraudPlan(kind, share)
                for place, kind in enumerate(ANSWERS)
                if n_units >= 10 * len(ANSWERS) or place == number % len(ANSWERS)
            }
            world = simulate_round(
                FIRST_SEED + number,
                n_units,
                records_per_unit=records,
                equal_sizes=True,
                population=population,
                frauds=plans,
                digital_share=0.0,
            )
            found = screen(world.responses, world.instrument, units=world.units, seed=number)
            truth = world.truth
            tally.add_round(
                found.records,
                found.units,
                truth.records.set_index("record_id")["fraud"],
                frozenset(truth.records["copied_from"]) - {""},
                dict(zip(truth.units["unit_id"], truth.units["fraud"], strict=True)),
            )
        measures += tally.measures(f"simulated.fives_{name}")
    return measures


def measure_pools(rounds: int, pools: tuple[str, ...] = tuple(POOLS)) -> list[Measure]:
    """Real rows in random units, a tenth of the units tampered with; one kind a round."""
    measures: list[Measure] = []
    for name in pools:
        answers, instrument = pool(POOLS[name][0])
        tally = _Tally()
        for number in range(rounds):
            rng = np.random.default_rng([FIRST_SEED, number])
            honest = in_random_units(answers, POOLS[name][1], rng)
            p = twins_of(RecordTable.build(honest, instrument), number).p_foreign
            _count(tally.twin_01, p[np.isfinite(p)] <= 0.01)
            kind = ANSWERS[number % len(ANSWERS)]
            planted, fraud, source = _plant(honest, instrument, kind, rng)
            found = screen(planted, instrument, seed=number)
            units = planted["unit_id"][fraud.reindex(planted["record_id"]).to_numpy() != ""]
            tally.add_round(
                found.records, found.units, fraud, source, dict.fromkeys(units, kind.value)
            )
        measures += tally.measures(f"real.{name}")
    return measures


def _plant(
    honest: pd.DataFrame, instrument: Instrument, kind: Fraud, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.Series[Any], frozenset[str]]:
    """Tamper with a tenth of the units; blanks of touched rows are answered at the top."""
    frame = honest.copy()
    names = frame["unit_id"].unique()
    chosen = rng.choice(names, size=max(1, round(0.1 * len(names))), replace=False)
    fraud = pd.Series("", index=frame["record_id"], dtype=object)
    source: set[str] = set()
    table = RecordTable.build(frame, instrument)
    count = table.levels
    back = np.argsort(table.source_row, kind="stable")
    levels = np.where(np.isfinite(table.answers), table.answers, count)[back].astype(np.intp)
    for unit in sorted(chosen):
        rows = np.flatnonzero(frame["unit_id"] == unit)
        part = levels[rows]
        plan = FraudPlan(kind, 0.3, templates=rows.size)
        touched = FRAUDS[kind](part, count, plan, rng)
        changed = rows[touched.rows]
        ids = frame["record_id"].to_numpy()
        for j, item in enumerate(table.items):
            values = np.array(item.ordered_scale)[part[touched.rows, j] - 1]
            frame.loc[changed, item.id] = values
        fraud.loc[ids[changed]] = kind.value
        source |= {str(ids[rows[s]]) for s in touched.source if s >= 0}
    return frame, fraud, frozenset(source)


def measure(rounds: int = 24) -> list[Measure]:
    """Everything; about a second a simulated round of 6,000 records."""
    return [*measure_worlds(rounds), *measure_pools(2 * rounds)]

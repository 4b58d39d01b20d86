"""Rounds of units without the record checks, which cost most of a screen's time.

What is decided about a unit hangs on no record check, so error rates and recall of units
can be had on many more rounds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from detectors.registry import Level, discover
from detectors.screening import screen_units
from detectors.table import RecordTable, UnitTable
from detectors.units._shape import shape_of
from tests.accuracy import pools
from tests.accuracy.cells import Cell, Result, lenders_of, units_of
from tests.accuracy.frauds import COMMON
from tests.accuracy.rounds import ground_of
from tests.accuracy.worlds import ANY, GENERATORS, WORLDS

__all__ = ["FIRST_SEED", "TUNING_SEED", "cells_of", "unit_round"]

FIRST_SEED, TUNING_SEED = 61_000, 41_000
SHARE, POOL_SHARE = 0.15, 0.30
POOL_KINDS = (*COMMON, "copy between units", "invented by one hand")
SMALLEST = 30


def cells_of(rounds: int, first_seed: int) -> list[Cell]:
    """``rounds`` rounds of every ground, the first of each first."""
    return sorted(_cells(rounds, first_seed), key=lambda cell: cell.seed)


def _cells(rounds: int, first_seed: int) -> Iterator[Cell]:
    plans = tuple((place, kind, SHARE) for place, kind in enumerate(COMMON))
    grounds = [f"{g}:{w}" for g, w in itertools.product(GENERATORS, WORLDS)]
    for ground in (*grounds, "second:76 uneven", *ANY):
        for i in range(rounds):
            yield Cell("units", ground, first_seed + i, plans=plans)
    for name in pools.names():
        sizes = [size for size in pools.sizes_of(name) if size >= SMALLEST]
        for i in range(rounds if sizes else 0):
            kind = POOL_KINDS[i % len(POOL_KINDS)]
            size = sizes[i // len(POOL_KINDS) % len(sizes)]
            yield Cell("units", f"pool:{name}", first_seed + i, size, ((0, kind, POOL_SHARE),))


def unit_round(cell: Cell) -> Result:
    """What became of the units of one round; ``p`` and ``joint`` are all that decided."""
    ground, labels = ground_of(cell)
    touched = set(ground.truth["unit_id"][ground.truth["fraud"] != ""])
    labels = {unit: what for unit, what in labels.items() if unit in touched}
    units = ground.given.get("units")
    table = RecordTable.build(ground.responses, ground.instrument, units)
    whole = UnitTable(table, units)
    checks = discover(Level.UNIT)
    answers = {name: check.assess(whole, seed=cell.seed) for name, check in checks.items()}
    frame, _ = screen_units(whole, cell.seed, answers)
    lenders = lenders_of(ground.truth, labels)
    result: Result = {"units": units_of(frame, labels, lenders)}
    result["kind"] = [
        "lender" if unit in lenders else labels.get(unit, ("",))[0] for unit in whole.unit_ids
    ]
    result["joint"] = _rounded(shape_of(table, cell.seed).together)
    result["p"] = {}
    for name, answer in answers.items():
        if np.isfinite(answer.p_values).any():
            result["p"][name] = _rounded(answer.p_values)
    return result


def _rounded(p: np.ndarray) -> list[float | None]:
    return [float(f"{v:.4g}") if np.isfinite(v) else None for v in p.tolist()]

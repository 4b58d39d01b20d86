"""Tables that hold little or nonsense: every check beside the shape tests tells, none accuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from detectors.table import UnitTable
from detectors.units import (
    complaints,
    custody,
    cutoff,
    jump,
    mode_gap,
    past_rows,
    response_rate,
    same_distribution,
    selective_loss,
    unit_pairs,
)
from tests.detectors.unit_worlds import ITEMS, world

MODULES = (
    *(complaints, custody, cutoff, jump, mode_gap, past_rows, response_rate),
    *(same_distribution, selective_loss, unit_pairs),
)


def odd(name: str) -> UnitTable:
    sim = world(230, units=16, n=30)
    if name == "one unit":
        sim.now["unit_id"] = "U01"
        sim.custody = sim.custody.iloc[:0]
        sim.units = sim.units.assign(served=5000)
    elif name == "constant":
        sim.now[ITEMS] = 5
        sim.old[ITEMS] = 5
    elif name == "two people":
        sim.now = sim.now.head(2)
        sim.custody = sim.custody.iloc[:0]
    elif name == "no answers":
        sim.now[ITEMS] = None
        sim.custody = sim.custody.iloc[:0]
    elif name == "off the scale":
        sim.now[ITEMS] = 77
        sim.custody = sim.custody.iloc[:0]
    elif name == "a tenth missing":
        gone = sim.rng.random((len(sim.now), len(ITEMS))) < 0.1
        sim.now[ITEMS] = sim.now[ITEMS].mask(gone)
    elif name == "twice the same ids":
        sim.now["record_id"] = "same"
    elif name == "empty previous period":
        sim.old = sim.old.head(0)
    elif name == "words in the register":
        sim.units["served"] = "many"
        sim.custody["issued"] = "some"
        sim.custody["serial_from"] = None
    register = pd.DataFrame({"unit_id": ["U01", "U99"], "complaints": ["x", 3]})
    return sim.table(complaints=register)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
@pytest.mark.parametrize(
    "name",
    [
        *("one unit", "constant", "two people", "no answers", "off the scale"),
        *("a tenth missing", "twice the same ids", "empty previous period"),
        "words in the register",
    ],
)
def test_odd_tables_are_told_and_accuse_nobody(module, name):
    table = odd(name)
    answer = module.CHECK.assess(table, seed=3)
    assert answer.scores.shape == answer.p_values.shape == (len(table),)
    assert answer.findings == ()
    untested = set(np.flatnonzero(np.isnan(answer.scores)).tolist())
    assert untested <= set(answer.not_assessable)
    assert all(answer.not_assessable[unit] for unit in untested)

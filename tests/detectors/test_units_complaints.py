"""Complaints against nearly 100 % satisfaction."""

from __future__ import annotations

import numpy as np
import pandas as pd

from detectors.units.complaints import CHECK
from tests.detectors.unit_worlds import ITEMS, flagged, world


def with_complaints(seed, many=()):
    sim = world(seed, units=30)
    served = np.full(30, 2000)
    sim.units["served"] = served
    for unit in ("U03", "U06", "U11"):
        sim.now.loc[sim.rows(unit), ITEMS] = 5
    count = sim.rng.poisson(10 * np.exp(sim.rng.normal(0, 0.4, 30)))
    register = pd.DataFrame({"unit_id": sim.units["unit_id"], "complaints": count})
    register.loc[register["unit_id"].isin(many), "complaints"] = 150
    return sim, register


def test_the_contradiction_is_found_and_complaints_alone_are_not():
    sim, register = with_complaints(41, many=("U03", "U20"))
    answer = CHECK.assess(sim.table(complaints=register))
    assert flagged(answer) == {"U03"}
    assert "150 complaints in 2000 transactions" in answer.findings[0].message.en
    assert "below 98%" in answer.not_assessable[19]
    sim, register = with_complaints(42)
    assert not flagged(CHECK.assess(sim.table(complaints=register)))


def test_a_unit_outside_the_register_has_none_and_a_contradiction_in_it_is_unknown():
    sim, register = with_complaints(43)
    register = register[register["unit_id"] != "U06"]
    twice = pd.DataFrame({"unit_id": ["U11"], "complaints": [99]})
    answer = CHECK.assess(sim.table(complaints=pd.concat([register, twice])))
    assert answer.p_values[5] > 0.5
    assert answer.not_assessable[10] == "complaints or transactions are not known"


def test_without_a_register_or_transactions_nothing_is_tested():
    sim, register = with_complaints(44)
    assert "no register of complaints" in CHECK.assess(sim.table()).not_assessable[0]
    sim.units = sim.units.drop(columns="served")
    answer = CHECK.assess(sim.table(complaints=register))
    assert np.isnan(answer.p_values).all()
    assert "not known" in answer.not_assessable[0]

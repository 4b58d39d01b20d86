"""Paper against digital inside a unit."""

from __future__ import annotations

import numpy as np

from detectors.units.mode_gap import CHECK
from tests.detectors.unit_worlds import ITEMS, flagged, world


def test_a_channel_that_departs_from_the_other_is_found():
    sim = world(21, n=100)
    assert not flagged(CHECK.assess(sim.table()))
    sim.now.loc[sim.rows("U04", "paper"), ITEMS] = 5
    (finding,) = CHECK.assess(sim.table()).findings
    assert finding.unit_id == "U04"
    assert finding.evidence["gap"] > 1.0


def test_a_gap_that_all_units_have_is_no_sign():
    sim = world(22, n=100)
    paper = np.flatnonzero((sim.now["channel"] == "paper").to_numpy())
    low = sim.now.loc[paper, ITEMS].astype(int)
    sim.now.loc[paper, ITEMS] = low.where(sim.rng.random(low.shape) < 0.5, 5)
    answer = CHECK.assess(sim.table())
    assert np.isfinite(answer.p_values).all()
    assert not flagged(answer)


def test_honest_gaps_are_seldom_small_p():
    p = np.concatenate([CHECK.assess(world(s, n=60).table()).p_values for s in range(30, 42)])
    assert np.mean(p <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / p.size)


def test_one_channel_or_few_records_are_told():
    sim = world(23)
    sim.now.loc[sim.rows("U02"), "channel"] = "paper"
    answer = CHECK.assess(sim.table())
    assert "on paper or in digital form" in answer.not_assessable[1]
    alone = CHECK.assess(world(24, digital=0.0).table())
    assert np.isnan(alone.p_values).all()
    few = CHECK.assess(world(25, units=10).table())
    assert "fewer than 15 units" in few.not_assessable[0]

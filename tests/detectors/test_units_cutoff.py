"""Values just above the threshold of a tier."""

from __future__ import annotations

import numpy as np

from detectors.units.cutoff import CHECK
from tests.detectors.unit_worlds import ITEMS, flagged, world


def set_value(sim, unit, share):
    """Give a unit a share of the two best answers."""
    rows = sim.rows(unit)
    answers = sim.now.loc[rows, ITEMS].to_numpy(dtype=int)
    flat = answers.ravel()
    wanted = round(share * flat.size)
    order = np.argsort(-flat + sim.rng.random(flat.size), kind="stable")
    flat[order[:wanted]] = np.maximum(flat[order[:wanted]], 4)
    flat[order[wanted:]] = np.minimum(flat[order[wanted:]], 3)
    sim.now.loc[rows, ITEMS] = flat.reshape(answers.shape)


def spread_out(seed, units=60):
    sim = world(seed, units=units, n=100)
    for unit, value in zip(sim.units["unit_id"], sim.rng.uniform(0.86, 0.985, units), strict=True):
        set_value(sim, unit, value)
    return sim


def test_a_round_that_bunches_above_a_threshold_is_told():
    sim = spread_out(91)
    assert not flagged(CHECK.assess(sim.table(previous=False)))
    for number in range(1, 26):
        set_value(sim, f"U{number:02d}", sim.rng.uniform(0.9505, 0.953))
    answer = CHECK.assess(sim.table(previous=False))
    seen = answer.info["bunching"]["0.95"]
    assert seen["above"] >= 25
    assert seen["p"] < 1e-4
    assert np.median(answer.p_values[:25]) < np.median(answer.p_values[25:])
    assert np.all(answer.p_values[:25] >= seen["p"])


def test_one_unit_just_above_a_threshold_is_no_sign():
    sim = spread_out(92)
    set_value(sim, "U07", 0.9501)
    answer = CHECK.assess(sim.table(previous=False))
    assert answer.p_values[6] > 0.05
    assert not flagged(answer)


def test_no_thresholds_few_units_or_records_are_told():
    sim = world(93)
    assert "no thresholds" in CHECK.assess(sim.table(cutoffs=())).not_assessable[0]
    assert "fewer than 15 units" in CHECK.assess(world(94, units=9).table()).not_assessable[0]
    assert "fewer than 20 records" in CHECK.assess(world(95, n=15).table()).not_assessable[0]


def test_honest_rounds_seldom_bunch():
    p = [
        CHECK.assess(world(seed, units=40, n=40).table()).info["bunching"]["0.95"]["p"]
        for seed in range(100, 120)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.15

"""Results used again: closer than two samples of the same people."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.units._histograms import degrees_of_freedom, lower_tail
from detectors.units.same_distribution import CHECK
from tests.detectors.unit_worlds import ITEMS, flagged, world


@pytest.mark.parametrize("shuffled", [False, True])
def test_the_results_of_another_unit_are_recognised(shuffled):
    sim = world(141, n=80, digital=0.0)
    assert not flagged(CHECK.assess(sim.table()))
    source = sim.now.loc[sim.rows("U11"), ITEMS].to_numpy()
    if shuffled:  # right item by item, no record is the same
        source = sim.rng.permuted(source, axis=0)
    sim.now.loc[sim.rows("U04"), ITEMS] = source
    answer = CHECK.assess(sim.table())
    assert flagged(answer) == {"U04", "U11"}
    assert {f.matches for f in answer.findings} == {("U04",), ("U11",)}


def test_the_own_previous_results_are_recognised():
    sim = world(142, n=80, digital=0.0)
    past = (sim.old["unit_id"] == "U04").to_numpy()
    sim.now.loc[sim.rows("U04"), ITEMS] = sim.old.loc[past, ITEMS].to_numpy()
    (finding,) = CHECK.assess(sim.table()).findings
    assert finding.unit_id == "U04"
    assert finding.evidence["previous_period"]
    assert "previous period" in finding.message.en
    assert not CHECK.assess(sim.table(previous=False)).findings


def test_units_of_the_very_same_people_are_not_taken_for_copies():
    small = tested = 0
    for seed in range(150, 162):
        sim = world(seed, n=40)
        for frame in (sim.now, sim.old):
            order = sim.rng.permutation(len(frame))
            frame[ITEMS] = frame[ITEMS].to_numpy()[order]
        answer = CHECK.assess(sim.table(previous=False))
        assert not flagged(answer)
        small += int((answer.p_values <= 0.05).sum())
        tested += int(np.isfinite(answer.p_values).sum())
    assert tested > 200
    assert small <= 0.05 * tested


def test_straight_lined_units_that_agree_by_chance_are_not_taken_for_copies():
    for seed in range(165, 171):
        sim = world(seed, n=25, digital=0.0)
        values = sim.rng.choice([3, 4, 5], len(sim.now), p=[0.1, 0.3, 0.6])
        sim.now[ITEMS] = np.repeat(values[:, None], len(ITEMS), axis=1)
        assert not flagged(CHECK.assess(sim.table(previous=False)))


def test_units_at_the_end_of_the_scale_and_small_ones_are_told():
    sim = world(143)
    for unit in ("U02", "U03"):
        sim.now.loc[sim.rows(unit), ITEMS] = 5
    sim.now = sim.now.drop(index=sim.rows("U05")[:45]).reset_index(drop=True)
    answer = CHECK.assess(sim.table(previous=False))
    for unit in (1, 2, 4):
        assert np.isnan(answer.p_values[unit])
        assert "fewer than 20 records" in answer.not_assessable[unit]


def test_degrees_of_freedom_of_independent_and_of_equal_answers():
    rng = np.random.default_rng(4)
    usual = np.full(16, 0.25)
    cells = np.zeros((4000, 16))
    for item in range(4):
        cells[np.arange(4000), 4 * item + rng.integers(0, 4, 4000)] = 1.0
    assert degrees_of_freedom(cells, usual) == pytest.approx(12.0, rel=0.03)
    lined = np.tile(cells[:, :4], 4)
    assert degrees_of_freedom(lined, usual) == pytest.approx(3.0, rel=0.03)
    assert lower_tail(np.array([0.5]), 30.0)[0] < lower_tail(np.array([0.5]), 3.0)[0]

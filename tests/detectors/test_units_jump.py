"""Jumps: honest change, mergers, breaks of method, other items, another scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from detectors.units._rounds import before_of
from detectors.units.jump import CHECK
from tests.detectors.unit_worlds import ITEMS, flagged, world


def lift(frame, unit, share, rng):
    """Raise a share of the unit's answers below the best to the best."""
    mine = np.flatnonzero((frame["unit_id"] == unit).to_numpy())
    answers = frame[ITEMS].to_numpy().copy()
    part = answers[mine]
    part[(part < 5) & (rng.random(part.shape) < share)] = 5
    answers[mine] = part
    frame[ITEMS] = answers


def test_a_jump_is_found_and_honest_change_is_not():
    honest = clean = named = 0
    for seed in range(12):
        sim = world(seed, units=30)
        answer = CHECK.assess(sim.table())
        honest += int((answer.p_values <= 0.05).sum())
        clean += np.isfinite(answer.p_values).sum()
        named += len(flagged(answer))
        lift(sim.now, "U05", 0.8, sim.rng)
        assert "U05" in flagged(CHECK.assess(sim.table()))
    assert clean == 12 * 30
    assert named <= 2  # a round may name somebody once in twenty
    assert honest / clean <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / clean)


def test_a_fall_is_no_jump():
    sim = world(3)
    lift(sim.old, "U05", 0.8, sim.rng)
    answer = CHECK.assess(sim.table())
    assert answer.p_values[sim.table().unit_ids.index("U05")] > 0.5


def test_a_shift_of_all_units_says_nothing_about_anybody():
    sim = world(4)
    for unit in sim.units["unit_id"]:
        lift(sim.now, unit, 0.4, sim.rng)
    assert not flagged(CHECK.assess(sim.table(method_break=True)))


def test_a_merged_unit_is_held_against_all_its_predecessors():
    sim = world(5)
    # U01 was formed from a content and a discontent unit
    old = sim.old.copy()
    second = old[old["unit_id"] == "U01"].copy()
    second["record_id"] += "x"
    second["unit_id"] = "GONE"
    second[ITEMS] = np.clip(second[ITEMS].astype(int) - 1, 1, 5)
    sim.old = pd.concat([old, second], ignore_index=True)
    table = sim.table(successors={"GONE": "U01"})
    before = before_of(table)
    at = table.unit_ids.index("U01")
    assert before.merged == {at}
    assert (before.unit == at).sum() == 120
    answer = CHECK.assess(table)
    assert np.isfinite(answer.p_values[at])
    lift(sim.now, "U01", 0.95, sim.rng)
    found = {f.unit_id: f for f in CHECK.assess(sim.table(successors={"GONE": "U01"})).findings}
    assert found["U01"].evidence["merged"]
    assert "predecessors" in found["U01"].message.en


def test_a_unit_that_is_new_or_was_split_off_is_told():
    sim = world(6)
    sim.old = sim.old[sim.old["unit_id"] != "U07"]
    table = sim.table(successors={"U08": "U09"})
    answer = CHECK.assess(table)
    for name in ("U07", "U08"):
        at = table.unit_ids.index(name)
        assert np.isnan(answer.p_values[at])
        assert "new or was split off" in answer.not_assessable[at]


def test_without_a_previous_period_nothing_is_tested():
    answer = CHECK.assess(world(7).table(previous=False))
    assert np.isnan(answer.p_values).all()
    assert set(answer.not_assessable.values()) == {"no previous period"}


def test_half_of_the_items_are_enough_and_fewer_are_told():
    sim = world(8)
    lift(sim.now, "U05", 0.9, sim.rng)
    sim.old = sim.old.drop(columns=ITEMS[:6])
    (finding,) = [f for f in CHECK.assess(sim.table()).findings if f.unit_id == "U05"]
    assert finding.evidence["items_left_out"] == ITEMS[:6]
    assert "Not compared: Q01" in finding.message.en
    sim.old = sim.old.drop(columns=ITEMS[6])
    answer = CHECK.assess(sim.table())
    assert np.isnan(answer.p_values).all()
    assert "only 5 of 12 items" in answer.not_assessable[0]


@pytest.mark.parametrize("other", ["ten points", "four points"])
def test_another_scale_in_the_previous_period_is_told(other):
    sim = world(9)
    old = sim.old[ITEMS].astype(int)
    sim.old[ITEMS] = old * 2 if other == "ten points" else np.minimum(old, 4)
    answer = CHECK.assess(sim.table())
    assert np.isnan(answer.p_values).all()
    assert "same scale" in answer.not_assessable[0]


def test_a_few_units_are_not_enough():
    answer = CHECK.assess(world(10, units=6).table())
    assert np.isnan(answer.p_values).all()
    assert "fewer than 15 such units" in answer.not_assessable[0]

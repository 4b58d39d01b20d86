"""A high level is information, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.calibration.multiplicity import simes
from detectors.registry import Level, discover
from detectors.screening import screen
from detectors.simulate.round import simulate_round
from detectors.table import RecordTable, UnitTable


def test_the_best_unit_has_the_highest_score_and_no_p_value():
    world = simulate_round(
        6, 24, records_per_unit=40, equal_sizes=True, frauds={}, digital_share=0.0
    )
    rows = world.responses.copy()
    best = rows["unit_id"] == "U0003"
    items = [item.id for item in world.instrument.ratings]
    rows.loc[best, items] = rows.loc[best, items].replace({1: 4, 2: 4, 3: 5, 4: 5})
    table = UnitTable(RecordTable.build(rows, world.instrument, world.units))
    answer = discover(Level.UNIT)["unit.level"].assess(table)
    assert table.unit_ids[int(np.argmax(answer.scores))] == "U0003"
    assert np.isnan(answer.p_values).all()
    assert answer.findings == ()


def test_a_flag_needs_a_small_p_value_whatever_stands_beside():
    world = simulate_round(3, 30, records_per_unit=90, digital_share=0.0)
    units = screen(world.responses, world.instrument, units=world.units).units
    flagged = units["flagged"].astype(bool)
    assert flagged.any()
    assert (units.loc[flagged, "p_value"] <= 0.002).all()
    assert (units.loc[flagged, "q_value"] <= 0.05).all()


def test_groups_are_summed_up():
    world = simulate_round(3, 30, records_per_unit=90, digital_share=0.0, groups=("HUYEN", "XA"))
    found = screen(world.responses, world.instrument, units=world.units)
    groups = found.groups
    assert groups["group"].tolist() == ["HUYEN", "XA"]
    assert groups["flagged"].sum() == found.units["flagged"].astype(bool).sum()
    assert (groups["p_value"] <= groups["q_value"]).all()
    assert len(screen(world.responses, world.instrument).groups) == 0


def test_simes_by_hand():
    assert simes(np.array([0.01, 0.02, 0.9, np.nan])) == pytest.approx(0.03)
    assert np.isnan(simes(np.array([np.nan])))

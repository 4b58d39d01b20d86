"""Rows of the period before, handed in again."""

from __future__ import annotations

import numpy as np

from detectors.units.past_rows import CHECK
from tests.detectors.unit_worlds import ITEMS, flagged, world


def _again(sim, unit, count, changed=1):
    """``count`` records of a unit become rows of its previous period, some answers changed."""
    mine = sim.rng.choice(sim.rows(unit), count, replace=False)
    past = np.flatnonzero((sim.old["unit_id"] == unit).to_numpy())
    theirs = sim.rng.choice(past, count, replace=False)
    rows = sim.old.loc[theirs, ITEMS].to_numpy(copy=True)
    for row in rows:
        row[sim.rng.choice(len(ITEMS), changed, replace=False)] = 5
    sim.now.loc[mine, ITEMS] = rows
    pairs = zip(sim.now["record_id"].iloc[mine], sim.old["record_id"].iloc[theirs], strict=True)
    return dict(pairs)


def test_rows_of_the_period_before_are_found_and_named():
    sim = world(301, n=80, digital=0.0)
    assert not flagged(CHECK.assess(sim.table()))
    pairs = _again(sim, "U04", 24)
    (finding,) = CHECK.assess(sim.table()).findings
    assert finding.unit_id == "U04"
    assert finding.p_value < 1e-3
    assert finding.evidence["observed"] > 4 * finding.evidence["expected"]
    assert all(pairs.get(now) == old for now, old in finding.evidence["pairs"])
    named = finding.evidence["record_ids"]
    assert len(set(named) & set(pairs)) > 0.8 * len(named)


def test_a_place_in_the_table_hides_no_copy():
    sim = world(302, n=80, digital=0.0)
    past = (sim.old["unit_id"] == "U04").to_numpy()
    sim.now.loc[sim.rows("U04"), ITEMS] = sim.old.loc[past, ITEMS].to_numpy()
    (finding,) = CHECK.assess(sim.table()).findings
    assert finding.unit_id == "U04"


def test_people_who_answer_in_both_periods_everywhere_are_no_copies():
    flags = small = tested = 0
    for seed in range(310, 318):
        sim = world(seed, n=60)
        for unit in sorted(set(sim.now["unit_id"])):
            _again(sim, unit, 12, changed=3)
        answer = CHECK.assess(sim.table())
        flags += len(flagged(answer))
        small += int((answer.p_values <= 0.05).sum())
        tested += int(np.isfinite(answer.p_values).sum())
    assert tested > 150
    assert flags <= 1
    assert small <= 0.05 * tested + 2 * np.sqrt(0.05 * 0.95 * tested)


def test_the_same_table_for_both_periods_is_told():
    sim = world(320, n=80, digital=0.0)
    sim.old[ITEMS] = sim.now[ITEMS].to_numpy()
    answer = CHECK.assess(sim.table())
    assert not np.isfinite(answer.p_values).any()
    assert all("same table" in why for why in answer.not_assessable.values())


def test_the_same_table_is_told_near_the_top_of_the_scale_too():
    sim = world(321, n=80, digital=0.0)
    # nine in ten rows say nothing by being the same
    plain = sim.rng.random(len(sim.now)) < 0.9
    sim.now.loc[plain, ITEMS] = 5
    sim.old[ITEMS] = sim.now[ITEMS].to_numpy()
    answer = CHECK.assess(sim.table())
    assert all("same table" in why for why in answer.not_assessable.values())
    assert len(answer.not_assessable) == len(answer.p_values)


def test_small_units_and_rounds_without_a_past_are_told():
    sim = world(330, n=60)
    alone = CHECK.assess(sim.table(previous=False))
    assert set(alone.not_assessable.values()) == {"no previous period"}
    sim.old = sim.old[(sim.old["unit_id"] != "U03") | (np.arange(len(sim.old)) % 10 == 0)]
    answer = CHECK.assess(sim.table())
    place = list(sim.table().unit_ids).index("U03")
    assert "fewer than 20" in answer.not_assessable[place]
    assert np.isnan(answer.p_values[place])


def test_items_that_were_not_asked_before_are_left_out():
    sim = world(340, n=80, digital=0.0)
    _again(sim, "U04", 40, changed=0)
    sim.old = sim.old.drop(columns=ITEMS[:3])
    assert flagged(CHECK.assess(sim.table())) == {"U04"}

"""Response rates near 100 % and numbers that come out too well."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.units.response_rate import CHECK, slovin
from tests.detectors.unit_worlds import flagged, world


def test_a_rate_near_all_is_found_among_peers_far_from_it():
    sim = world(61, units=45)
    assert not flagged(CHECK.assess(sim.table()))
    sim.units.loc[4, "served"] = 60
    (finding,) = CHECK.assess(sim.table()).findings
    assert finding.unit_id == "U05"
    assert finding.evidence["served"] == 60


def test_where_everybody_answers_it_is_no_sign_and_a_high_rate_below_ninety_neither():
    sim = world(62, units=30)
    sim.units["served"] = 61
    assert not flagged(CHECK.assess(sim.table()))
    sim.units["served"] = 2000
    sim.units.loc[4, "served"] = 75
    answer = CHECK.assess(sim.table())
    assert answer.p_values[4] == 1.0


def test_unknown_transactions_are_told():
    sim = world(63)
    sim.units["served"] = sim.units["served"].astype(float)
    sim.units.loc[2, "served"] = np.nan
    answer = CHECK.assess(sim.table())
    assert answer.not_assessable[2] == "transactions served are not known"


@pytest.mark.parametrize(
    ("people", "size"),
    [(200, 134), (500, 223), (1000, 286), (3000, 353), (10_000, 385), (50_000, 397)],
)
def test_slovin(people, size):
    assert slovin(np.array([float(people)]))[0] == size


def test_round_numbers_of_the_round_are_counted():
    sim = world(64, units=30)
    told = CHECK.assess(sim.table()).info
    # every unit has 60 records, all of them answered
    assert told["multiples_of_ten"] == 30
    assert told["multiples_of_ten_p"] < 0.001
    assert told["whole_percentages_p"] > 0.01
    sim.units["served"] = 71
    assert slovin(np.array([71.0]))[0] == 61
    assert CHECK.assess(sim.table()).info["slovin_quota_met_exactly"] == 0
    sim.units["served"] = 70
    assert CHECK.assess(sim.table()).info["slovin_quota_met_exactly"] == 30


def test_typed_percentages_stand_out():
    sim = world(65, units=40, n=50)
    # 12 items x 50 records = 600 answers: a whole percentage is every sixth count
    items = [c for c in sim.now.columns if c.startswith("Q")]
    for unit in sim.units["unit_id"][:30]:
        rows = sim.rows(unit)
        answers = sim.now.loc[rows, items].to_numpy(dtype=int)
        flat = answers.ravel()
        low = np.flatnonzero(flat < 4)
        extra = (flat >= 4).sum() % 6
        if low.size:
            flat[np.flatnonzero(flat >= 4)[:extra]] = 3
        sim.now.loc[rows, items] = flat.reshape(answers.shape)
    told = CHECK.assess(sim.table(), seed=1).info
    assert told["whole_percentages"] >= 30
    assert told["whole_percentages_p"] < 0.001

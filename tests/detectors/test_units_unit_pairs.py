"""Records shared by two units."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.units._pairs_of_units import CROWD, near_records, rare_records
from detectors.units.unit_pairs import CHECK
from tests.detectors.unit_worlds import ITEMS, flagged, world


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 40), st.integers(2, 6))
def test_near_records_are_those_of_a_double_loop(seed, n, items):
    rng = np.random.default_rng(seed)
    answers = rng.integers(1, 4, (n, items)).astype(float)
    answers[rng.random(answers.shape) < 0.1] = np.nan
    filled = np.nan_to_num(answers, nan=0.0)
    apart = (filled[:, None, :] != filled[None, :, :]).sum(axis=2)
    expected = {(i, j) for i in range(n) for j in range(i + 1, n) if apart[i, j] <= 1}
    crowded = set()
    for mask in range(-1, items):
        kept = np.delete(filled, mask, axis=1) if mask >= 0 else filled
        for row in np.unique(kept, axis=0):
            same = np.flatnonzero((kept == row).all(axis=1))
            if same.size > CROWD:
                crowded |= set(same.tolist())
    near = near_records(answers)
    found = set(zip(near.first.tolist(), near.second.tolist(), strict=True))
    assert found == {p for p in expected if not crowded & set(p)}
    assert np.all((near.weight > 0) & (near.weight <= 1))


def test_usual_records_are_not_rare():
    answers = np.full((50, 8), 5.0)
    answers[0, :4] = 3
    answers[1, :3] = 3
    answers[2] = [3, 3, 3, 3, np.nan, np.nan, np.nan, np.nan]
    answers[3] = [3, 3, 3, np.nan, np.nan, np.nan, np.nan, np.nan]
    assert np.flatnonzero(rare_records(answers)).tolist() == [0, 2]


def test_of_a_large_table_only_the_rarest_records_are_taken(monkeypatch):
    rng = np.random.default_rng(8)
    answers = np.where(rng.random((500, 10)) < 0.5, 5.0, rng.integers(1, 5, (500, 10)))
    unusual = (answers != 5).sum(axis=1)
    assert rare_records(answers).sum() == (unusual >= 4).sum()
    monkeypatch.setattr("detectors.units._pairs_of_units.MOST_RARE", 100)
    kept = rare_records(answers)
    assert 0 < kept.sum() <= 100
    assert unusual[kept].min() > unusual[~kept].max()


def copy(sim, target, source, count, edits):
    to = sim.rng.choice(sim.rows(target), count, replace=False)
    off = rare_records(sim.now.loc[sim.rows(source), ITEMS].to_numpy(dtype=float))
    answers = sim.now.loc[sim.rng.choice(sim.rows(source)[off], count, replace=False), ITEMS]
    answers = answers.to_numpy().copy()
    for row in answers:
        row[sim.rng.choice(len(ITEMS), edits, replace=False)] = 4
    sim.now.loc[to, ITEMS] = answers
    return set(sim.now.loc[to, "record_id"])


def test_copies_between_units_are_found_with_both_units_and_the_records():
    sim = world(181, n=80, digital=0.0)
    assert not flagged(CHECK.assess(sim.table(), seed=1))
    copied = copy(sim, "U04", "U11", 12, 1)
    answer = CHECK.assess(sim.table(), seed=1)
    assert flagged(answer) == {"U04", "U11"}
    found = {f.unit_id: f for f in answer.findings}
    assert found["U04"].matches == ("U11",)
    assert found["U11"].matches == ("U04",)
    told = {pair[0] for pair in found["U04"].evidence["records"]}
    assert len(told & copied) >= 8
    assert len(found["U04"].evidence["records"]) <= 20


def test_two_units_of_ten_do_not_hide_what_they_share():
    sim = world(185, units=10, n=80, digital=0.0)
    copy(sim, "U04", "U08", 20, 1)
    assert flagged(CHECK.assess(sim.table(), seed=1)) == {"U04", "U08"}


def test_honest_units_are_seldom_named():
    p, named = [], 0
    for seed in range(190, 200):
        answer = CHECK.assess(world(seed, n=50).table(), seed=seed)
        p.append(answer.p_values)
        named += bool(answer.findings)
    p = np.concatenate(p)
    assert np.mean(p <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / p.size)
    assert named <= 2


def test_a_popular_pattern_is_no_sign():
    sim = world(182, n=80, digital=0.0)
    rows = np.concatenate([sim.rows(f"U{u:02d}")[:4] for u in range(1, 25)])
    sim.now.loc[rows, ITEMS] = 3  # the third column, straight down, in every unit
    assert not flagged(CHECK.assess(sim.table(), seed=1))


def test_few_units_or_records_are_told():
    assert "fewer than 5 peer units" in CHECK.assess(world(183, units=4).table()).not_assessable[0]
    assert "fewer than 20 records" in CHECK.assess(world(184, n=15).table()).not_assessable[0]

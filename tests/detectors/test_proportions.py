"""Intervals near 100 %: known answers, and how often they hold the truth in simulated rounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.proportions import (
    difference,
    dispersion,
    effective_size,
    jeffreys,
    margin_reached,
    minimal_sample,
    wilson,
)


@pytest.mark.parametrize(
    ("served", "needed"), [(200, 134), (500, 223), (1_000, 286), (3_000, 353), (10_000, 385)]
)
def test_sample_sizes_are_those_of_the_formula(served: int, needed: int) -> None:
    assert minimal_sample(served) == needed


@given(st.integers(1, 5_000))
def test_no_sample_is_larger_than_what_there_is(served: int) -> None:
    needed = minimal_sample(served)
    assert 1 <= needed <= served
    reached = margin_reached(needed, served)
    assert reached is not None
    assert reached <= 0.05 + 1e-9
    assert margin_reached(served, served) == 0.0
    assert margin_reached(served + 1, served) is None
    assert margin_reached(0, served) is None


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0.5, 1e5))
def test_intervals_hold_their_share_and_stay_inside(share: float, n: float) -> None:
    for low, high in (wilson(share, n), jeffreys(share, n)):
        assert 0.0 <= low <= share + 1e-9
        assert share - 1e-9 <= high <= 1.0


def test_known_intervals() -> None:
    # Brown, Cai & DasGupta (2001): 50 of 50; and Wilson's own form by hand at 97 of 100.
    assert wilson(1.0, 50)[0] == pytest.approx(0.92865, abs=1e-4)
    assert wilson(0.97, 100) == pytest.approx((0.91548, 0.98975), abs=1e-4)
    assert jeffreys(0.97, 100) == pytest.approx((0.9214, 0.9917), abs=1e-3)
    # Newcombe (1998), table II, case (a): 56/70 less 48/80.
    assert difference(56 / 70, 70, 48 / 80, 80) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def _simulated(seed: int, spread: float, units: int = 12, n: int = 120, items: int = 22):
    """Forms whose answers depend on each other, collected in batches that do, too."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), n)
    batch = np.arange(units * n) // 20
    level = np.full(batch.max() + 1, 0.97)
    if spread:
        weight = (1 - spread) / spread
        level = np.clip(rng.beta(0.97 * weight, 0.03 * weight, level.size), 1e-9, 1 - 1e-9)
    own = rng.beta(level[batch] * 1.5, (1 - level[batch]) * 1.5)
    return rng.binomial(items, own), np.full(unit.size, items), unit, batch


@pytest.mark.parametrize("spread", [0.0, 0.03, 0.1])
def test_the_interval_covers_a_share_of_97_per_cent(spread: float) -> None:
    """95 % cover 95 %, whether batches differ or not; plain ones by form or answer do not."""
    held = by_answer = total = 0
    for seed in range(30):
        good, given_, unit, batch = _simulated(seed, spread)
        measured = dispersion(good, given_, unit, batch)
        worth = effective_size(given_, unit, 12, measured, batch)
        for number in range(12):
            share = good[unit == number].sum() / given_[unit == number].sum()
            low, high = wilson(share, worth[number])
            held += low <= 0.97 <= high
            low, high = wilson(share, given_[unit == number].sum())
            by_answer += low <= 0.97 <= high
            total += 1
    # 360 intervals: three standard errors of 95 % are 3.4 points.
    assert 0.91 <= held / total <= 0.985
    assert by_answer / total < 0.6


def test_what_is_measured_is_what_was_put_in() -> None:
    found = [dispersion(*_simulated(seed, 0.1)) for seed in range(20)]
    assert np.mean([one.cluster for one in found]) == pytest.approx(0.1, abs=0.025)
    plain = [dispersion(*_simulated(seed, 0.0)) for seed in range(20)]
    assert np.mean([one.cluster for one in plain]) < 0.01
    assert np.mean([one.form for one in plain]) == pytest.approx(0.4, abs=0.03)


def test_few_clusters_are_not_measured_and_nothing_is_nothing() -> None:
    good, given_, unit, _ = _simulated(1, 0.0, units=2, n=20)
    few = dispersion(good, given_, unit, np.arange(40) // 10)
    assert few.cluster is None
    none = np.zeros(0, dtype=np.int64)
    assert dispersion(none, none, none).form == 1.0
    assert effective_size(none, none, 2, few).tolist() == [0.0, 0.0]


def test_independent_answers_are_worth_what_they_are() -> None:
    rng = np.random.default_rng(3)
    given_ = np.full(4_000, 5)
    good = rng.binomial(5, 0.9, 4_000)
    unit = np.arange(4_000) % 4
    worth = effective_size(given_, unit, 4, dispersion(good, given_, unit))
    assert np.all(worth > 0.93 * 5_000)
    assert np.all(worth <= 5_000)

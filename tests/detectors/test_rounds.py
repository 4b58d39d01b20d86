"""Standardising by the round and the joint p-value of several tests."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.calibration.rounds import (
    differing,
    joint_p_values,
    null_of,
    spread_of,
    standardised,
)


def test_the_spread_of_many_units_is_theirs_and_tampered_ones_hardly_count():
    z = 0.4 + 1.5 * np.random.default_rng(1).normal(size=4000)
    clean = spread_of(z)
    assert clean.centre == pytest.approx(0.4, abs=0.08)
    assert clean.scale == pytest.approx(1.5, abs=0.05)
    z[:200] = 30.0
    assert spread_of(z).scale == pytest.approx(1.5, rel=0.2)
    left_out = spread_of(z, np.arange(4000) >= 200)
    assert left_out.scale == pytest.approx(1.5, abs=0.06)


def test_few_units_are_drawn_to_chance_alone():
    z = np.array([-4.0, 4.0, -4.0, 4.0, 4.0, -4.0])
    spread = spread_of(z)
    assert abs(spread.centre) < 1.0
    assert 1.0 < spread.scale < 4.2
    nothing = spread_of(np.full(5, np.nan))
    assert (nothing.centre, nothing.scale) == (0.0, 1.0)


@pytest.mark.parametrize("sigma", [1.0, 1.3])
def test_the_spread_cancels_against_pseudo_rounds(sigma):
    rng = np.random.default_rng(2)
    z, null = sigma * rng.normal(size=(2000, 40)), rng.normal(size=(2000, 40))
    scores, honest = standardised(z, spread_of(z)), standardised(null, spread_of(null))
    share = (scores > np.quantile(honest, 0.99)).mean()
    assert 0.008 < share < 0.0135


def test_units_that_differ_by_a_skewed_habit_reach_no_small_p_value_too_often():
    rng = np.random.default_rng(6)
    habit = rng.gamma(2.0, 1.0, (1500, 40)) - 2.0
    z, null = rng.normal(size=(1500, 40)) + 0.8 * habit, rng.normal(size=(1500, 40))
    own = spread_of(z)
    usual = np.median(spread_of(null).scale)
    heavy = differing(null, float(np.median(own.scale) / usual) ** 2, rng)
    scores = standardised(z, own)
    shares = [
        (scores > np.quantile(standardised(honest, spread_of(honest)), 0.999)).mean()
        for honest in (null, heavy)
    ]
    assert shares[0] > 0.005
    assert shares[1] < 0.0025
    # to either side, as strong as asked for
    assert spread_of(heavy.ravel()).scale == pytest.approx(np.median(own.scale), rel=0.1)
    assert abs(np.median(heavy)) < 0.05


def test_units_that_differ_by_chance_alone_keep_their_null():
    null = np.random.default_rng(7).normal(size=(5, 40))
    assert differing(null, 1.0, np.random.default_rng(8)) is null
    assert differing(null, float("nan"), np.random.default_rng(8)) is null


def test_dependent_tests_cost_nothing_and_independent_ones_their_number():
    rng = np.random.default_rng(3)
    one = rng.normal(size=(400, 50))
    two = rng.normal(size=(400, 50))
    scores = rng.normal(size=(50, 2))
    classes, weights = np.zeros(50, dtype=np.intp), np.ones(2)
    same = np.column_stack([scores[:, 0], scores[:, 0]])
    p, together = joint_p_values(same, [one, one], classes, weights)
    np.testing.assert_allclose(together, p[:, 0], atol=2e-3)
    p, together = joint_p_values(scores, [one, two], classes, weights)
    smallest = p.min(axis=1)
    np.testing.assert_allclose(together, 1 - (1 - smallest) ** 2, atol=0.02)


def test_a_test_that_was_not_made_takes_no_part():
    rng = np.random.default_rng(4)
    null = rng.normal(size=(400, 10))
    scores = np.column_stack([rng.normal(size=10), np.full(10, np.nan)])
    empty = np.full((400, 10), np.nan)
    p, together = joint_p_values(scores, [null, empty], np.zeros(10, dtype=np.intp), np.ones(2))
    assert np.isnan(p[:, 1]).all()
    np.testing.assert_allclose(together, p[:, 0], atol=2e-3)
    scores[3] = np.nan
    assert np.isnan(
        joint_p_values(scores, [null, empty], np.zeros(10, dtype=np.intp), np.ones(2))[1][3]
    )


def test_far_beyond_the_draws_the_p_value_goes_on_falling():
    null = np.random.default_rng(5).normal(size=(400, 10))
    scores = np.full((10, 1), 6.0)
    scores[0] = 9.0
    _, together = joint_p_values(scores, [null], np.zeros(10, dtype=np.intp), np.ones(1))
    assert together[0] < together[1] < 1 / 4001


def test_a_test_without_weight_has_its_p_value_and_no_say():
    rng = np.random.default_rng(11)
    null = [rng.normal(size=(400, 12)) for _ in range(2)]
    scores = rng.normal(size=(12, 2))
    scores[0, 1] = 9.0
    one = np.zeros(12, dtype=np.intp)
    p, together = joint_p_values(scores, null, one, np.array([1.0, 0.0]))
    assert p[0, 1] < 1e-4
    _, alone = joint_p_values(scores[:, :1], null[:1], one, np.array([1.0]))
    np.testing.assert_allclose(together, alone, rtol=0.02)
    _, nothing = joint_p_values(scores, null, one, np.zeros(2))
    assert np.isnan(nothing).all()


def test_small_joint_p_values_hang_on_no_single_draw():
    """Whatever few pseudo-units reach lies below the fortieth, where a share is chance."""
    rng = np.random.default_rng(12)
    one = np.zeros(40, dtype=np.intp)
    scores = np.column_stack([np.linspace(3.3, 4.3, 40), np.zeros(40)])
    common = rng.normal(size=(250, 40))
    null = [common, 0.6 * common + 0.8 * rng.normal(size=(250, 40))]
    p, together = joint_p_values(scores, null, one, np.ones(2))
    # what dependence saves is one share for all of them, and it saves something
    gain = together / (2.0 * p[:, 0])
    np.testing.assert_allclose(gain, gain[0])
    assert 0.7 < gain[0] < 1.0


def test_joint_p_values_of_honest_units_are_uniform_far_down():
    rng = np.random.default_rng(13)
    one = np.zeros(40, dtype=np.intp)
    found = []
    for _ in range(400):
        common = rng.normal(size=(140, 40))
        null = [common, 0.5 * common + 0.9 * rng.gamma(2.0, 1.0, (140, 40))]
        scores = np.column_stack([layer[:40].diagonal() for layer in null])
        rest = [layer[40:] for layer in null]
        found.append(joint_p_values(scores, rest, one, np.array([0.7, 0.3]))[1])
    p = np.concatenate(found)
    for level in (0.05, 0.01, 0.002):
        assert (p <= level).mean() < level + 2.5 * np.sqrt(level / p.size)
    assert (p <= 0.05).mean() > 0.04


def test_a_null_of_thousands_of_draws_is_continued_as_it_falls():
    honest = null_of(np.random.default_rng(14).exponential(size=20_000))
    assert 0.4 < honest.p_value(12.0) / np.exp(-12.0) < 2.5
    normal = null_of(np.random.default_rng(15).normal(size=20_000))
    # never below the truth where the tail falls faster than an exponential
    assert 2.9e-7 < normal.p_value(5.0) < 1e-5

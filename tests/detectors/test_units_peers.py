"""Units against peers that really differ: the spread, the line, logits and their errors."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.units._peers import Peers, error_at, logits, robust_line, upper_p


def test_the_spread_beyond_sampling_is_found_and_odd_units_hardly_move_it():
    rng = np.random.default_rng(1)
    error = rng.uniform(0.1, 0.4, 800)
    estimate = 2.0 + rng.normal(0, 0.5, 800) + rng.normal(0, error)
    peers = Peers.of(estimate, error)
    assert peers.centre == pytest.approx(2.0, abs=0.06)
    assert peers.spread == pytest.approx(0.5, abs=0.07)
    estimate[:80] += 10.0
    assert Peers.of(estimate, error).spread < 0.75


def test_a_quiet_round_does_not_sharpen_the_test():
    error = np.full(30, 1.0)
    peers = Peers.of(np.linspace(-0.01, 0.01, 30), error)
    assert peers.spread == 0.0
    assert peers.z(np.array([2.0]), np.array([1.0]), 30)[0] < 2.0


@pytest.mark.parametrize("units", [15, 40, 200])
@pytest.mark.parametrize("spread", [0.0, 0.3, 2.0])
def test_honest_p_values_are_not_too_small(units, spread):
    rng = np.random.default_rng(units)
    small = []
    for _ in range(4000 // units):
        error = rng.uniform(0.2, 0.6, units)
        estimate = rng.normal(0, spread, units) + rng.normal(0, error)
        peers = Peers.of(estimate, error)
        small.append(upper_p(peers.z(estimate, error, units), peers))
    p = np.concatenate(small)
    for nominal in (0.01, 0.05):
        sd = np.sqrt(nominal * (1 - nominal) / p.size)
        assert np.mean(p <= nominal) <= nominal + 2.5 * sd


def test_logits_have_the_error_they_show_when_drawn_again():
    rng = np.random.default_rng(3)
    unit = np.repeat(np.arange(300), 50)
    level = rng.beta(8, 2, unit.size)
    n, y, worth = logits(unit, level, 301)
    error = error_at(y, worth)
    assert n[0] == 50
    assert np.isnan(y[300])
    assert np.std(y[:300]) == pytest.approx(np.median(error[:300]), rel=0.15)


def test_a_unit_at_the_end_of_the_scale_has_a_finite_logit_and_a_wide_error():
    unit = np.array([0] * 30 + [1] * 30)
    level = np.concatenate([np.ones(30), np.tile([0.5, 1.0], 15)])
    _, y, worth = logits(unit, level, 2)
    error = error_at(y, worth)
    assert np.isfinite(y).all()
    assert y[0] > y[1]
    assert error[0] > error[1]


def test_the_line_is_not_drawn_by_outliers_and_never_runs_away():
    x = np.linspace(-1, 1, 60)
    y = 0.6 * x + 0.3
    y[:6] = 9.0
    slope, offset = robust_line(x, y)
    assert slope == pytest.approx(0.6, abs=0.1)
    assert offset == pytest.approx(0.3, abs=0.1)
    assert robust_line(x, 5 * x)[0] == 1.0
    assert robust_line(x, -x)[0] == 0.0
    assert robust_line(np.ones(20), x[:20])[0] == 0.0

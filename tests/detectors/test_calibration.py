"""Ranks, false-discovery control and the empirical null."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from detectors.calibration.conformal import against_null, by_rank
from detectors.calibration.empirical import EmpiricalNull
from detectors.calibration.multiplicity import q_values, smallest_p


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=40))
def test_q_values_are_those_of_scipy(p):
    np.testing.assert_allclose(q_values(np.array(p)), false_discovery_control(p), rtol=1e-12)


def test_missing_p_values_take_no_part():
    q = q_values(np.array([0.01, np.nan, 0.04]))
    np.testing.assert_allclose(q, [0.02, np.nan, 0.04])
    assert np.isnan(q_values(np.array([np.nan, np.nan]))).all()


def test_smallest_p_gives_the_weight_of_missing_tests_to_the_others():
    p = np.array([[0.01, 0.5], [np.nan, 0.02], [np.nan, np.nan]])
    np.testing.assert_allclose(smallest_p(p), [0.02, 0.02, np.nan])
    np.testing.assert_allclose(smallest_p(p, np.array([3.0, 1.0]))[0], 0.01 * 4 / 3)


def test_rank_p_values_count_ties_against_and_reject_nobody():
    p = by_rank(np.array([1.0, 3.0, 3.0, np.nan]))
    np.testing.assert_allclose(p, [1.0, 2 / 3, 2 / 3, np.nan])
    rng = np.random.default_rng(1)
    assert (q_values(by_rank(rng.normal(size=500))) > 0.05).all()
    grouped = by_rank(np.array([1.0, 2.0, 9.0]), np.array([0, 0, 1]))
    np.testing.assert_allclose(grouped, [1.0, 0.5, 1.0])


def test_conformal_p_values_of_exchangeable_scores_are_uniform():
    rng = np.random.default_rng(2)
    p = against_null(rng.normal(size=20_000), rng.normal(size=20_000))
    for level in (0.01, 0.05, 0.2):
        assert (p <= level).mean() == pytest.approx(level, rel=0.2)


def test_the_empirical_null_widens_and_never_narrows():
    rng = np.random.default_rng(3)
    assert EmpiricalNull.fit(rng.normal(0.5, 3.0, 400)).scale == pytest.approx(3.0, rel=0.15)
    assert EmpiricalNull.fit(rng.normal(0.0, 0.2, 400)).scale == 1.0
    assert EmpiricalNull.fit(np.array([5.0, 6.0])).centre == 0.0

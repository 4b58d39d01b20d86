"""Log-normal times and rapid answers."""

import numpy as np
import pytest

from detectors import indices


def simulated(rng, n=3000, k=10):
    intensity, deviation = rng.normal(1.5, 0.4, k), rng.uniform(0.2, 0.6, k)
    speed = rng.normal(0, 0.3, n)
    log = intensity - speed[:, None] + deviation * rng.normal(size=(n, k))
    return np.exp(log), intensity, deviation, speed


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_parameters_and_residuals_are_recovered(missing):
    rng = np.random.default_rng(21)
    seconds, intensity, deviation, speed = simulated(rng)
    seconds[rng.random(seconds.shape) < missing] = np.nan
    fit = indices.lognormal_times(seconds)
    np.testing.assert_allclose(fit.intensity, intensity, atol=0.05)
    np.testing.assert_allclose(fit.deviation, deviation, rtol=0.08)
    assert fit.speed_deviation == pytest.approx(0.3, abs=0.03)
    assert np.corrcoef(fit.speed, speed)[0, 1] > 0.9
    known = ~np.isnan(fit.residuals)
    np.testing.assert_array_equal(known, ~np.isnan(seconds))
    assert fit.residuals[known].std() == pytest.approx(1.0, abs=0.03)
    assert fit.misfit.mean() == pytest.approx(1.0, abs=0.03)


def test_a_page_too_fast_for_its_person_and_a_machine_stand_out():
    rng = np.random.default_rng(22)
    seconds, intensity, _, _ = simulated(rng, 500)
    seconds[0] = np.exp(intensity + 0.5)
    seconds[0, 3] = np.exp(intensity[3] - 2.0)
    seconds[1] = np.exp(intensity)  # exactly regular
    fit = indices.lognormal_times(seconds)
    assert fit.residuals[0].argmin() == 3
    assert fit.residuals[0, 3] < -3
    assert fit.misfit[1] < np.quantile(fit.misfit, 0.01)


def test_speed_of_one_time_says_nothing_of_its_fit():
    seconds = np.array([[2.0, 3, 4], [1, 2, 3], [2, 2, 9], [5, np.nan, np.nan], [np.nan] * 3])
    fit = indices.lognormal_times(seconds)
    assert np.isnan(fit.residuals[3:]).all()
    assert np.isnan(fit.misfit[3:]).all()
    assert np.isfinite(fit.speed[3])
    assert np.isnan(fit.speed[4])


def test_rapid_share():
    seconds = np.array([[10.0, 30, 200], [12, 30, 5], [0.5, 30, np.nan], [np.nan, -1, np.nan]])
    limits = indices.normative_thresholds(seconds)
    np.testing.assert_allclose(limits, [0.1 * 22.5 / 3, 3.0, 10.0])  # never above 10 seconds
    np.testing.assert_allclose(indices.rapid_share(seconds), [0, 1 / 3, 0.5, np.nan])
    median = indices.normative_thresholds(seconds, centre="median")
    np.testing.assert_allclose(median, [1.0, 3.0, 10.0])
    np.testing.assert_allclose(
        indices.rapid_share(seconds, np.array([np.nan, 31, 6])), [0.5, 1, 1, np.nan]
    )


def test_rapid_share_is_one_less_the_effort_of_the_peer():
    ier = pytest.importorskip("ier")
    seconds = np.exp(np.random.default_rng(23).normal(1, 1.2, (400, 8)))
    effort = ier.response_time_effort(seconds, max_threshold=10.0)
    np.testing.assert_allclose(indices.rapid_share(seconds), 1 - effort, atol=1e-12)

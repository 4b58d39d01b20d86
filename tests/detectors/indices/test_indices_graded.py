"""The graded response model, lz and its corrections: PerFit 1.4.6 and aberrance 0.3.0."""

import numpy as np
import pytest
from scipy.optimize import fminbound

from detectors import indices
from detectors.indices import GradedModel
from tests.detectors.indices.reference import brute_rows, matrix, outputs, same_as_printed

CORRECTIONS = {"CF": "cornish-fisher", "CS": "chi-squared", "EW": "edgeworth"}


def aberrance_model():
    psi = matrix("aberrance_grm_psi")
    return GradedModel(psi[:, 0], psi[:, 1:])


def compare_with_aberrance(theta, known, tolerance):
    x, model = matrix("aberrance_grm_x"), aberrance_model()
    plain = indices.likelihood_fit(x, model, theta)
    snijders = indices.likelihood_fit(x, model, theta, estimated="likelihood")
    np.testing.assert_allclose(plain.z, known["L_S_NO"], atol=tolerance)
    np.testing.assert_allclose(snijders.z, known["L_S_TS"], atol=tolerance)
    for name, method in CORRECTIONS.items():
        np.testing.assert_allclose(plain.corrected(method), known[f"L_S_{name}"], atol=tolerance)
        # aberrance's chi-squared loses digits in the far upper tail, where it takes 1 - p
        far = (name == "CS") & (known[f"L_S_TS{name}"] > 5)
        assert far.sum() <= 7
        np.testing.assert_allclose(
            snijders.corrected(method)[~far], known[f"L_S_TS{name}"][~far], atol=tolerance
        )
        np.testing.assert_allclose(
            snijders.corrected(method), known[f"L_S_TS{name}"], atol=max(tolerance, 3e-4)
        )


def test_aberrance_with_true_abilities():
    theta = matrix("aberrance_grm_theta")[:, 0]
    compare_with_aberrance(theta, outputs("aberrance_pm_trueTheta"), 1e-8)


def test_aberrance_with_most_likely_abilities():
    """aberrance stops about 1e-4 short of the maximum; ours is the maximum."""
    theta = indices.most_likely_ability(matrix("aberrance_grm_x"), aberrance_model())
    compare_with_aberrance(theta, outputs("aberrance_pm_estTheta"), 1e-4)


def test_aberrance_with_its_own_inexact_abilities():
    """Brent's method between -4 and 4 with R's default tolerance gives all printed digits."""
    x, model = matrix("aberrance_grm_x"), aberrance_model()
    theta = np.array([
        fminbound(
            lambda t, row=row: -indices.log_likelihood(row[None], model, np.array([t]))[0, 0],
            *(-4, 4), xtol=np.finfo(float).eps ** 0.25,
        )
        for row in x
    ])  # fmt: skip
    compare_with_aberrance(theta, outputs("aberrance_pm_estTheta"), 1e-8)
    exact = indices.most_likely_ability(x, model)
    np.testing.assert_allclose(exact, theta, atol=2e-4)


def test_perfit_lz_and_its_correction():
    x, known = matrix("InadequacyData"), outputs("Inadequacy")
    parameters = matrix("Inadequacy_2pl_coef")
    model = GradedModel(parameters[:, 0], parameters[:, 1:2])
    theta = known["theta"].to_numpy()
    plain = indices.likelihood_fit(x, model, theta).z
    corrected = indices.likelihood_fit(x, model, theta, estimated="likelihood").z
    same_as_printed(plain, known["lz"], 4)
    same_as_printed(corrected, known["lzstar"], 4)
    assert np.mean(plain < -1.645) == pytest.approx(0.0099, abs=5e-5)
    assert np.mean(corrected < -1.645) == pytest.approx(0.0583, abs=5e-5)
    found = indices.most_likely_ability(x, model, (-6.0, 6.0))
    np.testing.assert_allclose(found, theta, atol=2e-4)  # how far the peer's stops short


def test_perfit_polytomous_lz_and_ability():
    x, known = matrix("PhysFuncData"), outputs("PhysFunc")
    parameters = matrix("PhysFunc_grm_coef")
    model = GradedModel(parameters[:, -1], parameters[:, :-1])
    theta = known["theta"].to_numpy()
    same_as_printed(indices.likelihood_fit(x, model, theta).z, known["lzpoly"], 4)
    nodes, weights = np.polynomial.hermite.hermgauss(21)
    ltm = indices.expected_ability(x, model, nodes * np.sqrt(2), weights)
    # the printed parameters have three decimals
    np.testing.assert_allclose(ltm, theta, atol=5e-4)
    fine = indices.expected_ability(x, model, np.linspace(-8, 8, 801))
    np.testing.assert_allclose(indices.expected_ability(x, model), fine, atol=1e-5)
    assert 0.1 < np.abs(fine - theta).max() < 0.2  # 21 nodes are too few


def answers_of(model, theta, rng):
    p = model.probabilities(theta).cumsum(axis=2)[:, :, :-1]
    return (rng.random((*p.shape[:2], 1)) > p).sum(axis=2).astype(float)


def a_model(rng, items=8, categories=4):
    steps = np.arange(categories - 1) - (categories - 2) / 2
    return GradedModel(rng.uniform(0.8, 2.2, items), steps + rng.normal(0, 0.4, (items, 1)))


def test_probabilities_sum_to_one_and_moments_are_those_of_the_answers():
    rng = np.random.default_rng(12)
    model = a_model(rng)
    theta = np.array([-30.0, -1.0, 0.3, 30.0])
    p = model.probabilities(theta)
    np.testing.assert_allclose(p.sum(axis=2), 1.0, rtol=1e-12)
    x = answers_of(model, np.full(40_000, 0.3), rng)
    fit = indices.likelihood_fit(x, model, np.full(40_000, 0.3))
    assert fit.z.mean() == pytest.approx(0.0, abs=0.02)
    assert fit.z.std() == pytest.approx(1.0, abs=0.02)
    assert (fit.z**3).mean() == pytest.approx(fit.skewness[0], abs=0.1)


@pytest.mark.parametrize("estimate", ["likelihood", "posterior", "weighted"])
def test_corrections_make_the_variance_one_for_estimated_abilities(estimate):
    rng = np.random.default_rng(13)
    model = a_model(rng, items=20)
    truth = rng.normal(0, 1, 3000)
    x = answers_of(model, truth, rng)
    theta = indices.most_likely_ability(x, model, (-8.0, 8.0))
    if estimate == "posterior":
        grid = np.linspace(-5, 5, 2001)
        theta = grid[(indices.log_likelihood(x, model, grid) - grid**2 / 2).argmax(axis=1)]
    elif estimate == "weighted":
        grid = np.linspace(-5, 5, 2001)
        p = model.probabilities(grid)
        information = ((np.gradient(p, grid, axis=0) ** 2) / p).sum(axis=(1, 2))
        weighted = indices.log_likelihood(x, model, grid) + np.log(information) / 2
        theta = grid[weighted.argmax(axis=1)]
    inside = np.abs(theta) < 3
    plain = indices.likelihood_fit(x, model, theta).z[inside]
    corrected = indices.likelihood_fit(x, model, theta, estimated=estimate).z[inside]
    assert plain.var() < 0.9
    assert corrected.var() == pytest.approx(1.0, abs=0.08)
    # what is left of the mean goes with one over the root of the number of items
    assert corrected.mean() == pytest.approx(0.0, abs=0.15)
    assert abs(np.corrcoef(corrected, np.abs(theta[inside]))[0, 1]) < 0.1


def test_most_likely_ability_is_the_maximum_and_missing_items_take_no_part():
    rng = np.random.default_rng(14)
    model = a_model(rng)
    x = answers_of(model, rng.normal(0, 1.5, 200), rng)
    x[rng.random(x.shape) < 0.2] = np.nan
    x[0], x[1], x[2] = np.nan, 0.0, 3.0
    theta = indices.most_likely_ability(x, model)
    assert np.isnan(theta[0])
    assert theta[1:3].tolist() == [-4.0, 4.0]
    grid = np.linspace(-4, 4, 8001)
    best = grid[indices.log_likelihood(x[1:], model, grid).argmax(axis=1)]
    np.testing.assert_allclose(theta[1:], best, atol=1e-3)
    some = np.isnan(x[5])
    part = GradedModel(model.slopes[~some], model.thresholds[~some])
    whole = indices.likelihood_fit(x[5:6], model, theta[5:6], estimated="likelihood")
    alone = indices.likelihood_fit(x[5:6, ~some], part, theta[5:6], estimated="likelihood")
    assert whole.z[0] == pytest.approx(alone.z[0])
    assert np.isnan(indices.likelihood_fit(x, model, theta).z[0])


def test_fit_finds_the_parameters_that_made_the_answers():
    rng = np.random.default_rng(15)
    model = a_model(rng)
    x = answers_of(model, rng.normal(size=3000), rng)
    x[rng.random(x.shape) < 0.1] = np.nan
    found = indices.fit_graded(x, 4)
    np.testing.assert_allclose(found.slopes, model.slopes, atol=0.3)
    np.testing.assert_allclose(found.thresholds, model.thresholds, atol=0.25)
    assert np.corrcoef(found.slopes, model.slopes)[0, 1] > 0.95


def test_fit_is_near_the_peers_on_real_answers():
    """ltm sums over 21 nodes and rounds; the abilities that follow agree."""
    x = matrix("InadequacyData")
    known = matrix("Inadequacy_2pl_coef")
    found = indices.fit_graded(x, 2)
    np.testing.assert_allclose(found.thresholds[:, 0], known[:, 1], atol=0.08)
    np.testing.assert_allclose(found.slopes, known[:, 0], atol=0.15)


def test_what_a_model_cannot_be_is_told():
    with pytest.raises(ValueError, match="ascend"):
        GradedModel(np.ones(2), np.array([[0.0, 1.0], [1.0, 0.0]]))
    with pytest.raises(ValueError, match="above 0"):
        GradedModel(np.array([1.0, -1.0]), np.zeros((2, 1)))
    with pytest.raises(ValueError, match="thresholds"):
        GradedModel(np.ones(3), np.zeros((2, 1)))
    model = GradedModel(np.ones(2), np.array([[0.0, 1.0], [0.0, 1.0]]))
    with pytest.raises(ValueError, match="3 items, 2 in the model"):
        indices.most_likely_ability(np.zeros((4, 3)), model)
    with pytest.raises(ValueError, match="not among"):
        indices.likelihood_fit(np.full((1, 2), 3.0), model, np.zeros(1))
    lacking = brute_rows(1, 50, 3, 3)
    lacking[lacking[:, 1] == 2, 1] = 1
    with pytest.raises(ValueError, match=r"items \[1\]"):
        indices.fit_graded(lacking, 3)

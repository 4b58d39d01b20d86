"""aberrance 0.3.0: answer similarity of the first 50 persons, dichotomised at 2."""

from itertools import product

import numpy as np
import pytest
from scipy.special import ndtr

from detectors import indices
from tests.detectors.indices.reference import matrix, outputs


def first_fifty():
    """2PL of "2 or more": the slope and second threshold of the graded model."""
    psi = matrix("aberrance_grm_psi")
    model = indices.GradedModel(psi[:, 0], psi[:, 2:3])
    x = (matrix("aberrance_grm_x")[:50] >= 2).astype(float)
    p = model.probabilities(matrix("aberrance_grm_theta")[:50, 0])
    return x, p, np.column_stack(np.triu_indices(50, 1))


def test_aberrance_statistics_and_p_values():
    x, p, pairs = first_fifty()
    statistic, p_value = outputs("aberrance_as_stat"), outputs("aberrance_as_pval")
    chance = indices.generalised_binomial(x, p, pairs)
    np.testing.assert_allclose(chance, statistic["GBT_S"], rtol=1e-11)
    np.testing.assert_allclose(chance, p_value["GBT_S"], rtol=1e-11)
    deviation = indices.match_deviation(x, p, pairs)
    np.testing.assert_allclose(deviation, statistic["OMG_S"], atol=1e-12)
    np.testing.assert_allclose(ndtr(-deviation), p_value["OMG_S"], rtol=1e-11)


def test_omega_takes_the_sources_answers_as_given():
    x, p, pairs = first_fifty()
    found = indices.omega(x, p, pairs)
    for (copier, source), value in list(zip(pairs, found, strict=True))[:20]:
        chance = p[copier, np.arange(20), x[source].astype(int)]
        same = (x[copier] == x[source]).sum()
        expected = (same - chance.sum()) / np.sqrt((chance * (1 - chance)).sum())
        assert value == pytest.approx(expected)


def test_tail_of_unequal_events_by_enumeration():
    chance = np.array([[0.1, 0.5, 0.9, 0.3], [0.0, 0.0, 1.0, 0.25]])
    for row in chance:
        for count in range(5):
            expected = sum(
                np.prod(np.where(happened, row, 1 - row))
                for happened in product([0, 1], repeat=4)
                if sum(happened) >= count
            )
            found = indices.upper_tail(row[None], np.array([count]))[0]
            assert found == pytest.approx(expected, abs=1e-14)


def test_missing_never_matches_and_takes_no_part():
    x, p, _ = first_fifty()
    x = x[:3].copy()
    x[0, :5] = x[1, :5] = np.nan
    x[2] = np.nan
    pairs = np.array([[0, 1], [0, 2]])
    count = (x[0, 5:] == x[1, 5:]).sum()
    assert indices.matches(x, pairs).tolist() == [count, 0]
    part = indices.generalised_binomial(x[:2, 5:], p[:2, 5:], pairs[:1])
    whole = indices.generalised_binomial(x, p, pairs)
    assert whole[0] == pytest.approx(part[0])
    assert np.isnan(whole[1])
    assert np.isnan(indices.match_deviation(x, p, pairs)[1])
    assert np.isnan(indices.omega(x, p, pairs)[1])

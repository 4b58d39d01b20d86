"""careless 1.2.2: every value on every row of its two data sets."""

import numpy as np
import pytest

from detectors import indices
from tests.detectors.indices.reference import brute_rows, matrix, outputs

SETS = {"careless_dataset": [5] * 10, "careless_dataset2": [10] * 10}


def test_longstring_on_the_test_data_of_careless():
    x = matrix("careless_longstring_testdata")
    assert indices.longstring(x).tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90, 10]


@pytest.mark.parametrize("name", SETS)
def test_runs_and_dispersion(name):
    x, known = matrix(name), outputs(name)
    np.testing.assert_array_equal(indices.longstring(x), known["longstr"])
    np.testing.assert_allclose(indices.average_string(x), known["avgstr"], rtol=1e-13)
    np.testing.assert_allclose(indices.irv(x), known["irv"], rtol=1e-13)
    parts = known[["irv1", "irv2", "irv3", "irv4"]]
    np.testing.assert_allclose(indices.irv_parts(x, 4), parts, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", SETS)
def test_mahalanobis_and_its_flags(name):
    x, known = matrix(name), outputs(name)
    np.testing.assert_allclose(indices.mahalanobis(x, 0.0), known["mahad"], rtol=1e-10)
    for confidence, column in ((0.99, "mah99"), (0.999, "mah999")):
        np.testing.assert_array_equal(indices.mahalanobis_flags(x, confidence), known[column])


@pytest.mark.parametrize("name", SETS)
def test_even_odd(name):
    x, known = matrix(name), outputs(name)
    found = indices.even_odd(x, SETS[name])
    np.testing.assert_allclose(found, known["evenodd"], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", SETS)
def test_psychometric_synonyms(name):
    x, known = matrix(name), outputs(name)
    assert len(indices.critical_pairs(x, 0.6)) == known["psychsyn_n"][0]
    found = indices.psychometric_synonyms(x, 0.6)
    np.testing.assert_allclose(found, known["psychsyn"], rtol=1e-12, atol=1e-13)


def test_psychometric_antonyms_and_the_highest_correlations():
    x, known = matrix("careless_dataset2"), outputs("careless_dataset2")
    assert len(indices.critical_pairs(x, -0.5)) == known["psychant_n"][0]
    found = indices.psychometric_antonyms(x, -0.5)
    np.testing.assert_allclose(found, known["psychant"], rtol=1e-12, atol=1e-13)
    assert indices.ranked_pairs(x)[1][0] == pytest.approx(0.7893988951, abs=5e-11)
    pairs, r = indices.ranked_pairs(matrix("careless_dataset"))
    assert r[0] == pytest.approx(0.7000878871, abs=5e-11)
    assert pairs[0].tolist() == [10, 40]  # scaleC1 and scaleI1
    assert (np.diff(r) <= 0).all()


def test_correlations_use_the_records_that_answered_both():
    x = brute_rows(4, 60, 5, 5, missing=0.2)
    pairs, r = indices.ranked_pairs(x)
    for (a, b), value in zip(pairs, r, strict=True):
        both = ~np.isnan(x[:, a]) & ~np.isnan(x[:, b])
        assert value == pytest.approx(np.corrcoef(x[both, a], x[both, b])[0, 1], abs=1e-12)


def test_two_points_make_no_correlation():
    x = np.array([[1.0, 2, 3, 5, 4, 1], [1, 2, 3, 5, np.nan, np.nan]])
    assert not np.isnan(indices.pair_correlation(x, [(0, 1), (2, 3), (4, 5)])[0])
    assert np.isnan(indices.pair_correlation(x, [(0, 1), (2, 3), (4, 5)])[1])
    assert np.isnan(indices.even_odd(x, [2, 4])).all()


def test_mahalanobis_bears_holes_constant_items_and_more_items_than_people():
    rng = np.random.default_rng(2)
    x = rng.integers(1, 6, (12, 30)).astype(float)
    x[:, 4] = 3.0
    x[2, :5] = np.nan
    x[5] = np.nan
    d2 = indices.mahalanobis(x)
    assert np.isnan(d2[5])
    assert np.isfinite(np.delete(d2, 5)).all()
    with pytest.raises(ValueError, match="outside"):
        indices.mahalanobis(x, 2.0)


def test_mahalanobis_counts_an_item_asked_twice_once():
    x = brute_rows(8, 200, 6, 5)
    twice = np.hstack([x, x[:, :1]])
    np.testing.assert_allclose(
        indices.mahalanobis(twice, 0.0), indices.mahalanobis(x, 0.0), rtol=1e-8
    )


def test_a_missing_answer_ends_a_run_and_is_passed_over_on_request():
    x = np.array([[5, 5, np.nan, 5, 5, 5, 4]], dtype=float)
    assert indices.longstring(x)[0] == 3
    assert indices.average_string(x)[0] == 2
    assert indices.longest_runs(x, np.array([4.0, 5.0, 3.0])).tolist() == [[1.0, 5.0, 0.0]]


def test_contradictions_of_like_and_opposite_items():
    x = np.array([[5.0, 1, 5, 5], [5, 5, 1, 5], [3, np.nan, np.nan, 2], [4, 3, 4, 4]])
    like, opposite = [(0, 1)], [(2, 3)]
    np.testing.assert_array_equal(indices.contradictions(x, like, 2), [1, 0, np.nan, 0])
    turned = indices.contradictions(x, opposite, 2, opposite=6)
    np.testing.assert_array_equal(turned, [1, 0, np.nan, 1])
    np.testing.assert_array_equal(indices.pair_distance(x, like), [4, 0, np.nan, 1])
    with pytest.raises(ValueError, match="gap"):
        indices.contradictions(x, like, 0)

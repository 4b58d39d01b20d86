"""Indices reproduce the peers' outputs on the peers' data, to every printed digit."""

import numpy as np
import pytest

from detectors import indices
from tests.detectors.data import table


def matrix(name):
    return table(f"reference/{name}").to_numpy(dtype=np.float64)


def test_longstring_on_the_test_data_of_careless():
    x = matrix("careless_longstring_testdata.csv")
    assert indices.longstring(x).tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90, 10]


@pytest.mark.parametrize("name", ["careless_dataset", "careless_dataset2"])
def test_careless(name):
    x, known = matrix(f"{name}.csv"), table(f"reference/ref_{name}.csv")
    np.testing.assert_array_equal(indices.longstring(x), known["longstr"])
    np.testing.assert_allclose(indices.average_string(x), known["avgstr"], rtol=1e-12)
    np.testing.assert_allclose(indices.irv(x), known["irv"], rtol=1e-12)
    np.testing.assert_allclose(indices.mahalanobis(x, 0.0), known["mahad"], rtol=1e-9)


def test_perfit_polytomous():
    x, known = matrix("PhysFuncData.csv"), table("reference/ref_PhysFunc.csv")
    np.testing.assert_array_equal(indices.guttman_errors(x, 3), known["Gpoly"])
    np.testing.assert_allclose(
        indices.normed_guttman_errors(x, 3).round(4), known["Gnormed"], atol=1.1e-4
    )
    np.testing.assert_allclose(indices.u3_polytomous(x, 3).round(4), known["U3poly"], atol=1.1e-4)


def test_perfit_dichotomous():
    x, known = matrix("InadequacyData.csv"), table("reference/ref_Inadequacy.csv")
    varied = (x.sum(axis=1) > 0) & (x.sum(axis=1) < x.shape[1])
    for values, column in (
        (indices.guttman_errors(x, 2), "G"),
        (indices.normed_guttman_errors(x, 2), "Gnormed"),
        (indices.u3_polytomous(x, 2), "U3"),
        (indices.ht(x), "Ht"),
    ):
        np.testing.assert_allclose(values[varied].round(4), known[column][varied], atol=1.1e-4)


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


def test_a_missing_answer_ends_a_run_and_is_passed_over_on_request():
    x = np.array([[5, 5, np.nan, 5, 5, 5, 4]], dtype=float)
    assert indices.longstring(x)[0] == 3
    assert indices.longest_runs(x, np.array([4.0, 5.0])).tolist() == [[1.0, 5.0]]

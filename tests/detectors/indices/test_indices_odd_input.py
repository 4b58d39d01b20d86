"""Tables that tell little: no warning, no crash, no number that is not one."""

import subprocess
import sys

import numba
import numpy as np
import pytest

from detectors import indices
from detectors.indices._shared import compiled
from tests.data import ROOT

MODEL = indices.GradedModel(np.array([1.0, 1.5]), np.array([[0.0], [0.5]]))

OF_ANSWERS = {
    "longstring": indices.longstring,
    "average_string": indices.average_string,
    "longest_runs": lambda x: indices.longest_runs(x, np.array([0.0, 1.0])),
    "irv": indices.irv,
    "irv_parts": lambda x: indices.irv_parts(x, 1),
    "mahalanobis": indices.mahalanobis,
    "mahalanobis_plain": lambda x: indices.mahalanobis(x, 0.0),
    "person_total": indices.person_total,
    "pair_correlation": lambda x: indices.pair_correlation(x, [(0, 0)] * 3),
    "pair_distance": lambda x: indices.pair_distance(x, [(0, 0)]),
    "contradictions": lambda x: indices.contradictions(x, [(0, 0)], 1),
    "synonyms": indices.psychometric_synonyms,
    "antonyms": indices.psychometric_antonyms,
    "autocorrelation": lambda x: indices.autocorrelation(x, 3).max_abs,
    "sum of autocorrelations": lambda x: indices.autocorrelation(x, 3).sum_abs,
    "repeated_patterns": lambda x: indices.repeated_patterns(x).score,
    "guttman_errors": lambda x: indices.guttman_errors(x, 2),
    "normed_guttman_errors": lambda x: indices.normed_guttman_errors(x, 2),
    "u3": lambda x: indices.u3_polytomous(x, 2),
    "zu3": indices.zu3,
    "ht": indices.ht,
    "agreement": indices.agreement,
    "disagreement": indices.disagreement,
    "dependability": indices.dependability,
    "caution": indices.caution,
    "modified_caution": indices.modified_caution,
    "norm_conformity": indices.norm_conformity,
    "outlier_score": indices.outlier_score,
    "maximum_identical": indices.maximum_identical,
    "scale_point_variation": indices.scale_point_variation,
    "within_record_deviation": indices.within_record_deviation,
    "mean_root_of_pairs": indices.mean_root_of_pairs,
    "acquiescence": lambda x: indices.acquiescence(x, 0, 1),
    "extreme_share": lambda x: indices.extreme_share(x, 0, 1),
    "middle_share": lambda x: indices.middle_share(x, 0, 1),
    "transition_entropy": indices.transition_entropy,
    "longest_cycle": indices.longest_cycle,
    "rapid_share": indices.rapid_share,
    "misfit of times": lambda x: indices.lognormal_times(x).misfit,
    "speed": lambda x: indices.lognormal_times(x).speed,
}
# counts of what was found, which is nothing, and values that need no answer
KNOWN_WITHOUT_ANSWERS = {"longest_runs"}

ODD = {
    "constant": np.ones((6, 4)),
    "zeros": np.zeros((6, 4)),
    "nothing answered": np.full((5, 4), np.nan),
    "one item": np.array([[0.0], [1.0], [1.0], [np.nan]]),
    "two respondents": np.array([[0.0, 1, 0, 1], [1, 1, 0, 0]]),
    "one respondent": np.array([[0.0, 1, 0, 1]]),
    "nobody": np.empty((0, 4)),
    "an item nobody answered": np.array(
        [[0.0, np.nan, 1, 1], [1, np.nan, 0, 1], [1, np.nan, 1, 0]]
    ),
    "alternating holes": np.array([[np.nan, 1, np.nan, 0], [1, np.nan, 0, np.nan], [np.nan] * 4]),
}


@pytest.mark.parametrize("table", ODD)
@pytest.mark.parametrize("index", OF_ANSWERS)
def test_odd_tables(index, table):
    x = ODD[table].copy()
    found = OF_ANSWERS[index](x)
    assert len(found) == len(x)
    assert not np.isinf(found).any()
    silent = np.isnan(x).all(axis=1)
    if index not in KNOWN_WITHOUT_ANSWERS:
        assert np.isnan(found[silent]).all()
    np.testing.assert_array_equal(x, ODD[table])


@pytest.mark.parametrize("index", OF_ANSWERS)
def test_order_of_records_has_no_effect(index):
    rng = np.random.default_rng(31)
    x = rng.integers(0, 2, (40, 6)).astype(float)
    x[rng.random(x.shape) < 0.1] = np.nan
    order = rng.permutation(40)
    found = OF_ANSWERS[index](x)
    np.testing.assert_allclose(OF_ANSWERS[index](x[order]), found[order], rtol=1e-9, atol=1e-12)
    fortran = np.asfortranarray(x)
    np.testing.assert_allclose(OF_ANSWERS[index](fortran), found, rtol=1e-9, atol=1e-12)


def test_model_bears_records_without_answers_and_nobody():
    x = np.array([[np.nan, np.nan], [1.0, np.nan], [0.0, 1.0]])
    ability = indices.most_likely_ability(x, MODEL)
    assert np.isnan(ability[0])
    fit = indices.likelihood_fit(x, MODEL, ability, estimated="likelihood")
    assert np.isnan(fit.z[0])
    for method in ("cornish-fisher", "chi-squared", "edgeworth"):
        assert np.isnan(fit.corrected(method)[0])
    nobody = np.empty((0, 2))
    assert indices.most_likely_ability(nobody, MODEL).shape == (0,)
    assert indices.expected_ability(nobody, MODEL).shape == (0,)
    assert indices.likelihood_fit(nobody, MODEL, np.empty(0)).z.shape == (0,)


def test_what_is_no_table_is_told():
    with pytest.raises(ValueError, match="dimensions"):
        indices.longstring(np.zeros(4))
    with pytest.raises(ValueError, match="scales"):
        indices.even_odd(np.zeros((3, 5)), [2, 2])
    with pytest.raises(ValueError, match="parts"):
        indices.irv_parts(np.zeros((3, 5)), 6)
    with pytest.raises(ValueError, match="lags"):
        indices.autocorrelation(np.zeros((3, 5)), 0)
    with pytest.raises(ValueError, match="scale"):
        indices.extreme_share(np.zeros((3, 5)), 5, 1)
    with pytest.raises(ValueError, match="confidence"):
        indices.mahalanobis_flags(np.zeros((3, 5)), 1.0)


def test_expected_ability_without_an_answer_is_not_the_prior():
    x = np.array([[np.nan, np.nan], [1.0, np.nan]])
    ability = indices.expected_ability(x, MODEL)
    assert np.isnan(ability[0])
    assert ability[1] > 0


def test_compiler_and_scipy_are_loaded_only_when_used():
    code = (
        "import sys; from detectors import indices; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'numba', 'scipy', 'pandas'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_loops_are_compiled_where_nothing_can_be_kept(monkeypatch):
    compile_one = numba.njit

    def njit(*, cache, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compile_one(**options)

    monkeypatch.setattr(numba, "njit", njit)

    def twice(x):
        return 2.0 * x

    assert compiled(twice)(np.array([1.5])).tolist() == [3.0]


def test_scalability_of_what_does_not_vary():
    h, by_item = indices.scalability(np.ones((5, 3)))
    assert np.isnan(h)
    assert np.isnan(by_item).all()

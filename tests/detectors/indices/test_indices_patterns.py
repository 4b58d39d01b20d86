"""responsePatterns 0.1.1, straightliner and insufficient-effort: patterns and use of the scale."""

import numpy as np
import pytest

from detectors import indices
from tests.detectors.data import table
from tests.detectors.indices.reference import brute_rows, outputs, same_as_printed


def answers():
    return table("reference/rp_simdata.csv").iloc[:, 1:].to_numpy(dtype=np.float64)


def same_percentile(values, printed):
    """The peer multiplies a share by 100 and rounds down, so that .29 becomes 28."""
    share = indices.percentile_rank(values) / 100
    np.testing.assert_array_equal(np.floor(share * 100), printed)


def test_autocorrelation():
    known, found = outputs("rp_acors"), indices.autocorrelation(answers(), 5)
    lags = [f"lag{lag}" for lag in range(1, 6)]
    same_as_printed(found.by_lag, known[lags], 2)
    same_as_printed(found.sum_abs, known["sum.abs.ac"], 2)
    same_as_printed(found.max_abs, known["max.abs.ac"], 2)
    np.testing.assert_array_equal(found.lag, known["max.ac.lag"])
    np.testing.assert_array_equal(found.failed, known["n.failed.ac"])
    same_percentile(found.max_abs, known["percentile"])


def test_repeated_patterns():
    known, found = outputs("rp_patterns"), indices.repeated_patterns(answers())
    same_as_printed(found.by_length, known[[f"V{v}" for v in range(1, 10)]], 2)
    same_as_printed(found.score, known["score"], 2)
    same_percentile(found.score, known["percentile"])


def test_repeated_patterns_by_counting_windows():
    x = brute_rows(3, 30, 9, 3, missing=0.05)
    found = indices.repeated_patterns(x, 5)
    for row, counted in zip(x, found.by_length, strict=True):
        for place, length in enumerate(range(2, 6)):
            moves = [tuple(np.diff(row[s : s + length])) for s in range(9 - length + 1)]
            pairs = sum(a == b for i, a in enumerate(moves) for b in moves[:i])
            assert counted[place] == pytest.approx(pairs / (9 - length))
    constant = indices.repeated_patterns(np.full((1, 9), 4.0), 5)
    assert constant.score[0] == pytest.approx(1.0)


def test_straight_lining_measures():
    x = np.array([[5.0, 5, 5], [5, 5, 1], [4, 5, 3]])
    same_as_printed(indices.maximum_identical(x), [1, 0.6667, 0.3333], 4)
    same_as_printed(indices.within_record_deviation(x), [0, 2.309401, 1], 6)
    same_as_printed(indices.scale_point_variation(x), [0, 0.4444, 0.6667], 4)
    same_as_printed(indices.mean_root_of_pairs(x), [1, 0, 0.1464], 4)
    alone = indices.mean_root_of_pairs(x, largest=4 / 3)
    np.testing.assert_allclose(alone, indices.mean_root_of_pairs(x))


def test_cycles():
    x = np.array([
        [1.0, 2, 1, 2, 1, 2, 5], [1, 2, 3, 1, 2, 3, 4], [5, 5, 5, 5, 5, 5, 5],
        [1, 2, 3, 4, 5, 1, 3], [1, np.nan, 2, 1, np.nan, 2, 4],
    ])  # fmt: skip
    assert indices.longest_cycle(x).tolist() == [6, 6, 0, 0, 4]
    with pytest.raises(ValueError, match="patterns"):
        indices.longest_cycle(x, 1)


def test_use_of_the_scale_as_its_peer():
    ier = pytest.importorskip("ier")
    x = brute_rows(9, 300, 12, 5, missing=0.05) + 1
    np.testing.assert_allclose(indices.acquiescence(x, 1, 5), ier.acquiescence(x, 1, 5))
    np.testing.assert_allclose(indices.middle_share(x, 1, 5), ier.midpoint_responding(x, 1, 5))
    extreme = ier.response_pattern(x, 1, 5)["extreme"]
    np.testing.assert_allclose(indices.extreme_share(x, 1, 5), extreme)
    np.testing.assert_allclose(indices.transition_entropy(x), ier.markov(x), atol=1e-12)
    pairs = [(0, 1), (2, 3), (4, 9)]
    distance = indices.pair_distance(x, pairs, opposite=6)
    peer = ier.mad(x, item_pairs=pairs, scale_min=1, scale_max=5)
    np.testing.assert_allclose(distance, peer)


def test_transition_entropy_of_a_cycle_and_of_a_coin():
    x = np.array([[1.0, 2, 1, 2, 1, 2, 1], [1, 1, 2, 2, 1, 1, 2]])
    found = indices.transition_entropy(x)
    assert found[0] == 0.0
    assert found[1] == pytest.approx(4 / 6 * 1.0 + 2 / 6 * 1.0)

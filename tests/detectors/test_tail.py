"""The continued tail keeps its promise on shapes that it does not assume."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.calibration.tail import HonestDistribution

SHAPES = {
    "exponential": lambda rng, n: rng.exponential(size=n),
    "normal": lambda rng, n: rng.normal(size=n),
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "ties": lambda rng, n: rng.poisson(0.5, n).astype(float),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.8, 0.0, rng.exponential(size=n)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [40, 100, 400])
def test_honest_scores_are_flagged_no_more_often_than_promised(shape, n):
    rng = np.random.default_rng(20261)
    rates = []
    for _ in range(250):
        honest = HonestDistribution.fit(SHAPES[shape](rng, n))
        p = honest.p_value(SHAPES[shape](rng, 800))
        rates.append([(p <= level).mean() for level in (0.05, 0.01, 0.001)])
    at_05, at_01, at_001 = np.mean(rates, axis=0)
    assert at_05 <= 0.055
    assert at_01 <= 0.015
    assert at_001 <= 0.004


def test_forty_scores_are_enough_to_reach_one_in_a_thousand():
    honest = HonestDistribution.fit(np.random.default_rng(3).exponential(size=40))
    assert honest.p_value(15.0) < 1e-3
    assert honest.p_value(honest.scores[-1]) == pytest.approx(2 / 41)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), max_size=60),
    st.lists(st.floats(-1e7, 1e7), min_size=2, max_size=20),
)
def test_p_falls_with_the_score_and_stays_in_range(honest, scores):
    p = HonestDistribution.fit(honest).p_value(np.sort(np.array(scores)))
    assert np.all((p > 0) & (p <= 1))
    assert np.all(np.diff(p) <= 1e-15)


def test_no_spread_is_not_continued_and_no_scores_accuse_nobody():
    flat = HonestDistribution.fit(np.zeros(50))
    assert flat.p_value(1e9) == pytest.approx(1 / 51)
    assert HonestDistribution.fit(np.zeros(50), min_scale=1.0).p_value(1e9) < 1 / 51
    assert HonestDistribution.fit([]).p_value(5.0) == 1.0
    assert np.isnan(flat.p_value(np.array([np.nan]))[0])


def test_round_trip_through_json_is_exact():
    honest = HonestDistribution.fit(np.random.default_rng(4).lognormal(size=77), min_scale=0.25)
    back = HonestDistribution.from_json(json.loads(json.dumps(honest.to_json())))
    probe = np.linspace(-1, 60, 200)
    assert np.array_equal(back.p_value(probe), honest.p_value(probe))


@pytest.mark.parametrize("p", [0.3, 0.05, 0.01, 1e-4])
def test_threshold_is_where_the_p_value_gets_there(p):
    honest = HonestDistribution.fit(np.random.default_rng(5).normal(size=120))
    threshold = honest.threshold(p)
    assert honest.p_value(threshold) <= p
    assert honest.p_value(threshold - 1e-3) > p * 0.9


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="negative"):
        HonestDistribution.fit([1.0], min_scale=-1)
    with pytest.raises(ValueError, match="outside"):
        HonestDistribution.fit([1.0]).threshold(1.5)
    with pytest.raises(ValueError, match="length"):
        HonestDistribution.from_json({"scores": [1.0], "counts": [1, 2]})


@pytest.mark.parametrize("n", [120, 212, 543])
def test_the_bound_holds_in_three_of_four_samples_and_the_p_value_in_fewer(n):
    """Of scores whose tail is known: how often is the share beyond the accepted score too high?"""
    rng = np.random.default_rng(n)
    grid = np.linspace(0.9, 1.0, 2001)[:-1]  # of a uniform: beyond x lie 1 - x
    held = {"bound": 0, "p": 0}
    for _ in range(200):
        honest = HonestDistribution.fit(rng.random(n))
        ways = {"p": honest.p_value, "bound": lambda x, of=honest: of.p_bound(x, 0.75)}
        for way, p_of in ways.items():
            accepted = next((x for x in grid if p_of(float(x)) <= 0.02), 1.0)
            held[way] += 1.0 - accepted <= 0.02
    assert held["bound"] >= 0.7 * 200
    assert held["p"] < held["bound"]


def test_the_bound_never_rises_with_the_score_and_is_never_below_the_p_value():
    honest = HonestDistribution.fit(np.random.default_rng(3).normal(size=300))
    scores = np.linspace(-4.0, 8.0, 500)
    bounds = np.array([honest.p_bound(float(x), 0.75) for x in scores])
    assert (np.diff(bounds) <= 1e-12).all()
    assert (bounds >= honest.p_value(scores)).all()
    assert bounds[0] == 1.0
    assert math.isnan(honest.p_bound(math.nan, 0.75))
    assert HonestDistribution.fit([]).p_bound(1.0, 0.75) == 1.0
    with pytest.raises(ValueError, match="confidence"):
        honest.p_bound(1.0, 1.0)

"""One p-value from several: exact where it can be, and ranks order without flagging."""

from __future__ import annotations

import numpy as np
import pytest

from detectors._combination import calibrated_smallest_p
from detectors._verdict import Subjects, judge
from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level

RNG = np.random.default_rng(12)


def test_independent_p_values_combine_to_a_uniform_one():
    p = RNG.random((200_000, 3))
    combined = calibrated_smallest_p(p, np.array([6.0, 2.0, 2.0]))
    for level in (0.001, 0.01, 0.05, 0.3):
        assert np.mean(combined <= level) == pytest.approx(level, rel=0.08)


def test_a_test_that_seldom_speaks_costs_the_others_little():
    p = np.column_stack([RNG.random(50_000), np.ones(50_000)])
    p[:20, 1] = 0.001
    combined = calibrated_smallest_p(p, np.array([1.0, 1.0]))
    assert np.mean(combined <= 0.05) == pytest.approx(0.05, rel=0.05)


def test_a_test_that_was_not_made_gives_its_weight_away():
    p = np.array([[0.02, np.nan], [np.nan, 0.3], [np.nan, np.nan], [1.0, 1.0]])
    combined = calibrated_smallest_p(p, np.array([1.0, 5.0]))
    np.testing.assert_allclose(combined[:2], [0.02, 0.3])
    assert np.isnan(combined[2])
    assert combined[3] == pytest.approx(1.0)
    assert calibrated_smallest_p(np.zeros((0, 2)), np.ones(2)).shape == (0,)


def test_the_smallest_p_value_stays_in_order_and_above_zero():
    p = np.column_stack([np.logspace(-300, 0, 400), np.full(400, 0.7)])
    combined = calibrated_smallest_p(p, np.array([1.0, 1.0]))
    assert np.all(combined > 0)
    assert np.all(np.diff(combined) >= 0)
    small = p[:, 0] < 0.5
    assert np.all(combined[small] >= p[small, 0])


class _Check:
    def __init__(self, name: str) -> None:
        text = Message("vi", "en")
        self.info = CheckInfo(name, Level.RECORD, Family.ANSWERS, "kind", text, "", "", "", ())


def test_the_strangest_of_a_table_with_many_copies_is_ordered_and_not_flagged():
    n = 200
    copies = np.where(np.arange(n) < 60, 1e-6, RNG.random(n))
    copies[60] = 0.9
    rank = (np.arange(n, 0, -1) - 0.5) / n
    rank[60], rank[199] = rank[199], rank[60]
    answers = {
        name: Assessment(-np.log(p), p) for name, p in (("a.copy", copies), ("a.strange", rank))
    }
    checks = {name: _Check(name) for name in answers}
    ids = np.array([f"r{i}" for i in range(n)])
    every = judge(checks, answers, Subjects(ids, "record_id", {}, calibrated=True))
    order = frozenset({"a.strange"})
    found = judge(
        checks, answers, Subjects(ids, "record_id", {}, order_only=order, calibrated=True)
    )
    assert every.flagged[60]
    assert not found.flagged[60]
    assert found.flagged[:60].all()
    assert found.p_value[60] == every.p_value[60] < 0.01
    assert {finding.detector for finding in found.findings} == {"a.copy"}


def test_a_check_of_no_weight_takes_no_part():
    p = {"a.one": np.array([0.2, np.nan]), "a.told": np.array([1e-9, 0.5])}
    answers = {
        name: Assessment(np.nan_to_num(v), v, not_assessable={1: "no partner"})
        for name, v in p.items()
    }
    checks = {name: _Check(name) for name in p}
    subjects = Subjects(np.array(["a", "b"]), "record_id", {"a.told": 0.0}, calibrated=True)
    found = judge(checks, answers, subjects)
    assert found.p_value[0] == pytest.approx(0.2)
    assert np.isnan(found.p_value[1])
    assert found.not_testable == ("", "no partner")
    assert not found.flagged.any()

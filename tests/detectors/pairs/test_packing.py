"""What packing keeps, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.pairs import MOST_LEVELS, best_match, count_near, near_pairs, pack
from detectors.pairs import _order as order_module
from detectors.pairs import packing as packing_module

FIVE = np.full(3, 5)
NAN = np.nan


def test_equal_rows_are_kept_once_in_the_order_of_their_first_record():
    rows = np.array([[5, 5, 4], [1, 2, 3], [5, 5, 4], [NAN, 2, 3], [NAN, 2, 3], [5, 5, 4.0]])
    packed = pack(rows, FIVE)
    assert packed.row_of.tolist() == [0, 1, 0, 2, 2, 0]
    assert packed.weight.tolist() == [3, 1, 2]
    assert packed.first.tolist() == [0, 1, 3]
    assert packed.second.tolist() == [2, -1, 4]
    assert packed.lacking.tolist() == [0, 0, 1]
    assert [packed.values_of(item).tolist() for item in range(3)] == [
        [5, 1, 0],
        [5, 2, 2],
        [4, 3, 3],
    ]


@pytest.mark.parametrize("compiled", [False, True])
def test_a_missing_answer_does_not_match_a_missing_answer(compiled):
    packed = pack(np.array([[NAN, NAN, 4], [NAN, NAN, 4.0]]), FIVE)
    mismatches, partner = best_match(packed, compiled=compiled)
    assert mismatches.tolist() == [2, 2]
    assert partner.tolist() == [1, 0]
    assert count_near(packed, 1, compiled=compiled).total == 0
    assert count_near(packed, 2, compiled=compiled).total == 1


@pytest.mark.parametrize("items", [1, 31, 32, 33, 64, 65, 130])
def test_any_number_of_items_and_15_levels(items):
    rows = np.tile(np.arange(1.0, MOST_LEVELS + 1)[:, None], items)
    packed = pack(rows, np.full(items, MOST_LEVELS))
    for compiled in (False, True):
        mismatches, partner = best_match(packed, compiled=compiled)
        assert mismatches.tolist() == [items] * MOST_LEVELS
        assert partner.tolist() == [1, *[0] * (MOST_LEVELS - 1)]


def test_rows_that_share_a_hash_are_still_told_apart(monkeypatch):
    rng = np.random.default_rng(3)
    rows = rng.integers(1, 4, (60, 4)).astype(float)
    levels = np.full(4, 3)
    expected = pack(rows, levels)
    pairs = count_near(expected, 1, compiled=True).total

    def same(words):
        return np.zeros(words.shape[1], dtype=np.uint64)

    monkeypatch.setattr(packing_module, "hash_rows", same)
    monkeypatch.setattr(order_module, "hash_rows", same)
    packed = pack(rows, levels)
    assert np.array_equal(packed.row_of, expected.row_of)
    assert np.array_equal(packed.planes, expected.planes)
    assert count_near(packed, 1, compiled=True).total == pairs


@pytest.mark.parametrize("bad", [0.0, 6.0, 2.5, -1.0, np.inf, 256.0 + 3])
def test_an_answer_off_the_scale_is_named(bad):
    rows = np.full((4, 3), 5.0)
    rows[2, 1] = bad
    with pytest.raises(ValueError, match=r"item 1 is no position 1 to 5"):
        pack(rows, FIVE)


@pytest.mark.parametrize(
    ("rows", "levels", "message"),
    [
        (np.ones((2, 0)), np.zeros(0, int), "at least one item"),
        (np.ones(3), FIVE, "at least one item"),
        (np.ones((2, 2)), FIVE, "3 levels for 2 items"),
        (np.ones((2, 3)), np.array([5, 5, 16]), "only 1 to 15 fit"),
        (np.ones((2, 3)), np.array([0, 5, 5]), "only 1 to 15 fit"),
    ],
)
def test_tables_that_cannot_be_packed(rows, levels, message):
    with pytest.raises(ValueError, match=message):
        pack(rows, levels)


def test_arguments_that_do_not_fit_are_refused():
    packed = pack(np.ones((4, 3)), FIVE)
    with pytest.raises(ValueError, match="3 groups for 4 records"):
        best_match(packed, np.zeros(3, int))
    with pytest.raises(ValueError, match="below 0"):
        count_near(packed, -1)
    with pytest.raises(ValueError, match="2 entries of rare for 1 unique rows"):
        list(near_pairs(packed, rare=np.ones(2, bool)))


def test_packing_leaves_the_answers_as_they_were():
    rows = np.array([[5, NAN, 1.0]])
    rows.flags.writeable = False
    assert pack(rows, FIVE).lacking.tolist() == [1]

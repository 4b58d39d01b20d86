"""Events at one unit: many low answers to one item are no sign that its records were made up."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.units import _events
from detectors.units._events import without_events
from detectors.units._shape import shape_of
from tests.detectors.test_units_shape import answers_of, table_of

UNITS, SIZE, ITEMS = 30, 150, 6
LEVELS = np.full(ITEMS, 5)
FIRST = np.arange(0, UNITS * SIZE + 1, SIZE)


def quiet(seed: int = 1) -> np.ndarray:
    """One answer in fifty is low, wherever it stands."""
    rng = np.random.default_rng(seed)
    codes = np.where(rng.random((UNITS * SIZE, ITEMS)) < 0.75, 5, 4)
    return np.where(rng.random(codes.shape) < 0.02, rng.integers(1, 4, codes.shape), codes)


def test_low_answers_to_one_item_of_one_unit_are_left_out():
    codes = quiet()
    codes[SIZE : SIZE + 20, 2] = 1
    found, rows = without_events(codes, LEVELS, FIRST)
    assert (found[SIZE : SIZE + 20, 2] == 0).all()
    low = np.flatnonzero(codes[SIZE : 2 * SIZE, 2] <= 3) + SIZE
    assert rows.tolist() == low.tolist()
    others = np.ones(codes.shape, dtype=bool)
    others[low, 2] = False
    assert (found[others] == codes[others]).all()


def test_what_differs_by_chance_stays():
    codes = quiet(2)
    found, rows = without_events(codes, LEVELS, FIRST)
    assert found is codes
    assert rows.size == 0


def test_a_bad_unit_has_no_event():
    codes = quiet(3)
    own = codes[:SIZE]
    own[np.random.default_rng(4).random(own.shape) < 0.2] = 2
    assert without_events(codes, LEVELS, FIRST)[0] is codes


def test_a_record_copied_many_times_is_no_event():
    codes = quiet(5)
    codes[10:40] = [1, 2, 1, 3, 5, 5]
    assert without_events(codes, LEVELS, FIRST)[0] is codes


def test_compiled_counts_are_the_plain_ones(monkeypatch):
    codes = quiet(7).astype(np.int8)
    codes[np.random.default_rng(8).random(codes.shape) < 0.05] = 0
    levels = np.array([5, 5, 2, 3, 5, 5])
    plain = _events._counts(codes, levels, FIRST)
    monkeypatch.setattr(_events, "COMPILED_FROM", 1)
    np.testing.assert_array_equal(_events._counts(codes, levels, FIRST), plain)


def test_who_answered_nothing_else_keeps_the_answer():
    codes = quiet(6)
    codes[:20, 2] = 1
    codes[0, [0, 1, 3, 4, 5]] = 0
    found, _ = without_events(codes, LEVELS, FIRST)
    assert found[0, 2] == 1
    assert (found[1:20, 2] == 0).all()


@pytest.mark.parametrize("seed", [31, 32])
def test_complaints_about_one_matter_accuse_nobody(seed):
    levels, rng = answers_of(seed, UNITS, SIZE), np.random.default_rng(seed)
    angry = rng.permutation(SIZE)[:22]
    levels[angry, 7] = rng.integers(1, 3, angry.size)
    assert shape_of(table_of(levels, SIZE), 1).together[0] > 0.01

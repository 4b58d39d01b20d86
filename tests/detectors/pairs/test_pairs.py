"""The engine against two naive loops: numpy path, compiled path, every kind of table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.pairs import best as best_module
from detectors.pairs import best_match, count_near, near_pairs, pack, percent_match
from detectors.pairs import near as near_module
from tests.detectors.pairs import naive

WAYS = [False, True]


@st.composite
def tables(draw):
    """Records, levels and groups: few answers, so that rows meet; missing; copies."""
    items = draw(st.sampled_from([1, 2, 3, 5, 8, 33, 64, 70]))
    levels = np.array(draw(st.lists(st.integers(1, 15), min_size=items, max_size=items)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.sampled_from([0, 1, 2, 3, 12, 40]))
    top = draw(st.sampled_from([0.2, 0.8, 0.97, 1.0]))
    rows = np.where(rng.random((n, items)) < top, levels, rng.integers(1, levels + 1, (n, items)))
    rows = rows.astype(float)
    rows[rng.random((n, items)) < draw(st.sampled_from([0.0, 0.02, 0.3, 1.0]))] = np.nan
    if n > 2 and draw(st.booleans()):
        rows[rng.integers(n, size=n // 2)] = rows[rng.integers(n, size=n // 2)]
    group = rng.integers(-1, draw(st.integers(1, 5)), n)
    return rows, levels, group


IDENTICAL = (np.full((7, 4), 5.0), np.full(4, 5), np.array([0, 0, 0, 1, 1, 2, -1]))


@pytest.fixture(autouse=True)
def whole_tables_too(monkeypatch):
    """A group of four or more goes the way of a large one where loops are compiled."""
    monkeypatch.setattr(best_module, "LARGE_GROUP", 3)
    monkeypatch.setattr(near_module, "LARGE_GROUP", 3)


@settings(max_examples=150, deadline=None)
@given(tables())
@example(IDENTICAL)
def test_best_partner_is_that_of_two_loops(table):
    rows, levels, group = table
    packed = pack(rows, levels)
    for chosen in (group, None):
        expected = naive.best(rows, np.zeros(len(rows)) if chosen is None else chosen)
        for compiled in WAYS:
            mismatches, partner = best_match(packed, chosen, compiled=compiled)
            assert mismatches.tolist() == expected[0]
            assert partner.tolist() == expected[1]


@settings(max_examples=150, deadline=None)
@given(tables(), st.sampled_from([0, 1, 2, 3, 5, 40, 100]))
@example(IDENTICAL, 3)
def test_near_pairs_are_those_of_two_loops_each_once(table, most):
    rows, levels, _ = table
    packed = pack(rows, levels)
    expected = naive.near(rows[packed.first], most)
    for compiled in WAYS:
        blocks = list(near_pairs(packed, most, compiled=compiled))
        found = [
            ((a, b), d)
            for block in blocks
            for a, b, d in zip(
                block.first.tolist(), block.second.tolist(), block.mismatches.tolist(), strict=True
            )
        ]
        assert len(found) == len(expected)
        assert dict(found) == expected


@settings(max_examples=150, deadline=None)
@given(tables(), st.sampled_from([0, 1, 3, 40]))
@example(IDENTICAL, 0)
def test_counts_are_those_of_two_loops(table, most):
    rows, levels, group = table
    packed = pack(rows, levels)
    rare = np.arange(len(packed)) % 3 != 1
    for mask in (None, rare):
        part = np.ones(len(rows), bool) if mask is None else mask[packed.row_of]
        pairs = [p for p in naive.near(rows, most) if part[list(p)].all()]
        within = [0] * (int(group.max(initial=-1)) + 1)
        for a, b in pairs:
            if group[a] == group[b] >= 0:
                within[group[a]] += 1
        for compiled in WAYS:
            counts = count_near(packed, most, group, mask, compiled=compiled)
            assert counts.within.tolist() == within
            assert counts.total == len(pairs)
            assert count_near(packed, most, rare=mask, compiled=compiled).between == len(pairs)


@settings(max_examples=50, deadline=None)
@given(tables())
def test_percent_match_is_over_the_items_both_answered(table):
    rows, levels, group = table
    packed = pack(rows, levels)
    _, partner = best_match(packed, group)
    share = percent_match(packed, group)
    for i, j in enumerate(partner.tolist()):
        both = ~np.isnan(rows[i]) & ~np.isnan(rows[j])
        if j < 0 or not both.any():
            assert np.isnan(share[i])
        else:
            assert share[i] == pytest.approx((rows[i] == rows[j])[both].mean())


SEVERAL_TILES = pytest.mark.parametrize(
    ("items", "levels", "missing"),
    [(12, 5, 0.0), (12, 5, 0.1), (12, 9, 0.0), (40, 5, 0.02), (40, 9, 0.0)],
)


def several_tiles(items, levels, missing):
    """4,000 records in which many are near to many: any number of planes and words."""
    rng = np.random.default_rng(11)
    level = rng.normal(size=(4000, 1))
    spread = rng.normal(size=(4000, items)) * (1.0 if items < 32 else 0.4)
    rows = np.clip(np.round(levels - 0.4 + level + spread), 1, levels)
    rows[rng.random(rows.shape) < missing] = np.nan
    return pack(rows, np.full(items, levels)), rng.integers(-1, 4, 4000)


@SEVERAL_TILES
def test_tables_of_several_tiles_agree_on_both_paths(items, levels, missing):
    packed, group = several_tiles(items, levels, missing)
    for chosen in (None, group):
        plain, fast = (best_match(packed, chosen, compiled=way) for way in WAYS)
        assert np.array_equal(plain[0], fast[0])
        assert np.array_equal(plain[1], fast[1])
        slow, quick = (count_near(packed, 2, chosen, compiled=way) for way in WAYS)
        assert slow.within.tolist() == quick.within.tolist()
        assert slow.between == quick.between > 0


@SEVERAL_TILES
@pytest.mark.parametrize("most", [3, 5])
def test_pairs_of_several_tiles_agree_on_both_paths(items, levels, missing, most, monkeypatch):
    packed, _ = several_tiles(items, levels, missing)
    # Lists that are full again and again: a pair lost or doubled between them would show.
    monkeypatch.setattr(near_module, "BLOCK", 1 << 13)
    plain, fast = (
        np.concatenate(
            [
                np.column_stack([b.first, b.second, b.mismatches])
                for b in near_pairs(packed, most, compiled=way)
            ]
        )
        for way in WAYS
    )
    assert len(plain) > 1 << 13
    assert np.array_equal(plain[np.lexsort(plain.T)], fast[np.lexsort(fast.T)])

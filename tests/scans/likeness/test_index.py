"""The index of codes: exact, whatever the order, and codes that keep to the same ink."""

from __future__ import annotations

import numpy as np
import pytest

from scans.likeness.index import RADIUS, CodeIndex
from scans.likeness.pairs import near_pairs
from scans.likeness.sketch import BYTES


def codes(count, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (count, BYTES), dtype=np.uint8)


def flipped(code, bits, seed=2):
    places = np.random.default_rng(seed).choice(8 * BYTES, bits, replace=False)
    changed = np.unpackbits(code)
    changed[places] ^= 1
    return np.packbits(changed)


@pytest.mark.parametrize("bits", [0, 1, 40, RADIUS])
def test_a_code_is_found_at_its_distance_among_many(bits):
    index = CodeIndex()
    every = codes(40_000)
    index.add(np.arange(40_000) * 3, every)
    keys, apart = index.near(flipped(every[17_123], bits))
    assert keys[0] == 17_123 * 3
    assert apart[0] == bits


def test_one_bit_too_far_is_not_found_and_neither_is_the_opposite():
    index = CodeIndex()
    (code,) = codes(1)
    index.add(np.array([1, 2]), np.stack([flipped(code, RADIUS + 1), ~code]))
    assert index.near(code)[0].size == 0


def test_it_agrees_with_counting_bits_one_by_one():
    every = codes(3_000)
    index = CodeIndex()
    for start in range(0, 3_000, 700):
        index.add(np.arange(start, min(start + 700, 3_000)), every[start : start + 700])
    wanted = np.unpackbits(every ^ every[5], axis=1).sum(axis=1)
    keys, apart = index.near(every[5], radius=115, most=3_000)
    assert set(keys.tolist()) == set(np.flatnonzero(wanted <= 115).tolist())
    np.testing.assert_array_equal(apart, wanted[keys])
    assert np.all(np.diff(apart) >= 0)


def test_pairs_do_not_depend_on_the_order_nor_on_the_night():
    every = [(i, "room", code.tobytes()) for i, code in enumerate(codes(60))]
    every += [(100 + i, "room", flipped(codes(60)[i], 30).tobytes()) for i in range(0, 60, 7)]
    every += [(200, "other room", codes(60)[0].tobytes())]
    at_once = list(near_pairs(every))
    assert at_once == [(i, 100 + i) for i in range(0, 60, 7)]
    assert list(near_pairs(every[::-1])) == at_once
    nights = [*near_pairs(every[30:]), *near_pairs(every[:30], every[30:])]
    assert sorted(nights) == at_once

"""Medians and percentiles are NumPy's to the last digit, whatever they are taken of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from scans.quantiles import median, percentile, percentiles_of_rows, quantile

SHARES = (0, 1, 16, 30, 33.3, 50, 75, 84, 95, 99, 100)


def samples(dtype: type) -> Iterator[NDArray[Any]]:
    rng = np.random.default_rng(7)
    for size in (1, 2, 3, 4, 10, 101, 1023, 1024, 1025, 5000):
        yield (rng.random(size) * 255).astype(dtype)
        yield (np.round(rng.random(size) * 3) * 80).astype(dtype)
        yield np.full(size, 200, dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_they_are_those_of_numpy(dtype: type) -> None:
    for values in samples(dtype):
        before = values.copy()
        assert median(values) == float(np.median(before))
        for q in SHARES:
            assert percentile(values, q) == float(np.percentile(before, q)), (values.size, q)
            assert quantile(values, q / 100) == float(np.quantile(before, q / 100))
        assert np.array_equal(values, before)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_those_of_rows_are_as_well(dtype: type) -> None:
    for values in samples(dtype):
        rows = np.stack([values, values[::-1], np.roll(values, 1) // 2])
        expected = np.percentile(rows, SHARES, axis=1)
        assert np.array_equal(percentiles_of_rows(rows.copy(), SHARES), expected)


def test_pictures_count_as_their_pixels() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (60, 90)).astype(np.uint8)
    assert percentile(picture[::2, ::3], 70) == float(np.percentile(picture[::2, ::3], 70))
    assert median(picture.T) == float(np.median(picture))

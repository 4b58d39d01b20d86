"""The peers' inputs and outputs, and a comparison to the digits that were printed."""

import numpy as np

from tests.detectors.data import table


def matrix(name):
    return table(f"reference/{name}.csv").to_numpy(dtype=np.float64)


def outputs(name):
    return table(f"reference/ref_{name}.csv")


def same_as_printed(values, printed, digits):
    """Within half a unit of the last printed digit on every row, and NaN on the same rows."""
    np.testing.assert_allclose(values, printed, rtol=0, atol=0.5 * 10.0**-digits * (1 + 1e-6))


def brute_rows(seed, n, k, values, missing=0.0):
    """Small random answers 0..values - 1."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, values, (n, k)).astype(np.float64)
    x[rng.random(x.shape) < missing] = np.nan
    return x

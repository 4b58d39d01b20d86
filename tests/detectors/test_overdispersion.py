"""Measured spread of units: none by chance, what was put in comes out, one outlier moves little."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.overdispersion import FEWEST_UNITS, between_units


def _round(rho: float, units: int, seed: int) -> tuple[list[float], list[int]]:
    chance = np.random.default_rng(seed)
    counts = chance.integers(40, 400, units)
    mean = 0.95
    alone = np.full(units, mean)
    if rho:
        alone = chance.beta(mean * (1 / rho - 1), (1 - mean) * (1 / rho - 1), units)
    return list(chance.binomial(counts, alone) / counts), [int(n) for n in counts]


def test_units_that_differ_by_chance_alone_have_nearly_none() -> None:
    found = [between_units(*_round(0.0, 60, seed)) for seed in range(20)]
    assert np.median([rho or 0.0 for rho in found]) < 0.001


@pytest.mark.parametrize("rho", [0.01, 0.03])
def test_what_was_put_in_comes_out(rho: float) -> None:
    found = [between_units(*_round(rho, 120, seed)) or 0.0 for seed in range(20)]
    # Ends are pulled in, so it is somewhat under the truth: limits are narrower, never wider.
    assert 0.45 * rho < float(np.mean(found)) < 1.2 * rho


def test_one_unit_far_out_does_not_hide_itself() -> None:
    values, counts = _round(0.01, 60, 1)
    before = between_units(values, counts) or 0.0
    values[0], counts[0] = 0.4, 400
    assert (between_units(values, counts) or 0.0) < before + 0.02


def test_few_units_or_no_spread_tell_nothing() -> None:
    assert between_units([0.9] * (FEWEST_UNITS - 1), [100] * (FEWEST_UNITS - 1)) is None
    assert between_units([1.0] * 20, [100] * 20) is None

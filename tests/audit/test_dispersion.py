"""The spread between units: found again in simulated ones, and not widened by a few bad ones."""

from __future__ import annotations

import numpy as np
import pytest

from audit.scoring.dispersion import FEWEST, between_units


def _units(rho: float, seed: int, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Values and sizes of units whose true shares vary by a beta of that correlation."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(20, 400, count)
    share = np.full(count, 0.9)
    if rho:
        spread = 1 / rho - 1
        share = rng.beta(0.9 * spread, 0.1 * spread, count)
    return rng.binomial(sizes, share) / sizes, sizes


@pytest.mark.parametrize("rho", [0.005, 0.02, 0.05])
def test_the_correlation_that_made_the_units_is_found(rho: float) -> None:
    found = [between_units(*_units(rho, seed), 0.9) for seed in range(8)]
    assert all(f is not None for f in found)
    assert float(np.mean([f for f in found if f is not None])) == pytest.approx(rho, rel=0.35)


def test_chance_alone_gives_next_to_nothing() -> None:
    found = [between_units(*_units(0.0, seed), 0.9) for seed in range(8)]
    assert all(f is not None and f < 0.002 for f in found)


def test_a_few_unusual_units_do_not_widen_the_limits() -> None:
    values, sizes = _units(0.01, 3)
    clean = between_units(values, sizes, 0.9)
    spoilt = values.copy()
    spoilt[:20] = 1.0  # one unit in twenty with nothing but the best
    dirty = between_units(spoilt, sizes, 0.9)
    assert clean is not None and dirty is not None
    assert dirty < 1.5 * clean
    assert np.var(spoilt) > 1.2 * np.var(values)  # while the plain spread follows them


def test_few_units_and_full_marks_are_not_measured() -> None:
    assert between_units([0.9] * (FEWEST - 1), [50] * (FEWEST - 1), 0.9) is None
    assert between_units([1.0] * 20, [50] * 20, 1.0) is None

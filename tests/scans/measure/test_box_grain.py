"""What is left of boxes without the look that they share."""

from __future__ import annotations

import numpy as np
import pytest

from scans.measure.box_grain import BoxGrain


def boxes(seed: int, count: int = 28) -> np.ndarray:
    """Outlines that fall between pixels, under grain of their own: ``(count, 40, 40)``."""
    rng = np.random.default_rng(seed)
    grey = np.full((count, 40, 40), 225.0)
    for one, (at, wide) in zip(grey, rng.uniform(0.0, 0.6, (count, 2)), strict=True):
        for edge in (6, 32):
            one[edge, 6:33] -= 120.0 * (1.0 - at)
            one[edge + 1, 6:33] -= 120.0 * at
            one[6:33, edge] -= 120.0 * (1.0 - wide)
            one[6:33, edge + 1] -= 120.0 * wide
    return (grey + rng.normal(0.0, 2.0, grey.shape)).astype(np.float32)


def likeness(rest: np.ndarray, one: int, other: int) -> float:
    inner = rest[:, 5:-5, 5:-5]  # boxes are smoothed in one column: their slack is spoilt
    x, y = inner[one].ravel(), inner[other].ravel()
    return float(2 * x @ y / (x @ x + y @ y))


@pytest.mark.parametrize("burnt_out", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_boxes_that_differ_in_opposite_ways_are_no_copies(seed, burnt_out):
    grey = boxes(seed)
    # of boxes all alike but for grain, two are crumpled, one up where the other is down
    grey[:] = grey[:1] + np.random.default_rng([seed, 1]).normal(0.0, 2.0, grey.shape)
    crumple = np.random.default_rng([seed, 2]).normal(0.0, 6.0, grey.shape[1:])
    grey[4] += crumple
    grey[9] -= crumple
    grain = BoxGrain.of(grey.astype(np.float32), burnt_out=burnt_out)
    assert likeness(grain.rest, 4, 9) > 0.5
    assert likeness(grain.by_others([4, 9]), 0, 1) < 0.0


@pytest.mark.parametrize("burnt_out", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_copy_stays_one(seed, burnt_out):
    grey = boxes(seed)
    grey[9] = grey[4]
    grain = BoxGrain.of(grey, burnt_out=burnt_out)
    assert likeness(grain.by_others([4, 9]), 0, 1) > 0.99
    assert abs(likeness(grain.by_others([4, 10]), 0, 1)) < 0.3


def test_what_is_shared_is_taken_off():
    grey = boxes(5)
    grain = BoxGrain.of(grey, burnt_out=False)
    outline = (grey - np.median(grey)).std()
    assert grain.rest.std() < 0.2 * outline
    assert grain.by_others([0, 1]).std() < 0.2 * outline

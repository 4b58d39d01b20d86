"""Boxes that do not lie where the others say, on drawn grids."""

from __future__ import annotations

import numpy as np
import pytest

from scans.measure.jumps import Jumps, jumps, precisions

_COLUMNS, _ROWS = 5, 20


def grid():
    x, y = np.meshgrid(110.0 + 12.0 * np.arange(_COLUMNS), 60.0 + 9.0 * np.arange(_ROWS))
    return np.column_stack([x.ravel(), y.ravel()])


def sets():
    rows = np.arange(_COLUMNS * _ROWS) // _COLUMNS
    runs = [(a, b) for a in range(_ROWS) for b in range(a + 1, min(a + 5, _ROWS) + 1)]
    return runs, np.array([(rows >= a) & (rows < b) for a, b in runs])


def warp(centre, size):
    """What a feeder does: a pull along the page that changes, and a sway."""
    y = centre[:, 1] / 297.0
    pull = size * (np.sin(2 * np.pi * y) + 0.4 * np.cos(5 * np.pi * y + 1))
    return np.column_stack([0.3 * size * np.cos(3 * np.pi * y), pull]) + 0.002 * centre


def scored(offset, *, marked=(), doubt=0.0) -> Jumps:
    centre = grid()
    held = np.zeros(len(centre), bool)
    held[list(marked)] = True
    no_doubt = np.full(offset.shape, doubt)
    free = np.full(offset.shape, np.inf)
    return jumps(precisions(centre), centre, offset, no_doubt, free, held, sets()[1])


@pytest.mark.parametrize("size", [0.0, 0.3, 1.5])
@pytest.mark.parametrize("noise", [0.002, 0.02])
def test_an_honest_sheet_is_quiet_however_the_feeder_pulls(size, noise):
    for seed in range(4):
        jitter = np.random.default_rng(seed).normal(0, noise, (_COLUMNS * _ROWS, 2))
        found = scored(warp(grid(), size) + jitter)
        assert found.box.max() < 4.5
        assert found.sets.max() < 4.5


@pytest.mark.parametrize("shift", [(0.3, 0.0), (0.0, -0.3), (0.2, 0.2)])
def test_one_moved_box_is_named_with_its_move(shift):
    rng = np.random.default_rng(1)
    offset = warp(grid(), 0.5) + rng.normal(0, 0.005, (_COLUMNS * _ROWS, 2))
    offset[42] += shift
    found = scored(offset)
    assert int(found.box.argmax()) == 42
    assert found.box[42] > 8
    assert found.box_mm[42] == pytest.approx(shift, abs=0.05)


@pytest.mark.parametrize("rows", [(3, 4), (6, 9), (10, 14)])
def test_rows_that_moved_together_are_named_with_move_and_tilt(rows):
    rng = np.random.default_rng(2)
    centre = grid()
    offset = warp(centre, 0.4) + rng.normal(0, 0.005, centre.shape)
    row = np.arange(len(centre)) // _COLUMNS
    piece = (row >= rows[0]) & (row < rows[1])
    lever = centre[:, 0] - centre[piece, 0].mean()
    offset[piece] += np.column_stack([np.full(len(centre), 0.25), 0.01 * lever])[piece]
    found = scored(offset)
    runs, members = sets()
    best = int(found.sets.argmax())
    assert found.sets[best] > 8
    assert (members[best] & piece).any()
    whole = runs.index(rows)
    assert found.set_mm[whole, 0] == pytest.approx(0.25, abs=0.04)
    assert found.tilt[whole] == pytest.approx(0.01, abs=0.002)


def test_a_mark_that_pulls_at_one_outline_moves_no_row():
    rng = np.random.default_rng(3)
    offset = warp(grid(), 0.4) + rng.normal(0, 0.005, (_COLUMNS * _ROWS, 2))
    offset[52, 1] += 0.15
    found = scored(offset)
    assert found.sets.max() < 4.5
    assert scored(offset, marked=[52]).box[52] < 0.5 * found.box[52]


def test_sides_that_disagree_are_doubt():
    offset = warp(grid(), 0.2)
    offset[10, 0] += 0.2
    assert scored(offset, doubt=0.2).box[10] < 1.0


@pytest.mark.parametrize("step", [0.08, 0.2, 0.4])
@pytest.mark.parametrize("row", [2, 7, 13])
def test_a_feeder_that_slips_once_moves_no_piece(step, row):
    rng = np.random.default_rng(row)
    offset = warp(grid(), 0.4) + rng.normal(0, 0.006, (_COLUMNS * _ROWS, 2))
    offset[_COLUMNS * row :, 1] += step
    found = scored(offset)
    assert found.sets.max() < 4.5
    assert found.box.max() < 4.5

"""Print that breaks up all over a page tells of no fluid, however short the piece."""

from __future__ import annotations

import numpy as np
import pytest

from scans.measure.lost_print import _of_its_like

TILES, RUN = 80, 3


def tiles(pixels, share, seed):
    """Lost shares of tiles whose hairlines break by runs, and where the tiles lie."""
    rng = np.random.default_rng(seed)
    runs = rng.random((TILES, pixels // RUN)) < share
    corners = np.array([(20.0 * (i % 9), 20.0 * (i // 9)) for i in range(TILES)])
    return runs.mean(axis=1), np.full(TILES, 0.3), corners


@pytest.mark.parametrize("pixels", [12, 21, 60])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.35])
def test_short_pieces_of_a_line_that_breaks_up_are_usual(pixels, share):
    worst = []
    for seed in range(60):
        lost, body, corners = tiles(pixels, share, seed)
        k = int(np.argmax(lost))
        usual, spread = _of_its_like(k, lost, body, corners, pixels)
        worst.append((lost[k] - usual - 0.15) / spread)
    assert np.quantile(worst, 0.95) < 1.7


@pytest.mark.parametrize("pixels", [21, 60])
def test_a_covered_piece_of_whole_print_is_not(pixels):
    lost, body, corners = tiles(pixels, 0.02, 1)
    lost[7] = 1.0
    usual, spread = _of_its_like(7, lost, body, corners, pixels)
    assert (lost[7] - usual - 0.15) / spread > 4.0

"""Compiled loops of registration against what OpenCV and NumPy answer."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scans.bilinear import between
from scans.compiled import check_inside
from scans.register.cells import Cells, measure
from scans.register.correlation import correlations
from scans.register.tile_sums import common_ink, tile_sums


def noise(shape, seed=0):
    rng = np.random.default_rng(seed)
    return cv2.GaussianBlur(rng.integers(0, 256, shape).astype(np.uint8), (5, 5), 1.2)


@pytest.mark.parametrize(("side", "shifts"), [(40, 11), (24, 21), (17, 5)])
def test_correlations_are_those_of_opencv(side, shifts):
    page = noise((160, 150))
    page[80:, 90:] = 255
    span = side + shifts - 1
    corner = np.array([[3, 5], [60, 40], [150 - span, 160 - span]], np.int64)
    patches = [page[y + 2 : y + 2 + side, x + 1 : x + 1 + side] for x, y in corner[[1, 0, 0]]]
    dark = 255 - np.stack(patches).astype(np.int16)
    rows = np.zeros((3, side, span), np.int16)
    rows[:, :, :side] = dark
    flat = np.ascontiguousarray(rows.reshape(3, -1)[:, : side * span - span + side])
    mean = dark.mean(axis=(1, 2))
    norm = np.sqrt(((dark - mean[:, None, None]) ** 2.0).sum(axis=(1, 2)))
    found = np.empty((3, shifts, shifts), np.float32)
    correlations(page, corner, flat, mean, norm, side, found)
    for k, (x, y) in enumerate(corner[:2]):
        window = page[y : y + span, x : x + span]
        wanted = cv2.matchTemplate(window, patches[k], cv2.TM_CCOEFF_NORMED)
        np.testing.assert_allclose(found[k], wanted, atol=2e-4)
    assert (found[2][-3:, -3:] == 0).all(), "bare paper is like nothing"


@pytest.mark.parametrize("move", [(0, 0), (1, -1), (5, 3)])
def test_cells_are_found_wherever_they_stand(move):
    """Near their place by the near search, and all around where that finds too few."""
    blank, (dx, dy) = noise((200, 200), 3), move
    scan = np.pad(np.roll(blank, (dy, dx), (0, 1)), 6, mode="wrap")
    corner = np.array([[x, y] for y in (20, 80, 130) for x in (20, 90, 140)], np.intp)
    patches = np.stack([blank[y : y + 40, x : x + 40] for x, y in corner])
    centre = (corner + 20.0) / 4.0
    cells = Cells(4.0, corner, 40, patches, centre, np.ones((9, 2)))
    found = measure(scan, 6, np.ones(9, np.bool_), cells, 1.25)
    assert found.score.min() > 0.99
    inner = ~found.at_edge
    np.testing.assert_allclose(
        found.shift_mm[inner], np.tile([dx, dy], (9, 1))[inner] / 4, atol=0.02
    )


def test_sums_of_rectangles_are_exact():
    image, corner = noise((60, 80)), np.array([[0, 0], [33, 20], [48, 44]], np.int64)
    print_ = noise((3, 16 * 32), 1)
    sums, common = np.empty((3, 4), np.int64), np.zeros(3, np.int64)
    tile_sums(image, corner, print_, 32, sums)
    common_ink(image, corner, print_, 32, common)
    for k, (x, y) in enumerate(corner):
        here = image[y : y + 16, x : x + 32].ravel().astype(np.int64)
        wanted = print_[k].astype(np.int64)
        lesser = np.minimum(here, wanted).sum()
        assert sums[k].tolist() == [here.sum(), here @ here, here @ wanted, lesser]
        assert common[k] == lesser


def test_rectangles_beyond_the_picture_are_refused():
    """Compiled loops would read whatever lies behind it in memory."""
    image = np.zeros((50, 40), np.uint8)
    check_inside(image, np.array([[0, 0], [30, 40]]), (10, 10))
    for bad in ([-1, 0], [0, -1], [31, 0], [0, 41]):
        with pytest.raises(IndexError):
            check_inside(image, np.array([[0, 0], bad]), (10, 10))


def test_values_between_nodes():
    rng = np.random.default_rng(2)
    nodes = rng.normal(size=(4, 3, 2))
    points = np.array([[1.0, 2.0], [6.0, 12.5], [-50.0, 7.0], [900.0, 900.0], [np.nan, 1.0]])
    found = np.empty((5, 2))
    between(nodes, points, 1.0, 2.0, 5.0, 7.0, found)
    np.testing.assert_allclose(found[0], nodes[0, 0])
    np.testing.assert_allclose(found[1], (nodes[1, 1] + nodes[2, 1]) / 2)
    np.testing.assert_allclose(found[2], nodes[0, 0] * 2 / 7 + nodes[1, 0] * 5 / 7)
    np.testing.assert_allclose(found[3], nodes[3, 2])
    assert np.isnan(found[4]).all()

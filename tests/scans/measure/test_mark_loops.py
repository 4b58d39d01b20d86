"""Compiled loops over two marks against what OpenCV and NumPy answer."""

from __future__ import annotations

import cv2
import numpy as np

from scans.measure.mark_loops import joint_sums, sampled_sums, window_sums
from scans.measure.strokes import likeness

RNG = np.random.default_rng(13)


def picture(*shape):
    return RNG.integers(0, 256, shape).astype(np.uint8)


def test_sums_of_sampled_pixels():
    levels, other = picture(80).astype(np.int32), picture(400)
    places, moves = np.sort(RNG.permutation(300)[:80]) + 50, np.array([-50, 0, 7, 49])
    sums = np.empty((4, 3), np.int64)
    sampled_sums(levels, other, places, moves, sums)
    for found, move in zip(sums.tolist(), moves.tolist(), strict=True):
        level = other[places + move].astype(np.int64)
        assert found == [level.sum(), (level**2).sum(), (level * levels).sum()]


def test_sums_over_a_region():
    one, other, region = picture(40, 50), picture(44, 46), (picture(30, 35) > 90).astype(np.uint8)
    start, (h, w) = np.array([(3, 5), (11, 4), (2, 1)]), (28, 33)
    sums = np.empty(6, np.int64)
    joint_sums(one, other, region, start, h, w, sums)
    parts = (one, other, region)
    a, b, on = (
        part[y : y + h, x : x + w].astype(np.int64)
        for part, (y, x) in zip(parts, start.tolist(), strict=True)
    )
    wanted = [on, on * a, on * b, on * a * a, on * b * b, on * a * b]
    assert sums.tolist() == [part.sum() for part in wanted]


def test_sums_of_windows():
    small, large = (RNG.normal(0, 5, shape).astype(np.float32) for shape in ((20, 26), (24, 30)))
    sums = np.empty((5, 5, 3))
    window_sums(small, large, sums)
    product = cv2.matchTemplate(large, small, cv2.TM_CCORR)
    np.testing.assert_allclose(sums[:, :, 2], product, rtol=1e-3, atol=0.1)
    for down, across in ((0, 0), (2, 3), (4, 4)):
        window = large[down : down + 20, across : across + 26].astype(np.float64)
        wanted = [window.sum(), (window**2).sum(), (window * small).sum()]
        np.testing.assert_allclose(sums[down, across], wanted, rtol=1e-4, atol=1e-2)


def test_likeness_finds_the_best_shift_of_every_two():
    marks = np.zeros((4, 30, 30), np.float32)
    marks[0, 8:20, 9:21] = RNG.random((12, 12))
    marks[1, 10:22, 8:20] = 0.5 * marks[0, 8:20, 9:21]
    marks[2, 5:25, 14:17] = 1.0
    alike = likeness(marks)
    np.testing.assert_allclose(np.diag(alike)[:3], 1.0, atol=1e-5)
    np.testing.assert_allclose(alike[0, 1], 1.0, atol=1e-5)
    np.testing.assert_array_equal(alike, alike.T)
    wide = np.pad(marks[2], 2)
    best = cv2.matchTemplate(np.pad(marks[0], 4), wide, cv2.TM_CCOEFF_NORMED).max()
    np.testing.assert_allclose(alike[0, 2], best, atol=0.02)
    assert not alike[3].any()

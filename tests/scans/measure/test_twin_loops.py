"""Compiled loops over boxes that are compared, against what OpenCV and NumPy answer."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scans.measure.twin_loops import (
    clear_of_ink,
    cut_out,
    side_sums,
    telling_pixels,
    unit_samples,
    without_specks,
)

RNG = np.random.default_rng(12)


def normal(*shape):
    return RNG.normal(0, 10, shape).astype(np.float32)


def test_rectangles_and_their_sums():
    grey = RNG.integers(0, 256, (60, 70)).astype(np.uint8)
    corner = np.array([(0, 0), (13, 7), (70 - 21, 60 - 18)])
    wanted = np.stack([grey[y : y + 18, x : x + 21] for x, y in corner]).astype(np.float32)
    parts = np.empty((3, 18, 21), np.float32)
    cut_out(grey, corner, parts)
    np.testing.assert_array_equal(parts, wanted)
    across, down = np.empty((3, 21), np.float32), np.empty((3, 18), np.float32)
    side_sums(grey, corner, across, down)
    np.testing.assert_array_equal(across, wanted.sum(axis=1))
    np.testing.assert_array_equal(down, wanted.sum(axis=2))


@pytest.mark.parametrize("rim", [0, 2, 11])
def test_what_is_clear_of_ink(rim):
    added = RNG.random((4, 40, 44)).astype(np.float32)
    printed = (RNG.random((3, 40, 44)) < 0.004).astype(np.uint8)
    printed[1], added[2] = 0, 0.0
    rows, ink = np.array([0, 2, 3]), 0.996
    down = np.rint(np.linspace(rim, 39 - rim, 50)).astype(np.int64)
    across = np.rint(np.linspace(rim, 43 - rim, 55)).astype(np.int64)
    clear = np.empty((3, 50, 55), np.float32)
    clear_of_ink(added, rows, printed, ink, down, across, clear)
    taken = (added[rows] > np.float32(ink)).astype(np.uint8) | printed
    spread = np.stack([cv2.dilate(one, np.ones((7, 7), np.uint8)) for one in taken])
    np.testing.assert_array_equal(clear, 1.0 - spread[:, down[:, None], across])
    assert clear[1].all()
    assert 0.1 < clear[[0, 2]].mean() < 0.9


@pytest.mark.parametrize("count", [8, 9, 25])
def test_specks_are_cut(count):
    away = normal(count, 700)
    away[3, 40] = 500.0
    common = np.empty_like(away)
    without_specks(away, 3.0, 12.0, common)
    third = np.sort(np.abs(away[::3]), axis=0)
    most = np.maximum(np.float32(3.0) * third[len(third) // 2], np.float32(12.0))
    np.testing.assert_array_equal(common, np.clip(away, -most, most))
    assert common[3, 40] < 100.0


def test_powers_of_what_is_clear():
    rest, clear = normal(5, 26, 36), (RNG.random((5, 20, 30)) > 0.2).astype(np.float32)
    second, fourth = np.empty((2, 5), np.float32)
    telling = np.empty((20, 30), np.float32)
    telling_pixels(rest, clear, 3, second, fourth, telling)
    inner = rest[:, 3:-3, 3:-3].astype(np.float64) * clear
    np.testing.assert_allclose(second, (inner**2).sum(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(fourth, (inner**4).sum(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(telling, (inner**2).sum(axis=0), rtol=1e-5, atol=1e-6)


def test_samples_of_length_one():
    rest = normal(4, 12, 15)
    rest[2] = 0.0
    places = np.stack([np.sort(RNG.permutation(180)[:40]) for _ in range(2)])
    seen = np.empty((2, 4, 40), np.float32)
    unit_samples(rest, places, seen)
    for found, at in zip(seen, places, strict=True):
        wanted = rest.reshape(4, -1)[:, at]
        norm = np.maximum(np.linalg.norm(wanted, axis=1, keepdims=True), 1e-6)
        np.testing.assert_allclose(found, wanted / norm, rtol=1e-5)
    assert not seen[:, 2].any()

"""Compiled loops over boxes against what OpenCV and NumPy answer."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scans.measure.box_loops import (
    darkness,
    exceeding,
    medians_at,
    missing_ink,
    profiles,
    quantile_at,
    side_profiles,
)
from scans.measure.square_sums import square_sums
from scans.measure.step_counts import step_counts
from scans.measure.trace_loops import (
    count_sizes,
    extremes,
    line_responses,
    line_sizes,
    thirds,
    unevenness,
)
from scans.quantiles import medians
from scans.read.circle_loops import ink_around

RNG = np.random.default_rng(11)


def picture(*shape):
    return RNG.integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.7, 1.0])
def test_quantiles_of_bytes(share):
    grey, at = picture(5, 400), np.sort(RNG.permutation(400)[:123]).astype(np.int64)
    grey[1] = 7
    found = np.empty(5, np.float32)
    quantile_at(grey, at, share, found)
    np.testing.assert_allclose(found, np.percentile(grey[:, at], 100 * share, axis=1), atol=1e-4)


def test_medians_of_pixels_of_each_patch():
    levels, sizes = picture(5, 300), [7, 0, 1, 30, 128]
    levels[2] = 255
    at = [np.sort(RNG.permutation(300)[:size]).astype(np.int64) for size in sizes]
    found = np.full(5, -1.0)
    medians_at(levels, np.concatenate(at), np.cumsum(sizes), found)
    wanted = [np.median(row[px]) if len(px) else -1.0 for row, px in zip(levels, at, strict=True)]
    assert found.tolist() == wanted


def test_extremes_where_enough_is_clean():
    values = RNG.normal(0, 10, (4, 30, 25)).astype(np.float32)
    share, zone = RNG.random((4, 30, 25)).astype(np.float32), (picture(30, 25) > 99).view(np.uint8)
    share[2], share[3] = 0.0, 1.0
    values[3] += 100.0
    high, low = np.full(4, 3.0, np.float32), np.full(4, 7.0, np.float32)
    extremes(values, share, 0.5, zone, high, low)
    there = (share > 0.5) & (zone > 0)
    highest = np.where(there, values, np.float32(3.0)).max(axis=(1, 2))
    lowest = np.where(there, values, np.float32(7.0)).min(axis=(1, 2))
    np.testing.assert_array_equal(high, np.maximum(highest, 3.0))
    np.testing.assert_array_equal(low, np.minimum(lowest, 7.0))
    assert (high[2], low[2], low[3]) == (3.0, 7.0, 7.0)


@pytest.mark.parametrize("shape", [(7, 3), (8, 4), (1, 2)])
@pytest.mark.parametrize("axis", [0, 1])
def test_medians_along_an_axis(shape, axis):
    values = RNG.normal(size=shape)
    np.testing.assert_array_equal(medians(values, axis), np.median(values, axis=axis))


def test_darkness_of_boxes():
    grey, paper = picture(3, 20, 24), np.array([200, 240.5, 255], np.float32)
    depth, near = np.array([150, 200, 40], np.float32), (picture(3, 20, 24) > 100).view(np.uint8)
    wanted = (paper[:, None, None] - grey) / depth[:, None, None]
    across, down = np.empty((3, 24), np.float32), np.empty((3, 20), np.float32)
    profiles(grey, paper, depth, near, across, down)
    masked = np.clip(wanted, 0, 1) * near
    np.testing.assert_allclose(across, masked.sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(down, masked.sum(axis=2), rtol=1e-5)
    corner = np.array([[0, 0], [4, 2], [8, 8]], np.int64)
    dark, levels = np.empty((3, 12, 16), np.float32), np.zeros((3, 14, 16), np.uint8)
    darkness(grey, paper, depth, corner, dark, levels)
    for k, (x, y) in enumerate(corner):
        np.testing.assert_allclose(dark[k], wanted[k, y : y + 12, x : x + 16], rtol=1e-6)
    np.testing.assert_array_equal(
        levels[:, :12], np.clip(dark * np.float32(255), 0, 255).astype(int)
    )
    assert not levels[:, 12:].any()


def test_what_exceeds_the_print():
    dark, limit = (RNG.random((2, 4, 9, 11)) * 2).astype(np.float32)
    rim = (picture(9, 11) > 128).view(np.uint8)
    added, left = np.empty_like(dark), np.empty(4, np.int64)
    exceeding(dark, limit, rim, added, left)
    wanted = np.clip(dark - limit, 0.0, 1.5)
    np.testing.assert_array_equal(added, wanted)
    np.testing.assert_array_equal(left, ((wanted > 0.2) & (rim > 0)).sum(axis=(1, 2)))
    spread, at = picture(4, 99), np.array([3, 50, 98], np.int64)
    print_, lacks = RNG.random((4, 3)).astype(np.float32), RNG.random(256).astype(np.float32)
    missing = np.empty(4, np.float32)
    missing_ink(spread, at, print_, lacks, missing)
    np.testing.assert_allclose(missing, (print_ * lacks[spread[:, at]]).sum(axis=1), rtol=1e-5)


def test_profiles_of_sides():
    dark = RNG.normal(0.5, 1.0, (3, 30, 34)).astype(np.float32)
    places = [(1, 2, 9, 4, 12), (0, 5, 12, 3, 30)]
    found = np.empty((6, 7), np.float32)
    side_profiles(dark, np.array(places, np.int64), found)
    held = np.clip(dark, 0, 1)
    np.testing.assert_allclose(found[:3], held[:, 2:9, 4:12].sum(axis=2), rtol=1e-5)
    np.testing.assert_allclose(found[3:], held[:, 3:30, 5:12].sum(axis=1), rtol=1e-5)


def test_ink_in_all_directions():
    added = RNG.random((3, 50)).astype(np.float32)
    places = np.array([[1, 2, -1], [7, -1, 9], [-1, -1, -1]], np.int64)
    inner = np.arange(20, 40)
    around, within = np.empty(3), np.empty(3)
    ink_around(added, 0.6, places, inner, around, within)
    inked = added > np.float32(0.6)
    wanted = (inked[:, [1, 2]].any(axis=1) * 1.0 + inked[:, [7, 9]].any(axis=1)) / 3
    np.testing.assert_allclose(around, wanted)
    np.testing.assert_allclose(within, inked[:, inner].mean(axis=1))


def test_sums_of_squares():
    stack, taken = picture(2, 17, 22), picture(2, 17, 22) // 200
    sums = np.empty((3, 2, 3, 4), np.int32)
    square_sums(stack, taken, 5, sums)
    free = (taken == 0).astype(np.int64)
    for k, values in enumerate((free, free * stack, free * stack.astype(np.int64) ** 2)):
        cut = values[:, :15, :20].reshape(2, 3, 5, 4, 5)
        np.testing.assert_array_equal(sums[k], cut.sum(axis=(2, 4)))


@pytest.mark.parametrize("channels", [1, 3])
def test_means_of_nine_pixels(channels):
    colour = picture(2, 16, 19, channels)
    tones = np.zeros((channels, 2, 8, 6), np.float32)
    thirds(colour, tones)
    for n in range(2):
        cut = np.ascontiguousarray(colour[n, :15, :18])
        small = cv2.resize(cut, (6, 5), interpolation=cv2.INTER_AREA).reshape(5, 6, -1)
        b, g, r = (small.astype(np.float32)[..., k % channels] for k in range(3))
        wanted = (
            [b] if channels == 1 else [0.114 * b + 0.587 * g + 0.299 * r, b - r, g - (b + r) / 2]
        )
        np.testing.assert_allclose(tones[:, n, :5], wanted, atol=1e-3)
    assert not tones[:, :, 5:].any()


def test_unevenness_is_what_a_blur_takes_away():
    colour = cv2.GaussianBlur(picture(24, 21), (3, 3), 0.8).reshape(2, 12, 21, 1)
    power = np.zeros((2, 5, 7), np.float32)
    unevenness(colour, 0, 20, power)
    tall = colour.reshape(24, 21)
    apart = cv2.absdiff(tall, cv2.GaussianBlur(tall, (5, 5), 1.0)).astype(np.float64)
    square = np.minimum(4 * np.minimum(apart, 20) ** 2, 255)
    wanted = square.reshape(2, 4, 3, 7, 3).mean(axis=(2, 4))
    # A blurred level may be rounded the other way.
    assert np.abs(power[:, :4] - wanted).mean() < 3.0
    assert np.corrcoef(power[:, :4].ravel(), wanted.ravel())[0, 1] > 0.99


def test_lines_are_those_of_filters():
    grey = cv2.GaussianBlur(picture(31, 23), (5, 5), 1.5)
    lines = np.empty((4, 31, 23), np.int16)
    line_responses(grey, lines)
    xx, yy, xy = (cv2.Sobel(grey, cv2.CV_64F, *d) for d in ((2, 0), (0, 2), (1, 1)))
    falling = np.eye(5) / 5
    wanted = (
        -cv2.blur(yy, (5, 1)),
        cv2.filter2D(xy - (xx + yy) / 2, -1, falling),
        -cv2.blur(xx, (1, 5)),
        cv2.filter2D(-xy - (xx + yy) / 2, -1, np.ascontiguousarray(falling[::-1])),
    )
    # Beyond the edge pixels are mirrored before one filter or before each.
    inner = (slice(None), slice(3, -3), slice(3, -3))
    assert np.abs(lines[inner] - np.stack(wanted)[inner]).max() <= 0.5 + 1e-9
    dark, light = np.empty(31 * 23, np.float32), np.empty(31 * 23, np.float32)
    line_sizes(lines, 10.0, 3.0, 12.0, dark, light)
    np.testing.assert_allclose(
        dark, np.clip(lines.max(axis=0) / 10.0 - 3, 0, 12).ravel(), atol=1e-4
    )
    np.testing.assert_allclose(
        light, np.clip(-lines.min(axis=0) / 10.0 - 3, 0, 12).ravel(), atol=1e-4
    )
    taken, counts = (picture(31, 23) > 128).view(np.uint8), np.zeros(300, np.int64)
    count_sizes(lines, taken, counts)
    sizes = np.abs(lines[:2, ::2])[:, taken[::2] == 0]
    np.testing.assert_array_equal(
        counts, np.bincount(np.minimum(sizes, 299).ravel(), minlength=300)
    )


def test_steps_are_hard_where_they_join_plateaus_within_a_pixel():
    page = np.full((60, 90), 250, np.uint8)
    page[10:50, 20:40] = 40
    soft = cv2.GaussianBlur(page, (7, 7), 1.5)
    counts = np.empty(2, np.int64)
    corner = np.array([[5, 5], [50, 5]], np.int64)
    step_counts(page, corner, 50, 35, 100.0, counts)
    # A pixel at the corner begins a step across and one down, and counts once.
    assert 110 <= counts[0] <= 120
    assert counts[1] == 0
    step_counts(soft, corner, 50, 35, 100.0, counts)
    assert counts.tolist() == [0, 0]

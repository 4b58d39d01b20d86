"""Writing is like itself only where it stands; what was crossed out is like itself moved along."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scans.likeness.honest import p_of_field
from scans.likeness.ink import FieldInk
from scans.likeness.judge import LEVEL
from scans.likeness.overlay import field_agreement
from scans.likeness.strokes import self_likeness, strokes

SCALE = 2.0


def drawn(seed: int, letter_mm: float, *, kind: str = "handwriting") -> FieldInk:
    """A word of twelve letters, each so many mm after the last: below .9 it is one bar."""
    rng = np.random.default_rng(seed)
    fine = 10.0
    page = np.zeros((round(10 * fine), round((12 * max(letter_mm, 1.2) + 12) * fine)), np.uint8)
    starts = 6 + np.cumsum(letter_mm * rng.uniform(0.6, 1.4, 12))
    for start, high in zip(starts.tolist(), rng.uniform(1.5, 4, 12).tolist(), strict=True):
        points = [(start + rng.uniform(-0.3, 1.0), 7 - high * y) for y in rng.random(6)]
        path = np.rint(np.array(points) * fine).astype(np.int32)
        cv2.polylines(page, [path], False, 255, 4, cv2.LINE_AA)
    size = (round(page.shape[1] * SCALE / fine), round(page.shape[0] * SCALE / fine))
    small = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    ink = (small.astype(np.uint16) * 15 // 255).astype(np.uint8)
    return FieldInk("comment", kind, (0.0, 0.0, 80.0, 20.0), 0, SCALE, (0, 0), ink)


@pytest.mark.parametrize("seed", range(6))
def test_writing_is_distinct_and_a_crossed_out_word_is_not(seed):
    assert drawn(seed, 2.4).distinct == 1.0
    assert drawn(seed, 0.45).distinct < 0.5


def test_crossed_out_words_are_alike_and_nobody_is_told():
    bars = [drawn(seed, 0.45) for seed in range(8)]
    pairs = [(a, b) for k, a in enumerate(bars) for b in bars[:k]]
    agreed = [field_agreement(a, b) for a, b in pairs]
    assert max(one.alike for one in agreed) > 0.8
    p = [p_of_field("handwriting", one) for one in agreed]
    counted = [v ** min(a.distinct, b.distinct) for v, (a, b) in zip(p, pairs, strict=True)]
    assert 12 * min(counted) > LEVEL


def test_a_straight_line_is_itself_wherever_it_is_moved():
    line = np.zeros((40, 200), np.float32)
    line[19:21] = 1.0
    assert self_likeness(strokes(line, SCALE), SCALE) > 0.9
    assert self_likeness(np.zeros((8, 8), np.float32), SCALE) == 1.0

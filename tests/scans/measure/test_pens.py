"""A sheet's pen: hue, darkness and width of its single marks."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from scans.measure.boxes import PX_PER_MM, PageInk
from scans.measure.inks import NO_INK, ink_of
from scans.measure.pens import (
    changed_items,
    hue_apart,
    hueless,
    inked_rows,
    page_pens,
    sheet_pen,
)
from scans.read.features import Seen
from scans.types import BoxReading, MarkState
from tests.scans.checks.patches import one_box

INK = PageInk(paper=250.0, black=20.0, noise=0.01, threshold=0.16)


def marked(item, value, *, warm=0.2, green=0.1, peak=0.9, width=0.5, state=MarkState.MARKED):
    seen = dict.fromkeys(Seen.__dataclass_fields__, 0.0) | {
        "ink": 0.3, "warm": warm, "green": green, "peak": peak, "width": width,
        "tinted": 400.0, "faded": peak / 0.9,
    }  # fmt: skip
    return BoxReading(item, value, state, 0.3, 1.0, seen)


def sheet(*extra, count=10):
    """Ten items with one blue mark each, and marks beside them."""
    jitter = np.random.default_rng(3).normal(0.0, 1.0, (count, 4))
    readings = [
        marked(f"Q{k}", 5, warm=0.2 + 0.004 * a, green=0.1 + 0.004 * b, peak=0.9 + 0.02 * c,
               width=0.5 + 0.01 * d)
        for k, (a, b, c, d) in enumerate(jitter.tolist())
    ]  # fmt: skip
    readings += extra
    rows = {}
    for i, reading in enumerate(readings):
        rows.setdefault(reading.item, []).append(i)
    return readings, rows


def oddest(*extra, count=10):
    readings, rows = sheet(*extra, count=count)
    held = inked_rows(readings, rows)
    pen = sheet_pen(readings, held)
    return max((c.odd.score for c in changed_items(readings, held, pen)), default=0.0)


def test_another_hue_is_odd_and_the_same_pen_is_not():
    assert oddest(marked("Q3", 1)) < 1.5
    assert oddest(marked("Q3", 1, warm=0.0, green=0.0)) > 8.0
    assert oddest(marked("Q3", 1, warm=0.0, green=0.0, state=MarkState.CANCELLED)) < 1.5


def test_two_pens_on_one_sheet_are_both_its_own():
    black = [marked(f"R{k}", 4, warm=0.0, green=0.0) for k in range(4)]
    assert oddest(*black, marked("Q3", 1, warm=0.0, green=0.0)) < 1.0


def test_an_answer_corrected_in_a_pen_taken_for_one_more_accuses_nobody():
    black = {"warm": 0.0, "green": 0.0}
    both = [marked("R2", 1, **black), marked("R2", 2, **black, state=MarkState.CANCELLED)]
    assert oddest(marked("R1", 4, **black), *both) < 1.0
    # No other answer in that ink: both marks may be of who altered this one.
    assert oddest(*both) > 8.0


@pytest.mark.parametrize(("peak", "width"), [(0.45, 0.25), (0.99, 1.0)])
def test_force_alone_tells_no_other_pen(peak, width):
    assert oddest(marked("Q3", 1, peak=peak, width=width)) < 1.5


def test_the_hue_of_ink_laid_on_twice_is_the_same_pens_and_other_hues_are_not():
    gone_over = {"peak": 0.99, "width": 0.7}
    assert oddest(marked("Q3", 1, warm=0.15, green=0.075, **gone_over)) < 1.5
    assert oddest(marked("Q3", 1, warm=0.15, green=0.075)) > 2.5  # no more ink than usual
    assert oddest(marked("Q3", 1, warm=0.0, green=0.0, **gone_over)) > 4.0  # black over blue
    assert oddest(marked("Q3", 1, warm=0.1, green=0.2, **gone_over)) > 5.0  # violet over blue


@pytest.mark.parametrize("ink", [(0.42, 0.84, 0.99), (0.39, 0.69, 0.74), (0.3, 0.75, 0.45)])
@pytest.mark.parametrize("times", [1.5, 2.0, 2.5])
def test_ink_laid_on_several_times_is_the_same_ink(ink, times):
    """Blue that takes all red at once, paler blue, violet: blue, green and red taken out.

    The darkest sixth of a mark, which darkness is measured by, is a third darker than its mean.
    """
    once, more = np.array(ink), 1.0 - (1.0 - np.array(ink)) ** times
    own, new = (
        np.array([(c[2] - c[0]) / c.sum(), (2 * c[1] - c[0] - c[2]) / c.sum(),
                  np.log(c @ [0.114, 0.587, 0.299] / 0.75), -1.0])
        for c in (once, more)
    )  # fmt: skip
    heavier = new + np.array([0.0, 0.0, 0.0, 0.3])
    assert np.linalg.norm(hue_apart(own, heavier)) < 0.025
    # Of the same force it is another ink, unless it has hardly another hue.
    plain = new[:2] - own[:2]
    even = hue_apart(own, np.array([*new[:2], *own[2:]]))
    assert even == pytest.approx(plain, abs=1e-9)


def test_hue_apart_takes_stacks_of_pens():
    own = np.array([[0.2, 0.1, -0.4, 0.0], [0.0, 0.0, -0.4, 0.0]])
    apart = hue_apart(own, np.array([0.16, 0.09, 0.0, 0.4]))
    assert apart.shape == (2, 2)
    assert np.linalg.norm(apart[0]) < 0.01
    assert apart[1] == pytest.approx([0.16, 0.09])


def test_few_marks_and_stamps_say_nothing():
    readings, rows = sheet(count=3)
    assert sheet_pen(readings, inked_rows(readings, rows)) is None
    assert page_pens(readings, rows).shape == (0, 4)
    stamp = marked("Q3", 1, warm=-0.3, green=0.4)
    stamp.features["foreign"] = 1.0
    assert oddest(stamp) == 0.0


def test_a_line_that_runs_over_a_box_on_its_way_is_no_mark():
    line = marked("Q3", 1, warm=0.0, green=0.0)
    line.features["around"] = 0.3 * line.features["tinted"] / PX_PER_MM**2  # a long tick
    assert oddest(line) > 8.0
    line.features["around"] *= 2.0
    assert oddest(line) < 1.5


@pytest.mark.parametrize(
    ("first", "corrected"),
    [
        ({}, False),
        ({"state": MarkState.CANCELLED}, True),
        ({"cross_out": 1.2}, True),
        ({"cross_out": 1.2, "solid": 0.8}, False),
    ],
    ids=["left standing", "as the form asks", "struck out", "scribbled over"],
)
def test_a_correction_is_told_from_a_second_mark(first, corrected):
    old = marked("R1", 1, state=first.get("state", MarkState.MARKED))
    features = {k: v for k, v in first.items() if k != "state"}
    old = replace(old, features={**old.features, **features})
    readings, rows = sheet(old, marked("R1", 5, warm=0.0, green=0.0))
    held = inked_rows(readings, rows)
    (change,) = changed_items(readings, held, sheet_pen(readings, held))
    assert change.corrected is corrected
    assert not change.hueless


def test_black_beside_black_has_no_hue_to_tell_by():
    black = np.array([0.01, -0.01, -0.1, -0.6])
    assert hueless(black, black)
    blue = np.array([0.21, 0.1, -0.1, -0.6])
    assert not hueless(black, blue)
    assert not hueless(blue, black)


def test_pens_of_a_page_are_its_own_and_those_of_new_marks():
    readings, rows = sheet(marked("Q3", 1, warm=0.0, green=0.0), marked("Q5", 2, warm=0.0))
    pens = page_pens(readings, rows)
    assert pens.shape == (3, 4)
    assert pens[0, 0] == pytest.approx(0.2, abs=0.01)
    assert np.all(np.abs(pens[1:, 0]) < 0.01)


@pytest.mark.parametrize("depth", [0.3, 0.6, 0.9])
@pytest.mark.parametrize(("width", "paper"), [(0.3, 250), (0.5, 200), (0.7, 230)])
def test_hue_does_not_depend_on_darkness_width_or_paper(depth, width, paper):
    group = one_box(colour=drawn((0.2, 0.7, 1.0), depth, width, paper), paper=paper)
    ink = ink_of(group, 0, INK, 0.8 * depth)
    assert ink.warm == pytest.approx(0.8 / 1.9, abs=0.02)
    assert ink.green == pytest.approx(0.2 / 1.9, abs=0.02)
    assert ink.width_mm == pytest.approx(width, abs=0.26)


def test_bare_paper_and_grey_scans_have_no_hue():
    assert ink_of(one_box(colour=drawn((1, 1, 1), 0.0, 0.5, 240), paper=240), 0, INK, 0.0) == NO_INK
    grey = drawn((1, 1, 1), 0.8, 0.5, 240)[:, :, 0]
    assert ink_of(one_box(colour=grey, paper=240), 0, INK, 0.8).warm == 0.0


def drawn(absorbed, depth, width, paper):
    """A 5 mm box with a cross that takes a share of each channel (BGR) out of the paper."""
    size = round(9 * PX_PER_MM)
    cover = np.zeros((size, size), np.uint8)
    for ends in (((30, 30), (60, 60)), ((60, 30), (30, 60))):
        cv2.line(cover, *ends, 255, max(1, round(width * PX_PER_MM)), cv2.LINE_AA)
    light = 1.0 - depth * (cover / 255.0)[:, :, None] * np.array(absorbed)
    return np.clip(paper * light, 0, 255).astype(np.uint8)

"""Hard honest sheets: nothing is read wrong without a person being told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detectors.instrument import Box, Marks
from scans.read.features import Seen
from scans.read.habit import Habit
from scans.read.marks import states_of
from scans.simulate.controls import with_control
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec
from scans.types import MarkState, Status
from tests.scans.pages import judged, wrong_readings

CROSS = Seen(ink=0.3, near=0.3, length=7.0, dark=0.7, peak=0.9, warm=0.2, green=0.1,
             width=0.4, tinted=500.0)  # fmt: skip
EMPTY = Seen()
RULE = Marks("box", "cross", "circle")


@pytest.mark.parametrize(
    ("control", "form_id", "page", "seed", "profile"),
    [
        ("seal_over", "HL-01", 2, 511, "flatbed_bright"),
        ("highlighter", "YK-01", 1, 512, "office_200"),
        ("light", "HL-01", 2, 513, "adf_grey"),
        ("seal_over", "YK-01", 1, 514, "fax"),
        # Hardly a mark of these hands is darker than the scanner's white.
        ("light", "YK-01", 1, 522, "office_150"),
        ("light", "YK-01", 1, 525, "office_150"),
    ],
)
def test_trouble_is_left_to_a_person_and_never_an_answer(control, form_id, page, seed, profile):
    spec = random_spec(form_id, page, seed, profile=profile)
    spec = with_control(spec, control, np.random.default_rng(seed))
    made = simulate_page(spec, seed)
    outcome = judged(made, f"hard-{control}-{profile}-{seed}", learn=True)
    assert outcome.result.status is Status.READ, outcome.result.reason
    assert not wrong_readings(outcome, made)


def read(rows, rule=RULE, *, shades=True):
    """States by item and place of rows given as features."""
    seen, box_of = {}, {}
    for k, row in enumerate(rows):
        for v, box in enumerate(row):
            i = len(seen)
            seen[i], box_of[i] = box, Box(f"Q{k}", v, (20.0 + 12 * v, 20.0 + 9 * k, 5.0, 5.0))
    _, states = states_of(seen, box_of, rule, shades=shades)
    flat = iter(range(len(seen)))
    return [[states[next(flat)][0] for _ in row] for row in rows]


def sheet(*special):
    return [*special, *[[CROSS, EMPTY, EMPTY]] * 8]


def test_plain_crosses_are_marks():
    assert read(sheet())[0] == [MarkState.MARKED, MarkState.EMPTY, MarkState.EMPTY]


def test_red_ink_that_goes_on_is_no_answer():
    stamp = replace(CROSS, ink=0.16, peak=0.8, warm=-0.35, green=0.4, runs_on=0.1, beyond_box=0.2)
    states = read(sheet([CROSS, stamp, EMPTY]))[0]
    assert states == [MarkState.MARKED, MarkState.AMBIGUOUS, MarkState.EMPTY]


def test_ink_that_goes_on_around_the_box_is_a_part_of_more():
    # The letters of a blue stamp: hue, darkness and lines of a pen.
    letters = replace(CROSS, ink=0.22, warm=0.13, green=0.18, runs_on=0.059, around=27.6)
    assert read(sheet([CROSS, letters, EMPTY]))[0] == [
        MarkState.MARKED, MarkState.AMBIGUOUS, MarkState.EMPTY,
    ]  # fmt: skip
    # Where the mark that it is beside lies in the same ink, nothing tells them apart.
    both = replace(CROSS, around=12.0)
    assert read(sheet([both, letters, EMPTY]))[0][:2] == [MarkState.MARKED] * 2


def test_a_red_pen_makes_marks():
    red = replace(CROSS, warm=-0.35, green=0.4)
    assert all(row[0] is MarkState.MARKED for row in read([[red, EMPTY]] * 8))


def test_what_is_left_of_a_mark_is_erased_and_another_pen_is_not():
    rest = replace(CROSS, peak=0.6, warm=0.24)
    assert read(sheet([CROSS, rest, EMPTY]))[0][1] is MarkState.ERASED
    grey = replace(CROSS, peak=0.6, warm=0.0, green=0.0)
    assert read(sheet([CROSS, grey, EMPTY]))[0][1] is not MarkState.ERASED
    speck = replace(rest, ink=0.03)
    assert read(sheet([CROSS, speck, EMPTY]))[0][1] is MarkState.AMBIGUOUS


def test_a_second_paler_pen_is_a_habit_of_its_own():
    paler = replace(CROSS, peak=0.6)
    rows = [*sheet(), *[[paler, EMPTY, EMPTY]] * 4, [paler, EMPTY, CROSS]]
    states = read(rows)
    assert all(row[0] is MarkState.MARKED for row in states)


def test_a_few_marks_in_a_paler_pen_of_another_hue_are_marks():
    """A clerk's blue ball pen beside the citizen's black gel, less than half as dark."""
    black = replace(CROSS, warm=0.0, green=0.0, peak=1.4)
    blue = replace(CROSS, peak=0.55)
    rows = [[blue, EMPTY, EMPTY]] * 2 + [[black, EMPTY, EMPTY]] * 12
    assert all(row[0] is MarkState.MARKED for row in read(rows))
    # What is left of a black mark turns grey, not blue; and a pale wash shows no hue of its own.
    rest = replace(black, peak=0.8)
    assert read([[rest, EMPTY, black], *rows])[0][0] is MarkState.ERASED
    wash = replace(blue, peak=0.3)
    assert read([[wash, EMPTY, EMPTY], *rows[2:]])[0][0] is MarkState.AMBIGUOUS


def test_the_end_of_a_line_that_strikes_out_the_next_box_is_no_answer():
    struck = replace(CROSS, cross_out=1.1)
    end = replace(CROSS, ink=0.06)
    states = read(sheet([EMPTY, struck, end, CROSS]), Marks("box", "cross", "strike"))[0]
    assert states == [
        MarkState.EMPTY, MarkState.CANCELLED, MarkState.AMBIGUOUS, MarkState.MARKED,
    ]  # fmt: skip


def test_loops_are_the_answers_of_a_hand_that_loops():
    loop = replace(CROSS, round=0.95, beyond=1.1)
    assert read(sheet([loop, EMPTY, CROSS]))[0][0] is MarkState.CANCELLED
    assert all(row[0] is MarkState.MARKED for row in read([[loop, EMPTY]] * 8))


def test_a_gapped_circle_counts_only_beside_an_open_mark():
    gap = replace(CROSS, round=0.84, beyond=1.0)
    assert read(sheet([gap, EMPTY, CROSS]))[0][0] is MarkState.CANCELLED
    assert read(sheet([gap, EMPTY, EMPTY]))[0][0] is MarkState.AMBIGUOUS
    assert read(sheet([gap, gap, EMPTY]))[0][:2] == [MarkState.AMBIGUOUS] * 2
    # The star of a seal in red, as it lies on the boxes beside it.
    red = replace(gap, warm=-0.33, green=0.38, runs_on=0.17)
    seal = [replace(red, round=0.4), replace(red, ink=0.26), replace(red, round=0.3)]
    star = read(sheet([*seal, CROSS], [*seal, CROSS]))
    assert all(MarkState.CANCELLED not in row for row in star)


def test_slivers_lines_and_marks_beside_the_box_are_for_a_person():
    sliver = replace(CROSS, ink=0.03, tinted=60.0)
    assert read(sheet([CROSS, sliver, EMPTY]))[0][1] is MarkState.AMBIGUOUS
    line = replace(CROSS, ink=0.2, cross_out=1.95)
    assert read(sheet([CROSS, line, EMPTY]))[0][1] is MarkState.AMBIGUOUS
    wide = Seen(near=0.09, length=4.0, dark=0.7, peak=0.9)
    assert read(sheet([EMPTY, wide, EMPTY]))[0] == [
        MarkState.EMPTY, MarkState.AMBIGUOUS, MarkState.EMPTY,
    ]  # fmt: skip
    assert read(sheet([CROSS, wide, EMPTY]))[0][1] is MarkState.EMPTY


def test_a_line_through_another_box_takes_no_answer_from_the_mark():
    line = replace(CROSS, ink=0.07, length=2.8, tinted=150.0)
    assert read(sheet([line, CROSS, EMPTY]))[0] == [
        MarkState.AMBIGUOUS, MarkState.MARKED, MarkState.EMPTY,
    ]  # fmt: skip
    # Of two real marks, none of them circled, neither is taken for the answer.
    small = replace(CROSS, ink=0.2)
    assert read(sheet([small, CROSS, EMPTY]))[0][:2] == [MarkState.AMBIGUOUS] * 2


def test_ink_of_a_colour_beside_the_boxes_of_a_blank_item_is_asked_about():
    beside = Seen(near=0.02, length=1.06, dark=0.5, peak=0.6, warm=0.3, tinted=58.0)
    assert read(sheet([EMPTY, beside, EMPTY]))[0][1] is MarkState.AMBIGUOUS
    assert read(sheet([EMPTY, replace(beside, tinted=17.0), EMPTY]))[0][1] is MarkState.EMPTY


def test_a_cross_that_is_nearly_closed_is_taken_back_only_where_something_replaces_it():
    arms = replace(CROSS, ink=0.6, round=0.92, beyond=0.74)
    assert read(sheet([arms, EMPTY, EMPTY]))[0][0] is MarkState.AMBIGUOUS
    circled = replace(CROSS, ink=0.6, round=1.0, beyond=1.1)
    assert read(sheet([circled, EMPTY, EMPTY]))[0][0] is MarkState.CANCELLED
    assert read(sheet([arms, CROSS, EMPTY]))[0][0] is MarkState.CANCELLED


def test_in_black_and_white_half_a_mark_is_doubtful():
    thin = replace(CROSS, ink=0.12, warm=0.0, green=0.0)
    assert read(sheet([CROSS, thin, EMPTY]), shades=False)[0][1] is MarkState.AMBIGUOUS


def test_filled_boxes_are_answers_of_a_hand_that_fills():
    rule = Marks("box", "tick", "fill")
    full = replace(CROSS, ink=0.9, solid=0.8)
    assert read(sheet([full, EMPTY, CROSS]), rule)[0][0] is MarkState.CANCELLED
    assert read(sheet([full, EMPTY, EMPTY]), rule)[0][0] is MarkState.AMBIGUOUS
    assert all(row[0] is MarkState.MARKED for row in read([[full, EMPTY]] * 8, rule))


def test_few_marks_make_no_habit():
    assert Habit.of([[0], [1]], {0: CROSS, 1: CROSS}) == Habit()


FILLED = Seen(ink=0.9, near=0.9, length=8.0, solid=0.8, dark=0.9, peak=1.2)
STRUCK = replace(FILLED, cross_out=1.2)
STRIKE_RULE = Marks("ellipse", "fill", "strike")


def of_strike_form(special, usual):
    return read([special, *[[usual, EMPTY, EMPTY]] * 8], STRIKE_RULE)[0]


def test_a_filled_box_struck_out_beside_another_is_taken_back():
    assert of_strike_form([STRUCK, FILLED, EMPTY], FILLED)[:2] == [
        MarkState.CANCELLED,
        MarkState.MARKED,
    ]


def test_the_only_answer_struck_out_is_asked_of_a_hand_that_fills():
    assert of_strike_form([STRUCK, EMPTY, EMPTY], FILLED)[0] is MarkState.AMBIGUOUS


def test_a_hand_that_scribbles_across_every_box_has_struck_out_none():
    assert of_strike_form([STRUCK, EMPTY, EMPTY], STRUCK)[0] is MarkState.MARKED
    # but two such marks in one item are asked
    assert of_strike_form([STRUCK, STRUCK, EMPTY], STRUCK)[:2] == [MarkState.AMBIGUOUS] * 2


def test_a_dash_with_no_fill_under_it_is_a_mark():
    dash = Seen(ink=0.3, near=0.3, length=8.0, solid=0.1, dark=1.0, peak=1.2, cross_out=1.2)
    assert of_strike_form([dash, EMPTY, EMPTY], FILLED)[0] is MarkState.MARKED
    struck_light = replace(dash, solid=0.5, ink=0.6)
    assert of_strike_form([struck_light, EMPTY, EMPTY], FILLED)[0] is MarkState.AMBIGUOUS


CRUMB = replace(EMPTY, ink=0.02, near=0.02, length=0.4)


@pytest.mark.parametrize("crumbs", [0, 2, 3, 6])
def test_blank_items_beside_crumbs_of_a_pale_pen_are_left_to_a_person(crumbs):
    """Of a pale pen two levels keep a few pixels in one box and none in the next."""
    least = replace(EMPTY, ink=0.003)
    rows = [*[[EMPTY, CRUMB, EMPTY]] * crumbs, *[[EMPTY, least, EMPTY]] * 4, [CROSS, EMPTY, EMPTY]]
    blank = [MarkState.EMPTY, MarkState.EMPTY, MarkState.EMPTY]
    doubted = [MarkState.EMPTY, MarkState.AMBIGUOUS, MarkState.EMPTY]
    marked = [MarkState.MARKED, MarkState.EMPTY, MarkState.EMPTY]
    states = read(rows, shades=False)
    assert states[-1] == marked
    assert states[crumbs:-1] == [doubted if crumbs >= 3 else blank] * 4
    assert read(rows, shades=True)[crumbs:-1] == [blank] * 4


def test_dust_in_some_of_many_blank_items_leaves_the_others_blank():
    rows = [*[[EMPTY, CRUMB, EMPTY]] * 3, *[[EMPTY, EMPTY, EMPTY]] * 20]
    assert read(rows, shades=False)[3:] == [[MarkState.EMPTY] * 3] * 20

"""A stamp over a box and the paper around it: no answer, and nobody's second ink."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from scans.checks import overwrite_two_inks
from scans.page import view_of
from scans.simulate.page import simulate_page
from scans.simulate.respondents import correct_one, random_spec
from scans.types import MarkState
from scans.view import PageView
from tests.scans.pages import form, raw

# Blue, green, red of a stamp pad: between blue and violet.
PAD = (150, 70, 95)


def viewed(spec, seed, name, draw=None):
    made = raw(simulate_page(spec, seed), name)
    plain = view_of(made, form(spec.form), reference=None)
    assert isinstance(plain, PageView), plain
    if draw is None:
        return plain
    image = made.image.copy()
    draw(image, plain)
    stamped = view_of(replace(made, image=image), form(spec.form), reference=None)
    assert isinstance(stamped, PageView), stamped
    return stamped


def answered(view):
    """Position of a marked box and of an empty one of its item that lies apart from it."""
    for members in view.rows.values():
        marked = [k for k in members if view.readings[k].state is MarkState.MARKED]
        if len(marked) == 1:
            apart = [k for k in members if abs(k - marked[0]) >= 3]
            if apart:
                return marked[0], apart[0]
    raise AssertionError("no such item")


def stamp_over(view_, image, position):
    """Letters across a box, and on to both of its sides."""
    x, y, _, h = view_.template.page.boxes[position].box_mm
    at = view_.registration.to_px(np.array([[x - 14.0, y + h], [x - 13.0, y + h]]))
    scale = float(np.hypot(*(at[1] - at[0]))) / 6.5
    where = (round(float(at[0, 0])), round(float(at[0, 1])))
    over = np.full_like(image, 255)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(over, "HH-10-2026", where, font, scale, PAD, round(3 * scale), cv2.LINE_AA)
    np.minimum(image, over, out=image)


@pytest.mark.parametrize("seed", [611, 612])
def test_a_blue_stamp_over_a_box_is_left_to_a_person(seed):
    spec = replace(random_spec("HL-01", 2, seed, profile="flatbed"), corrections={})
    plain = viewed(spec, seed, f"around-{seed}")
    mark, beside = answered(plain)
    seen = viewed(spec, seed, f"around-{seed}", lambda im, v: stamp_over(v, im, beside))
    assert seen.readings[beside].features["around"] > 3.0
    assert seen.readings[beside].state is not MarkState.MARKED
    assert seen.readings[mark].state is MarkState.MARKED
    assert overwrite_two_inks.measure(seen).score < 1.2


@pytest.mark.parametrize(("form_id", "page"), [("HL-01", 2), ("YK-01", 1)])
def test_what_a_respondent_takes_back_ends_near_its_box(form_id, page):
    spec = random_spec(form_id, page, 621)
    chance = np.random.default_rng(621)
    for _ in range(3):
        spec = correct_one(spec, chance)
    seen = viewed(spec, 621, f"around-back-{form_id}")
    assert any(r.state is MarkState.CANCELLED for r in seen.readings)
    assert all(r.features["around"] < 0.5 for r in seen.readings)

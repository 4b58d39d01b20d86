"""Second marks in another ink, scribbles, and the corrections that a form allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.reporting.reasons import reason_message
from scans.checks import overwrite_scribble, overwrite_two_inks
from scans.checks._page_check import NotAssessable
from scans.measure.pens import HUELESS
from scans.page import view_of
from scans.reference import builtin_reference
from scans.simulate.controls import with_control
from scans.simulate.ink import some_pen
from scans.simulate.page import simulate_page
from scans.simulate.respondents import correct_one, random_spec, tampered_spec
from scans.view import PageView
from tests.scans.pages import form, raw

# Honest pages of the tuning pool reach .8 and 0.
HONEST = 1.2


def view(spec, seed, name):
    made = simulate_page(spec, seed)
    found = view_of(raw(made, f"overwrite-{name}"), form(spec.form), reference=None)
    assert isinstance(found, PageView), found
    return made, found


def changed(form_id, page, seed, variant, strength="gross", profile="flatbed"):
    spec = random_spec(form_id, page, seed, profile=profile)
    chance = np.random.default_rng(seed)
    name = f"{form_id}-{variant}-{strength}-{profile}-{seed}"
    spec = tampered_spec(spec, "GHI_DE", chance, variant=variant, strength=strength, items=2)
    return view(spec, seed, name)


def corrected(form_id, page, seed, *controls, profile="flatbed"):
    spec = random_spec(form_id, page, seed, profile=profile)
    chance = np.random.default_rng(seed)
    for _ in range(3):
        spec = correct_one(spec, chance)
    for control in controls:
        spec = with_control(spec, control, chance)
    return view(spec, seed, f"{form_id}-{seed}-{'-'.join(controls)}-{profile}")[1]


@pytest.mark.parametrize(("form_id", "page"), [("HL-01", 2), ("YK-01", 1)])
def test_second_marks_in_another_ink_are_found_with_their_direction(form_id, page):
    made, found = changed(form_id, page, 411, "double")
    signs = overwrite_two_inks.measure(found)
    assert signs.score > 3 * HONEST
    told = {(s.item, s.evidence[0][1], s.evidence[1][1]) for s in signs.places}
    true = {(t.item, str(t.before), str(t.after)) for t in made.tampers}
    assert true <= told
    for sign in signs.places:
        box = found.template.page.boxes
        assert sign.box_mm in {b.box_mm for b in box if b.item == sign.item}


def test_a_scribble_in_any_pen_is_found_on_a_form_that_asks_for_circles():
    _, found = changed("HL-01", 2, 412, "scribble", "subtle", "grey")
    assert overwrite_scribble.measure(found).score > 2 * HONEST


def test_filling_a_box_is_how_another_form_takes_back():
    _, found = changed("YK-01", 1, 413, "scribble")
    assert isinstance(overwrite_scribble.measure(found), NotAssessable)
    # In another ink than the sheet's it is still a correction as the form asks for: a lead.
    inks = overwrite_two_inks.measure(found)
    assert inks.score < HONEST < inks.places[0].score


def test_a_correction_in_another_pen_is_a_lead_that_flags_nobody():
    """Who has a second pen at hand corrects with it; whoever feigns a correction does as well."""
    _, found = changed("HL-01", 2, 411, "feigned")
    signs = overwrite_two_inks.measure(found)
    assert signs.score < HONEST < 3 * HONEST < signs.places[0].score
    answer = overwrite_two_inks.CHECK.assess(replace(found, reference=builtin_reference()))
    assert answer.p_values[0] > 0.1
    assert {f.p_value for f in answer.findings} == {0.02}
    assert "corrected in another ink" in answer.findings[0].message.en


def test_black_marks_corrected_in_black_are_told_as_not_judged():
    spec = random_spec("HL-01", 2, 411)
    black = replace(
        spec, writer=spec.writer.with_pen(some_pen(np.random.default_rng(1), "gel_black"))
    )
    for corrections in (0, 1):
        one = correct_one(black, np.random.default_rng(2)) if corrections else black
        _, found = view(
            replace(one, corrections=one.corrections if corrections else {}),
            411,
            f"black-{corrections}",
        )
        signs = overwrite_two_inks.measure(found)
        assert signs.limit == (HUELESS if corrections else None)
        answer = overwrite_two_inks.CHECK.assess(replace(found, reference=builtin_reference()))
        assert answer.not_assessable == ({0: HUELESS} if corrections else {})
    assert reason_message(HUELESS).vi != HUELESS
    # Another ink beside black is seen.
    _, blue = changed("HL-01", 2, 411, "double")
    assert overwrite_two_inks.measure(blue).limit is None


@pytest.mark.parametrize(
    ("form_id", "page", "seed", "controls", "profile"),
    [
        ("HL-01", 2, 421, (), "flatbed"),
        ("HL-01", 2, 422, (), "adf_grey"),
        ("YK-01", 1, 423, (), "phone"),
        ("HL-01", 2, 424, ("two_pens",), "flatbed"),
        ("YK-01", 1, 425, ("light",), "adf"),
    ],
)
def test_the_respondents_own_corrections_accuse_nobody(form_id, page, seed, controls, profile):
    found = corrected(form_id, page, seed, *controls, profile=profile)
    inks = overwrite_two_inks.measure(found)
    # Grey scans show no hue, and a mark gone over looks there like another pen's.
    assert isinstance(inks, NotAssessable) is (profile == "adf_grey")
    assert isinstance(inks, NotAssessable) or inks.score < HONEST
    scribbled = overwrite_scribble.measure(found)
    assert isinstance(scribbled, NotAssessable) or scribbled.score == 0.0


@pytest.mark.parametrize("profile", ["flatbed", "adf", "phone"])
def test_the_answer_that_holds_may_be_gone_over_in_the_same_pen(profile):
    """Every second correction of the simulator is; darkness and width had told another pen."""
    darkest = 0.0
    for seed in range(461, 467):
        spec = with_control(
            random_spec("YK-01", 1, seed, profile=profile), "correction", np.random.default_rng(2)
        )
        assert spec.corrections
        _, found = view(spec, seed, f"gone-over-{profile}-{seed}")
        signs = overwrite_two_inks.measure(found)
        assert signs.score < HONEST
        darkest = max(darkest, *(dict(s.evidence)["darkness_apart"] for s in signs.places), 0.0)
    assert darkest > 2.0  # at least one was gone over, and told as darker, not as another ink


def test_stamps_over_boxes_are_no_second_ink():
    spec = random_spec("HL-01", 2, 431)
    spec = replace(with_control(spec, "seal_over", np.random.default_rng(1)))
    _, found = view(spec, 431, "seal")
    assert any(r.features["foreign"] for r in found.readings)
    assert overwrite_two_inks.measure(found).score < HONEST


def test_a_slip_of_another_pen_that_runs_over_a_box_is_no_second_ink():
    """Such a slip was the oddest of the honest pages learnt from, and hid overwritten marks."""
    spec = random_spec("HL-01", 1, 1_000_011, profile="flatbed")
    spec = with_control(spec, "stray", np.random.default_rng([1_000_011, 77]))
    _, found = view(spec, 1_000_011, "slip")
    both = [r for r in found.readings if r.item == "D9" and r.state.value != "empty"]
    assert len(both) == 2
    assert overwrite_two_inks.measure(found).score < HONEST


def test_one_foreign_ink_does_not_accuse_another_item_of_the_sheets_own():
    """A second mark in the sheet's pen stays one, however odd the ink of other items is."""
    made, found = changed("HL-01", 2, 411, "double")
    signs = overwrite_two_inks.measure(found)
    odd = signs.places[0]
    altered = {t.item for t in made.tampers}
    item, members = next(
        (item, members)
        for item, members in found.rows.items()
        if item not in altered and any(found.readings[i].state.value == "marked" for i in members)
    )
    new = next(
        r for r in found.readings if r.item == odd.item and str(r.value) == odd.evidence[1][1]
    )
    first = next(i for i in members if found.readings[i].state.value == "marked")
    second = next(i for i in members if i != first)
    readings = list(found.readings)
    mark = readings[first]
    # As far towards the other ink as one pen strays by itself.
    shift = {k: 0.01 * np.sign(new.features[k] - mark.features[k]) for k in ("warm", "green")}
    strayed = {k: mark.features[k] + v for k, v in shift.items()}
    readings[second] = replace(
        readings[second], state=mark.state, ink=mark.ink, features={**mark.features, **strayed}
    )
    after = overwrite_two_inks.measure(replace(found, readings=tuple(readings)))
    assert after.score > 3 * HONEST
    assert {s.item: s.score for s in after.places}[item] < HONEST


def test_two_levels_have_no_ink():
    check, found = overwrite_two_inks.CHECK, corrected("HL-01", 2, 441, profile="fax")
    assert 0 in check.assess(found).not_assessable


def test_a_sheet_with_few_marks_is_not_judged():
    spec = random_spec("HL-01", 2, 451)
    few = dict(list(spec.answers.items())[:3])
    _, found = view(replace(spec, answers=few, corrections={}), 451, "few")
    assert isinstance(overwrite_two_inks.measure(found), NotAssessable)
    assert isinstance(overwrite_scribble.measure(found), NotAssessable)

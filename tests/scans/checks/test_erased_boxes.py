"""Marks taken off and marks covered: found where they were, and not on honest paper."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from scans.checks import erasure_covered, erasure_faded, erasure_residue
from scans.checks._erased_boxes import is_crease
from scans.checks._page_check import NotAssessable, Signs
from scans.page import view_of
from scans.read.features import Seen
from scans.read.marks import states_of
from scans.simulate.controls import with_control
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec, tampered_spec
from scans.types import BoxReading, MarkState
from scans.view import PageView
from tests.scans.pages import form, raw

SEED = 1_500_021
RESIDUE, COVERED = erasure_residue.CHECK, erasure_covered.CHECK


@cache
def view(
    kind: str = "", variant: str = "", strength: str = "gross", *, profile: str = "flatbed",
    control: str = "", seed: int = SEED,
) -> tuple[PageView, tuple[str, str, str]]:  # fmt: skip
    """A page, and the item, value before and value after of the first change."""
    rng = np.random.default_rng(7)
    spec = random_spec("HL-01", 2, seed, profile=profile)
    changed = ("", "", "")
    if kind:
        spec = tampered_spec(spec, kind, rng, variant=variant, strength=strength, items=1)
        item, before, after = spec.tampers[0].changes[0]
        changed = (item, str(before), str(after))
    if control:
        spec = with_control(spec, control, rng)
    name = f"erased-{seed}-{kind}-{variant}-{strength}-{profile}-{control}"
    seen = view_of(raw(simulate_page(spec, seed), name), form("HL-01"), reference=None)
    assert isinstance(seen, PageView)
    return seen, changed


def signs(check: object, seen: PageView) -> Signs:
    found = erasure_residue.measure(seen) if check is RESIDUE else erasure_covered.measure(seen)
    assert isinstance(found, Signs)
    return found


@pytest.mark.parametrize(
    ("check", "kind", "variant", "strength"),
    [
        (RESIDUE, "TAY_1", "rubber", "moderate"),
        (RESIDUE, "TAY_1", "gum", "moderate"),
        (RESIDUE, "TAY_3", "blade", "moderate"),
        (COVERED, "TAY_2", "tape", "gross"),
        (COVERED, "TAY_2", "dab", "moderate"),
    ],
)
def test_the_place_and_the_direction_are_told(
    check: object, kind: str, variant: str, strength: str
) -> None:
    seen, (item, before, after) = view(kind, variant, strength)
    found = signs(check, seen)
    worst = found.places[0]
    assert found.score == worst.score
    assert found.score > 2 + signs(check, view()[0]).score
    assert worst.item == item
    evidence = dict(worst.evidence)
    assert evidence["value"] == before
    assert evidence["now_marked"] == after
    box = next(b for b in seen.template.page.boxes if (b.item, str(b.value)) == (item, before))
    assert worst.box_mm is not None
    assert worst.box_mm[0] < box.box_mm[0]
    assert worst.box_mm[2] > box.box_mm[2]


def test_found_alone_in_its_item() -> None:
    seen, (item, before, _) = view("TAY_1", "rubber", "moderate")
    others = [r for r in seen.readings if (r.item, str(r.value)) != (item, before)]
    blank = {"ink": 0.0, "near": 0.0}
    readings = tuple(
        replace(r, features={**r.features, **blank}) if r.item == item and r in others else r
        for r in seen.readings
    )
    worst = signs(RESIDUE, replace(seen, readings=readings)).places
    assert (item, before) in [(p.item, dict(p.evidence)["value"]) for p in worst]


@pytest.mark.parametrize(("ink", "judged"), [(0.2, True), (1.0, False)])
def test_a_dark_tail_beside_a_rubbed_box_is_no_mark(ink: float, judged: bool) -> None:
    """A rubber takes what is in the box and leaves the end of a tick beside it, as dark as ever."""
    seen, (item, before, _) = view("TAY_1", "rubber", "moderate")
    usual = {
        name: float(np.median([r.features[name] for r in seen.readings if r.features["ink"] > 0.1]))
        for name in ("ink", "peak")
    }
    left = {"peak": usual["peak"], "near": 0.06, "ink": ink * usual["ink"]}
    readings = tuple(
        replace(r, features={**r.features, **left})
        if (r.item, str(r.value)) == (item, before)
        else r
        for r in seen.readings
    )
    places = signs(RESIDUE, replace(seen, readings=readings)).places
    named = [(p.item, dict(p.evidence)["value"]) for p in places]
    assert ((item, before) in named) is judged


@pytest.mark.parametrize("control", ["dirt", "fold", "bleed", "two_pens"])
def test_honest_trouble_is_weaker_than_an_erasure(control: str) -> None:
    seen, _ = view(control=control)
    rubbed, _ = view("TAY_1", "rubber", "moderate")
    taped, _ = view("TAY_2", "tape", "gross")
    assert signs(RESIDUE, seen).score < signs(RESIDUE, rubbed).score - 1
    assert signs(COVERED, seen).score < signs(COVERED, taped).score - 1


def test_what_cannot_be_judged_is_told() -> None:
    fax, _ = view(profile="fax")
    few = replace(
        view()[0],
        readings=tuple(
            replace(r, features={**r.features, "ink": 0.3, "peak": 1.0}) for r in view()[0].readings
        ),
    )
    for check in (RESIDUE, COVERED):
        assert isinstance(check._measured(fax), NotAssessable)
        assert isinstance(check.measure(few), NotAssessable)


def test_a_copy_that_lost_its_thin_lines_is_not_judged() -> None:
    """Outlines are as pale and broken there as a fluid or a rubber would leave them."""
    seen, _ = view()
    image = seen.raw.image.astype(np.float32)
    paper = np.median(image.reshape(-1, *image.shape[2:]), axis=0)
    for box in seen.template.page.boxes:
        x, y, w, h = box.box_mm
        corners = np.array([[x - 1, y - 1], [x + w + 1, y + h + 1]])
        (left, top), (right, bottom) = seen.registration.to_px(corners).round().astype(int)
        part = image[top:bottom, left:right]
        part[:] = 0.2 * part + 0.8 * paper
    pale = view_of(
        replace(seen.raw, image=image.round().astype(np.uint8)), seen.instrument, reference=None
    )
    assert isinstance(pale, PageView)
    assert not seen.faint_print
    assert pale.faint_print
    for check in (RESIDUE, COVERED):
        missing = check.measure(pale)
        assert isinstance(missing, NotAssessable)
        assert "coarse copies" in missing.reason


def test_pages_too_coarse_for_paper_are_not_judged() -> None:
    seen, _ = view()
    share = 5.0 / seen.registration.px_per_mm
    small = cv2.resize(seen.raw.image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    coarse = view_of(
        replace(seen.raw, image=np.asarray(small, np.uint8)), seen.instrument, reference=None
    )
    assert isinstance(coarse, PageView)
    for check in (RESIDUE, COVERED):
        assert isinstance(check.measure(coarse), NotAssessable)


def test_full_marks_are_not_judged() -> None:
    seen, _ = view()
    marked = [i for i, r in enumerate(seen.readings) if r.state.value == "marked"]
    assert marked
    assert not seen.traces.judged[marked].any()
    assert np.isfinite(seen.traces.values).all()


@pytest.mark.parametrize(
    ("places", "size"),
    [([(0.6, 0.4)], (6, 4)), ([(0.3, 0.6), (0.6, 0.4), (0.75, 0.7)], (2, 2))],
    ids=["dust", "grains of toner"],
)
def test_specks_in_a_box_are_no_residue(
    places: list[tuple[float, float]], size: tuple[int, int]
) -> None:
    seen, _ = view()
    empty = next(i for i, r in enumerate(seen.readings) if (r.item, r.value) == ("C2", 3))
    x, y, w, h = seen.template.page.boxes[empty].box_mm
    image = seen.raw.image.copy()
    for right, down in places:
        spot = seen.registration.to_px(np.array([[x + right * w, y + down * h]]))[0]
        centre = (round(float(spot[0])), round(float(spot[1])))
        cv2.ellipse(image, centre, size, 30.0, 0, 360, (100, 100, 100), -1, cv2.LINE_AA)
    dusty = view_of(replace(seen.raw, image=image), seen.instrument, reference=None)
    assert isinstance(dusty, PageView)
    reading = seen.readings[empty]
    told = [(p.item, dict(p.evidence)["value"]) for p in signs(RESIDUE, dusty).places]
    assert (reading.item, str(reading.value)) not in told


@pytest.mark.parametrize(("faded", "judged"), [(1.0, False), (0.5, True)])
def test_marks_of_a_second_paler_pen_are_no_traces_of_the_first(faded: float, judged: bool) -> None:
    """Half of the sheet in blue, the rest in black gel: the blue is half as dark.

    A pale mark that the sheet does not show to be another pen's is looked at.
    """
    seen, _ = view()
    marked = sorted(seen.marked)
    pale = set(marked[: 1 if judged else len(marked) // 2 - 1])
    readings = tuple(
        replace(r, features={**r.features, "peak": 0.5 * r.features["peak"], "faded": faded})
        if i in pale
        else r
        for i, r in enumerate(seen.readings)
    )
    traces = replace(seen, readings=readings).traces
    assert all(bool(traces.judged[i]) is judged for i in pale)


@pytest.mark.parametrize(("share", "judged"), [(1.0, True), (0.0, False)])
def test_a_pale_mark_in_another_hue_is_another_pens(share: float, judged: bool) -> None:
    """Half as dark as the sheet's pen: what is left of a mark has the hue of its pen."""
    seen, _ = view()
    item, mark = next(
        (item, next(i for i in members if i in seen.marked))
        for item, members in seen.rows.items()
        if seen.marked.intersection(members)
    )
    pale = next(i for i in seen.rows[item] if i != mark)
    own = seen.readings[mark].features
    made = {
        **own,
        "peak": 0.5 * own["peak"],
        "warm": share * own["warm"],
        "green": share * own["green"],
    }
    box_of = dict(enumerate(seen.template.page.boxes))
    drawn = {i: Seen(**r.features) for i, r in enumerate(seen.readings)}
    drawn[pale] = Seen(**made)
    found, states = states_of(drawn, box_of, seen.instrument.marks)
    readings = tuple(
        replace(r, state=states[i][0], features=dict(vars(found[i])))
        for i, r in enumerate(seen.readings)
    )
    assert bool(replace(seen, readings=readings).traces.judged[pale]) is judged
    assert bool(found[pale].second) is not judged


def test_a_circle_around_the_box_above_is_no_line_in_this_one() -> None:
    """Its lower end touches the next row's box; it is dark, and taken out of that box's ink."""
    seen, _ = view()
    group = seen.patches[0]
    row = next(
        k for k, i in enumerate(group.index.tolist()) if seen.readings[i].state.value == "empty"
    )
    mark = next(
        k for k, i in enumerate(group.index.tolist()) if seen.readings[i].state.value == "marked"
    )
    assert row != mark
    height, width = group.dark.shape[1:]
    down, across = np.mgrid[0:height, 0:width]
    arc = np.abs(np.hypot(across - width / 2, down - (height * 0.36 - 60)) - 60) < 2.5
    dark, colour, added = group.dark.copy(), group.colour.copy(), group.added.copy()
    dark[row][arc] = 1.0
    colour[row][arc] = colour[row][arc] // 4
    for taken_out in (False, True):
        added[row][arc] = 0.0 if taken_out else 1.0
        drawn = replace(group, dark=dark, colour=colour, added=added)
        traces = replace(seen, patches=(drawn, *seen.patches[1:])).traces
        lines = traces.of("lines_in")[group.index[row]]
        assert bool(lines < 0.5) is taken_out


def test_a_fold_across_a_row_is_no_residue() -> None:
    """Dark along the crease, light beside it, from edge to edge of the sheet."""
    seen, _ = view()
    marked = {seen.readings[i].item for i in seen.marked}
    item = next(item for item in ("C2", "C3", "C4") if item in marked)
    first = seen.rows[item][0]
    _, y, _, h = seen.template.page.boxes[first].box_mm
    image = seen.raw.image.astype(np.float32)
    ends = seen.registration.to_px(np.array([[5.0, y + 0.8 * h], [205.0, y + 0.8 * h]]))
    down = np.arange(image.shape[0])[:, None] - np.linspace(ends[0, 1], ends[1, 1], image.shape[1])
    shade = 1.0 - 0.13 * np.exp(-((down / 1.6) ** 2)) + 0.05 * np.exp(-(((down - 4) / 2.2) ** 2))
    image *= shade[..., None] if image.ndim == 3 else shade
    folded_raw = replace(seen.raw, image=np.clip(image, 0, 255).round().astype(np.uint8))
    folded = view_of(folded_raw, seen.instrument, reference=None)
    assert isinstance(folded, PageView)
    others = [i for i in folded.rows[item] if folded.traces.judged[i]]
    assert any(is_crease(folded, i) for i in others)
    assert signs(RESIDUE, folded).score < signs(RESIDUE, seen).score + 1.0
    # What a rubber or a tape leaves is no crease.
    for change in (("TAY_1", "rubber", "gross"), ("TAY_2", "tape", "gross")):
        altered, (name, before, _) = view(*change)
        box = next(
            i for i, r in enumerate(altered.readings) if (r.item, str(r.value)) == (name, before)
        )
        assert not is_crease(altered, box)


def test_a_mark_beside_a_circled_one_stands_alone_and_a_pale_stamp_is_none() -> None:
    seen, _ = view()
    item, new = next(
        (item, next(i for i in members if i in seen.marked))
        for item, members in seen.rows.items()
        if seen.marked.intersection(members)
    )
    other = next(i for i in seen.rows[item] if i != new)
    usual = seen.readings[new].features

    def judged(state: MarkState, pale: int, **features: float) -> bool:
        readings = list(seen.readings)
        readings[other] = replace(readings[other], state=state, features={**usual, **features})
        readings[new] = replace(readings[new], features={**usual, "peak": 0.75 * usual["peak"]})
        return bool(replace(seen, readings=tuple(readings)).traces.judged[pale])

    assert judged(MarkState.MARKED, new)
    assert not judged(MarkState.CANCELLED, new)
    faint = {"peak": 0.4 * usual["peak"], "foreign": 1.0}
    assert judged(MarkState.AMBIGUOUS, other, **faint, around=0.0)
    assert not judged(MarkState.AMBIGUOUS, other, **faint, around=36.0)


@pytest.mark.parametrize(("uneven", "judged"), [(0.02, True), (0.1, False)])
def test_a_hand_that_presses_now_lightly_now_hard_leaves_paler_marks(
    uneven: float, judged: bool
) -> None:
    """A mark .75 as dark as usual is a trace beside even ones and a mark beside uneven ones."""
    seen, _ = view()
    items = {seen.readings[i].item: i for i in sorted(seen.marked)}
    readings = list(seen.readings)
    for k, first in enumerate(items.values()):
        peak = 0.8 * (1.0 + uneven * (-1.0, 0.0, 1.0)[k % 3] * (1.0 + k / len(items)))
        marked = {**readings[first].features, "ink": 0.4, "peak": peak}
        readings[first] = replace(readings[first], features=marked)
    item, first = next(iter(items.items()))
    pale = next(i for i in seen.rows[item] if i != first)
    again = {**readings[first].features, "peak": 1.6}
    readings[first] = replace(readings[first], features=again)
    readings[pale] = replace(
        readings[pale], state=MarkState.MARKED, features={**again, "peak": 0.8 * 0.75}
    )
    assert replace(seen, readings=tuple(readings)).traces.judged[pale] == judged


def test_an_items_only_tick_among_filled_boxes_is_a_line_and_not_a_faded_fill():
    def read(solid, state=MarkState.MARKED):
        return BoxReading("Q", 5, state, 0.3, 1.0, {"solid": solid})

    fills = [read(0.6) for _ in range(6)]
    assert erasure_faded._is_line_among_fills([*fills, read(0.03)], 6)
    assert not erasure_faded._is_line_among_fills([*fills, read(0.5)], 6)  # a fill rubbed paler
    ticks = [read(0.03) for _ in range(6)]
    assert not erasure_faded._is_line_among_fills([*ticks, read(0.01)], 6)
    assert not erasure_faded._is_line_among_fills([read(0.0, MarkState.EMPTY)], 0)

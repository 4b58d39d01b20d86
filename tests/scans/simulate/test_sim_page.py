"""Filled pages: the truth says what the pixels show."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from detectors.errors import UsageError
from detectors.instrument import BoxMm
from scans.simulate.controls import CONTROLS, with_control
from scans.simulate.dataset import random_spec, simulate_page, tampered_spec
from scans.simulate.encode import Resave
from scans.simulate.form import FORMS, get_form
from scans.simulate.marks import MARK_KINDS
from scans.simulate.page import make_sheet
from scans.simulate.respondents import correct_one
from scans.simulate.spec import PageSpec, SimulatedPage
from scans.types import MarkState


def rectified(page: SimulatedPage, box: BoxMm, margin: float, ppm: float = 8) -> NDArray[np.uint8]:
    """A box of the scan on a regular grid, by the true mapping."""
    image = page.image
    grey = image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    x = np.arange(box[0] - margin, box[0] + box[2] + margin, 1 / ppm)
    y = np.arange(box[1] - margin, box[1] + box[3] + margin, 1 / ppm)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    px = page.mapping.to_px(grid.reshape(-1, 2)).reshape(grid.shape).astype(np.float32)
    return np.asarray(cv2.remap(grey, px[:, :, 0], px[:, :, 1], cv2.INTER_LINEAR, borderValue=255))


def darkness(page: SimulatedPage, box: BoxMm) -> float:
    """Share of the inside of a box that is darker than half of its paper."""
    part = rectified(page, box, -1.1).astype(float)
    return float((part < 0.72 * np.percentile(part, 90)).mean())


@lru_cache(maxsize=8)
def honest(form: str, number: int, seed: int, profile: str) -> SimulatedPage:
    return simulate_page(random_spec(form, number, seed, profile=profile), seed)


@pytest.mark.parametrize(
    ("form", "number", "profile"),
    [
        ("HL-01", 2, "adf"),
        ("HL-01", 2, "fax"),
        ("HL-01", 1, "phone"),
        ("HL-02", 1, "office_150"),
        ("YK-01", 1, "flatbed_warm"),
    ],
)
def test_marked_boxes_bear_ink_and_empty_ones_do_not(form: str, number: int, profile: str) -> None:
    page = honest(form, number, 40, profile)
    drawn = get_form(form).page(number)
    marked = [darkness(page, drawn.box(b.item, b.value).box_mm) for b in page.boxes
              if b.state is MarkState.MARKED and not b.also_right]  # fmt: skip
    empty = [darkness(page, drawn.box(b.item, b.value).box_mm) for b in page.boxes
             if b.state is MarkState.EMPTY]  # fmt: skip
    assert len(marked) >= 8
    assert min(marked) > 0.03
    # A neighbour's long stroke or a speck may reach into an empty box.
    assert np.quantile(empty, 0.95) < 0.02


@pytest.mark.parametrize("form", FORMS)
def test_every_box_has_a_truth_and_answers_agree(form: str) -> None:
    for drawn in get_form(form).pages:
        page = honest(form, drawn.number, 41, "adf")
        assert [(b.item, b.value) for b in page.boxes] == [(b.item, b.value) for b in drawn.boxes]
        for item in drawn.items:
            marked = [b.value for b in page.boxes
                      if b.item == item and b.state is MarkState.MARKED]  # fmt: skip
            assert page.answers[item] == (marked[0] if marked else None)
            assert page.answers[item] == page.spec.answers.get(item)


def test_the_same_seeds_give_the_same_bytes() -> None:
    spec = random_spec("HL-01", 2, 7, profile="adf")
    assert simulate_page(spec, 7).data == simulate_page(spec, 7).data
    assert random_spec("HL-01", 2, 7, profile="adf") == spec


def test_a_second_scan_is_of_the_same_sheet() -> None:
    spec = random_spec("HL-01", 2, 7, profile="flatbed")
    one, again = simulate_page(spec, 7), simulate_page(spec, 7, scan_seed=8)
    assert one.data != again.data
    assert one.boxes == again.boxes
    box = get_form("HL-01").page(2).field("signature")
    assert box is not None
    # By the true mappings the same strokes lie on each other; another signing does not.
    other = simulate_page(random_spec("HL-01", 2, 8, profile="flatbed"), 8)
    parts = [rectified(p, box.box_mm, -1).astype(float) for p in (one, again, other)]
    assert np.corrcoef(parts[0].ravel(), parts[1].ravel())[0, 1] > 0.95
    assert np.corrcoef(parts[0].ravel(), parts[2].ravel())[0, 1] < 0.6


def test_leaving_an_answer_out_moves_no_other_ink() -> None:
    spec = random_spec("HL-01", 2, 12)
    shorter = replace(spec, answers={k: v for k, v in spec.answers.items() if k != "C3"})
    full, less = (make_sheet(s, 12)[0].image for s in (spec, shorter))
    ys, xs = np.nonzero(np.any(full != less, axis=2))
    box = get_form("HL-01").page(2).box("C3", spec.answers["C3"]).box_mm
    assert np.abs(xs / 11.811 - (box[0] + 2.5)).max() < 8
    assert np.abs(ys / 11.811 - (box[1] + 2.5)).max() < 8


def test_two_pages_of_a_seed_are_by_one_hand_on_one_sheet() -> None:
    front, back = (random_spec("HL-01", number, 3) for number in (1, 2))
    assert front.writer == back.writer
    assert front.serial == back.serial


@pytest.mark.parametrize("form", FORMS)
def test_allowed_corrections_are_cancelled_not_erased(form: str) -> None:
    number = get_form(form).pages[-1].number
    spec = replace(random_spec(form, number, 15, profile="adf_grey"), corrections={})
    spec = correct_one(correct_one(spec, np.random.default_rng(1)), np.random.default_rng(2))
    page = simulate_page(spec, 15)
    states = {(b.item, b.value): b.state for b in page.boxes}
    for item, wrong in spec.corrections.items():
        assert states[(item, wrong)] is MarkState.CANCELLED
        assert states[(item, spec.answers[item])] is MarkState.MARKED
        assert page.answers[item] == spec.answers[item]
        box = get_form(form).page(number).box(item, wrong).box_mm
        assert (rectified(page, box, 2.5) < 150).mean() > 0.05
    assert page.tampers == ()


def test_marks_span_what_people_draw() -> None:
    """Every kind leaves ink; the kinds differ widely in how much."""
    spec = random_spec("HL-01", 2, 18)
    spec = with_control(spec, "odd_marks", np.random.default_rng(0))
    shares: dict[str, list[float]] = {}
    for seed in range(18, 21):
        page = simulate_page(spec, seed)
        for b in page.boxes:
            if b.state is MarkState.MARKED:
                box = get_form("HL-01").page(2).box(b.item, b.value).box_mm
                shares.setdefault(b.note, []).append(darkness(page, box))
    assert set(shares) == set(MARK_KINDS)
    means = {kind: float(np.mean(values)) for kind, values in shares.items()}
    assert means["fill"] > 3 * means["dot"]
    assert means["cross"] > means["vertical"] * 0.9
    assert min(means.values()) > 0.01


@lru_cache(maxsize=1)
def untroubled() -> SimulatedPage:
    return simulate_page(replace(random_spec("HL-02", 1, 25), corrections={}), 25)


@pytest.mark.parametrize("control", CONTROLS)
def test_trouble_changes_the_picture_and_accuses_nobody(control: str) -> None:
    spec = replace(random_spec("HL-02", 1, 25), corrections={})
    assert untroubled().spec == spec
    troubled = with_control(spec, control, np.random.default_rng(4))
    if control == "correction":
        troubled = correct_one(troubled, np.random.default_rng(4))
    page, plain = simulate_page(troubled, 25), untroubled()
    assert page.tampers == ()
    assert page.answers == plain.answers
    assert page.data != plain.data


def test_unknown_trouble_is_refused() -> None:
    with pytest.raises(UsageError, match="coffee"):
        with_control(random_spec("HL-02", 1, 1), "coffee", np.random.default_rng(0))


def test_honest_and_altered_files_are_saved_alike() -> None:
    """Nothing but the pixels may tell a fraud in the file from an honest page."""

    def header(spec: PageSpec) -> tuple[object, ...]:
        with Image.open(io.BytesIO(simulate_page(spec, 30).data)) as file:
            return (file.format, file.mode, file.size, file.info.get("dpi"),
                    str(file.quantization), dict(file.getexif()))  # fmt: skip

    honest_spec = replace(random_spec("HL-02", 1, 30), resave=Resave("jpeg", 88, "Editor 1"))
    rng = np.random.default_rng(3)
    assert header(honest_spec) == header(tampered_spec(honest_spec, "DIGITAL_TAY", rng))
    assert header(honest_spec) != header(replace(honest_spec, resave=None))


def test_boxes_under_a_stamp_may_be_called_ambiguous() -> None:
    spec = replace(random_spec("HL-02", 1, 27), corrections={})
    stamped = with_control(spec, "seal_over", np.random.default_rng(2))
    _, filled, _ = make_sheet(stamped, 27)
    _, plain, _ = make_sheet(spec, 27)
    soiled = {key for key, truth in filled.truth.items() if "soiled" in truth.note}
    assert 2 <= len(soiled) < 30
    assert all(MarkState.AMBIGUOUS in filled.truth[key].also_right for key in soiled)
    clean = set(filled.truth) - soiled
    assert clean == {key for key in plain.truth if key not in soiled}

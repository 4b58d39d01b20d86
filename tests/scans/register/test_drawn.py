"""Drawn forms: where everything is known, registration must say so."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scans.register import register
from scans.register.picture import ScanPicture
from scans.register.refine import coarse_pass, fine_pass
from scans.template import PageTemplate
from scans.types import Refusal, Registration, ScanClass, Status
from tests.scans.register.forms import (
    BOX_MM,
    FIRST,
    PITCH,
    ROWS,
    Matrix,
    errors_mm,
    filled,
    form,
    px,
    raw,
    retext,
    scan,
)

WITH, WITHOUT = form(), form(fiducials=False)
SPARSE = form(fiducials=False, texts=False)


def laid(image: np.ndarray, template, truth: Matrix, limit: float = 0.15) -> Registration:
    found = register(raw(image), (template,))
    assert isinstance(found, Registration), found
    assert np.percentile(errors_mm(found, template, truth), 95) < limit
    return found


def refused(image: np.ndarray, *templates) -> Refusal:
    found = register(raw(image), templates)
    assert isinstance(found, Refusal), found
    assert found.reason
    return found


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("template", [WITH, WITHOUT], ids=["fiducials", "print alone"])
def test_every_orientation_of_a_filled_page(template, turns: int) -> None:
    image, truth = scan(filled(template), quarter_turns=turns, degrees=-3)
    found = laid(image, template, truth)
    assert found.method == ("fiducials" if template is WITH else "content")
    assert found.boxes_present == 1.0
    assert found.residual_mm < 0.1


def test_a_form_with_hardly_any_text() -> None:
    image, truth = scan(SPARSE.blank)
    laid(image, SPARSE, truth)


def test_three_of_four_fiducials_suffice_and_two_fall_back_to_print() -> None:
    three = WITH.blank.copy()
    three[:300, :300] = 255
    image, truth = scan(three, quarter_turns=1)
    assert laid(image, WITH, truth).method == "fiducials"
    two = three.copy()
    two[:300, -300:] = 255
    image, truth = scan(two, quarter_turns=1)
    assert laid(image, WITH, truth).method == "content"


def test_a_missing_fiducial_is_not_replaced_by_a_blot() -> None:
    page = WITH.blank.copy()
    page[:300, :300] = 255
    cv2.rectangle(page, px(28, 26), px(36, 34), 0, -1)
    image, truth = scan(page)
    laid(image, WITH, truth)


@pytest.mark.parametrize("degrees", [-10, 10])
def test_skew_on_a_black_bed(degrees: float) -> None:
    image, truth = scan(filled(WITHOUT), degrees=degrees, scale=0.97, ground=0)
    laid(image, WITHOUT, truth)


@pytest.mark.parametrize("scale", [0.97, 1.03])
def test_scaled_by_the_copier(scale: float) -> None:
    image, truth = scan(filled(WITHOUT), scale=scale, degrees=0.5, shift_mm=(0, 0))
    laid(image, WITHOUT, truth)


@pytest.mark.parametrize("dpi", [150, 200, 600])
def test_resolutions(dpi: int) -> None:
    image, truth = scan(filled(WITHOUT))
    k = dpi / 300
    how = cv2.INTER_AREA if k < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(image, None, fx=k, fy=k, interpolation=how)
    change = np.array([[k, 0, k / 2 - 0.5], [0, k, k / 2 - 0.5], [0, 0, 1]])
    found = laid(np.asarray(resized, np.uint8), WITHOUT, change @ truth)
    assert found.px_per_mm == pytest.approx(dpi / 25.4, rel=0.01)


def test_two_levels_and_colour() -> None:
    image, truth = scan(filled(WITH))
    laid(((image > 128) * 255).astype(np.uint8), WITH, truth)
    laid(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), WITH, truth)


def test_eight_millimetres_cropped_on_every_side() -> None:
    image, truth = scan(filled(WITHOUT), shift_mm=(0, 0), degrees=1)
    cut = 94
    moved = np.array([[1, 0, -cut], [0, 1, -cut], [0, 0, 1.0]])
    laid(np.ascontiguousarray(image[cut:-cut, cut:-cut]), WITHOUT, moved @ truth)


def test_answer_boxes_off_the_scan_are_unreadable() -> None:
    image, _ = scan(WITHOUT.blank, degrees=0.5)
    cut = np.ascontiguousarray(image[:, : px(168, 0)[0]])
    found = refused(cut, WITHOUT)
    assert found.status is Status.UNREADABLE
    assert "off the scan" in found.reason


@pytest.mark.parametrize("template", [WITH, WITHOUT], ids=["fiducials", "print alone"])
def test_perspective(template) -> None:
    view = np.array([[0.8, 0.1, 200], [0.02, 0.75, 300], [0.00003, 0.00007, 1]])
    photo = cv2.warpPerspective(filled(template), view, (2480, 3300), borderValue=(90,))
    found = register(raw(np.asarray(photo, np.uint8), ScanClass.PHOTO), (template,))
    assert isinstance(found, Registration), found
    scale = np.array([[300 / 25.4, 0, -0.5], [0, 300 / 25.4, -0.5], [0, 0, 1]])
    assert np.percentile(errors_mm(found, template, view @ scale), 95) < 0.2


@pytest.mark.parametrize("template", [WITH, WITHOUT], ids=["fiducials", "print alone"])
def test_a_photo_made_black_and_white_is_laid_by_its_perspective(template) -> None:
    """What the plane does not explain the field has to: over 5 mm here, where print may be lost."""
    view = np.array([[0.8, -0.11, 400], [0.005, 0.8, 160], [-0.0000355, -0.0000165, 1]])
    photo = cv2.warpPerspective(filled(template), view, (2700, 3600), borderValue=(90,))
    found = register(raw(np.where(photo > 128, 255, 0).astype(np.uint8)), (template,))
    assert isinstance(found, Registration), found
    scale = np.array([[300 / 25.4, 0, -0.5], [0, 300 / 25.4, -0.5], [0, 0, 1]])
    assert np.percentile(errors_mm(found, template, view @ scale), 95) < 0.2
    assert np.abs(found.field.shift_mm).max() < 1.5


def test_a_code_lays_a_page_and_wrong_corners_do_no_harm() -> None:
    from dataclasses import replace

    from detectors.instrument import Code
    from scans.register.code import code_guesses
    from scans.template import PageTemplate

    code = Code("qr", (176.0, 20.0, 22.0, 22.0), "serial")
    template = PageTemplate(replace(WITHOUT.page, code=code), WITHOUT.blank)
    image, truth = scan(WITHOUT.blank, quarter_turns=2)
    corners = np.array([[176, 20, 1], [198, 20, 1], [198, 42, 1], [176, 42, 1]]) @ truth.T
    (guess,) = code_guesses(template, corners[:, :2], (image.shape[1], image.shape[0]), photo=False)
    assert np.allclose(guess.matrix, truth, atol=1e-6)
    turned = np.roll(corners[:, :2], 2, axis=0)
    found = register(raw(image), (template,), code_quads=[turned])
    assert isinstance(found, Registration)
    assert np.percentile(errors_mm(found, template, truth), 95) < 0.15


def test_pages_of_one_layout_are_told_apart_by_their_text() -> None:
    pages = (
        form(order=(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), number=1),
        form(order=(1, 0, 2, 3, 4, 5, 6, 7, 8, 9), number=2),
        form(order=(9, 8, 7, 6, 5, 4, 3, 2, 1, 0), number=3),
    )
    for page in pages:
        image, _ = scan(filled(page), quarter_turns=2)
        found = register(raw(image), pages)
        assert isinstance(found, Registration), found
        assert found.form_page == page.page.number


def test_other_questions_on_the_same_layout_are_another_form() -> None:
    image, _ = scan(form(seed=5).blank)
    assert refused(image, WITH).status is Status.WRONG_FORM


def test_three_changed_items_are_another_version_and_one_column_too() -> None:
    # Other words on a line keep a third of a place's darkness: that is no thinned print.
    for seed in (9, 15, 17, 20, 22, 28):
        image, _ = scan(retext(WITH.blank, (2, 5, 7), seed=seed))
        assert refused(image, WITH).status is Status.WRONG_FORM
    page = WITH.blank.copy()
    left, right = px(FIRST[0] + 3 * PITCH[0] - 0.7, 0)[0], px(FIRST[0] + 3 * PITCH[0] + 5.7, 0)[0]
    column = page[600:2400, left:right].copy()
    page[600:2400, left:right] = 255
    move = px(4, 0)[0]
    page[600:2400, left + move : right + move] = np.minimum(
        page[600:2400, left + move : right + move], column
    )
    image, _ = scan(page)
    assert refused(image, WITH).status is Status.WRONG_FORM


def test_a_coarse_photocopy_that_lost_the_thin_lines_is_the_form_still() -> None:
    page = WITH.blank.copy()
    for row in range(ROWS):
        for across in range(15, 180):
            left, top = px(across, FIRST[1] + row * PITCH[1] + BOX_MM + 2.0)
            page[top : top + 4, left : left + 6] = 120
    printed = PageTemplate(WITH.page, page)
    # What the copier keeps is heavier, what is thin and grey is gone.
    image, _ = scan(np.asarray(cv2.erode(filled(WITH), np.ones((3, 3))), np.uint8))
    found = register(raw(image), (printed,))
    assert isinstance(found, Registration), found


def test_fluid_and_a_pasted_strip_are_still_read() -> None:
    rng, page = np.random.default_rng(0), filled(WITH)
    for _ in range(6):
        centre = px(float(rng.uniform(20, 190)), float(rng.uniform(55, 200)))
        cv2.circle(page, centre, 90, 255, -1)
    image, truth = scan(page)
    found = laid(image, WITH, truth)
    assert found.match < 1.0
    strip = filled(WITH)
    top, bottom = px(0, FIRST[1] + 2 * PITCH[1] - 4)[1], px(0, FIRST[1] + 4 * PITCH[1] - 4)[1]
    strip[top:bottom] = np.roll(strip[top:bottom], (12, 8), (0, 1))
    image, truth = scan(strip)
    found = register(raw(image), (WITH,))
    assert isinstance(found, Registration), found
    # Four fifths of the boxes are not on the strip and must not follow it.
    assert np.percentile(errors_mm(found, WITH, truth), 70) < 0.15


@pytest.mark.parametrize("kind", ["white", "black", "noise", "wall"])
def test_what_is_no_form(kind: str) -> None:
    rng = np.random.default_rng(0)
    shape = (1754, 1240)
    image = {
        "white": np.full(shape, 255, np.uint8),
        "black": np.zeros(shape, np.uint8),
        "noise": rng.integers(0, 256, shape).astype(np.uint8),
        "wall": cv2.resize(rng.integers(90, 170, (40, 30)).astype(np.uint8), shape[::-1]),
    }[kind]
    assert refused(np.asarray(image, np.uint8), WITH, WITHOUT).status is Status.WRONG_FORM


def test_the_same_scan_gives_the_same_bits() -> None:
    image, _ = scan(filled(WITHOUT))
    first, second = register(raw(image), (WITHOUT,)), register(raw(image.copy()), (WITHOUT,))
    assert isinstance(first, Registration)
    assert isinstance(second, Registration)
    assert first.matrix.tobytes() == second.matrix.tobytes()
    assert first.field is not None
    assert second.field is not None
    assert first.field.shift_mm.tobytes() == second.field.shift_mm.tobytes()
    assert first.residual_mm == second.residual_mm


@pytest.mark.parametrize("lean", [-0.05, 0.04])
def test_a_guess_that_leans_beyond_the_search_does_not_bend_the_page(lean: float) -> None:
    """Cells that are searched too near meet other print; a field fitted to that print would
    lay rows off their place, and whole print would pass for covered."""
    image, truth = scan(filled(WITHOUT))
    guess = truth @ np.array([[1.0, lean, 0], [0, 1.0, 0], [0, 0, 1.0]])
    picture = ScanPicture.of(raw(image).halvings)
    rough = coarse_pass(picture, WITHOUT, guess, photo=False)
    fine = fine_pass(picture, rough)
    assert np.abs(rough.field.shift_mm).max() < 1.0
    assert np.abs(fine.field.shift_mm).max() < 1.0


@pytest.mark.parametrize("template", [WITH, WITHOUT], ids=["fiducials", "print alone"])
@pytest.mark.parametrize("how", ["side by side", "one above the other", "head to foot"])
def test_of_two_sheets_in_one_picture_none_is_lost_without_a_word(template, how: str) -> None:
    first, second = (scan(filled(template), degrees=d)[0] for d in (1, -2))
    size = np.maximum(first.shape, second.shape)
    first, second = (
        np.pad(i, [(0, w - h) for w, h in zip(size, i.shape, strict=True)], constant_values=255)
        for i in (first, second)
    )
    if how == "head to foot":
        second = second[::-1, ::-1]
    both = np.concatenate([first, second], axis=0 if how == "one above the other" else 1)
    found = refused(np.ascontiguousarray(both), template)
    assert found.status is Status.UNREADABLE
    assert "two sheets" in found.reason
    # the same place without the other sheet is a page on a large glass
    empty = np.concatenate([first, np.full_like(second, 250)], axis=1)
    assert isinstance(register(raw(empty), (template,)), Registration)

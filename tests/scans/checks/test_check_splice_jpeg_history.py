"""Places that lack the page's earlier JPEG compression."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from detectors.instrument import load_instrument
from scans.checks.splice_jpeg_history import CHECK
from scans.measure.jpeg_history import jpeg_history
from scans.measure.jpeg_steps import standard_table
from scans.page import view_of
from scans.reference import builtin_reference
from scans.source import read_pages
from scans.view import PageView
from tests.data import real
from tests.scans.checks.altered import clean, pixels, resaved, saved, score_of
from tests.scans.pages import form, honest, raw

# Honest pages merely saved again stay below; altered ones lie far above.
HONEST, ALTERED = 1.5, 2.0
OWN_TABLE = [int(7 + 1.3 * (i // 8 + i % 8)) for i in range(64)]


def moved(page: PageView) -> tuple[np.ndarray, int]:
    """A marked box laid over an empty one of another row, off the grid of blocks."""
    image = page.raw.image.copy()
    source = min(page.marked)
    target = max(i for i in range(len(page.readings)) if i not in page.marked)
    rows, columns = pixels(page, source)
    to_rows, to_columns = pixels(page, target)
    part = image[rows, columns]
    top, left = to_rows.start | 1, to_columns.start | 1
    if (top - rows.start) % 8 == 0:
        top += 3
    image[top : top + part.shape[0], left : left + part.shape[1]] = part
    return image, target


def found_at(page: PageView, box: int) -> bool:
    places = jpeg_history(page.raw, page.registration, page.template, page.marked).places
    rows, columns = pixels(page, box, 2.0)
    x, y, w, h = places[0].box_px
    return columns.start < x + w / 2 < columns.stop and rows.start < y + h / 2 < rows.stop


def test_the_standard_table_is_that_of_pillow():
    page = clean("office_200")
    view = saved(page.raw.image, 83, form("HL-01"))
    assert standard_table(83).astype(int).tolist() == list(view.raw.origin.quantisation[0])


@pytest.mark.parametrize("profile", ["office_200", "adf_grey"])
def test_a_page_compressed_once_shows_nothing(profile):
    page = clean(profile)
    assert jpeg_history(page.raw, page.registration, page.template, page.marked) is None
    assert score_of(CHECK, page) == 0.0


@pytest.mark.parametrize("how", [85, 92, "png"])
def test_a_page_merely_saved_again_is_not_accused(how):
    page = saved(clean("office_200").raw.image, how, form("HL-01"))
    history = jpeg_history(page.raw, page.registration, page.template, page.marked)
    assert history is not None
    assert 70 <= history.quality <= 80
    assert score_of(CHECK, page) < HONEST


@pytest.mark.parametrize(("profile", "how"), [("office_200", 90), ("adf_grey", "png")])
def test_a_box_moved_inside_the_file_is_found_where_it_lies(profile, how):
    image, target = moved(clean(profile))
    page = saved(image, how, form("HL-01"))
    assert score_of(CHECK, page) > ALTERED
    assert found_at(page, target)


def test_a_device_with_tables_of_its_own_is_understood():
    original = clean("grey")
    assert score_of(CHECK, resaved(original.raw.image, OWN_TABLE, 93, form("HL-01"))) < HONEST
    once = resaved(original.raw.image, OWN_TABLE, "png", form("HL-01"))
    image, target = moved(once)
    page = saved(image, 93, form("HL-01"))
    assert score_of(CHECK, page) > ALTERED
    assert found_at(page, target)


def test_pixels_that_never_were_jpeg_cannot_be_judged():
    assert "never compressed" in CHECK.assess(clean("grey")).not_assessable[0]


@pytest.mark.parametrize("how", ["png", 93])
@pytest.mark.parametrize("profile", ["office_200", "flatbed_sharp"])
def test_a_page_made_lighter_since_tells_of_no_place(profile, how):
    image = (255.0 * (clean(profile).raw.image / 255.0) ** 1.3).astype(np.uint8)
    answer = CHECK.assess(saved(image, how, form("HL-01")))
    assert "changed the whole page" in answer.not_assessable[0]


@pytest.mark.parametrize("profile", ["office_200", "flatbed_sharp"])
def test_an_altered_twelfth_of_the_page_does_not_pass_for_a_page_made_lighter(profile):
    image = clean(profile).raw.image.copy()
    top, high = len(image) // 3, len(image) // 12
    image[top : top + high] = image[top + 3 : top + 3 + high]
    assert score_of(CHECK, saved(image, "png", form("HL-01"))) > ALTERED


@pytest.mark.parametrize("profile", ["flatbed_sharp", "office_200"])
def test_a_filter_against_specks_is_no_splice(profile):
    """It hollows the form's dots and breaks its thin lines up, in boxes and beside them."""
    page = clean(profile)
    grey = page.raw.grey
    level = 0.85 * float(np.median(grey))
    _, labels, stats, _ = cv2.connectedComponentsWithStats((grey < level).astype(np.uint8))
    small = stats[:, cv2.CC_STAT_AREA] < (0.35 * page.registration.px_per_mm) ** 2
    small[0] = False
    spots = cv2.dilate(small[labels].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    image = page.raw.image.copy()
    image[spots] = np.median(page.raw.image[::8, ::8], axis=(0, 1)).astype(np.uint8)
    assert spots.sum() > 100
    assert score_of(CHECK, saved(image, "png", form("HL-01"))) < ALTERED


def test_colours_that_were_rewritten_all_over_tell_of_no_place():
    """Grey print keeps its multiples, coloured ink loses them: on all marks alike."""
    page = clean("flatbed_bright", 22)
    image = page.raw.image.astype(np.float32)
    grey = image.mean(axis=2, keepdims=True)
    image = np.clip(np.rint(grey + 1.35 * (image - grey)), 0, 255).astype(np.uint8)
    view = saved(image, 92, form("HL-01"))
    history = jpeg_history(view.raw, view.registration, view.template, view.marked)
    assert history is None or history.places is None or score_of(CHECK, view) < HONEST


@pytest.mark.parametrize(("profile", "seed"), [("flatbed_bright", 20), ("office_200", 24)])
def test_a_red_seal_on_a_page_made_grey_is_no_splice(profile, seed):
    """What was burnt out in red alone loses its multiples with the other colours."""
    sheet = raw(honest("YK-01", 1, seed, profile), f"seal-{profile}-{seed}")
    grey = cv2.cvtColor(sheet.image, cv2.COLOR_BGR2GRAY)
    page = saved(np.asarray(grey, np.uint8), 92, form("YK-01"))
    assert score_of(CHECK, page) < HONEST
    answer = CHECK.assess(replace(page, reference=builtin_reference()))
    assert answer.findings == ()
    assert "seal" in answer.not_assessable[0]  # what was left out does not pass for clean


def test_ink_that_lacks_it_on_all_marks_alike_is_no_splice():
    page = clean("office_200")
    image = page.raw.image.copy()
    for box in sorted(page.marked):
        rows, columns = pixels(page, box, 0.5)
        part = image[rows, columns].astype(np.float32)
        dark = part.mean(axis=2, keepdims=True) < 150
        image[rows, columns] = np.where(dark, 0.8 * part, part).astype(np.uint8)
    score = score_of(CHECK, saved(image, "png", form("HL-01")))
    assert np.isnan(score) or score < HONEST


def test_pixels_that_were_stretched_cannot_be_judged():
    page = clean("office_200")
    facts = {**page.raw.origin.metadata, "resampled_from": [800, 600]}
    raw = replace(page.raw, origin=replace(page.raw.origin, metadata=facts))
    assert jpeg_history(raw, page.registration, page.template, page.marked) is None
    assert "blocks are unknown" in CHECK.assess(replace(page, raw=raw)).not_assessable[0]


@pytest.mark.parametrize(("name", "how"), [("Q00001", 90), ("Q00004", "png")])
def test_real_scans(name, how):
    form_ = load_instrument(real("scans", "formscanner", "instrument.toml"))
    path = real("scans", "formscanner", "scans", f"{name}.jpg")
    (page,) = list(read_pages(path))
    view = view_of(page, form_, reference=None)
    assert isinstance(view, PageView)
    assert score_of(CHECK, view) == 0.0
    untouched = cv2.imread(str(path))
    assert score_of(CHECK, saved(untouched, how, form_)) < 1.0
    image, target = moved(view)
    altered = saved(image, how, form_)
    assert score_of(CHECK, altered) > ALTERED
    assert found_at(altered, target)

"""The lab's ruled tables are what they say: forms that load, sheets read, frauds where told."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.instrument import load_instrument
from scans.reference import builtin_reference
from scans.types import MarkState, ScanClass
from tests.accuracy.ruled import OFFICES, Job, jobs, judge
from tests.accuracy.ruled_forms import KINDS, Form, blank_of, write_form
from tests.accuracy.ruled_frauds import IN_FILE, ON_PAPER, in_file, on_paper
from tests.accuracy.ruled_scanners import DEVICES, scanned
from tests.accuracy.ruled_sheets import Sheet, pixels

SEED = 512


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_draws_a_form_whose_cells_are_framed_where_they_are_told(kind, tmp_path: Path):
    form = Form.of(kind, SEED)
    assert form == Form.of(kind, SEED) != Form.of(kind, SEED + 1)
    page = load_instrument(write_form(form, tmp_path)).pages[0]
    places = [cell for row in form.cells for cell in row]
    assert [box.box_mm for box in page.boxes] == [pytest.approx(p, abs=1e-3) for p in places]
    blank = blank_of(form)
    for x, y, w, h in places:
        assert 12.0 <= w <= 20.0
        assert 7.0 <= h <= 12.0
        assert blank[pixels((x + w / 2, y - 0.3, 0.1, 0.6))].min() < 0.1
        assert blank[pixels((x - 0.3, y + h / 2, 0.6, 0.1))].min() < 0.1
    inner = [(x + 0.6, y + 0.6, w - 1.2, h - 1.2) for x, y, w, h in places]
    printed = [blank[pixels(place)].min() < 0.5 for place in inner]
    assert all(printed) if form.inside else not any(printed)


def test_a_sheet_holds_one_answer_a_row_and_corrections_only_as_the_form_asks():
    form = Form.of("plain", SEED)
    sheets = [Sheet(form, seed, corrects=True) for seed in range(4)]
    for sheet in sheets:
        marked = [k for k, state in sheet.states.items() if state is MarkState.MARKED]
        assert sorted(marked) == [(i, v) for i, v in enumerate(sheet.answers) if v >= 0]
    assert any(MarkState.CANCELLED in sheet.states.values() for sheet in sheets)


@pytest.mark.parametrize("fraud", [*ON_PAPER, *IN_FILE])
def test_frauds_change_the_sheet_where_they_say(fraud):
    form = Form.of("plain", SEED)
    sheet = Sheet(form, SEED, corrects=False)
    before = sheet.picture()
    if fraud in ON_PAPER:
        after, touched = on_paper(sheet, fraud)
    else:
        device = DEVICES["glass"]
        shot = scanned(before, device, np.random.default_rng(SEED))
        old = shot.image.copy()
        touched = in_file(shot, sheet, fraud)
        size = before.shape[1::-1]
        back = np.diag([10.0, 10.0, 1.0]) @ np.linalg.inv(shot.to_px)
        before, after = (cv2.warpPerspective(i, back, size) / 255.0 for i in (old, shot.image))
    changed = np.abs(after - before).max(axis=2) > 0.06
    told = np.zeros(changed.shape, np.bool_)
    for place in touched:
        told[pixels(place, 3.0)] = True
    assert np.count_nonzero(changed) > 40
    assert np.count_nonzero(changed & ~told) < 0.02 * np.count_nonzero(changed)


def test_offices_have_scanners_of_every_class_and_no_page_twice():
    every = [job for office in range(len(OFFICES)) for part in jobs(office) for job in part]
    assert len({job.seed for job in every}) == len(every)
    job = Job("plain", SEED, "two levels", SEED)
    judged = judge(job, builtin_reference())
    assert judged.scan_class is ScanClass.BITONAL
    assert judged.boxes == sum(len(row) for row in Form.of("plain", SEED).cells)
    assert not judged.flagged

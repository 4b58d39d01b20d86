"""Every box of the real scans, and 766 real single marks."""

from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

from detectors.instrument import Box, Marks, load_instrument
from scans.measure import blank_boxes as blanks
from scans.measure import boxes as measure
from scans.page import check_page
from scans.read import marks
from scans.read.features import features
from scans.source import expand, read_pages
from scans.types import Status
from tests.data import real
from tests.scans.pages import truth_table

SETS = {"formscanner": 155, "hotel": 170, "amc": 176}


@pytest.mark.parametrize("name", sorted(SETS))
def test_every_box_of_a_real_set_is_read_right(name):
    form = load_instrument(real("scans", name, "instrument.toml"))
    truth = truth_table(real("scans", name, "truth.csv"))
    wrong, boxes = [], 0
    for path in expand([real("scans", name, "scans")]):
        (page,) = list(read_pages(path))
        result = check_page(page, form, reference=None).result
        assert result.status is Status.READ, f"{path.name}: {result.reason}"
        for reading in result.readings:
            boxes += 1
            right = truth[path.name][(reading.item, str(reading.value))]
            if reading.state.value not in right:
                wrong.append(f"{path.name} {reading.item}={reading.value}: {reading.state}")
    assert not wrong
    assert boxes == SETS[name]


@pytest.mark.parametrize(("kind", "shape"), [("checkboxes", "box"), ("bubbles", "ellipse")])
def test_real_single_marks_are_told_from_empty_boxes(kind, shape):
    with real("scans", "odk_crops", "truth.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == kind]
    crops = np.stack([cv2.imread(str(real("scans", "odk_crops", row["file"])), 0) for row in rows])
    empty = np.array([row["state"] == "empty" for row in rows])
    crops = np.stack([cv2.resize(crop, (80, 80)) for crop in crops])
    blank = drawn_blank(crops[empty])
    group, ink = as_patches(crops, blank, shape)
    wrong = []
    for row, seen in zip(rows, features(group, ink), strict=True):
        state, _ = marks._read_box(seen, Marks(shape, "any", "none"))
        if state.value != row["state"]:
            wrong.append(f"{row['file']}: {state}")
    assert not wrong
    assert len(rows) == {"checkboxes": 546, "bubbles": 220}[kind]


def drawn_blank(empties):
    """Darkness of the empty box, the aligned mean of all empty crops, centred."""
    paper = np.percentile(empties.reshape(len(empties), -1), 80, axis=1)[:, None, None]
    dark = ((paper - empties) / 80.0).astype(np.float32)
    mean = dark.mean(axis=0)
    for _ in range(4):
        moved = []
        for crop in dark:
            wide = np.pad(crop, 8, mode="edge")
            _, _, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(wide, mean, cv2.TM_CCOEFF_NORMED))
            moved.append(wide[y : y + 80, x : x + 80])
        mean = np.mean(moved, axis=0)
    mean = np.clip(mean / mean.max(), 0, 1)
    mean[mean < 0.15] = 0
    rows, columns = np.nonzero(mean > 0.4)
    shift = [39.5 - (columns.min() + columns.max()) / 2, 39.5 - (rows.min() + rows.max()) / 2]
    return cv2.warpAffine(mean, np.float32([[1, 0, shift[0]], [0, 1, shift[1]]]), (80, 80))


def as_patches(crops, blank, shape):
    """The crops as patches of one box, through the reader's own measuring."""
    rows, columns = np.nonzero(blank > 0.4)
    size = (np.ptp(columns) / 10, np.ptp(rows) / 10)
    margin, slack, wide = measure.MARGIN_MM, measure.SLACK_PX, 12
    height, width = (round((v + 2 * margin) * 10) for v in (size[1], size[0]))
    blank = np.pad(blank, wide)
    top, left = (104 - height) // 2, (104 - width) // 2
    cut = blank[top : top + height, left : left + width].astype(np.float32)
    grown = np.pad(crops, ((0, 0), (wide, wide), (wide, wide)), mode="edge")
    count = len(crops)
    patches = []
    for crop in grown:
        # A crop is off by up to 0.6 mm, more than a registered page ever is.
        field = 255 - np.clip(crop, 0, 255).astype(np.float32)
        inner = field[slack:-slack, slack:-slack]
        _, _, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(inner, cut, cv2.TM_CCOEFF_NORMED))
        patches.append(crop[y : y + height + 2 * slack, x : x + width + 2 * slack])
    scan = np.clip(np.stack(patches), 0, 255).astype(np.uint8)
    blank = blank_of(cut, Box("x", 1, (0.0, 0.0, *size), shape), count)
    paper = measure._paper(scan, blank)
    black = measure._black([scan], [blank], [paper])
    depth = np.maximum(paper - np.float32(black), np.float32(40.0))
    group, reach = measure._align(blank, scan, scan, paper, depth)
    noise = measure._noise([measure._spread(group.dark, reach.bare)])
    threshold = max(0.16, 5 * noise)
    return group, measure.PageInk(float(np.median(paper)), black, noise, threshold)


def blank_of(darkness, box, count):
    """The drawn box as the blank of ``count`` boxes that all look alike."""
    print_ = np.repeat((255 * darkness).astype(np.uint8)[None], count, axis=0)
    size, margin = box.box_mm[2:], measure.MARGIN_MM
    distance = blanks._signed_distance(darkness.shape, size, margin, box.shape)
    rim = ((0, 0), (blanks.SLACK_PX,) * 2, (blanks.SLACK_PX,) * 2)
    spreads = [2 * round(s * blanks.PX_PER_MM) + 1 for s in blanks.PRINT_SPREADS_MM]
    return blanks.BlankBoxes(
        index=np.arange(count),
        boxes=(box,) * count,
        margin_mm=margin,
        print_=print_,
        near=np.pad(blanks.dilated(print_, 11) > 0.3 * 255, rim, mode="edge"),
        allowed=tuple(blanks.dilated(print_, spread) for spread in spreads),
        outline=(np.abs(distance) < 0.5)[None] & (print_ > 0.3 * 255),
        distance=distance,
        own=np.ones(print_.shape, bool),
    )

"""Blank forms of layouts that the drafting was not written on, and copies that break lines."""

import cv2
import numpy as np
import pytest

from detectors.instrument import load_instrument
from scans.draft.completing import completed
from scans.draft.outlines import tilt_of
from scans.draft.types import Found, Sheet
from scans.simulate.form import write_instrument
from tests.accuracy.draft import Truth, compare, seen, strangers
from tests.accuracy.office_forms import missing_program


def layout(name, folder):
    missing = missing_program("browser, tinted rows")
    if missing:
        pytest.skip(f"no {missing} here to make a blank form with")
    return strangers(folder, [name])


def whole(got):
    assert got["found"] == got["boxes"]
    assert got["invented"] == 0
    assert got["whole"] == got["items"]
    assert got["off"] < 0.2


@pytest.mark.parametrize("name", ["landscape, 2.5 mm", "dark and merged cells", "grey hair lines"])
def test_every_box_of_a_strange_layout_and_none_invented(tmp_path, name):
    drawn, _ = layout(name, tmp_path)
    whole(compare(drawn, drawn.file, tmp_path))


def test_columns_of_questions_are_drafted_from_a_scan_that_lies_askew(tmp_path):
    drawn, picture = layout("two columns, rings", tmp_path)
    whole(compare(drawn, drawn.file, tmp_path))
    whole(compare(picture, seen(picture, "200 dpi, askew", tmp_path), tmp_path))


def test_a_box_that_a_two_level_copy_broke_is_found_by_its_neighbours(tmp_path):
    page = load_instrument(write_instrument("YK-01", tmp_path)).pages[0]
    picture = cv2.imread(str(page.blank), cv2.IMREAD_GRAYSCALE)
    boxes = tuple((b.item, b.box_mm) for b in page.boxes)
    truth = Truth("YK-01", "", page.size_mm, boxes, np.asarray(picture))
    whole(compare(truth, seen(truth, "200 dpi, 1-bit", tmp_path), tmp_path))


def grid(printed):
    """A sheet at 10 px/mm with 5 x 4 squares, and the ones of them that were found."""
    flat = np.full((1000, 1000), 255, np.uint8)
    found = []
    for row in range(4):
        for column in range(5):
            x, y = 20.0 + 12.0 * column, 20.0 + 10.0 * row
            if (row, column) in printed:
                corner = (round(10 * x), round(10 * y))
                cv2.rectangle(flat, corner, (corner[0] + 39, corner[1] + 39), 0, 3)
            if (row, column) not in {(1, 2), (2, 4)}:
                found.append(Found((x, y, 4.0, 4.0), "box"))
    return Sheet(1, (100.0, 100.0), flat, flat), found


def test_only_what_is_printed_completes_a_grid():
    every = {(r, c) for r in range(4) for c in range(5)}
    sheet, found = grid(every)
    added = sorted(b.middle for b in completed(sheet, found))
    assert added == [(46.0, 32.0), (70.0, 42.0)]
    sheet, found = grid(every - {(2, 4)})
    assert [b.middle for b in completed(sheet, found)] == [(46.0, 32.0)]
    # Letters in the place of a box are none.
    cv2.putText(sheet.flat, "B8", (681, 439), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 0, 3)
    assert [b.middle for b in completed(sheet, found)] == [(46.0, 32.0)]


@pytest.mark.parametrize("degrees", [-1.1, 0.0, 0.4])
def test_the_tilt_is_that_of_rows_and_columns_not_of_neighbours_by_chance(degrees):
    turn = np.deg2rad(degrees)
    boxes = []
    # Two tables side by side: their rows do not stand level with each other.
    for left, step, rows in ((60.0, 8.1, 12), (220.0, 6.7, 14)):
        for row in range(rows):
            for column in range(4):
                x, y = left + 6.0 * column, 30.0 + step * row
                x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
                boxes.append(Found((x, y, 2.5, 2.5), "box"))
    assert tilt_of(boxes) == pytest.approx(degrees, abs=0.03)

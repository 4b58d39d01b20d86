"""The drawn page: places framed, fields covered, one file a page."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.errors import AccessError
from detectors.finding import Family, Finding, Message, Severity
from scans.looks import difference
from scans.overlay import overlay_name, overlay_of, write_overlay
from scans.page import check_page
from scans.source import PageError, read_pages
from scans.types import PageResult, Status
from tests.scans.pages import form, honest, written

_PX_PER_MM = 5.0


def _result(box: tuple[float, float, float, float] | None) -> PageResult:
    path = written(honest("HL-01", 2, 305), "overlay")
    (raw,) = read_pages(path)
    assert not isinstance(raw, PageError)
    result = check_page(raw, form("HL-01"), reference=None).result
    if box is None:
        return result
    message = Message("Dấu hiệu", "Signs")
    sign = Finding(
        "erasure.fluid", Family.IMAGE, "erasure", 9.0, 1e-4, Severity.RED, message, box_mm=box
    )
    return dataclasses.replace(result, findings=(sign,))


def _decoded(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def test_the_place_is_framed_and_its_crop_stands_below() -> None:
    box = form("HL-01").pages[1].boxes[10].box_mm
    data = overlay_of(_result(box), form("HL-01"))
    assert data is not None
    picture = _decoded(data).astype(int)
    height = round(form("HL-01").pages[1].size_mm[1] * _PX_PER_MM)
    assert picture.shape[0] > height + 60
    x, y, w, _ = (round(v * _PX_PER_MM) for v in box)
    frame = picture[y - 5 : y, x : x + w]
    red = frame[..., 2] - frame[..., 0]
    assert red.max() > 80


def test_written_fields_are_covered() -> None:
    data = overlay_of(_result((20.0, 20.0, 5.0, 5.0)), form("HL-01"))
    assert data is not None
    picture = _decoded(data).astype(int)
    for field in form("HL-01").pages[1].fields:
        x, y, w, h = (round(v * _PX_PER_MM) for v in field.box_mm)
        inner = picture[y + 3 : y + h - 3, x + 3 : x + w - 3]
        assert np.abs(inner - 205).mean() < 5


def test_a_page_without_signs_is_not_drawn(tmp_path: Path) -> None:
    assert write_overlay(_result(None), form("HL-01"), tmp_path / "out") is None
    assert not (tmp_path / "out").exists()


def test_one_file_a_page_named_after_it(tmp_path: Path) -> None:
    result = _result((20.0, 20.0, 5.0, 5.0))
    place = write_overlay(result, form("HL-01"), tmp_path / "new" / "folder")
    assert place is not None
    assert place.name == overlay_name(result)
    odd = dataclasses.replace(
        result, origin=dataclasses.replace(result.origin, path="a/../\x1b[2Jphiếu 1.png")
    )
    assert "/" not in overlay_name(odd)
    assert "\x1b" not in overlay_name(odd)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(AccessError, match="overlay"):
        write_overlay(_result((20.0, 20.0, 5.0, 5.0)), form("HL-01"), tmp_path / "file")


def test_a_page_that_was_not_read_is_not_drawn() -> None:
    result = dataclasses.replace(_result((20.0, 20.0, 5.0, 5.0)), status=Status.UNREADABLE)
    assert overlay_of(result, form("HL-01")) is None


def test_the_difference_shows_added_ink_red_and_missing_print_blue() -> None:
    blank = np.full((120, 120, 3), 255, np.uint8)
    blank[30:34, 20:60] = 0
    scan = np.full((120, 120, 3), 236, np.uint8)
    scan[80:84, 20:60] = 40
    shown = difference(scan, blank[..., 0], 8.0).astype(int)
    assert (shown[31, 40, 0] - shown[31, 40, 2]) > 150
    assert (shown[81, 40, 2] - shown[81, 40, 0]) > 150
    assert shown[110, 110].min() > 250


def test_print_in_its_place_leaves_no_difference() -> None:
    blank = np.full((120, 120, 3), 255, np.uint8)
    blank[30:34, 20:60] = 0
    scan = np.clip(np.roll(blank, 1, axis=0).astype(int) - 15, 0, 255).astype(np.uint8)
    assert difference(scan, blank[..., 0], 8.0).min() > 200

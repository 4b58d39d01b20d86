"""The printed forms are what their instrument files say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.errors import InputError, UsageError
from detectors.instrument import Instrument, load_instrument
from detectors.instrument_toml import instrument_toml
from scans.simulate.form import FORMS, get_form, printing, write_instrument
from scans.template import load_templates


@pytest.fixture(scope="module")
def instruments(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Instrument]:
    folder = tmp_path_factory.mktemp("forms")
    return {name: load_instrument(write_instrument(name, folder / name)) for name in FORMS}


@pytest.mark.parametrize("name", FORMS)
def test_instrument_file_holds_the_geometry_that_was_drawn(
    name: str, instruments: dict[str, Instrument]
) -> None:
    read, form = instruments[name], get_form(name)
    assert (read.id, read.version, read.marks) == (form.id, form.version, form.marks)
    assert [(i.id, i.scale, i.kind, i.factor, i.not_applicable) for i in read.items] == [
        (i.id, i.scale, i.kind, i.factor, i.not_applicable) for i in form.items
    ]
    for page, drawn in zip(read.pages, form.pages, strict=True):
        for box, own in zip(page.boxes, drawn.boxes, strict=True):
            assert (box.item, box.value, box.shape) == (own.item, own.value, own.shape)
            assert box.box_mm == pytest.approx(own.box_mm, abs=1e-3)
        assert page.fields == drawn.fields
        assert page.fiducials_mm == drawn.fiducials_mm
        assert page.code == drawn.code
        assert page.serial_at_mm == drawn.serial_at_mm


def test_a_form_is_printed_with_its_serial_as_drawn_here_or_as_its_file_says(
    instruments: dict[str, Instrument], tmp_path: Path
) -> None:
    ours = instruments["HL-01"]
    with printing(ours) as name:
        assert name == "HL-01"
    folder = write_instrument("HL-01", tmp_path).parent
    text = (folder / "instrument.toml").read_text("utf-8")
    (folder / "theirs.toml").write_text(text.replace('id = "HL-01"', 'id = "OWN"', 1), "utf-8")
    theirs = load_instrument(folder / "theirs.toml")
    places = [page.serial_at_mm for page in get_form("HL-01").pages]
    assert all(places)
    with printing(theirs) as name:
        assert name != "HL-01"
        assert [page.serial_at_mm for page in get_form(name).pages] == places
    text = instrument_toml(theirs).replace("serial_at_mm = [86", "serial_at_mm = [300", 1)
    (folder / "theirs.toml").write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"serial_at_mm = .300.* lies outside the page"):
        load_instrument(folder / "theirs.toml")


def test_hl01_asks_what_the_survey_asks(instruments: dict[str, Instrument]) -> None:
    form = instruments["HL-01"]
    factors = {name: len(items) for name, items in form.factors.items()}
    assert factors == {"A": 4, "B": 4, "C": 7, "D": 3, "E": 4, "G": 1}
    assert form.by_id["E3"].not_applicable == form.by_id["E4"].not_applicable == 9
    assert [p.number for p in form.pages] == [1, 2]
    assert {i.id for i in form.items if not i.is_rating} == {
        *(f"D{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11)),
        *("K1", "K2"),
    }


@pytest.mark.parametrize("name", FORMS)
def test_boxes_are_printed_where_the_file_says(
    name: str, instruments: dict[str, Instrument]
) -> None:
    scale = 300 / 25.4
    for template in load_templates(instruments[name]):
        grey = template.at(scale)
        for box in template.page.boxes:
            x, y, w, h = box.box_mm
            left, right = round(x * scale), round((x + w) * scale) - 1
            top, bottom = round(y * scale), round((y + h) * scale) - 1
            inset_x, inset_y = (right - left) // 4, (bottom - top) // 4
            inside = grey[top + inset_y : bottom - inset_y, left + inset_x : right - inset_x]
            assert inside.min() > 150, f"print within {box.item}={box.value}"
            row, column = (top + bottom) // 2, (left + right) // 2
            for edge in (
                grey[row, left : left + 4],
                grey[row, right - 3 : right + 1],
                grey[top : top + 4, column],
                grey[bottom - 3 : bottom + 1, column],
            ):
                assert edge.min() < 130, f"no outline at {box.item}={box.value}"


@pytest.mark.parametrize("name", FORMS)
def test_blank_leaves_code_and_serial_to_each_sheet(name: str) -> None:
    for page in get_form(name).pages:
        scale = 300 / 25.4
        for place in (page.code.box_mm if page.code else None, page.serial_at_mm):
            if place is None:
                continue
            x, y = place[0], place[1] - (0 if len(place) == 4 else 1.5)
            w, h = (place[2], place[3]) if len(place) == 4 else (40, 3)
            part = page.print[
                round(y * scale) : round((y + h) * scale), round(x * scale) : round((x + w) * scale)
            ]
            assert part.min() == 255


def test_forms_differ_clearly() -> None:
    shapes = {get_form(name).marks.shape for name in FORMS}
    assert shapes == {"box", "ellipse"}
    assert {get_form(name).marks.correction for name in FORMS} == {"circle", "strike", "fill"}
    bare = get_form("HL-02").page(1)
    assert bare.code is None
    assert bare.fiducials_mm == ()
    roles = {p.code.role for name in FORMS for p in get_form(name).pages if p.code}
    assert roles == {"serial", "form"}


def test_vietnamese_letters_have_glyphs() -> None:
    """A font without them would print the same empty frame for each."""
    from scans.simulate.canvas import font

    pictures = {font("Sans", 40).getmask(letter).getbbox() and bytes(
        np.asarray(font("Sans", 40).getmask(letter))
    ) for letter in "ẾỆƠƯĐỹặằ"}  # fmt: skip
    assert len(pictures) == 8


def test_unknown_form_is_refused() -> None:
    with pytest.raises(UsageError, match="HL-01"):
        get_form("HL-99")


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_instrument("HL-02", tmp_path / name) for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    blanks = [path.parent / "hl02-p1.png" for path in (first, second)]
    assert blanks[0].read_bytes() == blanks[1].read_bytes()
    assert cv2.imread(str(blanks[0])).shape == (2480, 1748, 3)

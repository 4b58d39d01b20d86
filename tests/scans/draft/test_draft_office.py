"""Blank forms out of a browser and a word processor; pictures read by tesseract."""

import shutil

import pytest
from PIL import Image

from scans.draft.draft import draft_instrument
from scans.draft.phrases import phrases_of
from scans.press.drawing import rendered
from tests.accuracy.office_forms import FACTS, RATINGS, missing_program, write_office_form

_NAMES = (
    "browser, letters in ovals",
    "browser, tinted rows",
    "word processor, box letters",
    "word processor, bare cells",
)


def made(name, folder):
    missing = missing_program(name)
    if missing:
        pytest.skip(f"no {missing} here to make a blank form with")
    return write_office_form(name, folder)


@pytest.mark.parametrize("name", _NAMES)
def test_every_box_of_an_office_s_form_with_its_words(tmp_path, name):
    path, boxes = made(name, tmp_path)
    draft = draft_instrument(path, tmp_path / "t.toml")
    got = [box for page in draft.instrument.pages for box in page.boxes]
    assert len(got) == len(boxes)
    assert {box.item for box in got} == {item for item, _, _ in boxes}
    texts = {i.id: (i.text or {}).get("vi") for i in draft.instrument.items}
    if "letters" in name:
        return
    for letter, (_, *questions) in RATINGS.items():
        for number, text in enumerate(questions, start=1):
            assert texts[f"{letter}{number}"] == text
    if "cells" not in name:
        for item, (question, *options) in FACTS.items():
            assert (texts[item] or "").rstrip(":") == question
            assert list(draft.options[item].values()) == options


def test_a_scanned_blank_is_read_by_tesseract(tmp_path):
    if shutil.which("tesseract") is None:
        pytest.skip("tesseract is not installed: no texts from pictures")
    path, boxes = made("browser, tinted rows", tmp_path)
    picture = rendered(path.read_bytes(), 0, 300)
    Image.fromarray(picture[:, :, ::-1]).convert("L").save(tmp_path / "b.png", dpi=(300, 300))
    draft = draft_instrument(tmp_path / "b.png", tmp_path / "t.toml")
    page = draft.instrument.pages[0]
    assert len(page.boxes) == sum(page == 1 for _, page, _ in boxes)
    ids = {item for item, page, _ in boxes if page == 1}
    assert len(ids & {i.id for i in draft.instrument.items}) >= 0.8 * len(ids)


def test_cells_of_a_table_are_phrases_of_their_own():
    def word(text, x, y):
        return [(letter, (x + 2.0 * k, y, 2.0, 4.0)) for k, letter in enumerate(text)]

    letters = [*word("A1.", 10, 10), (" ", None), *word("Thái", 18, 10), *word("☐", 60, 10)]
    letters += [*word("☐", 80, 10), ("\r", None), *word("độ", 10, 15), *word("......", 20, 15)]
    assert [p.text for p in phrases_of(letters)] == ["A1. Thái", "độ"]

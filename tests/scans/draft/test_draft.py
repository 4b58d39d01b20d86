"""Blank forms of makers that share nothing with the drafting: found whole, nothing invented."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from audit.cli.main import run
from detectors.errors import InputError
from detectors.instrument import load_instrument
from detectors.instrument_toml import grids_of, instrument_toml
from scans.draft.draft import draft_instrument
from scans.draft.words import _ocr_lines
from scans.simulate.canvas import font
from scans.simulate.form import FORMS, write_instrument
from tests.accuracy import second_sheets
from tests.accuracy.draft import Truth, compare, seen
from tests.accuracy.draft_forms import write_pdf
from tests.data import real


def truth_of(path):
    page = load_instrument(path).pages[0]
    picture = cv2.imread(str(page.blank), cv2.IMREAD_GRAYSCALE)
    boxes = tuple((b.item, b.box_mm) for b in page.boxes)
    return Truth(path.stem, "", page.size_mm, boxes, np.asarray(picture))


@pytest.mark.parametrize(
    ("form", "look"), [("squares", "200 dpi, askew"), ("ovals", "300 dpi, 1-bit")]
)
def test_every_box_of_a_clean_grid_and_none_invented(tmp_path, form, look):
    truth = truth_of(second_sheets.write_form(form, tmp_path))
    got = compare(truth, seen(truth, look, tmp_path), tmp_path)
    assert got["found"] == got["boxes"]
    assert got["invented"] == 0
    assert got["whole"] == got["items"]
    assert got["off"] < 0.2


def test_vector_pdf_gives_texts_places_and_rules(tmp_path):
    pdf, boxes = write_pdf("typst table", tmp_path)
    draft = draft_instrument(pdf, tmp_path / "t.toml")
    page = draft.instrument.pages[0]
    assert len(page.boxes) == len(boxes)
    for got, (item, box) in zip(page.boxes, boxes, strict=True):
        assert got.item == item
        assert np.allclose(
            np.array(got.box_mm[:2]) + np.array(got.box_mm[2:]) / 2,
            np.array(box[:2]) + np.array(box[2:]) / 2,
            atol=0.02,
        )
    first = draft.instrument.items[0]
    assert first.factor == "B"
    assert first.text is not None
    assert first.text["vi"].startswith("Câu hỏi thứ 1 về thái độ phục vụ")
    assert (draft.instrument.marks.style, draft.instrument.marks.correction) == ("cross", "circle")
    assert {f.kind for f in page.fields} == {"handwriting", "date", "signature"}
    assert draft.instrument.title["vi"] == "Phiếu hỏi ý kiến người dân"


def test_the_better_end_is_told_by_the_heads_of_columns(tmp_path):
    pdf, _ = write_pdf("typst table", tmp_path)
    text = (tmp_path / "typst-table.typ").read_text(encoding="utf-8")
    turned = text.replace(
        "[Rất kém], [Kém], [Trung bình], [Tốt], [Rất tốt]",
        "[Rất tốt], [Tốt], [Trung bình], [Kém], [Rất kém]",
    )
    assert turned != text
    import typst
    from matplotlib import get_data_path

    (tmp_path / "turned.typ").write_text(turned, encoding="utf-8")
    pdf = tmp_path / "turned.pdf"
    fonts = [get_data_path() + "/fonts/ttf"]
    pdf.write_bytes(typst.compile(str(tmp_path / "turned.typ"), font_paths=fonts))
    page = draft_instrument(pdf, tmp_path / "t.toml").instrument.pages[0]
    first = sorted((b for b in page.boxes if b.item == "B1"), key=lambda b: b.box_mm[0])
    assert [b.value for b in first] == [5, 4, 3, 2, 1]


def test_words_alone_are_no_form(tmp_path):
    page = Image.new("L", (1240, 1754), 255)
    draw = ImageDraw.Draw(page)
    for line in range(24):
        words = "Oo 0Qo nhà ở, ĐỒNG BÀO, good old book 6890 o o OO O 0 ơ ộ Ô"
        face = font("Sans", 30 + line % 12)
        draw.text((60 + 37 * line % 101, 90 + 60 * line), words, font=face, fill=0)
    path = tmp_path / "letter.png"
    page.save(path, dpi=(150, 150))
    with pytest.raises(InputError, match="no answer boxes"):
        draft_instrument(path, tmp_path / "t.toml")


def test_real_blank_reads_real_scans(tmp_path):
    folder = real("scans", "formscanner")
    words = ["template", "draft", str(folder / "blank.png"), "-o", str(tmp_path / "f.toml")]
    assert run(words) == 0
    form = load_instrument(tmp_path / "f.toml")
    assert len(form.pages[0].boxes) == 31
    assert form.pages[0].code is not None
    assert form.pages[0].code.role == "form"
    from scans.page import check_page
    from scans.reference import builtin_reference
    from scans.source import read_pages

    (page,) = read_pages(folder / "scans" / "Q00001.jpg")
    result = check_page(page, form, reference=builtin_reference()).result
    assert result.status.value == "read"


def test_the_command_writes_beside_and_never_over(tmp_path, capsys):
    second_sheets.write_form("squares", tmp_path)
    out, look = tmp_path / "made" / "s.toml", tmp_path / "look.png"
    words = ["template", "draft", str(tmp_path / "squares.png"), "-o", str(out)]
    assert run([*words, "--overlay", str(look), "--id", "SQ-1", "--page-size", "a4"]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(out)
    assert "places to look at" in said.err
    form = load_instrument(out)
    assert form.id == "SQ-1"
    assert form.pages[0].blank.name == "s-p1.png"
    assert cv2.imread(str(look)).shape[1] == 1260
    assert run(words) == 1
    assert "--force" in capsys.readouterr().err


@pytest.mark.parametrize("form", FORMS)
def test_an_instrument_is_written_as_it_was_read(tmp_path, form):
    path = write_instrument(form, tmp_path)
    before = load_instrument(path)
    (tmp_path / "again.toml").write_text(instrument_toml(before), encoding="utf-8")
    after = load_instrument(tmp_path / "again.toml")
    assert after.items == before.items
    assert (after.title, after.marks) == (before.title, before.marks)
    for old, new in zip(before.pages, after.pages, strict=True):
        assert {(b.item, b.value, b.shape) for b in old.boxes} == {
            (b.item, b.value, b.shape) for b in new.boxes
        }
        places = {(b.item, b.value): b.box_mm for b in new.boxes}
        assert all(np.allclose(places[b.item, b.value], b.box_mm, atol=0.04) for b in old.boxes)
        assert (old.fields, old.code, old.fiducials_mm) == (new.fields, new.code, new.fiducials_mm)


def test_grids_join_only_what_stands_in_step(tmp_path):
    page = load_instrument(second_sheets.write_form("squares", tmp_path)).pages[0]
    grids, single = grids_of(page.boxes)
    assert (len(grids), single) == (1, [])
    assert grids[0].boxes() == pytest.approx(page.boxes) or len(grids[0].boxes()) == 70


def test_words_of_an_ocr_table_are_joined_by_line():
    head = "level page_num block_num par_num line_num word_num left top width height conf text"
    rows = [
        "5 1 1 1 1 1 100 200 60 30 96 Thái",
        "5 1 1 1 1 2 170 200 40 30 95 độ",
        "5 1 1 1 1 3 900 200 20 30 91 5",
        "5 1 1 1 2 1 100 260 60 30 12 ???",
    ]
    table = "\n".join("\t".join(line.split(" ")) for line in [head, *rows])
    assert [p.text for p in _ocr_lines(table, 10.0)] == ["Thái độ", "5"]

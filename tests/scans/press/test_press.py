"""What the press prints, the reader reads; serials, custody and the handover record agree."""

import pikepdf
import pypdfium2
import pytest

from audit.cli.main import run
from audit.intake.custody_book import read_custody
from detectors.errors import UsageError
from detectors.instrument import load_instrument
from scans.page import check_page
from scans.press.drawing import text_width, wrapped
from scans.press.pattern import guilloche
from scans.press.serials import batches_of, serial_run
from scans.reference import builtin_reference
from scans.source import read_pages
from tests.accuracy import second_sheets
from tests.accuracy.press import press, simulated

ARGUMENTS = ["template", "print", "yk-b", "--serials", "PB-26-000001..000003", "--unit", "U1"]


def words_of(pdf, page=0):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return " ".join(document[page].get_textpage().get_text_range().split())
    finally:
        document.close()


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("printed")
    words = ["-o", str(folder / "b.pdf"), "--custody", str(folder / "custody.csv")]
    words += ["--handover", str(folder / "record.pdf"), "--batch-size", "2"]
    assert run([*ARGUMENTS, *words]) == 0
    return folder


def test_sheets_that_come_from_the_press_are_read(printed):
    form = load_instrument(printed / "b.toml")
    assert {f.kind for f in form.pages[0].fields} == {"handwriting", "date", "signature", "seal"}
    serials = []
    for page in read_pages(printed / "b.pdf"):
        result = check_page(page, form, reference=builtin_reference()).result
        assert result.status.value == "read"
        states = [r.state.value for r in result.readings]
        # A page without the noise of a scanner shows the waves' own rounding as a pale line.
        assert set(states) <= {"empty", "ambiguous"}
        assert states.count("ambiguous") <= 2
        assert len(result.readings) == 40
        serials.append(result.serial)
    assert serials == ["PB-26-000001-1", "PB-26-000002-2", "PB-26-000003-3"]


def test_a_filled_sheet_is_read_box_by_box(tmp_path):
    form, drawn = press(tmp_path, pattern="guilloche")
    sheet = simulated(drawn, 5)
    path = tmp_path / f"sheet{sheet.suffix}"
    path.write_bytes(sheet.data)
    (page,) = read_pages(path)
    result = check_page(page, form, reference=builtin_reference()).result
    assert result.status.value == "read"
    assert result.serial == sheet.serial
    right = {(b.item, b.value): {b.state, *b.also_right} for b in sheet.boxes}
    assert all(r.state in right[r.item, r.value] for r in result.readings)


def test_words_are_text_in_an_embedded_face(printed):
    said = words_of(printed / "b.pdf", 2)
    for words in (
        "Phối hợp giải quyết thủ tục hành chính",
        "TÔ KÍN ô sai",
        "PB-26-000003-3",
        "THỦ TRƯỞNG CƠ QUAN",
    ):
        assert words in said
    with pikepdf.open(printed / "b.pdf") as document:
        fonts = [o for o in document.objects if isinstance(o, pikepdf.Dictionary)]
        files = [o for o in fonts if o.get("/Type") == "/FontDescriptor"]
        assert files
        assert all("/FontFile2" in o or "/FontFile3" in o for o in files)


def test_names_of_values_and_factors_come_from_the_form(printed):
    words = words_of(printed / "b.pdf")
    assert "1 Kém 2 Trung bình 3 Khá 4 Tốt" in words
    assert "S. Đánh giá của cơ quan, tổ chức (Opinion of the agency)" in words
    form = load_instrument(printed / "b.toml")
    assert form.factor_names["S"]["en"] == "Opinion of the agency"
    assert form.items[0].label(4)["vi"] == "Tốt"


def test_the_same_input_gives_the_same_bytes(printed, tmp_path):
    again = ["-o", str(tmp_path / "b.pdf"), "--handover", str(tmp_path / "record.pdf")]
    assert run([*ARGUMENTS, *again, "--batch-size", "2"]) == 0
    for name in ("b.pdf", "record.pdf", "b.toml", "b-p1.png"):
        assert (tmp_path / name).read_bytes() == (printed / name).read_bytes(), name


def test_custody_has_the_batches_and_refuses_the_same_serials(printed, tmp_path, capsys):
    table = read_custody(printed / "custody.csv")
    assert not table.problems
    rows = table.frame[["unit_id", "batch", "serial_from", "serial_to", "issued"]].to_numpy()
    assert rows.tolist() == [
        ["U1", "U1-01", "PB-26-000001-1", "PB-26-000002-2", 2.0],
        ["U1", "U1-02", "PB-26-000003-3", "PB-26-000003-3", 1.0],
    ]
    copy = tmp_path / "custody.csv"
    copy.write_bytes((printed / "custody.csv").read_bytes())
    words = ["--custody", str(copy), "-o", str(tmp_path / "more.pdf")]
    assert run([*ARGUMENTS, *words]) == 1
    assert "print other serials" in capsys.readouterr().err
    assert copy.read_bytes() == (printed / "custody.csv").read_bytes()
    assert not (tmp_path / "more.pdf").exists()
    other = ["template", "print", "yk-b", "--serials", "PB-26-000010", "--unit", "U2"]
    assert run([*other, *words, "--issued-at", "2026-07-01"]) == 0
    assert len(read_custody(copy).frame) == 3


def test_the_handover_record_is_to_be_signed(printed, tmp_path):
    out = tmp_path / "record.pdf"
    words = ["template", "handover", str(printed / "custody.csv"), "-o", str(out)]
    assert run([*words, "--survey", 'Quý III #panic("x") [*']) == 0
    said = words_of(out)
    assert "BIÊN BẢN BÀN GIAO PHIẾU" in said
    assert 'Quý III #panic("x") [*' in said
    assert "PB-26-000003-3" in said
    assert "BÊN NHẬN" in said
    assert run([*words, "--unit", "nobody"]) == 1


def test_a_form_with_geometry_keeps_it_and_gets_serials(tmp_path):
    path = second_sheets.write_form("squares", tmp_path)
    assert run(["template", "print", str(path), "-o", str(tmp_path / "s.pdf"),
                "--serials", "PB-26-000007"]) == 1  # fmt: skip
    code = 'code = { kind = "datamatrix", box_mm = [176, 14, 16, 16], role = "serial" }'
    place = f'blank = "squares.png"\n{code}'
    path.write_text(path.read_text().replace('blank = "squares.png"', place))
    before = path.read_bytes()
    assert run(["template", "print", str(path), "-o", str(tmp_path / "s.pdf"),
                "--template", str(path), "--serials", "PB-26-000007"]) == 0  # fmt: skip
    assert path.read_bytes() == before
    (page,) = read_pages(tmp_path / "s.pdf")
    result = check_page(page, load_instrument(path), reference=builtin_reference()).result
    assert (result.status.value, result.serial) == ("read", "PB-26-000007-7")


def test_runs_of_serials():
    assert serial_run("PB-26-000099", count=2) == ["PB-26-000099-2", "PB-26-000100-3"]
    assert len(serial_run("PB-26-000001-1", last="PB-26-000350")) == 350
    for wrong in ("PB-26-000001-9", "pb-26-1", "PB-26", "=1+1"):
        with pytest.raises(UsageError):
            serial_run(wrong, count=1)
    with pytest.raises(UsageError, match="two series"):
        serial_run("PB-26-000001", last="PC-26-000009")
    with pytest.raises(UsageError, match="empty"):
        serial_run("PB-26-000009", last="PB-26-000001")
    with pytest.raises(UsageError, match="add up"):
        list(batches_of(["a", "b"], [("U", 3)], 10))


def test_words_are_broken_where_they_are_too_wide():
    text = "Thời hạn giải quyết thủ tục hành chính đúng quy định"
    lines = wrapped(text, 8, 40.0)
    assert " ".join(lines) == text
    assert len(lines) > 1
    assert all(text_width(line, 8) <= 40.0 for line in lines)


def test_waves_stay_in_their_place_and_differ_by_row():
    one, other = guilloche((120.0, 90.0, 60.0, 8.0)), guilloche((120.0, 98.0, 60.0, 8.0))
    assert one != other
    points = [p.split(",") for p in one.split('points="')[1].split('"')[0].split()]
    assert all(0 <= float(x) <= 60 and 0 <= float(y) <= 8 for x, y in points)


def test_items_with_other_answers_get_a_column_and_facts_their_words(tmp_path):
    lines = ['id = "T-1"', 'title = { vi = "Thử", en = "Trial" }', "[marks]", 'style = "cross"']
    lines += ["[[item]]", 'id = "D1"', 'scale = ["Nam", "Nữ"]', 'kind = "category"']
    for number in range(40):
        lines += ["[[item]]", f'id = "A{number}"', "scale = [1, 2, 3, 4, 5]"]
        lines += [f'text = {{ vi = "{"Câu hỏi dài " * (number % 9)}số {number}" }}']
        lines += ["not_applicable = 9"] if number in (3, 30) else []
    (tmp_path / "t.toml").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "forms.pdf"
    assert run(["template", "print", str(tmp_path / "t.toml"), "-o", str(out)]) == 0
    form = load_instrument(tmp_path / "forms.toml")
    assert len(form.pages) > 1
    boxes = [b for p in form.pages for b in p.boxes]
    assert len(boxes) == 2 + 40 * 5 + 2
    for page in form.pages:
        places = [b.box_mm for b in page.boxes]
        for k, (x, y, w, h) in enumerate(places):
            assert y + h < 279
            assert all(x + w <= a or a + c <= x or y + h <= b or b + d <= y
                       for a, b, c, d in places[k + 1 :])  # fmt: skip
    assert "Nữ" in words_of(out)

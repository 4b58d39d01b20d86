"""PDF, workbook and Word: the same words, the same bytes, nothing read as a command."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace

import docx
import openpyxl
import pikepdf
import pypdfium2
import pytest

from detectors.errors import UsageError
from detectors.finding import Message, Severity
from reports import views as v
from reports.documents import Document, round_document, unit_document
from reports.documents.blocks import Chart, Heading, text_of
from reports.files import FORMATS, render
from tests.reports import sample

HOSTILE = '=cmd|"/c calc"!A1 #panic("x") $1/0$ @ref *b* <b>&amp;</b> \\ ] \u202e\x00 {{7}} {0} 国'


def words_of_pdf(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    return " ".join(" ".join(pages).replace("\u200b", "").split())


def words_of_xlsx(data: bytes) -> str:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return "\n".join(
        str(cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    )


def words_of_docx(data: bytes) -> str:
    word = docx.Document(io.BytesIO(data))
    return "\n".join(t.text or "" for t in word.element.body.iter() if t.tag.endswith("}t"))


READ: dict[str, Callable[[bytes], str]] = {
    "html": lambda data: data.decode("utf-8"),
    "pdf": words_of_pdf,
    "xlsx": words_of_xlsx,
    "docx": words_of_docx,
}


def hostile_unit() -> v.UnitReport:
    bad = Message(HOSTILE, HOSTILE)
    who = replace(sample.unit(), id=HOSTILE, name=HOSTILE, group=HOSTILE, parent=HOSTILE)
    form = v.FlaggedForm(HOSTILE, Severity.RED, (bad,), 1, HOSTILE, bad)
    return sample.unit_report(
        unit=who,
        severity_reason=bad,
        custody=(v.CustodyRow(HOSTILE, HOSTILE, 1, 1, notes=(bad,)),),
        statistics=v.StatisticsSection((bad,), (v.Sign(bad, bad, Severity.RED),)),
        recommendations=(bad,),
        appendix=v.Appendix(replace(sample.PROVENANCE, run_id=HOSTILE), (form,)),
    )


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return {
        "unit": unit_document(sample.unit_report(), "vi"),
        "round": round_document(sample.round_report(), "en"),
        "bare": unit_document(sample.bare_report(), "vi"),
    }


@pytest.mark.parametrize("fmt", list(FORMATS))
@pytest.mark.parametrize("name", ["unit", "round", "bare"])
def test_every_format_has_every_heading_and_the_same_bytes(
    documents: dict[str, Document], name: str, fmt: str
) -> None:
    document = documents[name]
    data = render(document, fmt)
    assert data == render(document, fmt)
    assert len(data) < 2_000_000
    shown = " ".join(READ[fmt](data).split())
    for block in document.blocks:
        if isinstance(block, Heading):
            assert " ".join(block.text.split()) in shown, block.text
    assert document.notice in shown
    assert document.trail is not None
    assert document.trail[1] in shown


def test_the_time_in_a_file_is_that_of_its_state(
    documents: dict[str, Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    for fmt in ("pdf", "xlsx", "docx"):
        assert render(documents["bare"], fmt) == render(documents["bare"], fmt)
    with pikepdf.open(io.BytesIO(render(documents["bare"], "pdf"))) as pdf:
        assert "20010909" in str(pdf.docinfo["/CreationDate"])
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    with pikepdf.open(io.BytesIO(render(documents["bare"], "pdf"))) as pdf:
        assert "20261001" in str(pdf.docinfo["/CreationDate"])
    for fmt in ("xlsx", "docx"):
        with zipfile.ZipFile(io.BytesIO(render(documents["bare"], fmt))) as archive:
            assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
            assert b"2026-10-01T01:30:00Z" in archive.read("docProps/core.xml")


def test_a_pdf_is_a4_tagged_and_says_on_every_page_what_it_is(
    documents: dict[str, Document],
) -> None:
    data = render(documents["unit"], "pdf")
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert bool(pdf.Root.MarkInfo.Marked)
        assert str(pdf.Root.Lang) == "vi"
        assert b"pdfuaid:part" in pdf.Root.Metadata.read_bytes()
        figures = [o for o in _dictionaries(pdf) if str(o.get("/S")) == "/Figure"]
        charts = [b for b in documents["unit"].blocks if isinstance(b, Chart)]
        assert len(figures) == len(charts) + 4  # and four extracts
        assert all(str(figure.get("/Alt")) for figure in figures)
    with pypdfium2.PdfDocument(data) as document:
        for number, page in enumerate(document, start=1):
            assert [round(side) for side in page.get_size()] == [595, 842]
            shown = " ".join(page.get_textpage().get_text_bounded().split())
            for part in ("Công an tỉnh Bình Nguyên", "20261001-0130-7f3a", "b7c1d0f4a9e2", "0.1.0"):
                assert part in shown
            assert f"{number}/{len(document)}" in shown


def _dictionaries(pdf: pikepdf.Pdf) -> list[pikepdf.Object]:
    return [o for o in pdf.objects if o._type_code == pikepdf.ObjectType.dictionary]


def test_no_heading_stands_alone_at_the_foot_of_a_page(documents: dict[str, Document]) -> None:
    headings = {b.text for b in documents["unit"].blocks if isinstance(b, Heading)}
    with pypdfium2.PdfDocument(render(documents["unit"], "pdf")) as document:
        for page in document:
            lines = page.get_textpage().get_text_bounded().splitlines()
            body = [line.strip() for line in lines if line.strip()]
            last = next(i for i, line in enumerate(body) if line.startswith("Kết quả do phần mềm"))
            assert body[last - 1] not in headings


@pytest.mark.parametrize("fmt", list(FORMATS))
def test_hostile_text_is_shown_not_obeyed(fmt: str) -> None:
    for language in ("vi", "en"):
        document = unit_document(hostile_unit(), language)
        shown = " ".join(READ[fmt](render(document, fmt)).split())
        if fmt != "html":
            assert '#panic("x") $1/0$ @ref *b* <b>&amp;</b>' in shown
        assert "{{7}} {0}" in shown
        assert not set(shown) & set("\u202e\x00")


def test_a_workbook_holds_numbers_text_and_no_formula(documents: dict[str, Document]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(render(documents["unit"], "xlsx")))
    flagged = book["A. Danh mục phiếu, bản ghi có d"]
    assert flagged.freeze_panes == "A2"
    assert flagged.max_row == 41
    factors = book["Kết quả theo 5 yếu tố so với kh"]
    assert factors["B2"].value == 351
    assert factors["C2"].value == pytest.approx(0.981)
    assert factors["C2"].number_format == "0.00%"
    assert factors.print_title_rows == "$1:$1"
    assert factors.page_setup.paperSize == 9
    bad = openpyxl.load_workbook(io.BytesIO(render(unit_document(hostile_unit(), "vi"), "xlsx")))
    cells = [cell for sheet in bad for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(str(cell.value).startswith("=cmd") and cell.quotePrefix for cell in cells)


def test_a_word_file_can_be_edited(documents: dict[str, Document]) -> None:
    word = docx.Document(io.BytesIO(render(documents["unit"], "docx")))
    styles = [p.style.name for p in word.paragraphs if p.style is not None]
    assert styles.count("Heading 2") == 10
    assert word.tables
    assert word.core_properties.author == "survey-audit"
    pictures = [s._inline.docPr.get("descr") for s in word.inline_shapes]
    assert len(pictures) == 9 + 4
    assert all(pictures)


def test_withheld_values_are_in_no_format() -> None:
    small = sample.result(received=9, scored=9, held=0, not_judged=0)
    document = unit_document(sample.unit_report(result=small), "vi")
    for fmt, read in READ.items():
        shown = read(render(document, fmt))
        for value in ("95,93", "95.93", "95,41", "95.41", "84,51", "84.51", "0.9593", "0.9541"):
            assert value not in shown, fmt
    assert "99,90" not in text_of(document.blocks)


def test_an_unknown_format_is_named(documents: dict[str, Document]) -> None:
    with pytest.raises(UsageError, match="odt"):
        render(documents["bare"], "odt")


def test_small_cells_take_what_would_tell_them_along() -> None:
    assert v.withheld([50, 9, 20, 30]) == {1, 2}
    assert v.withheld([50, 4, 3, 30]) == {1, 2, 3}
    assert v.withheld([50, 6, 7, 30]) == {1, 2}
    assert v.withheld([50, 0, 30]) == frozenset()
    assert v.withheld([9]) == {0}
    table = v.FairnessTable(
        Message("a", "a"),
        tuple(v.FairnessRow(Message(str(n), str(n)), n, 1) for n in (50, 9, 20)),
    )
    assert [row.flagged for row in table.rows] == [1, None, None]

"""Blank forms as offices make them: in a word processor, and printed from a browser.

What tells the places is the maker itself: the browser says where its boxes stand, the PDF
where the letters stand that are boxes. Vietnamese texts after the form of a satisfaction
survey; tables with headings inside, options that wrap, letters and digits inside the outlines.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from detectors.instrument import BoxMm

__all__ = [
    "FACTS",
    "LEVELS",
    "OFFICE_FORMS",
    "RATINGS",
    "Boxes",
    "drawn",
    "missing_program",
    "write_office_form",
]

Boxes = tuple[tuple[str, int, BoxMm], ...]
"""Item, page and place of every box."""

RATINGS = {
    "A": (
        "Tiếp cận dịch vụ",
        "Biển chỉ dẫn, nơi tiếp nhận hồ sơ dễ tìm",
        "Nơi ngồi chờ đủ chỗ, sạch sẽ",
        "Trang thiết bị phục vụ đầy đủ, dễ sử dụng",
        "Dễ tra cứu thông tin, nộp hồ sơ trực tuyến",
    ),
    "B": (
        "Thủ tục hành chính",
        "Thủ tục niêm yết công khai, đầy đủ, chính xác",
        "Thành phần hồ sơ đúng quy định, không yêu cầu thêm giấy tờ",
        "Phí, lệ phí thu đúng quy định",
        "Thời hạn giải quyết đúng quy định",
    ),
    "C": (
        "Cán bộ, chiến sĩ trực tiếp giải quyết",
        "Trang phục, lễ tiết, tác phong đúng quy định",
        "Thái độ lịch sự, tôn trọng",
        "Lắng nghe ý kiến của người dân",
        "Giải đáp đầy đủ thắc mắc",
        "Hướng dẫn kê khai hồ sơ dễ hiểu, tận tình",
        "Nắm vững, xử lý công việc thành thạo",
        "Không gợi ý, gây phiền hà, nhũng nhiễu",
    ),
    "E": (
        "Tiếp nhận, xử lý phản ánh, kiến nghị",
        "Có nhiều hình thức tiếp nhận, dễ thực hiện",
        "Số điện thoại, hộp thư góp ý được công khai",
        "Phản ánh được tiếp nhận, xử lý tích cực",
        "Thông báo kết quả xử lý kịp thời",
    ),
}
FACTS = {
    "D1": ("Ông/Bà trả lời với tư cách", "Cá nhân", "Đại diện tổ chức", "Đại diện doanh nghiệp"),
    "D2": ("Giới tính", "Nam", "Nữ", "Khác/không trả lời"),
    "D3": ("Nhóm tuổi", "18–24", "25–34", "35–49", "50–59", "Từ 60"),
    "D4": (
        "Trình độ học vấn",
        "Tiểu học trở xuống",
        "THCS",
        "THPT",
        "Trung cấp/CĐ",
        "Đại học trở lên",
    ),
    "D6": ("Nơi ở", "Đô thị", "Nông thôn", "Miền núi/hải đảo"),
    "D8": ("Hình thức nộp hồ sơ", "Trực tiếp", "Trực tuyến", "Bưu chính công ích"),
}
LEVELS = ("Rất không hài lòng", "Không hài lòng", "Bình thường", "Hài lòng", "Rất hài lòng")
_TITLE = "PHIẾU KHẢO SÁT MỨC ĐỘ HÀI LÒNG"
_HOW = (
    "Cách trả lời: đánh dấu X vào MỘT ô cho mỗi dòng. "
    "Nếu đánh nhầm: khoanh tròn ô sai rồi đánh X vào ô khác."
)
_MM = 25.4 / 96.0

_STYLE = """
@page { size: A4; margin: 0 }
body { margin: 0; font: 10pt "DejaVu Sans" }
section { width: 210mm; height: 297mm; padding: 15mm; box-sizing: border-box;
  position: relative; page-break-after: always; overflow: hidden }
table { border-collapse: collapse; width: 100% }
td, th { padding: 0.5mm; text-align: center } td:first-child { text-align: left }
.square { display: inline-block; width: 4.5mm; height: 4.5mm; border: 0.3mm solid #000;
  box-sizing: border-box; vertical-align: middle }
.oval { display: inline-block; width: 6mm; height: 4mm; border: 0.25mm solid #c33;
  border-radius: 50%; box-sizing: border-box; font-size: 7pt; line-height: 3.4mm; color: #c33 }
.round { display: inline-block; width: 6mm; height: 6mm; border: 0.3mm solid #000;
  border-radius: 50%; box-sizing: border-box; font-size: 9pt; line-height: 5.3mm }
.ruled td, .ruled th { border: 0.2mm solid #666 } th { width: 16mm; font-size: 8pt }
.ruled th:first-child, .tinted th:first-child { width: auto }
.tinted tr:nth-child(even) { background: #e8eef4; -webkit-print-color-adjust: exact }
"""


def _mark(kind: str, item: str, inside: str = "") -> str:
    return f'<span class="{kind}" data-item="{item}">{inside}</span>'


def _rows(letters: str, kind: str, *, levels: tuple[str, ...] = LEVELS, repeat: bool) -> str:
    head = "<tr><th>Nội dung đánh giá</th>" + "".join(f"<th>{w}</th>" for w in levels) + "</tr>"
    out = "" if repeat else head
    for letter in letters:
        name, *items = RATINGS[letter]
        out += head if repeat else ""
        out += f'<tr><td colspan="{1 + len(levels)}"><b>{letter}. {name}</b></td></tr>'
        for number, text in enumerate(items, start=1):
            marks = [
                _mark(kind, f"{letter}{number}", str(v) if kind == "round" else "")
                for v in range(1, 1 + len(levels))
            ]
            cells = "".join(f"<td>{mark}</td>" for mark in marks)
            out += f"<tr><td>{letter}{number}. {text}</td>{cells}</tr>"
    return out


def _facts(*, below: bool) -> str:
    out = ""
    for item, (question, *options) in FACTS.items():
        marks = [f"{_mark('square', item)} {option}" for option in options]
        if below:
            lines = "".join(f'<div style="margin-left: 10mm">{m}</div>' for m in marks)
            out += f"<p>{item}. {question}:</p>{lines}"
        else:
            out += f"<p>{item}. {question}: " + " &emsp; ".join(marks) + "</p>"
    return out


def _letters() -> list[str]:
    def column(first: int) -> str:
        lines = ""
        for n in range(first, first + 20):
            marks = [_mark("oval", f"Q{n:02d}", letter) for letter in "ABCDE"]
            lines += f"<tr><td>{n}.</td>" + "".join(f"<td>{m}</td>" for m in marks) + "</tr>"
        return f'<table style="width: 70mm">{lines}</table>'

    two = f'<div style="display: flex; gap: 25mm">{column(1)}{column(21)}</div>'
    return [f"<h2>ANSWER SHEET</h2><p>Fill in one oval. Wrong one: strike it out.</p>{two}"]


def _circles() -> list[str]:
    return [
        (
            f"<h2>{_TITLE}</h2><p>Khoanh tròn một số ở mỗi dòng.</p>{_facts(below=False)}"
            f'<table class="ruled">{_rows("AB", "round", repeat=True)}</table>'
        ),
        (
            f'<table class="ruled">{_rows("CE", "round", repeat=True)}</table><p>Ý kiến khác:</p>'
            '<div style="border: 0.3mm solid #000; height: 35mm"></div><p>Người trả lời ký tên</p>'
            '<div style="border: 0.3mm solid #000; height: 25mm; width: 60mm"></div>'
        ),
    ]


def _tinted() -> list[str]:
    levels = (*LEVELS, "Không có ý kiến")
    return [
        (
            f"<h2>{_TITLE}</h2><p>Đánh dấu ✓ vào một ô. Nếu nhầm, gạch ô sai.</p>"
            f'<table class="tinted">{_rows("ABCE", "square", levels=levels, repeat=False)}</table>'
        ),
        _facts(below=True),
    ]


def _browser(name: str, path: Path) -> Boxes:
    """In a process of its own: a process can drive the browser from one place only."""
    words = [sys.executable, "-m", "tests.accuracy.office_forms", name, str(path)]
    told = subprocess.run(words, check=True, capture_output=True, timeout=180, text=True).stdout
    return tuple((item, page, tuple(place)) for item, page, place in json.loads(told))


def drawn(pages: list[str], path: Path, style: str = _STYLE, high: float = 297.0) -> Boxes:
    """Print pages of HTML from the browser; where everything with ``data-item`` came to stand."""
    from playwright.sync_api import sync_playwright

    body = "".join(f"<section>{page}</section>" for page in pages)
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": 1123, "height": 1123})
            page.set_content(f"<style>{style}</style>{body}")
            found: list[tuple[str, float, float, float, float]] = page.evaluate(
                "() => [...document.querySelectorAll('[data-item]')].map(e => {"
                " const r = e.getBoundingClientRect();"
                " return [e.dataset.item, r.x, r.y, r.width, r.height] })"
            )
            page.pdf(path=path, prefer_css_page_size=True, print_background=True)
        finally:
            browser.close()
    out = []
    for item, x, y, w, h in found:
        number = int(y * _MM // high)
        out.append((item, number + 1, (x * _MM, y * _MM - high * number, w * _MM, h * _MM)))
    return tuple(out)


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def _word(path: Path, glyph: str) -> Boxes:
    """A form of a word processor; without ``glyph`` its table is answered in its cells."""
    import docx
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.shared import Mm, Pt

    document: Any = docx.Document()
    part = document.sections[0]
    part.page_width, part.page_height = Mm(210), Mm(297)
    part.left_margin, part.right_margin = Mm(25), Mm(15)
    part.top_margin = part.bottom_margin = Mm(18)
    document.styles["Normal"].font.name, document.styles["Normal"].font.size = "Times", Pt(12)
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = title.add_run(_TITLE)
    run.bold, run.font.size = True, Pt(16)
    document.add_paragraph(_HOW)
    items: list[str] = []
    for item, (question, *options) in FACTS.items() if glyph else ():
        words = "   ".join(f"{glyph} {option}" for option in options)
        document.add_paragraph(f"{item}. {question}:\t{words}").paragraph_format.space_after = Pt(4)
        items += [item] * len(options)
    table = document.add_table(rows=1, cols=6)
    table.style, table.autofit = "Table Grid", False
    widths = [Mm(80)] + [Mm(18)] * 5
    for column, wide in zip(table.columns, widths, strict=True):
        column.width = wide
    for cell, words in zip(table.rows[0].cells[1:], LEVELS, strict=True):
        cell.text = words
        cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
        cell.paragraphs[0].runs[0].font.size = Pt(9)
    for letter, (name, *questions) in RATINGS.items():
        row = table.add_row()
        row.cells[0].merge(row.cells[5]).paragraphs[0].add_run(f"{letter}. {name}").bold = True
        for number, text in enumerate(questions, start=1):
            row = table.add_row()
            row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
            for cell, wide in zip(row.cells, widths, strict=True):
                cell.width = wide
            row.cells[0].text = f"{letter}{number}. {text}"
            items += [f"{letter}{number}"] * 5
            for cell in row.cells[1:]:
                cell.text = glyph
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.add_paragraph("\nÝ kiến khác: " + "." * 100 + "\n" + "." * 120)
    document.add_paragraph("Ngày trả lời: ..... / ..... / 20.....\t\t\tKý tên\n\n\n")
    source = path.with_suffix(".docx")
    document.save(str(source))
    words = [str(_writer()), "--headless", "--convert-to", "pdf", "--outdir", str(path.parent)]
    subprocess.run([*words, str(source)], check=True, capture_output=True, timeout=180)
    if not glyph:
        return tuple((item, 0, (0.0, 0.0, 0.0, 0.0)) for item in items)
    places = list(_glyphs(path, glyph))
    return tuple((item, page, box) for item, (page, box) in zip(items, places, strict=True))


def _glyphs(path: Path, glyph: str) -> Iterator[tuple[int, BoxMm]]:
    """Where a letter stands in a PDF, in the order of its text."""
    import pypdfium2

    point = 25.4 / 72.0
    document = pypdfium2.PdfDocument(path)
    try:
        for number, page in enumerate(document, start=1):
            text = page.get_textpage()
            every, height = text.get_text_range(), page.get_height()
            for index in (i for i, letter in enumerate(every) if letter == glyph):
                left, bottom, right, top = text.get_charbox(index)
                size = ((right - left) * point, (top - bottom) * point)
                yield number, (left * point, (height - top) * point, *size)
    finally:
        document.close()


def _writer() -> str | None:
    return shutil.which("soffice") or shutil.which("libreoffice")


OFFICE_FORMS: dict[str, tuple[str, Callable[[Path], Boxes]]] = {
    "browser, letters in ovals": ("chromium", lambda p: _browser("letters", p)),
    "browser, digits in circles": ("chromium", lambda p: _browser("circles", p)),
    "browser, tinted rows": ("chromium", lambda p: _browser("tinted", p)),
    "word processor, box letters": ("libreoffice", lambda p: _word(p, "☐")),
    "word processor, squares": ("libreoffice", lambda p: _word(p, "□")),
    "word processor, bare cells": ("libreoffice", lambda p: _word(p, "")),
}


def missing_program(name: str) -> str | None:
    """The program that a form needs and this machine does not have."""
    program = OFFICE_FORMS[name][0]
    there = _chromium() if program == "chromium" else _writer()
    return None if there else program


def write_office_form(name: str, folder: Path) -> tuple[Path, Boxes]:
    """Make one of the forms; its PDF and its boxes in the order of the form.

    Returns:
        Boxes whose page is 0 have no known place, only an item.
    """
    path = folder / f"{name.replace(',', '').replace(' ', '-')}.pdf"
    return path, OFFICE_FORMS[name][1](path)


if __name__ == "__main__":
    made = {"letters": _letters, "circles": _circles, "tinted": _tinted}[sys.argv[1]]()
    sys.stdout.write(json.dumps(drawn(made, Path(sys.argv[2]))))

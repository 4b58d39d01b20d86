"""Index workbooks in the layouts of five made-up offices, none like another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl

U1, U2 = "Công an phường Mẫu", "Công an xã Thử"

_LINES: tuple[tuple[str, str, Any, Any, Any], ...] = (
    ("I", "CHỈ ĐẠO ĐIỀU HÀNH", 8.5, 8.5, 7),
    ("1.1", "Kế hoạch cải cách hành chính", 4, 4, 3.5),
    ("1.2", "Công tác kiểm tra", 4.5, 4.5, 3.5),
    ("II", "CẢI CÁCH THỂ CHẾ", 10, 9, 9),
    ("2.1", "Rà soát văn bản", 6, 6, 6),
    ("2.2", "Tỷ lệ văn bản ban hành đúng hạn", 4, 3, 3),
    ("III", "TÁC ĐỘNG", 6.5, 6.5, 3.25),
    ("3.1", "Mức độ hài lòng (điều tra xã hội học)", 6.5, 6.5, 3.25),
)


def sheet_a_unit(path: Path) -> Path:
    """One sheet a unit: title, unit, header over two rows with merged cells, sums, signature."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for unit, less in ((U1, 0.0), (U2, 0.5)):
        sheet = book.create_sheet(unit[:31])
        sheet["A1"] = "BỘ CÔNG AN"
        sheet["C2"] = "BẢNG CHẤM ĐIỂM CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM 2026"
        sheet["A3"] = f"Đơn vị: {unit}"
        sheet.append([])
        sheet.append(["TT", "Lĩnh vực/Tiêu chí", "Điểm tối đa", "Điểm đánh giá", None, "Ghi chú"])
        sheet.append([None, None, None, "Đơn vị tự chấm", "Thẩm định", None])
        for place in ("A5:A6", "B5:B6", "C5:C6", "D5:E5", "F5:F6"):
            sheet.merge_cells(place)
        sheet.append(["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"])
        for number, name, most, own, appraised in _LINES:
            changed = appraised - less if number in ("I", "1.1") else appraised
            sheet.append([number, name, most, own, changed, None])
        sheet.append([None, "Tổng cộng", 25, 24, 19.25 - less, None])
        sheet.append([None, "Chỉ số CCHC (%)", None, None, "77%" if not less else "75%"])
        sheet.append([None, "Xếp loại", None, None, "Khá"])
        sheet.append([])
        sheet.append([None, None, None, "NGƯỜI LẬP BIỂU"])
    book.save(path)
    return path


def units_across(path: Path) -> Path:
    """One sheet for all: each unit has two columns, its name merged over them; decimal commas."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Tổng hợp chấm điểm 2026"
    sheet["A1"] = "TỔNG HỢP KẾT QUẢ"
    sheet.append(["STT", "Nội dung tiêu chí", "Thang điểm", U1, None, "u2", None])
    sheet.append([None, None, None, "Tự ĐG", "Thẩm định", "Tự ĐG", "Thẩm định"])
    sheet.merge_cells("D2:E2")
    sheet.merge_cells("F2:G2")
    for number, name, most, own, appraised in _LINES:
        given = f"{appraised}".replace(".", ",") if number == "1.2" else appraised
        sheet.append([number, name, most, own, given, own, appraised])
    sheet.append(["Tổng số", None, 25, 24, 19.25, 24, 19.25])
    book.save(path)
    return path


def units_down(path: Path) -> Path:
    """A unit a row, a field a column; a row of maxima; average at the end."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Biểu 01"
    sheet["B1"] = "KẾT QUẢ CHỈ SỐ CẢI CÁCH HÀNH CHÍNH NĂM 2026 CỦA CÁC ĐƠN VỊ"
    heads = ["Chỉ đạo điều hành", "Cải cách thể chế", "Tác động (XHH)"]
    sheet.append([])
    sheet.append(["STT", "Tên đơn vị", *heads, "Tổng điểm", "Chỉ số (%)", "Xếp loại", "Xếp hạng"])
    sheet.append([None, "Điểm tối đa", 8.5, 10, 6.5, 25])
    sheet.append([1, U1, 7, 9, 3.25, 19.25, "77,00%", "khá", "1/2"])
    sheet.append([2, U2, 6.5, 9, 3.25, 18.75, 0.75, "Khá", "2/2"])
    sheet["G6"].number_format = "0.00%"
    sheet.append([None, "Trung bình", 6.75, 9, 3.25, 19, None])
    book.save(path)
    return path


def numbered_plainly(path: Path) -> Path:
    """Whole numbers for fields, number and words in one cell, parts of a criterion with a dash."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Phiếu tự đánh giá"
    sheet["A1"] = "Năm đánh giá: 2026"
    sheet["A2"] = "u1"
    sheet.append(["Lĩnh vực, tiêu chí", "Điểm tối đa", "Điểm tự đánh giá", "Tài liệu kiểm chứng"])
    for row in (
        ("1. Chỉ đạo điều hành", 8.5, 7, None),
        ("1.1. Kế hoạch", 4, 3.5, "QĐ 12"),
        ("1.2. Kiểm tra", 4.5, 3.5, "BC 3"),
        ("- Có kế hoạch kiểm tra", 2, 1.5, None),
        ("- Thực hiện kế hoạch", 2.5, 2, None),
        ("2. Cải cách thể chế", 10, 9, None),
        ("2.1. Rà soát", 10, 9, None),
        ("Cộng", 18.5, 16, None),
    ):
        sheet.append(row)
    book.save(path)
    return path


def restarting(path: Path) -> Path:
    """Roman fields with criteria that begin at 1 in each, English headings, a sheet of notes."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "u2"
    sheet["A1"] = "PAR index, year: 2026"
    sheet.append(["No", "Criterion", "Max score", "Self score", "Appraised score"])
    for row in (
        ("I", "Direction", 8.5, 7, 7),
        (1, "Plan", 4, 3.5, 3.5),
        (2, "Inspection", 4.5, 3.5, 3.5),
        ("II", "Institutions", 10, 9, 9),
        (1, "Review", 10, 9, 9),
    ):
        sheet.append(row)
    notes = book.create_sheet("Hướng dẫn")
    notes["A1"] = "Cách chấm điểm: xem công văn."
    book.save(path)
    return path

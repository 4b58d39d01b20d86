"""Index workbooks made for a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl

FIELDS = [("1", "Chỉ đạo điều hành", 8.5), ("2", "Cải cách thể chế", 10), ("3", "Tác động", 6.5)]
CRITERIA = [
    ("1.1", "1", "Kế hoạch", 4, None),
    ("1.2", "1", "Kiểm tra", 4.5, None),
    ("2.1", "2", "Rà soát", 6, None),
    ("2.2", "2", "Theo dõi", 4, None),
    ("3.1", "3", "Hài lòng của người dân", 6.5, "có"),
]


def rows_of(unit: str, year: int, *shares: float) -> list[tuple[Any, ...]]:
    """Points of one unit in every criterion; the self-score is the maximum."""
    return [
        (unit, year, name, maximum, round(maximum * share, 4))
        for (name, _, _, maximum, _), share in zip(CRITERIA, shares, strict=True)
    ]


def write_book(
    path: Path,
    scores: Sequence[Sequence[Any]],
    totals: Sequence[Sequence[Any]] = (),
    change: Callable[[Any], None] | None = None,
) -> Path:
    """A workbook with Vietnamese headings under a title."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    sheets = {
        "Lĩnh vực": (("Lĩnh vực", "Tên lĩnh vực", "Điểm tối đa"), FIELDS),
        "Tiêu chí": (
            ("Tiêu chí", "Lĩnh vực", "Nội dung", "Điểm tối đa", "Điều tra xã hội học"),
            CRITERIA,
        ),
        "Điểm": (("Mã đơn vị", "Năm", "Tiêu chí", "Tự đánh giá", "Điểm thẩm định"), scores),
        "Tổng hợp": (
            ("Mã đơn vị", "Năm", "Lĩnh vực", "Điểm thẩm định", "Chỉ số", "Xếp loại", "Xếp hạng"),
            totals,
        ),
    }
    for name, (header, rows) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(["BẢNG ĐIỂM CHỈ SỐ CẢI CÁCH HÀNH CHÍNH"])
        sheet.append(list(header))
        for row in rows:
            sheet.append(list(row))
    if change is not None:
        change(book)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path

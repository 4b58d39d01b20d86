"""Index workbooks of five offices: the same numbers whatever the layout, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from audit.intake.index_books import read_index_book
from audit.scoring.index import sheets_of
from audit.scoring.rules import load_rules, shipped_rules
from detectors.errors import InputError
from tests.audit import office_books as offices

RULES = load_rules(next(p for p in shipped_rules() if p.stem == "index-2025"))
UNITS = {"u1": offices.U1, "u2": offices.U2}


def _read(path: Path) -> Any:
    return read_index_book(path, "index/bang-diem.xlsx", UNITS, lambda year: RULES)


def _told(part: Any) -> list[str]:
    return [problem.line() for problem in part.problems]


@pytest.mark.parametrize("make", [offices.sheet_a_unit, offices.units_across, offices.units_down])
def test_three_layouts_give_the_same_sums(make: Callable[[Path], Path], tmp_path: Path) -> None:
    part = _read(make(tmp_path / "a.xlsx"))
    (book,) = part.books or pytest.fail(str(_told(part)))
    assert book.year == 2026
    assert book.units == ["u1", "u2"]
    assert [field.maximum for field in book.fields] == [Decimal("8.5"), Decimal(10), Decimal("6.5")]
    found = {sheet.unit_id: sheet for sheet in sheets_of(book, RULES)}
    first = found["u1"]
    assert first.total.appraised == Decimal("19.25")
    assert first.total.maximum == Decimal(25)
    assert [f.appraised for f in first.fields] == [Decimal(7), Decimal(9), Decimal("3.25")]
    assert first.arithmetic_holds
    assert {c.id for c in book.criteria if c.survey} <= {"3.1", "3"}
    assert any(c.survey for c in book.criteria)


def test_a_sheet_a_unit_declares_sums_per_cent_and_tier(tmp_path: Path) -> None:
    (book,) = _read(offices.sheet_a_unit(tmp_path / "a.xlsx")).books
    told = book.declared["u1", ""]
    assert (told.own, told.appraised) == (Decimal(24), Decimal("19.25"))
    assert told.percent is not None
    assert told.percent.percent == Decimal(77)
    assert told.tier == next(t.id for t in RULES.tiers if t.name.vi == "khá")
    # A criterion that begins with "Tỷ lệ" is no line of sums.
    assert book.marks["u1", "2.2"].appraised == Decimal(3)
    found = {sheet.unit_id: sheet for sheet in sheets_of(book, RULES)}
    assert found["u2"].total.appraised == Decimal("18.75")


def test_decimal_commas_are_read_and_told_by_cell(tmp_path: Path) -> None:
    part = _read(offices.units_across(tmp_path / "a.xlsx"))
    (problem,) = part.problems
    assert problem.code == "number_as_text"
    assert problem.where == "index/bang-diem.xlsx, sheet Tổng hợp chấm điểm 2026, cell E6"
    assert part.books[0].marks["u1", "1.2"].appraised == Decimal("3.5")


def test_units_down_have_ranks(tmp_path: Path) -> None:
    (book,) = _read(offices.units_down(tmp_path / "a.xlsx")).books
    assert [book.declared[u, ""].rank for u in ("u1", "u2")] == [(1, 2), (2, 2)]
    assert book.declared["u2", ""].percent.percent == Decimal(75)


def test_parts_with_a_dash_are_counted_once(tmp_path: Path) -> None:
    part = _read(offices.numbered_plainly(tmp_path / "a.xlsx"))
    (book,) = part.books or pytest.fail(str(_told(part)))
    assert [c.id for c in book.criteria] == ["1.1", "1.2.1", "1.2.2", "2.1"]
    assert book.subtotals == {"1.2": Decimal("4.5")}
    (sheet,) = sheets_of(book, RULES)
    assert sheet.total.own == Decimal(16)
    assert sheet.total.appraised is None


def test_numbers_that_restart_stand_in_their_field(tmp_path: Path) -> None:
    part = _read(offices.restarting(tmp_path / "a.xlsx"))
    (book,) = part.books or pytest.fail(str(_told(part)))
    assert [c.id for c in book.criteria] == ["1.1", "1.2", "2.1"]
    (problem,) = part.problems
    assert problem.code == "sheet_not_used"
    assert "sheet Hướng dẫn" in problem.where


def _put(sheet: int, cell: str, value: Any) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        book.worksheets[sheet][cell] = value

    return change


def _merge(book: Any) -> None:
    book.worksheets[0].merge_cells("E9:E10")


def _repeat(book: Any) -> None:
    book.worksheets[0].append(["1.1", "Kế hoạch cải cách hành chính", 4, 4, 3.5])


@pytest.mark.parametrize(
    ("change", "place", "says"),
    [
        (_put(0, "E9", "97,71%"), "cell E9", "percentage where points"),
        (_put(0, "E9", "ba"), "cell E9", "no number"),
        (_put(0, "E9", "=1+1"), "cell E9", "formula without"),
        (_put(0, "C9", None), "cell C9", "blank"),
        (_merge, "cells E9:E10", "merged"),
        (_put(0, "A9", "x"), "cell C9", "neither field, criterion nor sum"),
        (_put(0, "A3", "Đơn vị: Công an nơi khác"), None, None),
        (_put(1, "C9", 5), "cell A9", "another name or maximum"),
        (_put(1, "B9", "Khác"), "cell A9", "another name or maximum"),
        (_put(0, "C2", "BẢNG CHẤM ĐIỂM"), "sheet Công an phường Mẫu", "no year"),
        (_put(0, "C2", "Năm 2025 và năm 2026"), "sheet Công an phường Mẫu", "2025 and 2026"),
        (_put(0, "E18", "giỏi"), "cell E18", "'giỏi' is not known"),
        (_repeat, "cell E21", "stands twice"),
    ],
)
def test_what_cannot_be_placed_is_told_and_nothing_is_taken(
    change: Callable[[Any], None], place: str | None, says: str | None, tmp_path: Path
) -> None:
    path = offices.sheet_a_unit(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)
    part = _read(path)
    if place is None or says is None:  # the name of the sheet still tells the unit
        assert part.books
        return
    assert part.books == ()
    assert any(place in p.where and says in p.what and p.remedy for p in part.problems), _told(part)


def test_a_unit_that_nothing_names_is_told(tmp_path: Path) -> None:
    path = offices.sheet_a_unit(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["A3"], book.worksheets[0].title = "Đơn vị: nơi khác", "Sheet1"
    book.save(path)
    part = _read(path)
    assert part.books == ()
    assert [p.code for p in part.problems if p.code != "number_as_text"] == ["unknown_unit"]
    across = openpyxl.load_workbook(offices.units_across(tmp_path / "b.xlsx"))
    across.worksheets[0]["D2"] = "Công an nơi khác"
    across.worksheets[0]["F2"] = "Công an nơi nữa"
    across.save(tmp_path / "b.xlsx")
    assert [p.code for p in _read(tmp_path / "b.xlsx").problems] == ["unknown_unit"]


def test_a_workbook_without_any_header_is_refused_in_one_line(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "Kính gửi"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="no sheet has a header that is known"):
        _read(tmp_path / "a.xlsx")

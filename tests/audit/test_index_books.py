"""Index workbooks as people keep them: faults are told by sheet and cell, nothing is half read."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from audit.intake.index_books import join_books, read_index_book
from audit.scoring.index import sheets_of, structure_notes
from audit.scoring.rules import load_rules, shipped_rules
from detectors.errors import InputError
from tests.audit.index_books import rows_of, write_book

RULES = load_rules(next(p for p in shipped_rules() if p.stem == "index-2025"))
SCORES = rows_of("u1", 2026, 0.9, 0.8, 1, 0.75, 0.5)
UNITS = {"u1": "Công an phường Mẫu", "u2": "Công an xã Thử"}


def _read(path: Path) -> Any:
    return read_index_book(path, "index/2026.xlsx", UNITS, lambda year: RULES)


def test_a_good_workbook_gives_its_sums(tmp_path: Path) -> None:
    totals = [("u1", 2026, None, 19.45, "77,8%", "Khá")]
    part = _read(write_book(tmp_path / "a.xlsx", SCORES, totals))
    (book,) = part.books
    (sheet,) = sheets_of(book, RULES)
    assert sheet.total.appraised == Decimal("19.45")
    assert sheet.total.own == sheet.total.maximum == Decimal(25)
    assert [f.appraised for f in sheet.fields] == [Decimal("7.2"), Decimal(9), Decimal("3.25")]
    assert float(sheet.total.gap or 0) == pytest.approx(5.55 / 25)
    assert sheet.arithmetic_holds
    assert structure_notes(book) == []
    assert [p.code for p in part.problems] == ["number_as_text"]


def _set(sheet: str, cell: str, value: Any) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        book[sheet][cell] = value

    return change


def _merge(book: Any) -> None:
    book["Điểm"].merge_cells("A3:A5")


def _percent(book: Any) -> None:
    book["Điểm"]["E4"].number_format = "0.00%"


def _again(book: Any) -> None:
    book["Điểm"].append(list(SCORES[0]))


def _twice(book: Any) -> None:
    book["Tổng hợp"].append(["u1", 2026, None, 19.45])
    book["Tổng hợp"].append(["u1", 2026, None, 19.45])


@pytest.mark.parametrize(
    ("change", "place", "says"),
    [
        (_merge, "sheet Điểm, cells A3:A5", "merged"),
        (_set("Điểm", "E3", "97,71%"), "sheet Điểm, cell E3", "percentage where points"),
        (_percent, "sheet Điểm, cell E4", "shown as a percentage"),
        (_set("Điểm", "E3", "1,234"), "sheet Điểm, cell E3", "may be"),
        (_set("Điểm", "E3", "ba"), "sheet Điểm, cell E3", "no number"),
        (_set("Điểm", "E3", -1), "sheet Điểm, cell E3", "below zero"),
        (_set("Điểm", "E3", "=1+1"), "sheet Điểm, cell E3", "formula without"),
        (_set("Điểm", "A3", "u9"), "sheet Điểm, cell A3", "u9 is not in the list"),
        (_set("Điểm", "A3", None), "sheet Điểm, cell A3", "blank"),
        (_set("Điểm", "B3", "MMXXVI"), "sheet Điểm, cell B3", "no year"),
        (_set("Điểm", "C3", "9.9"), "sheet Điểm, cell C3", "9.9 is not in the sheet"),
        (_again, "sheet Điểm, cell A8", "stands twice"),
        (_twice, "sheet Tổng hợp, cell A4", "stands twice"),
        (_set("Tiêu chí", "D3", None), "sheet Tiêu chí, cell D3", "blank"),
        (_set("Tiêu chí", "B3", "7"), "sheet Tiêu chí, cell B3", "field 7"),
    ],
)
def test_what_is_wrong_is_told_by_sheet_and_cell_and_nothing_is_imported(
    change: Callable[[Any], None], place: str, says: str, tmp_path: Path
) -> None:
    part = _read(write_book(tmp_path / "a.xlsx", SCORES, change=change))
    assert part.books == ()
    told = [p for p in part.problems if place in p.where and says in p.what]
    assert told, [p.line() for p in part.problems]
    assert all(p.where.startswith("index/2026.xlsx, sheet ") and p.remedy for p in part.problems)


def test_an_unknown_tier_names_the_known_ones(tmp_path: Path) -> None:
    part = _read(write_book(tmp_path / "a.xlsx", SCORES, [("u1", 2026, None, 19.45, None, "giỏi")]))
    (problem,) = part.problems
    assert problem.where == "index/2026.xlsx, sheet Tổng hợp, cell F3"
    assert "'giỏi' is not known" in problem.what
    assert "xuất sắc" in problem.remedy
    assert part.books == ()


def test_a_missing_sheet_or_column_names_what_is_there(tmp_path: Path) -> None:
    def without(book: Any) -> None:
        del book["Điểm"]

    with pytest.raises(InputError, match=r"2026\.xlsx: the sheet scores is missing — .*Tiêu chí"):
        _read(write_book(tmp_path / "a.xlsx", SCORES, change=without))
    with pytest.raises(InputError, match="sheet Điểm: the column appraised_score is missing"):
        _read(write_book(tmp_path / "a.xlsx", SCORES, change=_set("Điểm", "E2", "Ghi chú")))


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    def several(book: Any) -> None:
        book["Điểm"]["E3"], book["Điểm"]["E4"] = "97,71%", "x"
        book["Tiêu chí"]["B3"] = "7"

    assert len(_read(write_book(tmp_path / "a.xlsx", SCORES, change=several)).problems) >= 3


def test_decimal_commas_as_text_are_read_and_told(tmp_path: Path) -> None:
    part = _read(write_book(tmp_path / "a.xlsx", SCORES, change=_set("Điểm", "E3", "3,25")))
    assert part.books[0].marks["u1", "1.1"].appraised == Decimal("3.25")
    (problem,) = part.problems
    assert problem.code == "number_as_text"
    assert problem.where.endswith("sheet Điểm, cell E3")


def test_missing_points_make_the_sum_unknown_and_never_smaller(tmp_path: Path) -> None:
    part = _read(write_book(tmp_path / "a.xlsx", SCORES, change=_set("Điểm", "E3", None)))
    (sheet,) = sheets_of(part.books[0], RULES)
    assert sheet.total.appraised is None
    assert sheet.total.share is None
    assert sheet.tier is None
    assert sheet.total.missing == ("1.1",)
    assert sheet.fields[1].appraised == Decimal(9)


def test_weights_that_do_not_add_up_and_points_above_the_maximum_are_evidence(
    tmp_path: Path,
) -> None:
    def change(book: Any) -> None:
        book["Lĩnh vực"]["C3"] = 9
        book["Điểm"]["E3"] = 4.5

    part = _read(write_book(tmp_path / "a.xlsx", SCORES, change=change))
    (book,) = part.books
    assert structure_notes(book) == [("1", Decimal(9), Decimal("8.5"))]
    (sheet,) = sheets_of(book, RULES)
    assert sheet.above_maximum == ("1.1",)
    assert sheet.arithmetic_holds is False


def test_sub_criteria_are_counted_once(tmp_path: Path) -> None:
    def change(book: Any) -> None:
        book["Tiêu chí"].append(["1.1.1", "1", "a", 1.5])
        book["Tiêu chí"].append(["1.1.2", "1", "b", 2])
        book["Điểm"].append(["u1", 2026, "1.1.1", 1, 1])
        book["Điểm"].append(["u1", 2026, "1.1.2", 2, 2])

    (book,) = _read(write_book(tmp_path / "a.xlsx", SCORES, change=change)).books
    assert "1.1" not in {criterion.id for criterion in book.criteria}
    assert structure_notes(book) == [
        ("1", Decimal("8.5"), Decimal(8)),
        ("1.1", Decimal(4), Decimal("3.5")),
    ]


def test_workbooks_join_by_year_and_a_unit_stands_in_one(tmp_path: Path) -> None:
    one = _read(write_book(tmp_path / "a.xlsx", SCORES))
    other = _read(write_book(tmp_path / "b.xlsx", rows_of("u2", 2026, 1, 1, 1, 1, 1)))
    books, problems = join_books([one, other])
    assert [book.units for book in books] == [["u1", "u2"]]
    assert problems == []
    books, problems = join_books([one, one])
    assert [problem.code for problem in problems] == ["index_conflict"]
    assert [book.units for book in books] == [["u1"]]


def test_what_is_no_workbook_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    for content in (b"", b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"index/2026\.xlsx"):
            _read(path)

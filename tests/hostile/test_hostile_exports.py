"""What leaves the program steers neither a spreadsheet nor a terminal."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from audit.cli._console import say, table, talk
from audit.cli._csv import csv_line
from audit.defused import json_words
from audit.export import csv_text, json_text, write_frame
from detectors.errors import InputError, one_line
from reports.clean import printable

FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x/?"&A1)', "-5", "+84912345678", "\0=1", "＝1+1", " =1+1", "'=1",
    "a;=1+1", 'a;"=1+1', "a\t@SUM(A1)",
]  # fmt: skip
ESCAPE = "\x1b[2J\x9b31m\x07\u202e\u2066"


def _frame() -> pd.DataFrame:
    numbers = [-1.5, -2.0, 3.0] * 6
    return pd.DataFrame({"text": FORMULAS, "number": numbers, "whole": range(-7, 11)})


def test_csv_defuses_texts_and_leaves_numbers() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(_frame()))))[1:]
    for text, number, whole in rows:
        assert not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0"))
        assert float(number) in (-1.5, -2.0, 3.0)
        assert -7 <= int(whole) <= 10
    # Opened where another separator is usual, what follows it begins a cell.
    for separator in ";\t":
        for row in csv.reader(io.StringIO(csv_text(_frame()[["text"]])), delimiter=separator):
            assert not [cell for cell in row if cell.strip(' "').startswith(tuple("=@＝"))]
    line = csv_line(["-5", -5, -0.25, "=1", True])
    assert line == "'-5,-5,-0.25,'=1,True\n"


def test_a_header_that_is_a_formula_is_defused_too() -> None:
    frame = pd.DataFrame({"=1+1": [1], "-x": ["y"]})
    assert csv_text(frame).splitlines()[0] == "'=1+1,'-x"


def test_xlsx_holds_no_formula_no_link_and_true_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    write_frame(_frame(), path, "xlsx")
    sheet = openpyxl.load_workbook(path)["data"]
    for row in sheet.iter_rows(min_row=2):
        text, number, whole = row
        assert text.data_type in ("s", "inlineStr")
        assert text.hyperlink is None
        assert number.data_type == whole.data_type == "n"
    assert [row[1].value for row in sheet.iter_rows(min_row=2)] == [-1.5, -2, 3] * 6


def test_json_and_parquet_keep_texts_texts_and_numbers_numbers(tmp_path: Path) -> None:
    rows = json.loads(json_text(_frame()))
    assert [row["text"] for row in rows] == FORMULAS
    assert [row["whole"] for row in rows] == list(range(-7, 11))
    write_frame(_frame(), tmp_path / "x.parquet", "parquet")
    again = pd.read_parquet(tmp_path / "x.parquet")
    assert again["text"].tolist() == FORMULAS
    assert again["whole"].tolist() == list(range(-7, 11))


def _harmless(text: str) -> bool:
    return not any(c in text for c in "\x1b\x9b\x07\u202e\u2066")


def test_nothing_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    talk(f"file {ESCAPE}.csv")
    talk(table(["unit", "name"], [[f"u{ESCAPE}", f"a\n{ESCAPE}b"], ["u2", "tên"]]))
    error = InputError(f"what {ESCAPE}", where=f"a{ESCAPE}.csv", remedy=f"do {ESCAPE}")
    talk(str(error))
    out, err = capsys.readouterr()
    assert _harmless(out + err)
    assert "\\x1b[2J" in err
    assert "tên" in err
    assert len(err.splitlines()) == 5


def test_data_are_as_they_are_in_a_file_and_harmless_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    say(f'{{"a": "{ESCAPE}"}}')
    assert ESCAPE in written.getvalue()
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdout", shown)
    say(f'{{"a": "{ESCAPE}", "b": "tốt"}}')
    assert _harmless(shown.getvalue())
    assert "tốt" in shown.getvalue()


def test_a_message_is_one_line_of_a_bearable_length() -> None:
    text = one_line("a\nb\r\nc " + "x" * 10**6 + "\ud800" + "end")
    assert len(text) <= 600
    assert text.startswith("a b c xx")
    assert text.endswith("end")
    text.encode("utf-8")
    assert one_line(text) == text


def test_json_spells_out_what_steers_and_says_the_same() -> None:
    value = {f"k{ESCAPE}": [f"a{ESCAPE}b", "tên", -1.5, None, True]}
    text = json_words(value)
    assert _harmless(text)
    assert "tên" in text
    assert json.loads(text) == value
    assert json_text(pd.DataFrame({"a": [ESCAPE]})).isascii()


def test_pages_show_what_would_hide() -> None:
    assert _harmless(printable(f"a{ESCAPE}b"))

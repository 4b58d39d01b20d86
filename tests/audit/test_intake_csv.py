"""The fast and the strict reader of CSV files give one table."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit.intake import _csv_file
from audit.intake._csv_file import read_csv
from detectors.errors import InputError

PATH = Path("t.csv")
CELL = st.text(st.sampled_from("ab5 \t;ố\u00a0\u200b'"), max_size=3)
ROW = st.lists(CELL, min_size=3, max_size=3).map(",".join)


def plain(table):
    columns = {name: list(cells) for name, cells in table.columns.items()}
    places = [table.place(row, "a") for row in range(len(table))]
    return columns, places, dict(table.odd_rows)


def strictly(text):
    return plain(_csv_file._strict(PATH, text))


@settings(deadline=None)
@given(st.lists(ROW, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans())
@example([",,", "1,2,3", "", " , ,\t"], "\n", True)
@example(["1,2", "1,2,3,4"], "\n", True)
def test_both_readers_agree(rows, end, last):
    text = end.join(["", "a,b,c", *rows]) + (end if last else "")
    assert plain(read_csv(PATH, text.encode())) == strictly(text)


def test_plain_files_take_the_fast_way_and_quoted_ones_do_not(monkeypatch):
    asked = []
    monkeypatch.setattr(_csv_file, "_strict", lambda path, text: asked.append(text))
    assert read_csv(PATH, b"a,b\n1,2\n") is not None
    assert not asked
    read_csv(PATH, b'a,b\n"1",2\n')
    read_csv(PATH, b"a,b\n1\n")
    assert len(asked) == 2


def test_lines_are_counted_over_blank_ones():
    table = read_csv(PATH, b"\n\na;b\n1;2\n\n;\n3;4\n")
    assert [table.place(row, "b") for row in (0, 1)] == [
        "t.csv, line 4, column b",
        "t.csv, line 7, column b",
    ]
    assert list(table.columns["b"]) == ["2", "4"]


@pytest.mark.parametrize("data", [b"\n\n", b",,\n", b"a,a\n1,2\n"])
def test_no_header_is_told(data):
    with pytest.raises(InputError):
        read_csv(PATH, data)


@settings(deadline=None)
@given(st.text(st.sampled_from('a,"\r\n'), max_size=30), st.sampled_from([0, 1, 3, 8]))
def test_lines_are_those_of_a_text_stream_whatever_the_pieces(text, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_csv_file, "_PIECE", piece)
        assert list(_csv_file._lines(text)) == list(io.StringIO(text, newline=""))

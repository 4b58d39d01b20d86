"""Tables as people send them: five kinds, odd cells, and what is told about them."""

from __future__ import annotations

import datetime as dt
import json
import random
import unicodedata
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.intake._cells import to_number, to_text
from audit.intake.custody_book import read_custody, serial_in
from audit.intake.registers import read_units, units_at
from audit.intake.tables import read_responses
from detectors.errors import ConfigError, InputError
from detectors.instrument import Instrument, load_instrument

ITEMS = """
id = "X"
version = "1"
title = "X"
[[item]]
id = "A1"
factor = "A"
scale = [1, 2, 3, 4, 5]
not_applicable = 9
[[item]]
id = "A2"
scale = [1, 2, 3, 4, 5]
[[item]]
id = "K"
scale = ["có", "không"]
kind = "category"
"""


@pytest.fixture
def instrument(tmp_path: Path) -> Instrument:
    path = tmp_path / "i.toml"
    path.write_text(ITEMS, "utf-8")
    return load_instrument(path)


ROWS = [
    {"record_id": "r1", "unit_id": "Cư M’gar", "channel": "QR", "A1": 5, "A2": 4, "K": "có"},
    {"record_id": "r2", "unit_id": "u2", "channel": "paper", "A1": 9, "A2": None, "K": None},
]


def _write(path: Path, kind: str) -> Path:
    frame = pd.DataFrame(ROWS)
    if kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path)
    elif kind == "json":
        path.write_text(json.dumps(ROWS), "utf-8")
    elif kind == "jsonl":
        path.write_text("\n".join(map(json.dumps, ROWS)), "utf-8")
    else:
        separator, encoding = {
            "csv": (",", "utf-8"),
            "csv-bom": (",", "utf-8-sig"),
            "csv-semicolon": (";", "utf-8"),
            "csv-tab": ("\t", "utf-8"),
            "csv-utf16": ("\t", "utf-16"),
        }[kind]
        frame.to_csv(path, index=False, sep=separator, encoding=encoding)
    return path


@pytest.mark.parametrize(
    "kind",
    ["csv", "csv-bom", "csv-semicolon", "csv-tab", "csv-utf16", "xlsx", "parquet", "json", "jsonl"],
)
def test_every_kind_of_table_gives_the_same_frame(
    kind: str, tmp_path: Path, instrument: Instrument
) -> None:
    path = _write(tmp_path / f"r.{kind.split('-')[0]}", kind)
    found = read_responses(path, instrument)
    assert found.problems == ()
    frame = found.frame
    assert frame["unit_id"].tolist() == ["Cư M’gar", "u2"]
    np.testing.assert_array_equal(frame["A1"], [5.0, 9.0])
    np.testing.assert_array_equal(frame["A2"], [4.0, np.nan])
    assert frame["K"].iat[0] == "có"
    assert pd.isna(frame["K"].iat[1])
    assert frame["A1"].dtype == np.float64


def test_names_are_compared_in_one_normal_form(tmp_path: Path, instrument: Instrument) -> None:
    decomposed = unicodedata.normalize("NFD", "Đắk Lắk")
    text = f"record_id,unit_id,A1,A2\nr1,  {decomposed}\u00a0,5,5\n"
    path = tmp_path / "r.csv"
    path.write_text(text, "utf-8")
    found = read_responses(path, instrument, units=["Đắk Lắk"])
    assert found.problems == ()
    assert found.frame["unit_id"].iat[0] == "Đắk Lắk"


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("97,71%", 97.71),
        ("4,0", 4.0),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        (" 5 ", 5.0),
        (5.0, 5.0),
        ("−3", -3.0),
        ("", None),
        (float("nan"), None),
    ],
)
def test_numbers_as_people_write_them(cell: str | float, number: float | None) -> None:
    assert to_number(cell) == number


@pytest.mark.parametrize("cell", ["1,2,3", "5a", "1.2.3,4", "nan", "inf", "0x10", "1e999", True])
def test_what_is_no_number_is_refused(cell: str | bool) -> None:
    with pytest.raises(ValueError, match=r"number"):
        to_number(cell)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_survives_text_with_either_decimal_sign(value: float) -> None:
    assert to_number(repr(value)) == value
    assert to_number(repr(value).replace(".", ",")) == value


@given(st.text(max_size=30))
def test_text_is_settled_after_one_reading(text: str) -> None:
    once = to_text(text)
    assert once is None or to_text(once) == once


def test_each_doubtful_cell_is_named_and_its_record_kept(
    tmp_path: Path, instrument: Instrument
) -> None:
    path = tmp_path / "r.csv"
    path.write_text(
        "record_id;unit_id;submitted_at;A1;A2;K\n"
        "r1;u1;2026-07-01T08:00:00Z;5;4,0;Có\n"
        "r1;u2;31/07/2026;6;;x\n"
        ";u1;2026-07-01;5;5;\n"
        "r4;u9;gestern;1;2;có\n"
        "r5;u1;2026-07-01;1\n",
        "utf-8",
    )
    found = read_responses(path, instrument, units=["u1", "u2"])
    assert len(found.frame) == 5
    assert found.frame["record_id"].is_unique
    told = {(p.record_id, p.code) for p in found.problems}
    assert told == {
        ("r1", "duplicate_record_id"),
        ("r1#2", "duplicate_record_id"),
        ("r1#2", "off_scale"),
        ("(r.csv row 3)", "no_record_id"),
        ("r4", "bad_value"),
        ("r4", "unknown_unit"),
        ("r5", "odd_row"),
    }
    off = next(p for p in found.problems if p.code == "off_scale" and p.item == "A1")
    assert off.where == f"{path}, line 3, column A1"
    # An offset is brought to local time; day-first dates are understood.
    assert found.frame["submitted_at"].tolist()[:2] == [
        pd.Timestamp("2026-07-01 15:00"),
        pd.Timestamp("2026-07-31"),
    ]


def test_a_workbook_names_sheet_and_cell_and_formulas_without_result(
    tmp_path: Path, instrument: Instrument
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Dữ liệu"
    sheet.append(["record_id", "unit_id", "A1", "A2"])
    sheet.append([1.0, "u1", "5", 7])
    sheet.append([2, "u1", "=2+3", 4])
    path = tmp_path / "r.xlsx"
    book.save(path)
    found = read_responses(path, instrument)
    assert found.frame["record_id"].tolist() == ["1", "2"]
    places = {(p.code, p.where) for p in found.problems}
    assert places == {
        ("off_scale", f"{path}, sheet Dữ liệu, cell D2"),
        ("odd_row", f"{path}, sheet Dữ liệu, row 3"),
    }


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("r.csv", b"", "empty"),
        ("r.csv", b"record_id,A1\nr1,5\n", "A2"),
        ("r.csv", b"unit_id,A1,A2\nu1,5,5\n", "record_id"),
        ("r.csv", b"record_id,A1,A2\nr\xff,5,5\n", "UTF-8"),
        ("r.csv", b"record_id,A1,A1\nr,5,5\n", "two columns"),
        ("r.csv", b'record_id,A1,A2\n"r,5,5\n', "cannot be read"),
        ("r.csv", b"record_id,A1,A2\nr\0,5,5\n", "zero byte"),
        ("r.xlsx", b"PK\x03\x04 broken", "damaged"),
        ("r.xlsx", b"no workbook", "not that of"),
        ("r.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old .xls"),
        ("r.parquet", b"PAR1 broken PAR1", "damaged"),
        ("r.json", b'{"a": 1', "JSON"),
        ("r.json", b"[1, 2]", "list of objects"),
        ("r.jsonl", b'{"record_id": 1}\n[]\n', "one object a line"),
        ("r.doc", b"text", "no kind of table"),
    ],
)
def test_a_table_that_cannot_be_used_says_where_and_what_to_do(
    name: str, content: bytes, says: str, tmp_path: Path, instrument: Instrument
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_responses(path, instrument)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_truncated_files_never_end_in_anything_but_a_message(
    tmp_path: Path, instrument: Instrument
) -> None:
    whole = {
        kind: _write(tmp_path / f"w.{kind}", kind).read_bytes() for kind in ("xlsx", "parquet")
    }
    draw = random.Random(1)
    for kind, data in whole.items():
        for _ in range(30):
            path = tmp_path / f"cut.{kind}"
            path.write_bytes(data[: draw.randrange(1, len(data))])
            with pytest.raises(InputError):
                read_responses(path, instrument)


def test_columns_are_mapped_by_table_or_preset(tmp_path: Path, instrument: Instrument) -> None:
    path = tmp_path / "r.csv"
    path.write_text(
        "_uuid,_submission_time,q/A1,A2,unit_id\nk1,2026-07-01T08:00:00,5,4,u1\n", "utf-8"
    )
    found = read_responses(path, instrument, mapping="kobotoolbox")
    assert found.frame["record_id"].tolist() == ["k1"]
    assert found.frame["A1"].tolist() == [5.0]
    # The platform writes the server's time in UTC without saying so.
    assert found.frame["submitted_at"].iat[0] == pd.Timestamp("2026-07-01 15:00")
    with pytest.raises(ConfigError, match="no preset"):
        read_responses(path, instrument, mapping="nowhere")


def test_units_are_taken_by_period(tmp_path: Path) -> None:
    path = tmp_path / "u.csv"
    path.write_text(
        "unit_id,name,group,handles_procedures,served,valid_from,valid_to\n"
        "bn,Bắc Ninh,DP,true,22.250,2015-01-01,2025-06-30\n"
        "bn,Bắc Ninh (mới),DP,có,1000,2025-07-01,\n"
        "bg,Bắc Giang,DP,true,,2015-01-01,2025-06-30\n"
        "bn,Bắc Ninh,DP,true,,2025-01-01,\n"
        "xx,Xã,,false,-1,2025-02-01,2025-01-01\n",
        "utf-8",
    )
    units = read_units(path)
    assert {p.code for p in units.problems} == {"duplicate_unit", "bad_period", "bad_value"}
    assert units_at(units.frame, dt.date(2025, 6, 1))["unit_id"].tolist() == ["bg", "bn"]
    later = units_at(units.frame, dt.date(2025, 8, 1))
    assert later["name"].tolist() == ["Bắc Ninh (mới)"]
    assert units.frame["served"].iat[0] == 22250.0


def test_custody_tells_of_ranges_that_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text(
        "unit_id,batch,serial_from,serial_to,issued\n"
        "u1,b1,PB-001,PB-050,50\n"
        "u2,b2,PB-040,PB-090,50\n"
        "u9,b3,PB-200,PB-100,\n"
        "u1,b1,,,x\n",
        "utf-8",
    )
    custody = read_custody(path, units=["u1", "u2"])
    codes = [p.code for p in custody.problems]
    assert sorted(codes) == ["bad_range", "bad_value", "duplicate_batch", "overlap", "unknown_unit"]


@pytest.mark.parametrize(
    ("serial", "inside"),
    [
        ("PB-23-004217-6", True),
        ("pb-23-004200-1", True),
        ("PB-23-004300-9", True),
        ("PB-23-004301-0", False),
        ("PB-22-004217-6", False),
        ("QX-23-004217", False),
    ],
)
def test_a_range_named_without_check_digits_holds_the_serials_with_them(
    serial: str, inside: bool
) -> None:
    assert serial_in(serial, "PB-23-004200", "PB-23-004300") is inside


def test_another_questionnaire_is_read_as_far_as_it_goes(
    tmp_path: Path, instrument: Instrument
) -> None:
    path = tmp_path / "then.csv"
    path.write_text("record_id,A2,K\nr1,4,có\n", "utf-8")
    with pytest.raises(InputError, match="A1"):
        read_responses(path, instrument)
    read = read_responses(path, instrument, partial=True)
    assert list(read.frame) == ["record_id", "A2", "K"]
    assert [(p.code, "A1" in p.what) for p in read.problems] == [("missing_item", True)]
    path.write_text("record_id,K\nr1,có\n", "utf-8")
    with pytest.raises(InputError, match="A1"):
        read_responses(path, instrument, partial=True)

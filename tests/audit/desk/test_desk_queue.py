"""The queue: its order, its filters, and tables that are what is shown."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.desk.entries import Entry
from audit.desk.queue import Filters, in_order
from audit.judge.decision import CaseState
from detectors.finding import Severity
from tests.audit.desk.conftest import Office


def entry(number: int, **given_: object) -> Entry:
    plain = {
        "id": number,
        "instrument_id": "i",
        "subject": "record",
        "subject_id": f"r{number}",
        "label": f"r{number}",
        "unit_id": "u",
        "group": None,
        "severity": Severity.YELLOW,
        "reasons": (),
        "evidence": "e",
        "two": True,
        "history": (),
        "state": CaseState.OPEN,
    }
    return Entry(**(plain | given_))


def test_what_comes_first() -> None:
    closed = entry(1, severity=Severity.RED, state=CaseState.CONFIRMED)
    small = entry(2, severity=Severity.ORANGE, effect=0.001)
    large = entry(3, severity=Severity.ORANGE, effect=0.02)
    red = entry(4, severity=Severity.RED)
    unjudged = entry(5, severity=Severity.ORANGE, reasons=("page_missing",))
    cases = [closed, small, large, red, unjudged]
    assert [e.id for e in in_order(cases)] == [5, 4, 3, 2, 1]


@given(st.dictionaries(st.sampled_from(["state", "unit", "kind", "x"]), st.text(max_size=20)))
def test_the_url_is_the_view(query: dict[str, str]) -> None:
    from urllib.parse import parse_qsl

    filters = Filters.of(query)
    assert Filters.of(dict(parse_qsl(filters.query().lstrip("?")))) == filters


def labels(page: str) -> list[str]:
    return re.findall(r'class="subject"><a [^>]+>([^<]+)<', page)


def test_what_could_not_be_judged_is_on_top_and_why_is_said(office: Office) -> None:
    page = office.logged_in("an").get("/queue").text
    assert labels(page)[0] == "S-2"
    assert "Không đánh giá được: thiếu trang của phiếu" in page
    assert labels(page)[1] == "S-1"
    assert set(labels(page)) == {"S-1", "S-2", "S-3", "S-4", "S-5"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("severity=red", {"S-1"}),
        ("unit=u2", {"S-3"}),
        ("unit=p1", {"S-1", "S-2", "S-3"}),
        ("group=G&severity=yellow", {"S-5"}),
        ("detector=erasure.test&unit=p2", {"S-4", "S-5"}),
        ("kind=erasure", {"S-1", "S-2", "S-3", "S-4", "S-5"}),
        ("kind=nothing", set()),
        ("channel=paper", {"S-1", "S-2", "S-3", "S-4", "S-5"}),
        ("state=confirmed", set()),
        ("state=nonsense&severity=red", {"S-1"}),
    ],
)
def test_a_filter_filters(office: Office, query: str, found: set[str]) -> None:
    page = office.logged_in("an").get(f"/queue?{query}").text
    assert set(labels(page)) == found


def test_what_one_has_decided_no_longer_waits_for_one_but_counts(office: Office) -> None:
    an = office.logged_in("an")
    office.decide(an, "S-1", "confirm")
    page = an.get("/queue").text
    assert "S-1" not in labels(page)
    assert "<b>04 hồ sơ</b> trong tổng số 5; 4 chờ bạn" in page
    assert labels(an.get("/queue?state=second_needed").text) == ["S-1"]
    assert "S-1" in labels(office.logged_in("binh").get("/queue").text)


def test_tables_are_what_is_shown_texts_defused_and_numbers_numbers(
    office: Office, tmp_path: Path
) -> None:
    an = office.logged_in("an")
    page = an.get("/queue?unit=p1").text
    answer = an.get("/queue.csv?unit=p1")
    assert answer.headers["content-disposition"] == 'attachment; filename="queue.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Hồ sơ"] for row in rows] == labels(page)
    assert rows[0]["Đơn vị"] == "'=Đơn vị 1"
    assert float(rows[1]["Ảnh hưởng (điểm %)"]) > 0
    path = tmp_path / "q.xlsx"
    path.write_bytes(an.get("/queue.xlsx?unit=p1").content)
    sheet = openpyxl.load_workbook(path).active
    cells = list(sheet.iter_rows())
    header = [cell.value for cell in cells[0]]
    assert all(cell.data_type != "f" for row in cells for cell in row)
    assert isinstance(cells[2][header.index("Ảnh hưởng (điểm %)")].value, int | float)
    assert cells[1][header.index("Đơn vị")].value == "=Đơn vị 1"
    assert [about.split(" ")[0] for act, about in office.told() if act == "export"] == [
        "queue?unit=p1",
        "queue?unit=p1",
    ]
    assert an.get("/queue.exe").status_code == 404


def test_markup_in_names_is_text(office: Office) -> None:
    import sqlalchemy as sa

    from audit.store.schema import units

    with office.store.engine.begin() as connection:
        values = {"name": "<script>alert(1)</script>\u202e"}
        connection.execute(sa.update(units).where(units.c.unit_id == "u1").values(values))
    page = office.logged_in("an").get("/queue").text
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page


def test_the_other_language_and_its_numbers(office: Office) -> None:
    an = office.logged_in("an")
    assert an.post("/language", data={"code": "en", "next": "/queue"}).status_code == 303
    page = an.get("/queue").text
    assert "<b>5 cases</b> of 5; 5 wait for you." in page
    assert "Could not be judged: a page of the form is missing" in page
    assert an.post("/language", data={"code": "fr"}).status_code == 400


def test_the_round_counts_agreement_and_what_is_not_scored_yet(office: Office) -> None:
    an, binh = office.logged_in("an"), office.logged_in("binh")
    for label, first, second in (("S-1", "confirm", "confirm"), ("S-3", "confirm", "dismiss")):
        office.decide(an, label, first)
        office.decide(binh, label, second)
    page = office.logged_in("khanh").get("/round").text
    assert "<b>1 / 2</b>" in page
    assert "Quyết định chưa tính vào điểm</span><b>1</b>" in page
    assert "/cases/" not in page
    assert len(re.findall(r"<code>(\d{8}T\d{6}Z-[0-9a-f]{8})</code>", page)) == 1
    assert "Các lần chạy kiểm tra" in page
    unit = office.logged_in("khanh").get("/units/u1").text
    assert "S-1 <small>" not in unit  # who may open no case reads no name of a form
    assert "/cases/" not in unit

"""The unit page: its report live, its batches and what it explained as tables, rules, sessions."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

from audit.desk import live
from tests.audit.desk.conftest import Office


def test_the_report_of_a_unit_is_made_of_the_blocks_of_the_written_one(office: Office) -> None:
    khanh = office.logged_in("khanh")
    page = khanh.get("/units/u1")
    assert "/units/u1/report?form=HL-01" in page.text
    report = khanh.get("/units/u1/report?form=HL-01")
    assert report.status_code == 200
    for part in ("1. Thông tin chung", "8. ", "9. Kiến nghị"):
        assert part in report.text
    # The strict policy holds here, too: style is served beside, and nothing is written inline.
    assert "<style" not in report.text and "style=" not in report.text
    place = re.search(r'href="(/static/report\.css\?v=\w+)"', report.text)
    assert place is not None
    assert khanh.get(place[1]).headers["content-type"].startswith("text/css")
    assert "<meta http-equiv" not in report.text
    # A name that looks like a formula or a tag is text.
    assert "=Đơn vị 1" in report.text
    khanh.cookies.set("lang", "en")
    assert "1. General" in khanh.get("/units/u1/report").text


def test_a_report_is_live_and_only_of_what_is_in_sight(office: Office) -> None:
    giang, mai = office.logged_in("giang"), office.logged_in("mai")
    assert giang.get("/units/u1/report").status_code == 404
    assert giang.get("/units/u3/report").status_code == 200
    assert office.logged_in("lam").get("/units/u1/report").status_code == 403
    before = mai.get("/units/u1/report").text
    assert mai.get("/units/u1/report").text == before
    for name in ("an", "binh"):
        assert office.decide(office.logged_in(name), "S-1", "confirm").status_code == 303
    assert mai.get("/units/u1/report").text != before


def test_a_round_too_large_says_where_its_reports_are(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST", 3)
    mai = office.logged_in("mai")
    assert "lập mỗi đêm" in mai.get("/units/u1").text
    assert mai.get("/units/u1/report").status_code == 404


def test_every_table_of_a_unit_and_of_the_rules_is_exported_as_shown(office: Office) -> None:
    an, lam, mai = (office.logged_in(name) for name in ("an", "lam", "mai"))
    an.post("/units/u1/explanations", data={"text": "=vì sao hai loại mực", "due": "2026-10-20"})
    asked = re.search(r"/explanations/(\d+)/answer", an.get("/units/u1").text)
    assert asked is not None
    an.post(f"/units/u1/explanations/{asked[1]}/answer", data={"text": "bút hết mực"})
    table = mai.get("/units/u1/explanations.csv").text
    assert "'=vì sao hai loại mực" in table and "bút hết mực" in table and "20/10/2026" in table
    batches = mai.get("/units/u1/batches.csv").text
    assert batches.startswith("\ufeffLô phiếu,Số sê-ri")
    tables = ((lam, "/admin/sessions"), (lam, "/admin/rules"), (mai, "/units/u1/explanations"))
    for client, path in tables:
        book = openpyxl.load_workbook(io.BytesIO(client.get(f"{path}.xlsx").content))
        assert book.active is not None and book.active.max_row >= 2, path
        assert client.get(f"{path}.doc").status_code == 404
    rules = lam.get("/admin/rules.csv").text
    assert "false_flag_rate" in rules and "erasure.fluid" in rules
    told = [about for action, about in office.told() if action == "export"]
    assert any(about.startswith("explanations of unit u1") for about in told)
    # Who may not see a page may not have its table.
    assert office.logged_in("giang").get("/units/u1/batches.csv").status_code == 404
    assert office.logged_in("khanh").get("/units/u1/batches.csv").status_code == 403
    assert an.get("/admin/sessions.csv").status_code == 403

"""Accounts in the browser, the access log, the rules; explanations; another try; agreement."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from audit.desk.agreement import agreement, interval
from audit.desk.routes import results as results_page
from audit.desk.routes import unit as unit_page
from audit.judge.decision import Verdict
from audit.scoring.cells import small
from audit.store import schema
from audit.store.pages import Pages
from tests.audit.desk.conftest import Office
from tests.audit.rounds import act as act_by_hand

C, D, E = Verdict.CONFIRM, Verdict.DISMISS, Verdict.ESCALATE


def user_id(office: Office, name: str) -> int:
    with office.store.reading() as connection:
        query = sa.select(schema.users.c.id).where(schema.users.c.name == name)
        return int(connection.execute(query).scalar_one())


def act(office: Office, client: Any, path: str, **data: str) -> Any:
    return client.post(path, data={"password": office.passwords["lam"], **data})


def test_an_account_is_added_changed_disabled_and_let_in_again(office: Office) -> None:
    lam = office.logged_in("lam")
    form = {"name": "Moi", "full_name": "Người Mới", "role": "inspector", "scope_unit": "p1"}
    assert lam.post("/admin/users/new", data=form).status_code == 403
    made = act(office, lam, "/admin/users/new", **form)
    password = re.search(r"<code>([a-z0-9-]{20,})</code>", made.text)
    assert password
    new = office.anybody()
    assert new.post("/login", data={"name": "moi", "password": password[1]}).status_code == 303
    assert "S-4" not in new.get("/queue").text
    number = user_id(office, "moi")
    act(office, lam, f"/admin/users/{number}", full_name="x", role="reader", scope_unit="")
    assert new.get("/round").status_code == 303  # what one may do has changed: log in again
    act(office, lam, f"/admin/users/{number}/disable")
    again = office.anybody().post("/login", data={"name": "moi", "password": password[1]})
    assert again.status_code == 401
    act(office, lam, f"/admin/users/{number}/enable")
    again = office.anybody().post("/login", data={"name": "moi", "password": password[1]})
    assert again.status_code == 303
    reset = act(office, lam, f"/admin/users/{number}/password")
    assert password[1] not in reset.text
    with office.store.reading() as connection:
        assert connection.execute(sa.select(sa.func.count(schema.users.c.id))).scalar() == 11
    told = [about for kind, about in office.told() if kind == "user.change"]
    assert told == ["user moi"] * 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "god"),
        ("scope_unit", "nowhere"),
        ("valid_to", "soon"),
        ("name", "x y"),
        ("name", "an"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_added(office: Office, field: str, value: str) -> None:
    form = {"name": "moi", "role": "inspector", field: value}
    answer = act(office, office.logged_in("lam"), "/admin/users/new", **form)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    with office.store.reading() as connection:
        assert connection.execute(sa.select(sa.func.count(schema.users.c.id))).scalar() == 10


def test_nobody_raises_themselves_or_locks_themselves_out(office: Office) -> None:
    lam, number = office.logged_in("lam"), user_id(office, "lam")
    changed = act(office, lam, f"/admin/users/{number}", role="approver")
    assert changed.status_code == 403
    assert act(office, lam, f"/admin/users/{number}/disable").status_code == 403
    assert lam.get("/queue").status_code == 403


def test_the_access_log_is_filtered_and_exported_as_shown(office: Office) -> None:
    office.logged_in("an").get("/queue.csv")
    mai = office.logged_in("mai")
    page = mai.get("/admin/log?actor=an&action=export").text
    assert re.findall(r"<td>(queue[^<]*)</td>", page)
    assert "login" not in re.findall(r"<td>[^<]*</td>", page)
    table = list(csv.reader(io.StringIO(mai.get("/admin/log.csv?actor=an").text.lstrip("\ufeff"))))
    assert {row[1] for row in table[1:]} == {"an"}
    assert len(table) == 3


def test_rules_and_thresholds_are_read_only(office: Office) -> None:
    page = office.logged_in("mai").get("/admin/rules").text
    assert '<form method="post"' not in page.split("</header>")[1]
    assert "erasure.residue" in page


def test_a_unit_explains_and_only_others_accept_that(office: Office) -> None:
    an, hoa = office.logged_in("an"), office.logged_in("hoa")  # hoa works at u1
    path = "/units/u1/explanations"
    assert an.post(path, data={"text": " ", "due": "2026-10-09"}).status_code == 400
    assert an.post(path, data={"text": "Vì sao?", "due": "2026-10-09"}).status_code == 303
    assert an.post(f"{path}/1/accept", data={"text": "x"}).status_code == 400
    assert hoa.post(f"{path}/1/answer", data={"text": "Do máy quét <i>"}).status_code == 303
    assert hoa.post(f"{path}/1/accept", data={"text": "x"}).status_code == 403
    page = an.get("/units/u1").text
    assert "Do máy quét &lt;i&gt;" in page
    assert "hạn 09/10/2026" in page
    assert an.post(f"{path}/1/reject", data={"text": "chưa rõ"}).status_code == 303
    assert hoa.post(f"{path}/1/answer", data={"text": "Bổ sung"}).status_code == 303
    assert an.post(f"{path}/1/accept", data={"text": "đủ"}).status_code == 303
    assert hoa.post(f"{path}/1/answer", data={"text": "thêm"}).status_code == 400
    assert office.logged_in("khanh").post(f"{path}/1/accept", data={"text": "x"}).status_code == 403
    assert office.logged_in("giang").post(path, data={"text": "x"}).status_code == 404


def test_a_request_about_a_case_of_another_unit_is_none(office: Office) -> None:
    data = {"text": "x", "case": str(office.case("S-3"))}
    assert office.logged_in("an").post("/units/u1/explanations", data=data).status_code == 404


def test_the_unit_page_shows_peers_and_batches(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = office.logged_in("khanh")
    page = reader.get("/units/u1").text
    assert 'class="chart"' not in page  # all units are small: what one person said would show
    assert "%</td>" not in page
    for place in (unit_page, results_page):  # the chart, the table
        monkeypatch.setattr(place, "small", partial(small, least=2))
    page = reader.get("/units/u1").text
    assert 'class="chart"' in page
    assert "%</td>" in page
    assert "A. Tiếp cận dịch vụ" in page
    assert "Yếu tố A" not in page
    assert "S-1" in office.logged_in("an").get("/units/u1").text


def test_batches_stand_in_the_order_in_which_they_came(office: Office) -> None:
    days = {"B2": "2026-08-01", "B1": "2026-08-09"}
    records = schema.records
    with office.store.writing(act_by_hand()) as connection:
        of_unit = connection.execute(
            sa.select(records.c.id).where(records.c.unit_id == "u1").order_by(records.c.id)
        ).scalars()
        for number, key in enumerate(of_unit):
            batch = ("B1", "B2")[number % 2]
            at = dt.datetime.fromisoformat(days[batch])
            where = records.c.id == key
            connection.execute(sa.update(records).where(where).values(batch=batch, submitted_at=at))
    page = office.logged_in("khanh").get("/units/u1").text
    assert re.findall(r'<th scope="row">(B\d)</th>', page) == ["B2", "B1"]


def test_what_could_not_be_judged_is_queued_for_another_try(office: Office) -> None:
    an = office.logged_in("an")
    assert an.post("/round/retry", data={"file": "12"}).status_code == 404
    with office.store.writing(act_by_hand()) as c:
        page = c.execute(sa.select(schema.pages.c.id, schema.pages.c.file_id).limit(1)).one()
        c.execute(
            sa.update(schema.pages)
            .where(schema.pages.c.id == page[0])
            .values(status="unreadable", reason="no page: too dark")
        )
    assert an.post("/round/retry", data={"file": str(page[1])}).status_code == 303
    assert "chờ lượt chạy sau" in an.get("/round").text
    with office.store.reading() as connection:
        pages = Pages(connection, office.desk.settings.round.id)
        assert pages.waiting()
        assert pages.work_keys()[page[1]] == ""
    assert office.logged_in("khanh").post("/round/retry", data={"file": "1"}).status_code == 403


def test_agreement_beyond_chance() -> None:
    assert agreement([]).kappa is None
    # Cohen's own kind of table: 20 both confirm, 15 both dismiss, 5 and 10 differ.
    pairs = [(C, C)] * 20 + [(D, D)] * 15 + [(C, D)] * 5 + [(D, C)] * 10
    found = agreement(pairs)
    assert (found.n, found.same) == (50, 35)
    assert found.kappa == pytest.approx(0.4)
    # Gwet's, with three words: chance = (.55*.45 + .45*.55) / 2.
    assert found.ac1 == pytest.approx((0.7 - 0.2475) / (1 - 0.2475))
    # Nearly all the same: kappa falls to nothing, AC1 does not.
    lop = agreement([(D, D)] * 96 + [(C, D)] * 2 + [(D, C)] * 2)
    assert lop.kappa == pytest.approx(-0.0204, abs=1e-3)
    assert lop.ac1 is not None and lop.ac1 > 0.95
    assert agreement([(D, D)] * 5).kappa is None


def test_wilson() -> None:
    assert interval(0, 0) is None
    assert interval(3, 10) == pytest.approx((0.1078, 0.6032), abs=1e-4)
    assert interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


@pytest.mark.parametrize(
    "path",
    ["/round/units", "/round/unjudged", "/units/u1/cases", "/queue", "/admin/users", "/admin/log"],
)
def test_every_view_is_a_file_that_computes_nothing(office: Office, path: str) -> None:
    client = office.logged_in("mai")
    answer = client.get(f"{path}.csv")
    assert answer.status_code == 200
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert all(not cell.startswith(("=", "+", "@")) for row in rows for cell in row)
    assert client.get(f"{path}.xlsx").content[:2] == b"PK"
    assert client.get(f"{path}.pdf").status_code == 404

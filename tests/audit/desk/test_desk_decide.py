"""Deciding: two people, blind; versions; leases; taking back; nothing lost, nothing overwritten."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from audit.desk.leases import LEASE
from audit.desk.reasons import all_reasons
from audit.judge.decision import Verdict
from audit.store.schema import cases, decisions
from tests.audit.desk.conftest import Office


def count(office: Office) -> int:
    with office.store.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(decisions)).scalar_one()


def test_two_different_people_agree_and_the_second_is_blind(office: Office) -> None:
    an, binh = office.logged_in("an"), office.logged_in("binh")
    answer = office.decide(an, "S-1", "confirm", note="mực khác màu")
    assert answer.status_code == 303
    assert office.state("S-1") == "second_needed"
    page = binh.get(f"/cases/{office.case('S-1')}").text
    for hidden in ("mực khác màu", "Thấy rõ dấu vết", "· an ·"):
        assert (hidden in page) is (hidden == "Thấy rõ dấu vết"), hidden  # offered as a reason
    assert "01 ý kiến của người khác được ẩn" in page
    assert "mực khác màu" in an.get(f"/cases/{office.case('S-1')}").text
    assert office.decide(an, "S-1", "confirm", version=version(office, binh)).status_code == 409
    assert office.decide(binh, "S-1", "confirm").status_code == 303
    assert office.state("S-1") == "confirmed"
    assert "mực khác màu" in binh.get(f"/cases/{office.case('S-1')}").text


def version(office: Office, client: object, label: str = "S-1") -> str:
    page = client.get(f"/cases/{office.case(label)}").text
    return str(page.split('name="version" value="')[1].split('"')[0])


def test_disagreement_goes_to_an_approver(office: Office) -> None:
    an, binh, chi = (office.logged_in(name) for name in ("an", "binh", "chi"))
    office.decide(an, "S-1", "confirm")
    office.decide(binh, "S-1", "dismiss")
    assert office.state("S-1") == "escalated"
    dung = office.logged_in("dung")
    seen = version(office, dung)
    assert office.decide(chi, "S-1", "dismiss", version=seen).status_code == 403
    assert "an" in dung.get(f"/cases/{office.case('S-1')}").text
    assert office.decide(dung, "S-1", "dismiss").status_code == 303
    assert office.state("S-1") == "dismissed"


def test_an_approver_who_was_one_of_the_two_is_not_the_third(office: Office) -> None:
    dung, em = office.logged_in("dung"), office.logged_in("em")
    office.decide(dung, "S-1", "confirm")
    office.decide(office.logged_in("an"), "S-1", "dismiss")
    seen = version(office, em)
    assert office.decide(dung, "S-1", "confirm", version=seen).status_code == 409
    assert office.decide(em, "S-1", "confirm").status_code == 303
    assert office.state("S-1") == "confirmed"


def test_a_case_that_holds_nothing_is_closed_by_one(office: Office) -> None:
    office.decide(office.logged_in("an"), "S-5", "dismiss")
    assert office.state("S-5") == "dismissed"


def test_a_back_check_asks_both_again_and_keeps_the_first_word_hidden(office: Office) -> None:
    an, binh, chi = (office.logged_in(name) for name in ("an", "binh", "chi"))
    office.decide(an, "S-1", "confirm", note="ghi chú kín")
    office.decide(binh, "S-1", "backcheck", note="hỏi lại ông A")
    assert office.state("S-1") == "backcheck"
    page = chi.get(f"/cases/{office.case('S-1')}").text
    assert "hỏi lại ông A" in page
    assert "ghi chú kín" not in page
    office.decide(an, "S-1", "dismiss")
    office.decide(chi, "S-1", "dismiss")
    assert office.state("S-1") == "dismissed"


def test_a_forged_or_old_version_writes_nothing_and_shows_both(office: Office) -> None:
    an, binh = office.logged_in("an"), office.logged_in("binh")
    for forged in ("", "x", "0" * 64 + ".0"):
        answer = office.decide(an, "S-1", "confirm", version=forged, note="giữ lại nhé")
        assert answer.status_code == 409
        assert "giữ lại nhé" in answer.text
    old = version(office, an)
    office.decide(binh, "S-1", "dismiss", note="bí mật")
    answer = office.decide(an, "S-1", "confirm", version=old)
    assert answer.status_code == 409
    assert "bí mật" not in answer.text
    assert count(office) == 1


def test_two_tabs_of_one_person(office: Office) -> None:
    an = office.logged_in("an")
    old = version(office, an)
    assert office.decide(an, "S-1", "confirm").status_code == 303
    answer = office.decide(an, "S-1", "dismiss", version=old, note="tab thứ hai")
    assert answer.status_code == 409
    assert "tab thứ hai" in answer.text
    assert "Thấy rõ dấu vết can thiệp" in answer.text  # one's own first word
    assert count(office) == 1


def test_new_evidence_opens_the_case_and_an_old_page_cannot_close_it(office: Office) -> None:
    an = office.logged_in("an")
    office.decide(office.logged_in("binh"), "S-1", "confirm")
    old = version(office, an)
    with office.store.engine.begin() as connection:
        which = cases.c.id == office.case("S-1")
        connection.execute(sa.update(cases).where(which).values(evidence="f" * 64))
    assert office.decide(an, "S-1", "confirm", version=old).status_code == 409
    assert office.state("S-1") == "open"


def test_taking_back_is_a_new_event_and_only_while_alone(office: Office) -> None:
    an, binh = office.logged_in("an"), office.logged_in("binh")
    office.decide(an, "S-1", "confirm")
    number = office.case("S-1")
    page = an.get(f"/cases/{number}").text
    seen = page.split('name="version" value="')[1].split('"')[0]
    assert binh.post(f"/cases/{number}/undo", data={"version": seen}).status_code == 409
    assert an.post(f"/cases/{number}/undo", data={"version": seen}).status_code == 303
    assert office.state("S-1") == "open"
    assert count(office) == 2
    office.decide(an, "S-1", "dismiss")
    office.decide(binh, "S-1", "confirm")
    page = binh.get(f"/cases/{number}").text
    assert "/undo" not in page
    with office.store.reading() as connection:
        last = connection.execute(sa.select(sa.func.max(decisions.c.seq))).scalar()
    evidence = seen.split(".")[0]
    data = {"version": f"{evidence}.{last}"}
    assert binh.post(f"/cases/{number}/undo", data=data).status_code == 409
    assert office.state("S-1") == "escalated"


def test_somebody_elses_lease_stops_a_decision_until_it_is_taken_over(office: Office) -> None:
    an, binh = office.logged_in("an"), office.logged_in("binh")
    number = office.case("S-1")
    assert an.post(f"/cases/{number}/lease").json()["mine"]
    assert binh.post(f"/cases/{number}/lease").json() == {
        "mine": False,
        "holder": "an",
        "until": "09:05",
    }
    assert "an đang xem hồ sơ này (đến 09:05)" in binh.get(f"/cases/{number}").text
    answer = office.decide(binh, "S-1", "confirm")
    assert answer.status_code == 409
    assert "Tiếp quản" in answer.text
    assert "S-1" in binh.get("/queue").text  # never hidden from the count
    assert "01 hồ sơ đang có người khác giữ" in binh.get("/queue").text
    assert binh.post(f"/cases/{number}/take").status_code == 303
    assert office.decide(binh, "S-1", "confirm").status_code == 303
    assert ("lease.taken_over", f"case {number}") in office.told()


def test_a_lease_runs_out_unless_it_is_kept(office: Office) -> None:
    an, binh = office.logged_in("an"), office.logged_in("binh")
    number = office.case("S-1")
    an.post(f"/cases/{number}/lease")
    office.clock.on(minutes=4)
    an.post(f"/cases/{number}/lease")
    office.clock.on(minutes=4)
    assert not binh.post(f"/cases/{number}/lease").json()["mine"]
    office.clock.on(seconds=LEASE.total_seconds() + 1)
    assert binh.post(f"/cases/{number}/lease").json()["mine"]


def test_reopening_needs_an_approver_and_the_password(office: Office) -> None:
    office.decide(office.logged_in("an"), "S-5", "dismiss")
    dung = office.logged_in("dung")
    seen = version(office, dung, "S-5")
    wrong = office.decide(dung, "S-5", "reopen", password="no")
    assert wrong.status_code == 403
    right = office.passwords["binh"]
    inspector = office.decide(
        office.logged_in("binh"), "S-5", "reopen", password=right, version=seen
    )
    assert inspector.status_code == 403
    done = office.decide(dung, "S-5", "reopen", password=office.passwords["dung"])
    assert done.status_code == 303
    assert office.state("S-5") == "open"


def test_what_is_missing_is_said_and_what_was_written_stays(office: Office) -> None:
    an = office.logged_in("an")
    for verdict, reason in (("", ""), ("perhaps", ""), ("confirm", "dismiss.explained")):
        answer = office.decide(an, "S-1", verdict, reason or "none", note="đừng mất")
        assert answer.status_code == 400
        assert "đừng mất" in answer.text
    answer = office.decide(an, "S-1", "withdraw", "withdraw.slip")
    assert answer.status_code == 400
    assert count(office) == 0


def test_looking_and_moving_decide_nothing(office: Office) -> None:
    an = office.logged_in("an")
    number = office.case("S-1")
    for path in ("/queue", f"/cases/{number}", f"/cases/{number}?done={number}&said=confirm"):
        an.get(path)
    assert an.get(f"/cases/{number}/decide").status_code in (404, 405)
    assert count(office) == 0


def test_after_a_decision_the_next_case_of_the_view_comes(office: Office) -> None:
    an = office.logged_in("an")
    answer = office.decide(an, "S-2", "dismiss", advance="1", query="?severity=orange")
    there = answer.headers["location"]
    assert there.startswith("/cases/")
    assert "severity=orange" in there
    page = an.get(there).text
    assert "Đã ghi S-2: Giữ → Chờ người thứ hai." in page
    assert f'action="/cases/{office.case("S-2")}/undo"' in page


def test_every_decision_is_told(office: Office) -> None:
    office.decide(office.logged_in("an"), "S-1", "confirm")
    acts = [act for act, _ in office.told()]
    assert acts == ["login", "decision"]


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_reasons_that_begin_with_its_name(verdict: Verdict) -> None:
    found = all_reasons()[verdict]
    assert found
    for code, text in found.items():
        assert code.startswith(f"{verdict.value}.")
        assert text.vi and text.en and text.vi != text.en

"""Leaks, named for who would like them."""

from __future__ import annotations

import re

from tests.audit.desk.conftest import Office
from tests.audit.desk.test_desk_access import doors


def test_a_reviewer_of_another_province_gets_nothing(office: Office) -> None:
    """Giang reviews province p2; the case is of u1 in p1."""
    giang = office.logged_in("giang")
    for door, path in doors(office).items():
        answer = giang.get(path)
        if door in ("/queue", "/queue.csv", "/round"):
            assert answer.status_code == 200
            for word in ("S-1", "S-2", "Đơn vị 1", "Đơn vị 2"):
                assert word not in answer.text, path
        else:
            assert answer.status_code in (403, 404), path
    assert office.decide(giang, "S-1", "confirm").status_code == 404
    assert office.state("S-1") == "open"


def test_a_reviewer_of_the_own_unit_changes_nothing(office: Office) -> None:
    """Hoa belongs to u1: she may look, and says nothing that counts."""
    hoa, number = office.logged_in("hoa"), office.case("S-1")
    page = office.logged_in("an").get(f"/cases/{number}").text
    found = re.search(r'name="version" value="([^"]+)"', page)
    assert found
    assert office.decide(hoa, "S-1", "dismiss", version=found[1]).status_code == 403
    for act in ("corrections", "notes"):
        data = {"item": "A1", "value": "answered:5", "why": "x", "text": "x"}
        assert hoa.post(f"/cases/{number}/{act}", data=data).status_code in (403, 422, 400)
    assert office.state("S-1") == "open"
    assert not [act for act, _ in office.told() if act in ("decision", "correction")]


def test_a_reader_who_asks_for_images_gets_none(office: Office) -> None:
    khanh = office.logged_in("khanh")
    for door in ("scan", "bare", "crop", "places", "/cases"):
        answer = khanh.get(doors(office)[door])
        assert answer.status_code == 403, door
        assert not answer.headers["content-type"].startswith("image/")
    unit = khanh.get("/units/u1").text
    assert "/cases/" not in unit
    assert ".jpg" not in unit


def test_a_stale_session_opens_nothing(office: Office) -> None:
    an, paths = office.logged_in("an"), doors(office)
    assert an.get(paths["scan"]).status_code == 200
    office.clock.on(days=2)
    for path in paths.values():
        answer = an.get(path)
        assert answer.status_code in (303, 401), path
        assert b"S-1" not in answer.content
    assert an.post(f"/cases/{office.case('S-1')}/decide", data={}).status_code in (303, 401, 403)


def test_a_forged_upload_is_taken_by_no_route(office: Office) -> None:
    """The desk takes no files: what claims to be one is refused, and the inbox stays as it is."""
    an, number = office.logged_in("an"), office.case("S-1")
    before = sorted(p for p in office.desk.settings.base.rglob("*") if "audit.db" not in p.name)
    forged = {"file": ("../../inbox/scans/u1/x.png", b"\x89PNG\r\n\x1a\n", "image/png")}
    for path in (f"/cases/{number}/decide", f"/cases/{number}/notes", "/queue", "/account"):
        assert an.post(path, files=forged).status_code >= 400, path
    after = sorted(p for p in office.desk.settings.base.rglob("*") if "audit.db" not in p.name)
    assert after == before
    assert office.state("S-1") == "open"


def test_a_cross_site_post_decides_nothing(office: Office) -> None:
    an, number = office.logged_in("an"), office.case("S-1")
    told = office.told()
    for headers in (
        {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"},
        {"origin": "null"},
        {"origin": "https://testserver", "sec-fetch-site": "same-site"},
    ):
        data = {"verdict": "confirm", "reason": "confirm.alteration_seen", "version": "x"}
        answer = an.post(f"/cases/{number}/decide", data=data, headers=headers)
        assert answer.status_code == 403, headers
    assert office.state("S-1") == "open"
    assert office.told() == told

"""Who sees what: every role on every page, and nothing of other units by any door."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from audit.desk.permissions import Permission, allowed
from audit.desk.routes import ROUTES
from audit.judge.authority import Role
from audit.store.schema import findings, pages
from tests.audit.desk.conftest import PEOPLE, Office

# What each role gets on a GET of each page: 200, 403, or where it exists for nobody.
ROLES = {
    "an": {"/queue", "/cases", "scan", "places", "crop", "/round", "/units/u1", "/queue.csv"},
    "dung": {
        *("/queue", "/cases", "scan", "places", "crop"),
        *("/round", "/units/u1", "/queue.csv"),
    },
    "khanh": {"/round", "/units/u1"},
    "lam": {"/admin", "/forms", "form", "blank"},
    "mai": {
        *("/queue", "/cases", "scan", "places", "crop", "/admin"),
        *("/round", "/units/u1", "/queue.csv"),
    },
}


def doors(office: Office, label: str = "S-1") -> dict[str, str]:
    """Every way to something of a case."""
    number = office.case(label)
    with office.store.reading() as connection:
        page, sign = connection.execute(
            sa.select(findings.c.page_id, findings.c.id)
            .join(pages, pages.c.id == findings.c.page_id)
            .where(findings.c.record_id == label)
        ).first()
    return {
        "/queue": "/queue",
        "/queue.csv": "/queue.csv",
        "/round": "/round",
        "/units/u1": "/units/u1",
        "/admin": "/admin",
        "/forms": "/forms",
        "form": "/forms/HL-01/1",
        "blank": "/forms/HL-01/1/blank.png",
        "/cases": f"/cases/{number}",
        "places": f"/cases/{number}/pages/{page}/places",
        "scan": f"/cases/{number}/pages/{page}/scan.jpg",
        "bare": f"/cases/{number}/pages/{page}/bare/scan.jpg",
        "crop": f"/cases/{number}/signs/{sign}/scan.jpg",
    }


@pytest.mark.parametrize("name", sorted(ROLES))
def test_what_each_role_may_open(office: Office, name: str) -> None:
    client = office.logged_in(name)
    for door, path in doors(office).items():
        expected = 200 if door in ROLES[name] else 403
        assert client.get(path).status_code == expected, path


@pytest.mark.parametrize("name", ["khanh", "lam", "mai"])
def test_who_does_not_decide(office: Office, name: str) -> None:
    client, number = office.logged_in(name), office.case("S-1")
    for act in ("decide", "undo", "lease", "take"):
        assert client.post(f"/cases/{number}/{act}", data={}).status_code == 403
    assert office.state("S-1") == "open"


def every_route(office: Office) -> list[tuple[str, str, Permission]]:
    """Method, path with everything of S-1 filled in, and permission of every route there is."""
    case, page, sign = (doors(office)[d].split("/") for d in ("/cases", "scan", "crop"))
    known = {
        "case_id": case[2],
        "page_id": page[4],
        "sign_id": sign[4],
        "unit_id": "u1",
        "step": "1",
        "seq": "1",
        "look": "scan",
        "part": "scan",
        "which": "own",
        "kind": "csv",
        "name": "desk.css",
        "user_id": "1",
        "form_id": "HL-01",
        "number": "1",
    }
    found = []
    for routes in ROUTES:
        for method, path, endpoint in routes._found:
            full = re.sub(r"{(\w+)}", lambda part: known[part[1]], path)
            found.append((method, full, endpoint.survey_audit_permission))
    return found


def test_nobody_and_no_wrong_role_gets_through_any_route(office: Office) -> None:
    people = {name: office.logged_in(name) for name in ROLES}
    anybody = office.anybody()
    for method, path, permission in every_route(office):
        if permission is Permission.PUBLIC:
            continue
        assert anybody.request(method, path).status_code in (303, 401), path
        for name, client in people.items():
            role = PEOPLE[name]["role"]
            if not allowed(role, permission):
                assert client.request(method, path).status_code == 403, (name, path)


def test_nothing_of_a_case_out_of_sight_by_any_route(office: Office) -> None:
    client = office.logged_in("giang")
    doors_ = [r for r in every_route(office) if "/cases/" in r[1] or "/units/" in r[1]]
    assert len(doors_) > 15
    for method, path, permission in doors_:
        expected = 404 if allowed(Role.INSPECTOR, permission) else 403
        data = {"item": "A1", "value": "blank", "verdict": "confirm", "text": "x"}
        data["reason"] = "confirm.alteration_seen"
        answer = client.request(method, path, data=data if method == "POST" else None)
        assert answer.status_code == expected, (method, path)
        assert "S-1" not in answer.text


def test_nothing_of_other_units_by_any_door(office: Office) -> None:
    client = office.logged_in("giang")
    outside = doors(office, "S-1")
    for door in ("/cases", "places", "scan", "crop", "/units/u1"):
        assert client.get(outside[door]).status_code == 404, door
    assert client.get(outside["bare"]).status_code == 403
    number = office.case("S-1")
    for act in ("decide", "undo", "lease", "take"):
        data = {"verdict": "confirm", "reason": "confirm.alteration_seen", "version": "x"}
        assert client.post(f"/cases/{number}/{act}", data=data).status_code == 404
    for path in ("/queue?state=all", "/queue.csv?state=all", "/queue?unit=u1&state=all", "/round"):
        text = client.get(path).text
        assert "S-1" not in text
        assert "S-3" not in text
        assert "Đơn vị 1" not in text
    assert "S-4" in client.get("/queue").text
    assert "1.jpg" not in client.get(f"/queue?done={number}&said=confirm").text
    inside = office.case("S-4")
    notice = client.get(f"/cases/{inside}?done={number}&said=confirm").text
    assert "S-1" not in notice


def test_a_page_of_one_case_is_not_had_through_another(office: Office) -> None:
    client = office.logged_in("giang")
    number = office.case("S-4")
    page = doors(office, "S-1")["scan"].split("/")[4]
    assert client.get(f"/cases/{number}/pages/{page}/scan.jpg").status_code == 404
    sign = doors(office, "S-1")["crop"].split("/")[4]
    assert client.get(f"/cases/{number}/signs/{sign}/scan.jpg").status_code == 404


def test_a_page_is_compared_with_one_that_may_be_seen(office: Office) -> None:
    path = doors(office, "S-4")["crop"].removesuffix("/scan.jpg")
    an, giang = office.logged_in("an"), office.logged_in("giang")
    page = an.get(f"{path}/compare")
    assert page.status_code == 200
    assert "u1/s1-2.jpg" in page.text
    assert an.get(f"{path}/page/other.jpg").headers["content-type"] == "image/jpeg"
    assert an.get(f"{path}/page/third.jpg").status_code == 404
    for door in ("compare", "page/other.jpg", "page/own.jpg"):
        assert giang.get(f"{path}/{door}").status_code == 404
    lonely = doors(office, "S-3")["crop"].removesuffix("/scan.jpg")
    assert an.get(f"{lonely}/compare").status_code == 404


def test_pages_are_compared_uncovered_by_whom_the_case_is_open_to(office: Office) -> None:
    path, number = doors(office, "S-4")["crop"].removesuffix("/scan.jpg"), office.case("S-4")
    dung, an = office.logged_in("dung"), office.logged_in("an")
    covered = dung.get(f"{path}/page/other.jpg").content
    assert f"{path}/page/own.jpg" in dung.get(f"{path}/compare").text
    assert dung.get(f"{path}/bare/other.jpg").status_code == 403
    why = {"why": "đối chiếu hai con dấu với nhau"}
    assert dung.post(f"/cases/{number}/uncover", data=why).status_code == 303
    page = dung.get(f"{path}/compare").text
    for which in ("own", "other"):
        assert f"{path}/bare/{which}.jpg" in page
    bare = dung.get(f"{path}/bare/other.jpg")
    assert bare.headers["content-type"] == "image/jpeg"
    assert bare.content != covered
    assert dung.get(f"{path}/page/other.jpg").content == covered
    told = [about for act, about in office.told() if act == "view.unmasked"]
    assert len(told) == 1
    assert told[0].startswith(f"case {number} page ")
    assert dung.get(f"{path}/bare/third.jpg").status_code == 404
    # It is open to one person, for a while.
    assert an.get(f"{path}/bare/other.jpg").status_code == 403
    assert f"{path}/page/own.jpg" in an.get(f"{path}/compare").text
    office.clock.on(minutes=16)
    assert dung.get(f"{path}/bare/other.jpg").status_code == 403


def test_nobody_decides_on_their_own_unit(office: Office) -> None:
    client = office.logged_in("hoa")
    assert client.get(f"/cases/{office.case('S-1')}").status_code == 200
    assert office.decide(client, "S-1", "dismiss").status_code in (403, 409)
    version = (
        office.logged_in("an")
        .get(f"/cases/{office.case('S-1')}")
        .text.split('name="version" value="')[1]
        .split('"')[0]
    )
    assert office.decide(client, "S-1", "dismiss", version=version).status_code == 403
    assert office.state("S-1") == "open"
    assert office.decide(client, "S-3", "dismiss").status_code == 303


def test_a_look_without_a_reason_is_refused(office: Office) -> None:
    client, paths, number = office.logged_in("dung"), doors(office), office.case("S-1")
    assert client.get(paths["bare"]).status_code == 403
    assert client.post(f"/cases/{number}/uncover", data={"why": "  a   b "}).status_code == 400
    assert not [act for act, _ in office.told() if act.startswith("view")]
    reason = {"why": "chữ ký bị che khuất, cần đối chiếu"}
    assert office.logged_in("an").post(f"/cases/{number}/uncover", data=reason).status_code == 403
    assert client.post(f"/cases/{number}/uncover", data=reason).status_code == 303
    assert client.get(paths["bare"]).status_code == 200
    other = doors(office, "S-4")["bare"]
    assert client.get(other).status_code == 403  # a reason is for one case
    assert office.logged_in("em").get(paths["bare"]).status_code == 403  # and for one person
    office.clock.on(minutes=16)
    assert client.get(paths["bare"]).status_code == 403


def test_a_view_without_covers_has_a_reason_and_is_told(office: Office) -> None:
    import cv2
    import numpy as np

    client, paths = office.logged_in("dung"), doors(office)
    covered = client.get(paths["scan"])
    assert covered.headers["content-type"] == "image/jpeg"
    assert ("view.unmasked") not in [act for act, _ in office.told()]
    assert "/uncover" in client.get(paths["/cases"]).text
    why = {"why": "đối chiếu chữ ký với sổ"}
    there = client.post(f"{paths['/cases']}/uncover", data=why).headers["location"]
    assert "bare=1" in there
    assert [b["reason"] for b in office.bodies() if b["action"] == "view.reason"] == [why["why"]]
    bare = client.get(paths["bare"])
    assert [about for act, about in office.told() if act == "view.unmasked"] != []
    one, other = (
        cv2.imdecode(np.frombuffer(a.content, np.uint8), cv2.IMREAD_COLOR) for a in (covered, bare)
    )
    apart = np.abs(one.astype(int) - other).max(axis=2) > 60
    assert apart.mean() > 0.001
    assert office.logged_in("an").get(paths["bare"]).status_code == 403


def test_places_lie_on_the_scan(office: Office) -> None:
    client = office.logged_in("an")
    found = client.get(doors(office)["places"]).json()
    width, height = found["size"]
    signs = [place for place in found["places"] if place["layer"] != "marks"]
    assert [sign["label"] for sign in signs] == ["1"]
    assert all(0 < x < width and 0 < y < height for sign in signs for x, y in sign["points"])
    assert found["covered"]


def test_an_original_that_is_gone_is_said_not_guessed(office: Office) -> None:
    client = office.logged_in("an")
    paths = doors(office, "S-3")
    assert client.get(paths["scan"]).status_code == 404
    assert client.get(paths["places"]).json()["size"] is None
    assert client.get(paths["/cases"]).status_code == 200

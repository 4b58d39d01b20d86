"""What stands around every request."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from starlette.datastructures import Headers

from audit.desk import app as application
from audit.desk.permissions import Permission, check_routes, declares
from audit.desk.routes import ROUTES
from audit.desk.security import cross_site
from tests.audit.desk.conftest import Office

HERE = {"host": "desk.example:8420"}


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://desk.example:8420"}, True),
        ({"origin": "http://desk.example:8420"}, False),
        ({"origin": "https://desk.example:8420"}, True),
        ({"origin": "http://desk.example"}, True),
        ({"origin": "http://desk.example:8421"}, True),
        ({"origin": "http://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": "http://desk.example:x"}, True),
        ({"cookie": "desk=1"}, True),
        ({}, False),
    ],
)
def test_where_a_change_may_come_from(headers: dict[str, str], refused: bool) -> None:
    assert cross_site("POST", "http", Headers(HERE | headers)) is refused
    assert not cross_site("GET", "http", Headers(HERE | headers))


def test_a_post_from_elsewhere_changes_nothing(office: Office) -> None:
    client = office.logged_in("an")
    number = office.case("S-1")
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = client.post(f"/cases/{number}/lease", headers=headers)
        assert answer.status_code == 403
    del client.headers["origin"]
    assert client.post(f"/cases/{number}/lease").status_code == 403
    assert client.post("/logout").status_code == 403
    assert client.get("/queue").status_code == 200


def test_every_page_has_strict_headers_and_no_code_of_its_own(office: Office) -> None:
    number = office.case("S-1")
    approver, admin = office.logged_in("dung"), office.logged_in("lam")
    pages = [
        office.anybody().get("/login"),
        approver.get("/queue"),
        approver.get(f"/cases/{number}"),
        approver.get("/round"),
        approver.get("/units/u1"),
        admin.get("/admin"),
        approver.get("/nothing"),
        office.decide(approver, "S-1", "confirm", version="forged"),
    ]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"
        assert not re.search(r"<[^>]+\s(style|on\w+)=", page.text)
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style", page.text)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page.text)


def test_a_route_that_says_nothing_stops_the_start(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    silent.add_api_route("/known", declares(lambda: 1, Permission.PUBLIC))
    check_routes(silent.routes)
    silent.add_api_route("/forgotten", lambda: 1)
    with pytest.raises(RuntimeError, match="/forgotten"):
        check_routes(silent.routes)

    class Forgotten:
        def join(self, app: FastAPI) -> None:
            app.add_api_route("/open", lambda: 1)

    monkeypatch.setattr(application, "ROUTES", (*ROUTES, Forgotten()))
    with pytest.raises(RuntimeError, match="/open"):
        application.build_app(office.desk)


def test_an_error_gives_a_number_and_nothing_else(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = office.logged_in("an")

    def broken(*_: object) -> None:
        raise ValueError("the secret name of a respondent")

    monkeypatch.setattr(office.desk.queue, "entries", broken)
    answer = client.get("/queue")
    assert answer.status_code == 500
    number = re.search(r"incident ([0-9a-f]{8})", answer.text)
    assert number
    log = capsys.readouterr().err
    assert number[1] in log
    assert "ValueError" in log
    assert "secret" not in answer.text + log


def test_large_bodies_and_odd_methods_are_refused(office: Office) -> None:
    client = office.anybody()
    assert client.post("/login", content=b"name=" + b"x" * 70_000).status_code == 413
    assert client.request("DELETE", "/queue").status_code == 405
    assert client.request("TRACE", "/").status_code == 405


def test_static_files_are_ours_only(office: Office) -> None:
    client = office.anybody()
    assert client.get("/static/desk.css").headers["content-type"].startswith("text/css")
    for name in ("..%2fapp.py", "desk.css%00", "nothing.js", "%2e%2e/web.py"):
        assert client.get(f"/static/{name}").status_code == 404

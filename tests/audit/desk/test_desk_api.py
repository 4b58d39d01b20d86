"""The part that answers in JSON keeps to its OpenAPI document, whatever is asked of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit.desk.conftest import Office

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
from hypothesis import given, settings  # noqa: E402 - after what skips without it
from schemathesis import checks  # noqa: E402 - after what skips without it

PLACE = "https://testserver"


def test_it_keeps_to_its_document(office: Office) -> None:
    client = office.logged_in("an")
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    document = schemathesis.openapi.from_asgi("/openapi.json", office.app)
    document.config.update(base_url=PLACE)
    answered: dict[str, set[int]] = {}

    def ask(operation: Any) -> None:
        @settings(max_examples=25, deadline=None, derandomize=True, database=None)
        @given(case=operation.as_strategy())
        def one(case: Any) -> None:
            answer = case.call_and_validate(
                headers={"cookie": cookie, "origin": PLACE},
                checks=[
                    checks.not_a_server_error,
                    checks.status_code_conformance,
                    checks.content_type_conformance,
                    checks.response_schema_conformance,
                ],
            )
            answered.setdefault(operation.path, set()).add(answer.status_code)

        one()

    for found in document.get_all_operations():
        ask(found.ok())
    # What is asked at random is not there; that it is asked at all is the point.
    assert answered.keys() == document.raw_schema["paths"].keys()
    assert answered["/healthz"] == {200}
    assert answered["/cases/{case_id}/lease"] <= {400, 404}


def test_the_document_names_what_answers_in_json_and_the_answers_fit(office: Office) -> None:
    from audit.desk.api import LeaseState, Places

    an, number = office.logged_in("an"), office.case("S-1")
    paths = an.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        *("/healthz", "/cases/{case_id}/lease", "/cases/{case_id}/pages/{page_id}/places"),
    }
    LeaseState.model_validate(an.post(f"/cases/{number}/lease").json())
    page = an.get(f"/cases/{number}").text.split(f"/cases/{number}/pages/")[1].split("/")[0]
    Places.model_validate(an.get(f"/cases/{number}/pages/{page}/places").json())


@pytest.mark.parametrize("number", ["9" * 19, "9" * 40, "9" * 5000, "-" + "9" * 30, "٣" * 30])
def test_a_number_that_no_row_has_is_not_there(office: Office, number: str) -> None:
    an, lam = office.logged_in("an"), office.logged_in("lam")
    for path in (f"/cases/{number}", f"/cases/1/pages/{number}/places"):
        assert an.get(path).status_code in (400, 404)
    assert lam.get(f"/admin/users/{number}").status_code in (400, 404)

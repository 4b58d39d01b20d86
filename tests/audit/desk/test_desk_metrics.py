"""Who gets the counts of the desk: this machine, or whoever shows the token."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from fastapi.testclient import TestClient

from audit.desk.app import build_app
from audit.settings_tables import Metrics
from tests.audit.desk.conftest import Office


def _client(office: Office, *, host: str, at: str = "http://127.0.0.1:8000") -> TestClient:
    return TestClient(office.app, base_url=at, client=(host, 50_000))


def test_this_machine_gets_counts_and_no_names(office: Office) -> None:
    answer = _client(office, host="127.0.0.1").get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "survey_audit_pages{" in answer.text
    assert "survey_audit_runs{" in answer.text
    for word in ("u1", "u2", "Đơn vị", "inbox", ".png"):
        assert word not in answer.text


@pytest.mark.parametrize(
    ("host", "at", "headers"),
    [
        ("10.0.0.7", "http://127.0.0.1:8000", {}),
        ("127.0.0.1", "https://desk.office.vn", {}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"X-Forwarded-Proto": "https"}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"Via": "1.1 proxy"}),
    ],
)
def test_others_do_not_learn_that_there_is_anything(
    office: Office, host: str, at: str, headers: dict[str, str]
) -> None:
    answer = _client(office, host=host, at=at).get("/metrics", headers=headers)
    assert answer.status_code == 404
    assert "survey_audit" not in answer.text


def test_a_token_opens_it_for_another_machine_and_closes_it_for_this(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = office.desk.settings.model_copy(update={"metrics": Metrics(token_env="SCRAPE")})
    app: Any = build_app(dataclasses.replace(office.desk, settings=settings))
    far = TestClient(app, base_url="https://desk.office.vn", client=("10.0.0.7", 50_000))
    near = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
    assert far.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    monkeypatch.setenv("SCRAPE", "sesame")
    for said, code in (("Bearer sesame", 200), ("Bearer sesam", 404), ("sesame", 404)):
        assert far.get("/metrics", headers={"Authorization": said}).status_code == code
    assert near.get("/metrics").status_code == 404

"""Logging in, staying logged in, and being logged out."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from audit.desk import passwords
from audit.desk.people import ABSOLUTE, IDLE, Users
from audit.desk.routes import account
from audit.desk.web import local
from audit.judge.authority import Role
from audit.store.schema import login_attempts, sessions, users
from detectors.errors import UsageError
from tests.audit.desk.conftest import ADDING, Office


def test_health_needs_no_login_and_everything_else_does(office: Office) -> None:
    client = office.anybody()
    assert client.get("/healthz").json() == {"status": "ok"}
    for path in ("/", "/queue", "/queue.csv", "/cases/1", "/round", "/units/u1", "/admin"):
        answer = client.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=")
    assert client.post("/cases/1/decide", data={"verdict": "confirm"}).status_code == 401


def test_login_goes_where_one_wanted_to_go_and_never_elsewhere(office: Office) -> None:
    client = office.anybody()
    data = {"name": "an", "password": office.passwords["an"]}
    answer = client.post("/login", data=data | {"next": "/queue?severity=red"})
    assert answer.headers["location"] == "/queue?severity=red"
    for there in ("//evil.example", "https://evil.example", "/\\evil.example", "", "/\r\nX: y"):
        assert client.post("/login", data=data | {"next": there}).headers["location"] == "/"
        assert local(there) == "/"


def test_the_cookie_is_for_this_host_only_and_no_script_reads_it(office: Office) -> None:
    data = {"name": "an", "password": office.passwords["an"]}
    cookie = office.anybody().post("/login", data=data).headers["set-cookie"]
    assert cookie.startswith("__Host-desk=")
    for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
        assert part in cookie
    with office.store.reading() as connection:
        ids = connection.execute(sa.select(sessions.c.id_hash)).scalars().all()
    assert not any(key in cookie for key in ids)


def test_unknown_and_wrong_get_the_same_answer_after_the_same_work(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    def verify(stored: str | None, password: str) -> bool:
        asked.append(stored)
        return passwords.verify(stored, password)

    monkeypatch.setattr(account, "verify", verify)
    client = office.anybody()
    wrong = client.post("/login", data={"name": "an", "password": "no"})
    unknown = client.post("/login", data={"name": "zz", "password": "no"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace('"an"', "") == unknown.text.replace('"zz"', "")
    assert len(asked) == 2
    assert asked[1] is None


def test_guessing_is_slowed_down_for_names_that_exist_and_for_others(office: Office) -> None:
    for name in ("an", "nobody"):
        client = office.anybody()
        for _ in range(5):
            assert client.post("/login", data={"name": name, "password": "x"}).status_code == 401
        right = {"name": name, "password": office.passwords.get(name, "x")}
        assert client.post("/login", data=right).status_code == 429
    office.clock.on(minutes=16)
    office.logged_in("an")
    with office.store.reading() as connection:
        kept = connection.execute(sa.select(login_attempts.c.about)).scalars().all()
    assert all(len(about) == 64 for about in kept)


@pytest.mark.parametrize("over", ["idle", "absolute"])
def test_a_session_ends(office: Office, over: str) -> None:
    client = office.logged_in("an")
    office.clock.on(minutes=29)
    assert client.get("/queue").status_code == 200
    if over == "idle":
        office.clock.on(seconds=IDLE.total_seconds() + 1)
    else:
        for _ in range(int(ABSOLUTE.total_seconds() // 1500)):
            client.get("/queue")
            office.clock.on(seconds=1500)
    assert client.get("/queue").status_code == 303


def test_logging_out_ends_it_in_the_store(office: Office) -> None:
    client = office.logged_in("an")
    cookie = client.cookies["__Host-desk"]
    client.post("/logout")
    again = office.anybody()
    again.cookies.set("__Host-desk", cookie)
    assert again.get("/queue").status_code == 303


def test_a_login_makes_a_new_session_and_ends_the_old_one(office: Office) -> None:
    client = office.logged_in("an")
    old = client.cookies["__Host-desk"]
    client.post("/login", data={"name": "an", "password": office.passwords["an"]})
    assert client.cookies["__Host-desk"] != old
    other = office.anybody()
    other.cookies.set("__Host-desk", old)
    assert other.get("/queue").status_code == 303


def test_a_disabled_or_outdated_user_is_out_at_once_and_stays_in_the_store(office: Office) -> None:
    client = office.logged_in("an")
    with office.store.writing(ADDING) as connection:
        Users(connection).disable("an", office.clock())
    assert client.get("/queue").status_code == 303
    data = {"name": "an", "password": office.passwords["an"]}
    assert office.anybody().post("/login", data=data).status_code == 401
    with office.store.reading() as connection:
        query = sa.select(users.c.disabled_at).where(users.c.name == "an")
        assert connection.execute(query).scalar()
    with office.store.writing(ADDING) as connection:
        day = office.clock().date()
        password = Users(connection).add(
            "tam", now=office.clock(), valid_to=day, role=Role.INSPECTOR
        )
    data = {"name": "tam", "password": password}
    assert office.anybody().post("/login", data=data).status_code == 303
    office.clock.on(days=1)
    assert office.anybody().post("/login", data=data).status_code == 401


def test_an_administrator_ends_sessions(office: Office) -> None:
    client, admin = office.logged_in("an"), office.logged_in("lam")
    with office.store.reading() as connection:
        key = (
            connection.execute(
                sa.select(sessions.c.id_hash).order_by(sessions.c.created_at, sessions.c.user_id)
            )
            .scalars()
            .first()
        )
    assert client.post("/admin/sessions/end", data={"session": key}).status_code == 403
    assert admin.post("/admin/sessions/end", data={"session": key}).status_code == 303
    assert client.get("/queue").status_code == 303
    assert admin.get("/admin").status_code == 200


def test_passwords_are_long_and_hashed() -> None:
    made = passwords.generate()
    assert len(made) >= passwords.MINIMUM
    assert made != passwords.generate()
    stored = passwords.hash_password(made)
    assert stored.startswith("$argon2id$")
    assert passwords.verify(stored, made)
    assert not passwords.verify(stored, made + "x")
    assert not passwords.verify(None, made)
    with pytest.raises(UsageError, match="11 characters"):
        passwords.hash_password("x" * 11)
    # Any signs will do, as many as one likes, and every one of them counts.
    long = "gạch ngói sông Hồng 1975 " * 3
    assert passwords.verify(passwords.hash_password(long), long)
    assert not passwords.verify(passwords.hash_password(long), long[:-1])


@pytest.mark.parametrize(
    "password",
    [
        *("password1234", "qwertyuiop123", "111111111111", "abcdefghijkl", "iloveyou1234"),
        *("matkhau123456", "congan123456789", "surveyaudit2026", "khaosat@123456"),
        *("lan.nguyen2026", "nguyenlan1234"),
    ],
)
def test_what_is_guessed_first_is_no_password(password: str) -> None:
    with pytest.raises(UsageError, match="guessed first"):
        passwords.hash_password(password, ("lan.nguyen", "Nguyen Lan"))


def test_over_a_plain_network_nobody_logs_in(office: Office) -> None:
    from fastapi.testclient import TestClient

    data = {"name": "an", "password": office.passwords["an"]}
    for host, status in (("192.168.1.9", 403), ("localhost", 303)):
        client = TestClient(office.app, base_url=f"http://{host}", follow_redirects=False)
        client.headers["origin"] = f"http://{host}"
        assert client.post("/login", data=data).status_code == status
        if status == 303:
            assert client.get("/queue").status_code == 200

"""An officer who can write into the database, and wants to speak in somebody else's name.

What they change is put back before anybody verifies, so that `verify` alone would not tell.
"""

from __future__ import annotations

import hashlib
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa

from audit.cli.main import run
from audit.desk import passwords
from audit.desk.factors import STEP
from audit.desk.people import stamp
from audit.store.schema import factors, sessions, users
from audit.verification import verify_round
from detectors.errors import ExitCode
from tests.audit.desk.conftest import Office

COOKIE = "__Host-desk"


def _change(office: Office, statement: sa.Executable) -> None:
    """What a tool for databases does: past the program, and past its triggers' interest."""
    with office.store.engine.begin() as connection:
        connection.execute(statement)


def _key(office: Office, name: str) -> int:
    with office.store.reading() as connection:
        return int(
            connection.execute(sa.select(users.c.id).where(users.c.name == name)).scalar_one()
        )


def _session(office: Office, secret: str, name: str, **more: Any) -> sa.Executable:
    now = stamp(office.clock())
    row = {"user_id": _key(office, name), "created_at": now, "seen_at": now, "proven_at": now}
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    return sa.insert(sessions).values(id_hash=hashed, **row, **more)


def test_a_row_among_the_sessions_is_no_login(office: Office) -> None:
    _change(office, _session(office, "mine", "dung"))
    client = office.anybody()
    own = office.logged_in("khanh").cookies[COOKIE]
    for cookie in ("mine", "mine.", f"mine.{'0' * 64}", f"mine.{own.partition('.')[2]}"):
        client.cookies.set(COOKIE, cookie)
        assert client.get("/queue").status_code == 303, cookie


def test_a_session_of_ones_own_is_nobody_elses(office: Office) -> None:
    khanh = office.logged_in("khanh")
    assert khanh.get("/round").status_code == 200
    change = sa.update(sessions).where(sessions.c.user_id == _key(office, "khanh"))
    _change(office, change.values(user_id=_key(office, "dung")))
    assert khanh.get("/queue").status_code == 303
    _change(office, sa.update(sessions).values(user_id=_key(office, "khanh")))
    assert khanh.get("/round").status_code == 200


def _with_factor(office: Office, name: str) -> None:
    client = office.logged_in(name)
    begun = client.post("/account/factor/begin", data={"password": office.passwords[name]})
    secret = begun.text.partition("<code>")[2].partition("</code>")[0].replace(" ", "")
    code = pyotp.TOTP(secret, interval=STEP).at(office.clock())
    done = client.post("/account/factor/confirm", data={"code": code})
    assert done.status_code == 200, done.text


def test_the_code_is_not_taken_out_of_a_session(office: Office) -> None:
    _with_factor(office, "dung")
    client = office.logged_in("dung")
    assert client.get("/queue").headers["location"].startswith("/login/code")
    _change(office, sa.update(sessions).values(waits_for=None))
    assert client.get("/queue").headers["location"].startswith("/login?")


def test_nor_is_the_second_factor_of_somebody_whose_password_is_known(office: Office) -> None:
    _with_factor(office, "dung")
    _change(office, sa.delete(factors))
    data = {"name": "dung", "password": office.passwords["dung"]}
    answer = office.anybody().post("/login", data=data)
    assert answer.status_code == 403
    assert "survey-audit verify" in answer.text


@pytest.mark.parametrize("what", ["password", "until", "role", "home"])
def test_an_account_that_was_changed_past_the_program_lets_nobody_in(
    office: Office, what: str
) -> None:
    mine = "một câu dài mà chỉ tôi biết"
    changed: dict[str, Any] = {
        "password": {"password_hash": passwords.hash_password(mine)},
        "until": {"password_until": "2027-10-01T02:00:00+00:00"},
        "role": {"role": "approver"},
        "home": {"home_unit": None},
    }[what]
    name = "hoa" if what in ("role", "home") else "dung"
    before = office.logged_in(name)
    assert before.get("/queue").status_code == 200
    with office.store.reading() as connection:
        row = connection.execute(sa.select(users).where(users.c.name == name)).mappings().one()
        old = {column: row[column] for column in changed}
    one = sa.update(users).where(users.c.name == name)
    _change(office, one.values(**changed))
    # A session that was open sees it at once, and a new one is not begun.
    assert before.get("/queue").status_code == 303
    given = mine if what == "password" else office.passwords[name]
    answer = office.anybody().post("/login", data={"name": name, "password": given})
    assert answer.status_code == 403
    (fault,) = verify_round(office.desk.settings).faults
    assert fault.startswith(f"table users, row {row['id']}: is not what the trail covers")
    # Put back before anybody looks: verify finds nothing, but nothing was decided either, and
    # the attempt stands in the trail.
    _change(office, one.values(**old))
    assert verify_round(office.desk.settings).faults == []
    assert office.told()[-1][0] == "login.refused"
    office.logged_in(name)


def test_an_account_that_was_changed_is_not_made_good_by_the_next_change(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the program writes it covers: with a role that somebody else has put there."""
    lam, key = office.logged_in("lam"), _key(office, "khanh")
    again = {"password": office.passwords["lam"]}
    _change(office, sa.update(users).where(users.c.id == key).values(role="approver"))
    form = again | {"role": "approver", "full_name": "Khánh"}
    for act in ("", "/password", "/enable", "/factor"):
        answer = lam.post(f"/admin/users/{key}{act}", data=form if not act else again)
        assert answer.status_code == 403, act
    folder = str(office.desk.settings.base)
    assert run(["user", "password", "khanh", "-c", folder]) == ExitCode.USAGE
    assert "was changed past the program — see" in capsys.readouterr().err
    assert verify_round(office.desk.settings).faults
    assert lam.post(f"/admin/users/{key}/disable", data=again).status_code == 303

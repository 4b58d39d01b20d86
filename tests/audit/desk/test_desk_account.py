"""One's own account: second factor, keys, password, sessions; and the password again."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from audit.desk.factors import STEP, load_secret_key
from audit.desk.keys import KEYS, assigned, collisions, usable
from audit.desk.people import Users
from audit.desk.rendering import environment
from audit.settings import DeskSettings
from audit.store import schema
from detectors.errors import ConfigError
from tests.audit.desk.conftest import ADDING, Office


def code_at(office: Office, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(office.clock.time + dt.timedelta(seconds=steps * STEP))


def enrol(office: Office, client: Any, name: str) -> tuple[str, list[str]]:
    """Set up a second factor; its secret and the recovery codes."""
    page = client.post("/account/factor/begin", data={"password": office.passwords[name]}).text
    assert "<svg" in page
    secret = re.search(r"<code>([A-Z2-7 ]{30,})</code>", page)
    assert secret
    plain = secret[1].replace(" ", "")
    done = client.post("/account/factor/confirm", data={"code": code_at(office, plain)})
    assert done.status_code == 200, done.text
    return plain, re.findall(r"<li><code>([^<]+)</code>", done.text)


def login(office: Office, name: str) -> Any:
    client = office.anybody()
    answer = client.post("/login", data={"name": name, "password": office.passwords[name]})
    return client, answer


def test_with_a_second_factor_the_password_alone_opens_nothing(office: Office) -> None:
    secret, _ = enrol(office, office.logged_in("an"), "an")
    office.clock.on(seconds=2 * STEP)
    client, answer = login(office, "an")
    assert answer.headers["location"].startswith("/login/code")
    for path in ("/queue", "/account", f"/cases/{office.case('S-1')}", "/round"):
        assert client.get(path).headers["location"] == "/login/code"
    assert office.decide(client, "S-1", "dismiss").status_code == 401
    assert client.post("/account/factor/begin").status_code == 403
    assert client.post("/login/code", data={"code": "000000"}).status_code == 401
    code = code_at(office, secret)
    assert client.post("/login/code", data={"code": code}).status_code == 303
    assert client.get("/queue").status_code == 200


def test_a_code_counts_once(office: Office) -> None:
    secret, _ = enrol(office, office.logged_in("an"), "an")
    office.clock.on(seconds=2 * STEP)
    code = code_at(office, secret)
    first, second = login(office, "an")[0], login(office, "an")[0]
    assert first.post("/login/code", data={"code": code}).status_code == 303
    assert second.post("/login/code", data={"code": code}).status_code == 401
    # An earlier one, still inside the slack of clocks, is no better.
    earlier = code_at(office, secret, -1)
    assert second.post("/login/code", data={"code": earlier}).status_code == 401
    assert second.get("/queue").status_code == 303


def test_a_recovery_code_counts_once_and_is_kept_as_a_hash(office: Office) -> None:
    _, codes = enrol(office, office.logged_in("an"), "an")
    assert len(codes) == len(set(codes)) == 10
    with office.store.reading() as connection:
        row = connection.execute(sa.select(schema.factors)).mappings().one()
    assert not any(code in str(dict(row)) for code in codes)
    typed = codes[0].upper().replace("-", " ")
    client = login(office, "an")[0]
    assert client.post("/login/code", data={"code": typed}).status_code == 303
    again = login(office, "an")[0]
    assert again.post("/login/code", data={"code": codes[0]}).status_code == 401
    assert "còn 9 mã" in client.get("/account").text


def test_guessing_codes_is_slowed_down_like_guessing_passwords(office: Office) -> None:
    secret, _ = enrol(office, office.logged_in("an"), "an")
    office.clock.on(seconds=2 * STEP)
    client = login(office, "an")[0]
    found = [client.post("/login/code", data={"code": f"00000{n}"}).status_code for n in range(6)]
    assert found[-1] == 429
    right = client.post("/login/code", data={"code": code_at(office, secret)})
    assert right.status_code == 429


def test_a_role_that_has_to_use_it_can_do_nothing_before(office: Office) -> None:
    settings = office.desk.settings
    wanted = settings.desk.model_copy(update={"second_factor": ("approver",)})
    object.__setattr__(office.desk, "settings", settings.model_copy(update={"desk": wanted}))
    client, answer = login(office, "dung")
    assert answer.headers["location"].startswith("/account/factor")
    assert client.get("/queue").headers["location"] == "/account/factor"
    enrol(office, client, "dung")
    assert client.get("/queue").status_code == 200
    refused = client.post("/account/factor/remove", data={"password": office.passwords["dung"]})
    assert refused.status_code == 403


def test_the_secret_in_the_store_makes_no_codes(office: Office, tmp_path: Path) -> None:
    secret, _ = enrol(office, office.logged_in("an"), "an")
    with office.store.reading() as connection:
        kept = connection.execute(sa.select(schema.factors.c.secret)).scalar()
    assert secret not in str(kept)
    path = tmp_path / "key"
    key = load_secret_key(path)
    assert load_secret_key(path) == key
    path.chmod(0o640)
    with pytest.raises(ConfigError):
        load_secret_key(path)
    path.chmod(0o600)
    path.write_text("x", "utf-8")
    with pytest.raises(ConfigError):
        load_secret_key(path)


def test_exclusion_asks_for_the_password_and_not_every_time(office: Office) -> None:
    an = office.logged_in("an")
    assert office.decide(an, "S-1", "confirm", password="").status_code == 403
    wrong = office.decide(an, "S-1", "confirm", password="nope", note="đừng mất")
    assert wrong.status_code == 403
    assert "đừng mất" in wrong.text
    assert office.state("S-1") == "open"
    assert office.decide(an, "S-1", "confirm").status_code == 303
    assert office.decide(an, "S-3", "confirm", password="").status_code == 303
    office.clock.on(minutes=DeskSettings().password_again + 1)
    assert office.decide(an, "S-4", "confirm", password="").status_code == 403
    assert office.decide(an, "S-2", "dismiss", password="").status_code == 303


def test_that_the_password_is_asked_for_tells_nothing_of_the_first_word(office: Office) -> None:
    office.decide(office.logged_in("an"), "S-1", "confirm")
    office.decide(office.logged_in("an"), "S-3", "dismiss")
    binh = office.logged_in("binh")
    for label in ("S-1", "S-3", "S-4"):
        assert office.decide(binh, label, "confirm", password="").status_code == 403


def test_a_wrong_password_given_again_counts_as_a_failed_login(office: Office) -> None:
    an = office.logged_in("an")
    for _ in range(6):
        office.decide(an, "S-1", "confirm", password="wrong")
    assert office.decide(an, "S-1", "confirm").status_code == 403
    assert login(office, "an")[1].status_code == 429


def test_own_sessions_are_seen_and_ended_and_nobody_elses(office: Office) -> None:
    here, there, other = office.logged_in("an"), office.logged_in("an"), office.logged_in("binh")
    page = here.get("/account").text
    keys = re.findall(r'name="session" value="([0-9a-f]{64})"', page)
    assert len(keys) == 2
    foreign = re.findall(r'name="session" value="([0-9a-f]{64})"', other.get("/account").text)
    assert here.post("/account/sessions/end", data={"session": foreign[0]}).status_code == 404
    own = page.split("(phiên này)")[1]
    mine = re.findall(r'name="session" value="([0-9a-f]{64})"', own)[0]
    for key in sorted(keys, key=lambda key: key == mine):
        assert here.post("/account/sessions/end", data={"session": key}).status_code == 303
    assert here.get("/queue").status_code == 303
    assert there.get("/queue").status_code == 303
    assert other.get("/queue").status_code == 200


def test_a_new_password_ends_the_other_sessions(office: Office) -> None:
    here, there = office.logged_in("an"), office.logged_in("an")
    new = {"new": "mật khẩu mới 2026", "again": "mật khẩu mới 2026"}
    assert here.post("/account/password", data=new).status_code == 403
    old = {"password": office.passwords["an"]}
    assert here.post("/account/password", data=old | new | {"again": "x"}).status_code == 400
    assert (
        here.post("/account/password", data=old | {"new": "ngắn", "again": "ngắn"}).status_code
        == 400
    )
    assert here.post("/account/password", data=old | new).status_code == 200
    assert here.get("/queue").status_code == 200
    assert there.get("/queue").status_code == 303
    data = {"name": "an", "password": new["new"]}
    assert office.anybody().post("/login", data=data).status_code == 303


def test_a_password_made_for_somebody_lapses_and_cannot_be_kept(office: Office) -> None:
    made = office.passwords["an"]
    client = office.logged_in("an")
    assert 'href="/account">Đặt mật khẩu của mình' in client.get("/queue").text
    kept = {"password": made, "new": made, "again": made}
    answer = client.post("/account/password", data=kept)
    assert answer.status_code == 400
    assert "trùng với mật khẩu đang dùng" in answer.text
    office.clock.on(days=8)
    refused = office.anybody().post("/login", data={"name": "an", "password": made})
    assert refused.status_code == 401
    assert "07 ngày" in refused.text
    with office.store.writing(ADDING) as connection:
        number = next(row["id"] for row in Users(connection).all() if row["name"] == "an")
        again = Users(connection).reset_password(number, office.clock())
    client = office.anybody()
    assert client.post("/login", data={"name": "an", "password": again}).status_code == 303
    chosen = {"password": again, "new": "một câu dài tự đặt", "again": "một câu dài tự đặt"}
    assert client.post("/account/password", data=chosen).status_code == 200
    assert "Đặt mật khẩu của mình" not in client.get("/queue").text


def test_keys_are_moved_and_never_doubled(office: Office) -> None:
    an, number = office.logged_in("an"), office.case("S-1")
    assert an.post("/account/keys", data={"confirm": "x"}).status_code == 303
    page = an.get(f"/cases/{number}").text
    assert 'data-key="x" data-name="confirm"' in page
    assert '<kbd class="js">X</kbd>' in page
    double = an.post("/account/keys", data={"confirm": "j"})
    assert double.status_code == 400
    assert "Trùng phím" in double.text
    for key in ("1", " ", "ab", "\t", "Enter"):
        if key.strip():
            assert an.post("/account/keys", data={"confirm": key}).status_code == 400
    assert 'data-key="x" data-name="confirm"' in an.get(f"/cases/{number}").text
    assert 'data-key="c"' in office.logged_in("binh").get(f"/cases/{number}").text
    an.post("/account/keys", data={"reset": "1", "confirm": "x"})
    assert 'data-key="c"' in an.get(f"/cases/{number}").text


def test_the_keys_that_everybody_begins_with_do_not_collide() -> None:
    assert collisions(assigned({})) == []
    moving = {KEYS[n].default for n in ("before", "after", "row_down", "row_up")}
    saying = {KEYS[n].default for n in ("confirm", "dismiss", "escalate", "backcheck", "reopen")}
    assert not moving & saying


def test_every_key_of_a_template_is_in_the_registry() -> None:
    loader = environment().loader
    assert loader is not None
    used = set()
    for name in environment().list_templates():
        source = loader.get_source(environment(), name)[0]
        used |= set(re.findall(r'\bkey\("(\w+)"', source))
        assert not re.findall(r"data-(?:key|hold|focus|next)=", source), name
    verdicts = {"confirm", "dismiss", "escalate", "backcheck", "reopen"}
    assert used | verdicts == set(KEYS)


@given(st.dictionaries(st.sampled_from([*KEYS, "unknown"]), st.text(max_size=2)))
def test_whatever_is_chosen_every_name_has_a_usable_key(choices: dict[str, str]) -> None:
    keys = assigned(choices)
    assert set(keys) == set(KEYS)
    for name, key in keys.items():
        assert key == KEYS[name].default or usable(name, key)


def test_the_help_page_names_every_key(office: Office) -> None:
    page = office.logged_in("an").get("/help").text
    for word in ("Xuống một dòng", "Giữ để ẩn các khung", "Cần phúc tra trước khi quyết định"):
        assert word in page

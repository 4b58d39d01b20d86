"""Logging in by an identity provider: a small real one, on a port of this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from audit.desk.routes import oidc as oidc_routes
from audit.settings import Oidc
from tests.audit.desk.conftest import Office

pytest.importorskip("authlib", reason="the extra [oidc] is not installed")
from joserfc import jwt
from joserfc.jwk import RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "k1"})
OTHER = RSAKey.generate_key(2048, {"kid": "k1"})


class Provider:
    """Says that whoever comes is ``name``; what is wrong with it can be set."""

    def __init__(self) -> None:
        self.name = "an"
        self.wrong: dict[str, Any] = {}
        self.key = KEY
        self.codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path == "/.well-known/openid-configuration":
                    self.say(provider.about())
                elif path == "/keys":
                    self.say({"keys": [KEY.as_dict(private=False)]})

            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                form = {k: v[0] for k, v in parse_qs(self.rfile.read(size).decode()).items()}
                self.say(*provider.token(form))

            def say(self, what: Any, status: int = 200) -> None:
                data = json.dumps(what).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"

    def about(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def authorize(self, place: str) -> str:
        """What the person's browser does there: the address it is sent back to."""
        query = {k: v[0] for k, v in parse_qs(urlsplit(place).query).items()}
        assert query["code_challenge_method"] == "S256"
        code = f"code{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?code={code}&state={query['state']}"

    def token(self, form: dict[str, str]) -> tuple[dict[str, Any], int]:
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or challenge != asked["code_challenge"]:
            return {"error": "invalid_grant"}, 400
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "desk", "sub": "1", "iat": now, "exp": now + 60}
        claims |= {"nonce": asked["nonce"], "preferred_username": self.name}
        if asked.get("max_age") == "0":
            claims["auth_time"] = now
        claims |= self.wrong
        signed = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.key)
        return {"access_token": "x", "token_type": "Bearer", "id_token": signed}, 200


@pytest.fixture
def provider(office: Office) -> Iterator[Provider]:
    made = Provider()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    settings = office.desk.settings
    desk = settings.desk.model_copy(update={"oidc": Oidc(issuer=made.issuer, client_id="desk")})
    object.__setattr__(office.desk, "settings", settings.model_copy(update={"desk": desk}))
    oidc_routes._provider.cache_clear()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def through(client: Any, provider: Provider, there: str = "/queue") -> Any:
    """To the provider and back."""
    begun = client.get(f"/oidc/start?next={there}")
    assert begun.status_code == 303
    return client.get(provider.authorize(begun.headers["location"]))


def test_whom_the_provider_names_and_we_know_is_let_in(office: Office, provider: Provider) -> None:
    client = office.anybody()
    assert "OpenID Connect" in client.get("/login").text
    answer = through(client, provider, "/queue?severity=red")
    assert answer.headers["location"] == "/queue?severity=red"
    assert "an" in client.get("/account").text
    assert ("login", "an") in office.told()


def test_a_login_begins_with_a_click_here_and_no_token_leaves(
    office: Office, provider: Provider
) -> None:
    client = office.anybody()
    for site in ("cross-site", "same-site"):
        said = client.get("/oidc/start?next=/round", headers={"sec-fetch-site": site})
        assert said.headers["location"] == "/login?next=%2Fround"
    answer = through(client, provider)
    assert answer.status_code == 303
    sent = " ".join(client.cookies.values()) + answer.headers["set-cookie"] + answer.text
    # An access token of the provider is "x"; its signed words are three parts in base64.
    assert "eyJ" not in sent
    assert "token" not in sent


@pytest.mark.parametrize(
    "wrong",
    [
        *({"preferred_username": n} for n in ("nobody", "", None, 7, ["an"])),
        *({"aud": "other"}, {"iss": "https://evil.example"}, {"nonce": "x"}, {"exp": 1}),
    ],
)
def test_nobody_else_is(office: Office, provider: Provider, wrong: dict[str, Any]) -> None:
    provider.wrong = wrong
    client = office.anybody()
    assert through(client, provider).status_code == 401
    assert client.get("/queue").status_code == 303


def test_a_signature_by_another_key_lets_nobody_in(office: Office, provider: Provider) -> None:
    provider.key = OTHER
    assert through(office.anybody(), provider).status_code == 401


def test_a_way_back_that_did_not_begin_here_leads_nowhere(
    office: Office, provider: Provider
) -> None:
    mallory, victim = office.anybody(), office.anybody()
    begun = mallory.get("/oidc/start")
    back = provider.authorize(begun.headers["location"])
    assert victim.get(back).status_code == 401
    victim.get("/oidc/start")
    assert victim.get(back).status_code == 401


def test_a_way_back_counts_once(office: Office, provider: Provider) -> None:
    client = office.anybody()
    begun = client.get("/oidc/start")
    back = provider.authorize(begun.headers["location"])
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 401


def test_somebody_disabled_is_not_let_in_and_a_second_factor_is_still_asked_for(
    office: Office, provider: Provider
) -> None:
    from audit.desk.people import Users
    from tests.audit.desk.conftest import ADDING
    from tests.audit.desk.test_desk_account import enrol

    enrol(office, office.logged_in("an"), "an")
    assert through(office.anybody(), provider).headers["location"].startswith("/login/code")
    with office.store.writing(ADDING) as connection:
        Users(connection).disable("an", office.clock.time)
    assert through(office.anybody(), provider).status_code == 401


def test_a_fresh_login_at_the_provider_stands_for_the_password(
    office: Office, provider: Provider
) -> None:
    client = office.anybody()
    through(client, provider)
    case = f"/cases/{office.case('S-1')}"
    assert f"/oidc/again?next={case}" in client.get(case).text
    refused = office.decide(client, "S-1", "confirm")
    assert refused.status_code == 400 or "password" in refused.text
    assert office.state("S-1") == "open"
    begun = client.get(f"/oidc/again?next={case}")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    back = client.get(provider.authorize(begun.headers["location"]))
    assert back.headers["location"] == case
    assert office.decide(client, "S-1", "confirm").status_code == 303
    assert office.state("S-1") == "second_needed"


@pytest.mark.parametrize(
    "wrong",
    [{"preferred_username": "binh"}, {"auth_time": 1}, {"auth_time": None}, {"auth_time": "now"}],
)
def test_an_old_login_or_somebody_elses_does_not(
    office: Office, provider: Provider, wrong: dict[str, Any]
) -> None:
    client = office.anybody()
    through(client, provider)
    begun = client.get("/oidc/again?next=/queue")
    provider.wrong = wrong
    assert client.get(provider.authorize(begun.headers["location"])).status_code == 401
    office.decide(client, "S-1", "confirm")
    assert office.state("S-1") == "open"
    # Nor does the way back of one session help another.
    provider.wrong = {}
    begun = client.get("/oidc/again?next=/queue")
    other = office.logged_in("an")
    other.cookies.update({k: v for k, v in client.cookies.items() if "oidc" in k})
    assert other.get(provider.authorize(begun.headers["location"])).status_code == 401


def test_without_a_provider_there_is_no_such_way(office: Office) -> None:
    assert office.anybody().get("/oidc/start").status_code == 404
    assert "OpenID" not in office.anybody().get("/login").text


def test_a_provider_that_does_not_answer_is_said(office: Office, provider: Provider) -> None:
    provider.about = lambda: {"issuer": "https://somebody.example"}
    assert office.anybody().get("/oidc/start").status_code == 503

"""Logging in by the organisation's identity provider (OpenID Connect, code flow with PKCE).

The provider says who somebody is; what they may do is what their account here says. No account
is ever made by a login. State, nonce and verifier of a login under way lie encrypted in a
cookie that only this host gets back; it runs out after ten minutes and counts once.

Whoever is asked for the password again may log in at the provider once more instead: it is
asked for a fresh login (``prompt=login``, ``max_age=0``) and has to sign when that was.
Reference: OpenID Connect Core 1.0, sections 3.1.2.1 and 2 (``auth_time``).
"""

from __future__ import annotations

import json
import os
import secrets
import time
import warnings
from functools import lru_cache
from typing import Any, cast
from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken
from fastapi.responses import Response

from audit.desk.people import User, Users
from audit.desk.permissions import Permission
from audit.desk.routes.account import log_in, note_failure
from audit.desk.routing import Routes
from audit.desk.web import Refused, Visit, Visited, local, require_private
from audit.settings import Oidc
from detectors.errors import MissingComponent

__all__ = ["routes"]

routes = Routes()

_MINUTES = 10
_LEEWAY = 60  # seconds between two clocks
_WAIT = 10  # seconds for the provider to answer


@routes.get("/oidc/start", Permission.PUBLIC)
def start(visit: Visited, next: str = "/") -> Response:  # noqa: A002 - name in the URL
    """Send the browser to the provider, when the person asked for it on a page of ours."""
    if visit.request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return visit.go(f"/login?next={quote(local(next), safe='')}")
    return _begin(visit, next)


@routes.get("/oidc/again", Permission.ACCOUNT)
def again(visit: Visited, next: str = "/") -> Response:  # noqa: A002 - name in the URL
    """Send the browser to the provider for a fresh login of the same person."""
    return _begin(visit, next, again=visit.who.id)


def _begin(visit: Visit, there: str, *, again: str | None = None) -> Response:
    require_private(visit.request)
    oidc, client = _client(visit)
    about = _provider(oidc.issuer)
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    fresh = {} if again is None else {"prompt": "login", "max_age": "0"}
    place, state = client.create_authorization_url(
        about["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **fresh
    )
    kept = {"state": state, "nonce": nonce, "verifier": verifier, "next": local(there)}
    if again is not None:
        kept |= {"again": again, "at": str(int(time.time()))}
    answer = Response(status_code=303, headers={"Location": place})
    answer.set_cookie(
        _cookie(visit),
        Fernet(visit.desk.secret_key).encrypt(json.dumps(kept).encode()).decode(),
        max_age=_MINUTES * 60,
        path="/",
        secure=visit.request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return answer


@routes.get("/oidc/back", Permission.PUBLIC)
def back(visit: Visited, code: str = "", state: str = "") -> Response:
    """Come back from the provider: ask it who that was, and let in whom we know."""
    require_private(visit.request)
    oidc, client = _client(visit)
    kept = _kept(visit)
    if kept is None or not code or not secrets.compare_digest(state, kept["state"]):
        return _no(visit)
    claims = _claims(oidc, client, code, kept)
    name = None if claims is None else claims.get(oidc.claim)
    if not isinstance(name, str):
        return _no(visit)
    with visit.desk.store.reading() as connection:
        known = Users(connection).to_log_in(name, visit.desk.now())
    if known is None:
        return _no(visit)
    if "again" in kept:
        if not _same(visit, known[0], claims, kept):
            return _no(visit)
        with visit.desk.journal.quietly() as connection:
            Users(connection).prove(visit.who.id, visit.desk.now())
        answer = visit.go(kept["next"])
    else:
        answer = log_in(visit, known[0], kept["next"])
    answer.delete_cookie(_cookie(visit), path="/")
    return answer


def _same(visit: Visit, user: User, claims: dict[str, Any] | None, kept: dict[str, str]) -> bool:
    """Whether the person of this session has logged in at the provider since they were sent."""
    session, at = visit.session, (claims or {}).get("auth_time")
    return (
        session is not None
        and secrets.compare_digest(session.id, kept["again"])
        and session.user.id == user.id
        and isinstance(at, int)
        and at >= int(kept["at"]) - _LEEWAY
    )


def _claims(oidc: Oidc, client: Any, code: str, kept: dict[str, str]) -> dict[str, Any] | None:
    """What the provider signs about who that was; ``None`` where anything does not fit."""
    import httpx
    from authlib.common.errors import AuthlibBaseError
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    about = _provider(oidc.issuer)
    try:
        token = client.fetch_token(
            about["token_endpoint"], code=code, code_verifier=kept["verifier"]
        )
        keys = KeySet.import_key_set(cast(Any, _get(about["jwks_uri"])))
        allowed = about.get("id_token_signing_alg_values_supported") or ["RS256"]
        decoded = jwt.decode(
            token["id_token"], keys, algorithms=[a for a in allowed if a != "none"]
        )
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": about["issuer"]},
                "aud": {"essential": True, "value": oidc.client_id},
                "exp": {"essential": True},
            },
            {"nonce": kept["nonce"], "client_id": oidc.client_id},
        )
        claims.validate(leeway=_LEEWAY)
    except (httpx.HTTPError, AuthlibBaseError, JoseError, KeyError, ValueError):
        return None
    return dict(decoded.claims)


def _client(visit: Visit) -> tuple[Oidc, Any]:
    oidc = visit.desk.settings.desk.oidc
    if oidc is None:
        raise Refused(404, "refused.nothing")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about names of httpx that will go, once
            from authlib.integrations.httpx_client import OAuth2Client
    except ImportError as error:
        raise MissingComponent(
            "Authlib is not installed",
            where="desk.oidc",
            remedy="install survey-audit[oidc]",
        ) from error
    back_to = str(visit.request.url.replace(path="/oidc/back", query="", fragment=""))
    client = OAuth2Client(
        oidc.client_id,
        os.environ.get(oidc.secret_env),
        scope="openid profile",
        redirect_uri=back_to,
        code_challenge_method="S256",
        timeout=_WAIT,
    )
    return oidc, client


@lru_cache(maxsize=4)
def _provider(issuer: str) -> dict[str, Any]:
    """What the provider says of itself.

    Raises:
        Refused: If it cannot be asked, or speaks for somebody else.
    """
    import httpx

    try:
        about = _get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    except (httpx.HTTPError, ValueError) as error:
        raise Refused(503, "oidc.unreachable") from error
    if about.get("issuer") != issuer:
        raise Refused(503, "oidc.unreachable")
    return about


def _get(place: str) -> dict[str, Any]:
    import httpx

    answer = httpx.get(place, timeout=_WAIT)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _kept(visit: Visit) -> dict[str, str] | None:
    """The login under way, if it began here and lately."""
    text = visit.request.cookies.get(_cookie(visit), "")
    try:
        box = Fernet(visit.desk.secret_key).decrypt(text.encode(), ttl=_MINUTES * 60)
        found: dict[str, str] = json.loads(box)
    except (InvalidToken, ValueError):
        return None
    return found


def _cookie(visit: Visit) -> str:
    return "__Host-oidc" if visit.request.url.scheme == "https" else "oidc"


def _no(visit: Visit) -> Response:
    """The same answer for whoever is not let in, whatever the reason."""
    address = visit.request.client.host if visit.request.client else ""
    note_failure(visit, "", address)
    answer = visit.page("refused.html.j2", 401, why=visit.text("oidc.refused"))
    answer.delete_cookie(_cookie(visit), path="/")
    return answer

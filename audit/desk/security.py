"""Around every request: same origin, small bodies, strict headers, errors without their text.

Cross-site requests are told by what the browser says about them: ``Sec-Fetch-Site``, else
``Origin``. A request that changes something and carries a cookie but neither header is
refused: no browser of this decade sends one.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HEADERS", "Shield", "cross_site", "failed", "note_refusal"]

_LARGEST_BODY = 64 * 1024
_SAFE = ("GET", "HEAD")
_TOLD = "survey_audit_incident"

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def cross_site(method: str, scheme: str, headers: Headers) -> bool:
    """Whether a request that changes something comes from somewhere else, or may do.

    Args:
        method: Of the request.
        scheme: ``http`` or ``https``.
        headers: Of the request.
    """
    if method in _SAFE:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is not None:
        return _place(origin) != _place(f"{scheme}://{headers.get('host', '')}")
    return "cookie" in headers


def _place(url: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port


class Shield:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self.app = RequestBodyLimitMiddleware(app, max_body_size=_LARGEST_BODY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
            await send(message)

        if scope["method"] not in (*_SAFE, "POST"):
            await _plain("method not allowed", 405)(scope, receive, guarded)
            return
        if cross_site(scope["method"], scope["scheme"], Headers(scope=scope)):
            note_refusal(scope, 403, "refused.elsewhere", None)
            await _plain("this request does not come from this site", 403)(scope, receive, guarded)
            return
        try:
            await self.app(scope, receive, guarded)
        except Exception as error:
            # Starlette raises again what :func:`failed` has answered already.
            if scope.get(_TOLD):
                return
            if started:
                raise
            await _incident(scope, error)(scope, receive, guarded)


async def failed(request: Request, error: Exception) -> Response:
    """The answer to what nobody expected: a number that leads to the log, and no more."""
    request.scope[_TOLD] = True
    return _incident(request.scope, error)


def _incident(scope: Scope, error: Exception) -> PlainTextResponse:
    incident = _log(scope, error)
    text = f"Lỗi nội bộ, mã sự cố {incident}. · Internal error, incident {incident}."
    return _plain(text, 500)


def _plain(text: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(f"{text}\n", status)


def note_refusal(scope: Scope, status: int, why: str, account: int | None) -> None:
    """One line for the operator: who was refused what, by numbers and kinds that name nobody."""
    line = {
        "event": "refused",
        "timestamp": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "status": status,
        "method": scope["method"],
        "route": getattr(scope.get("route"), "path", None),
        "account": account,
        "why": why,
    }
    sys.stderr.write(json.dumps(line) + "\n")


def _log(scope: Scope, error: Exception) -> str:
    """One line for the operator: kind and place of the error, nothing of what it was about."""
    incident = secrets.token_hex(4)
    trace, places = error.__traceback__, []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    route = getattr(scope.get("route"), "path", None)
    line = {
        "event": "internal error",
        "timestamp": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "incident": incident,
        "method": scope["method"],
        "route": route,
        "error": type(error).__name__,
        "at": places[-6:],
    }
    sys.stderr.write(json.dumps(line) + "\n")
    return incident

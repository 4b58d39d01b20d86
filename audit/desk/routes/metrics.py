"""Counts for a Prometheus server: to this machine, or to whoever shows the token."""

from __future__ import annotations

import hmac
import ipaddress
import os

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response

from audit.desk.permissions import Permission
from audit.desk.routing import Routes
from audit.desk.web import Refused, Visited

__all__ = ["routes"]

routes = Routes()

# What a proxy adds: then the caller's own address says nothing about who asks.
_PASSED_ON = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "via")
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@routes.get("/metrics", Permission.PUBLIC)
def metrics(visit: Visited) -> Response:
    """The same counts as ``status --format prometheus``: no unit, file or person is a label."""
    name = visit.desk.settings.metrics.token_env
    token = os.environ.get(name, "") if name is not None else ""
    if not (_of_this_machine(visit.request) if name is None else _shows(visit.request, token)):
        raise Refused(404, "refused.nothing")
    from audit.metrics import prometheus_text
    from audit.summary import summarise

    found = summarise(visit.desk.store, visit.desk.settings)
    return PlainTextResponse(prometheus_text(found), media_type=_TEXT)


def _shows(request: Request, token: str) -> bool:
    said = request.headers.get("authorization", "")
    return bool(token) and hmac.compare_digest(said.encode(), f"Bearer {token}".encode())


def _of_this_machine(request: Request) -> bool:
    if any(name in request.headers for name in _PASSED_ON):
        return False
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
        # A page elsewhere that was led here by a name of its own is not this machine.
        named = request.url.hostname or ""
        return address.is_loopback and (
            named == "localhost" or ipaddress.ip_address(named).is_loopback
        )
    except ValueError:
        return False

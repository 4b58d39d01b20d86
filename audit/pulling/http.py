"""Requests to a platform: again after a while where that helps, never to another server.

Only the standard library. The secret goes to the origin that the settings name and to no
other: redirects and links to the next page that lead elsewhere are refused. What is told of
a failure is the address without its query, and no header.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.parse import urlencode, urljoin, urlsplit

from detectors.errors import AccessError, InputError

__all__ = ["Client"]

_AGAIN = frozenset({408, 417, 425, 429, 500, 502, 503, 504})
_TRIES = 5
_LONGEST_WAIT = 300.0
_BYTES = 1 << 30
_BLOCK = 1 << 20


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


class _SameServer(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Follow to the same origin only."""
        if _origin(newurl) != _origin(req.full_url):
            raise urllib.error.HTTPError(req.full_url, code, "leads to another server", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@dataclass
class Client:
    """Speaks with one server.

    Attributes:
        base: Its address.
        headers: Sent with every request; may hold a secret.
        timeout: Seconds without an answer.
        sleep: Waits; handed in by tests.
    """

    base: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> bytes:
        """The body of an address below the base, or of a whole address of this server.

        Raises:
            AccessError: If the server cannot be reached or refuses.
            InputError: If the answer is larger than 1 GiB.
        """
        url = self._address(path)
        if query:
            url += ("&" if urlsplit(url).query else "?") + urlencode(query)
        return self._send(url, None)

    def post(self, path: str, body: Any) -> bytes:
        """The answer to a JSON body; raises as :meth:`get` does."""
        return self._send(self._address(path), json.dumps(body).encode())

    def json(self, body: bytes, path: str) -> Any:
        """A body as JSON.

        Raises:
            InputError: If it is none, e.g. a page to log in.
        """
        try:
            return json.loads(body)
        except ValueError as error:
            raise InputError(
                "the server's answer is no JSON",
                where=_shown(self._address(path)),
                remedy="check url and form; a page to log in may have been sent",
            ) from error

    def _address(self, path: str) -> str:
        url = urljoin(self.base + "/", path.lstrip("/")) if "://" not in path else path
        if _origin(url) != _origin(self.base):
            raise InputError(
                "the server names a next page on another server",
                where=_shown(self.base),
                remedy="correct url: it must be the address that the server gives itself",
            )
        return url

    def _send(self, url: str, body: bytes | None) -> bytes:
        opener = urllib.request.build_opener(_SameServer)
        headers = {"Accept": "*/*", "User-Agent": "survey-audit", **self.headers}
        if body is not None:
            headers["Content-Type"] = "application/json"
        why = ""
        for attempt in range(_TRIES):
            # The scheme was checked: https, or http on this machine.
            request = urllib.request.Request(url, data=body, headers=headers)
            wait = min(2.0**attempt, _LONGEST_WAIT)
            try:
                with opener.open(request, timeout=self.timeout) as answer:
                    return _body(answer, url)
            except urllib.error.HTTPError as error:
                with error:
                    why = f"{error.code} {_REASONS.get(error.code, error.msg)}"
                    if error.code not in _AGAIN:
                        raise _refused(url, why, error.code) from None
                    wait = _told_wait(error.headers, wait)
            except (urllib.error.URLError, HTTPException, OSError) as error:
                why = type(getattr(error, "reason", error)).__name__
            if attempt + 1 < _TRIES:
                self.sleep(wait)
        raise AccessError(
            f"the server does not answer ({why}, {_TRIES} times)",
            where=_shown(url),
            remedy="check the network and try again later",
        )


_REASONS = {
    401: "not logged in",
    403: "not allowed",
    404: "not there",
    429: "too many requests",
}


def _refused(url: str, why: str, code: int) -> AccessError:
    remedy = {
        401: "check the secret, and user",
        403: "give the account the right to read this form",
        404: "check url, form and project",
    }.get(code, "look at the server's settings")
    return AccessError(f"the server refuses ({why})", where=_shown(url), remedy=remedy)


def _told_wait(headers: Message | None, wait: float) -> float:
    told = "" if headers is None else headers.get("Retry-After", "")
    return min(float(told), _LONGEST_WAIT) if told and told.isdigit() else wait


def _body(answer: Any, url: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    while block := answer.read(_BLOCK):
        size += len(block)
        if size > _BYTES:
            raise InputError(
                "the answer is larger than 1 GiB", where=_shown(url), remedy="export it by hand"
            )
        parts.append(block)
    return b"".join(parts)


def _shown(url: str) -> str:
    return url.split("?", 1)[0]

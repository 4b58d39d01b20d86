"""A server on this machine that speaks as each platform does: logins, pages, errors, quirks."""

from __future__ import annotations

import base64
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.audit import platforms

TOKEN = "t0k3n-geheim-9f"
USER = "lan@office.vn"


@dataclass
class Platform:
    """What the server knows and how it misbehaves.

    Attributes:
        count: How many of the answers there are by now.
        page: Rows a page.
        failures: Status codes to answer first, with ``Retry-After``.
        elsewhere: Where to send clients, if anywhere.
        next_host: Another host to name in links to the next page.
        seen: Method, path and query of each request.
        headers: Of each request.
        polls: How often an export says that it is not ready.
        reviewed: Record -> the moment at which it was rejected there.
    """

    count: int = 3
    page: int = 2
    failures: list[int] = field(default_factory=list)
    elsewhere: str | None = None
    next_host: str | None = None
    seen: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    polls: int = 2
    url: str = ""
    sessions: set[str] = field(default_factory=set)
    token: int = 0
    reviewed: dict[str, str] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    platform: Platform

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._answer(json.loads(self.rfile.read(length) or b"null"))

    def _answer(self, body: Any) -> None:
        platform, parts = self.platform, urlsplit(self.path)
        platform.seen.append(f"{self.command} {self.path}")
        platform.headers.append(dict(self.headers))
        if platform.failures:
            return self._send(platform.failures.pop(0), b"later", {"Retry-After": "3"})
        if platform.elsewhere:
            return self._send(302, b"", {"Location": platform.elsewhere})
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for start, speak in (
            ("/api/v2/assets/aX/data/", self._kobo),
            ("/v1/sessions", self._session),
            ("/v1/projects/7/forms/f1.svc/Submissions", self._odata),
            ("/index.php/admin/remotecontrol", self._limesurvey),
            ("/api/v2/forms/data/wide/json/f1", self._surveycto),
            ("/API/v3/surveys/SV_1/export-responses", self._qualtrics),
        ):
            if parts.path.startswith(start):
                return speak(parts.path, query, body)
        return self._send(404, b"{}")

    def _send(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode())

    def _page(self, rows: list[Any], start: int, size: int, path: str, query: Any, key: str) -> Any:
        """Rows of one page, and the address of the next."""
        following = None
        if start + size < len(rows):
            host = self.platform.next_host or self.platform.url
            following = f"{host}{path}?{urlencode(query | {key: start + size})}"
        return rows[start : start + size], following

    def _kobo(self, path: str, query: dict[str, str], body: Any) -> None:
        if self.headers.get("Authorization") != f"Token {TOKEN}":
            return self._send(401, b"{}")
        after = json.loads(query["query"])["_id"]["$gt"]
        there = platforms.kobo_json()["results"][: self.platform.count]
        for row in there:
            if f"r{row['_id']}" in self.platform.reviewed:
                row["_validation_status"] = {"uid": "validation_status_not_approved"}
        rows = [row for row in there if row["_id"] > after]
        size = min(int(query["limit"]), self.platform.page)
        page, following = self._page(rows, int(query.get("start", 0)), size, path, query, "start")
        return self._json(
            {"count": len(rows), "next": following, "previous": None, "results": page}
        )

    def _session(self, path: str, query: dict[str, str], body: Any) -> None:
        if body != {"email": USER, "password": TOKEN}:
            return self._send(401, b"{}")
        self.platform.sessions.add("s1")
        return self._json({"token": "s1", "expiresAt": "2099-01-01T00:00:00.000Z"})

    def _odata(self, path: str, query: dict[str, str], body: Any) -> None:
        if self.headers.get("Authorization") != "Bearer s1" or not self.platform.sessions:
            return self._send(403, b"{}")
        rows = platforms.odk_odata(platforms.ANSWERS[: self.platform.count])
        for row in rows:
            if (at := self.platform.reviewed.get(row["__id"])) is not None:
                row["__system"] |= {"updatedAt": at, "reviewState": "rejected"}
        if "$filter" in query:
            new, changed = query["$filter"].split(" or ")
            since = new.removeprefix("__system/submissionDate ge ")
            assert changed == f"__system/updatedAt ge {since}"
            rows = [
                row
                for row in rows
                if row["__system"]["submissionDate"] >= since
                or (row["__system"]["updatedAt"] or "") >= since
            ]
        size = min(int(query["$top"]), self.platform.page)
        page, following = self._page(rows, int(query.get("$skip", 0)), size, path, query, "$skip")
        answer = {"value": page, "@odata.context": self.platform.url + path}
        return self._json(answer | ({"@odata.nextLink": following} if following else {}))

    def _limesurvey(self, path: str, query: dict[str, str], body: Any) -> None:
        method, words = body["method"], body["params"]
        result: Any = "OK"
        if method == "get_session_key":
            right = words == [USER, TOKEN]
            result = "k1" if right else {"status": "Invalid user name or password"}
        elif method == "export_responses":
            key, form, kind, _, complete, heading, response, first = words
            asked = (key, form, kind, complete, heading, response)
            assert asked == ("k1", "123", "csv", "complete", "code", "short")
            lines = platforms.limesurvey_csv().decode().splitlines()
            # Responses have numbers there.
            numbered = [
                line.replace(f'"r{n}"', f'"{n}"', 1) for n, line in enumerate(lines[1:], start=1)
            ]
            rows = numbered[first - 1 : self.platform.count]
            text = "\r\n".join([lines[0], *rows]) + "\r\n"
            result = base64.b64encode(text.encode()).decode()
            if not rows:
                result = {"status": "No Data, could not get max id."}
        return self._json({"id": 1, "result": result, "error": None})

    def _surveycto(self, path: str, query: dict[str, str], body: Any) -> None:
        login = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {login}":
            return self._send(401, b"{}")
        assert int(query["date"]) >= 0
        # What is not asked for by its review is not given: approved only, without a word.
        wanted = set(query.get("r", "approved").split("|"))
        rows = platforms.surveycto_json()[: self.platform.count]
        for row in rows:
            if row["KEY"] in self.platform.reviewed:
                row["review_status"] = "REJECTED"
        return self._json([row for row in rows if row["review_status"].lower() in wanted])

    def _qualtrics(self, path: str, query: dict[str, str], body: Any) -> None:
        if self.headers.get("X-API-TOKEN") != TOKEN:
            return self._send(401, b'{"meta": {"httpStatus": "401"}}')
        if self.command == "POST":
            assert body["format"] == "csv"
            first = int(body.get("continuationToken", "0"))
            assert first == self.platform.token
            return self._json({"result": {"progressId": f"ES_{first}", "status": "inProgress"}})
        if path.endswith("/file"):
            first = int(path.split("/")[-2].removeprefix("F_"))
            lines = platforms.qualtrics_csv().split(b"\r\n")
            # Three rows of headers, then the author's trial and the answers.
            rows = lines[3:-1][first : self.platform.count + 1]
            stream = io.BytesIO()
            with zipfile.ZipFile(stream, "w") as archive:
                archive.writestr("Form.csv", b"\r\n".join([*lines[:3], *rows, b""]))
            return self._send(200, stream.getvalue())
        if self.platform.polls:
            self.platform.polls -= 1
            return self._json({"result": {"status": "inProgress", "percentComplete": 50.0}})
        first = int(path.rsplit("_", 1)[1])
        self.platform.token = self.platform.count + 1
        found = {"status": "complete", "fileId": f"F_{first}", "percentComplete": 100.0}
        return self._json({"result": found | {"continuationToken": str(self.platform.token)}})


@contextmanager
def serving() -> Iterator[Platform]:
    """The server, until the block ends."""
    platform = Platform()
    handler = type("Handler", (_Handler,), {"platform": platform})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    platform.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""What is new on each platform, since the cursor of the last pull.

Sources: KoboToolbox API v2 (``/api/v2/assets/{uid}/data``), ODK Central (sessions and the
OData feed), LimeSurvey RemoteControl 2 (JSON-RPC), SurveyCTO server API (wide JSON), Qualtrics
API v3 (``export-responses`` with continuation). Cursors are plain JSON. A row that an overlap
brings a second time is left out, or is the same row to the round.
"""

from __future__ import annotations

import base64
import csv
import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from audit.pulling.http import Client
from audit.pulling.source import Secret, Source
from detectors.errors import AccessError, InputError

__all__ = ["Pulled", "fetch_new"]

PAGE = 1000
_POLLS = 240
_UNPACKED = 2 << 30
Cursor = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull brought.

    Attributes:
        data: The export; ``None`` if there is nothing new.
        ending: Of its file: ``json`` or ``csv``.
        rows: New answers.
        cursor: Where the next pull begins.
    """

    data: bytes | None
    ending: str
    rows: int
    cursor: Cursor


def fetch_new(
    source: Source,
    secret: Secret,
    cursor: Cursor,
    *,
    now: float,
    client: Client | None = None,
) -> Pulled:
    """Everything that came after ``cursor``.

    Args:
        source: The form.
        secret: Token or password.
        cursor: From the last pull; empty for all.
        now: Seconds since 1970.
        client: Speaks with the server; made from the source without it.

    Raises:
        AccessError: If the server cannot be reached or refuses.
        InputError: If it answers what it should not.
    """
    return _PLATFORMS[source.kind](client or Client(source.url), source, secret, cursor, now)


def _rows(rows: list[Any], cursor: Cursor) -> Pulled:
    data = json.dumps(rows, ensure_ascii=False).encode() if rows else None
    return Pulled(data, "json", len(rows), cursor)


def _with(client: Client, **headers: str) -> Client:
    return dataclasses.replace(client, headers=dict(client.headers) | headers)


def _kobotoolbox(
    client: Client, source: Source, secret: Secret, cursor: Cursor, now: float
) -> Pulled:
    client = _with(client, Authorization=f"Token {secret.reveal()}")
    last = int(cursor.get("id", 0))
    path = f"/api/v2/assets/{quote(source.form)}/data/"
    query = {
        "format": "json",
        "limit": PAGE,
        "sort": json.dumps({"_id": 1}),
        "query": json.dumps({"_id": {"$gt": last}}),
    }
    rows: list[Any] = []
    answer = client.json(client.get(path, query), path)
    while True:
        page = _list_of(answer, "results", path)
        rows += page
        following = answer.get("next")
        if not following or not page:
            break
        answer = client.json(client.get(following), path)
    new = {int(row["_id"]): row for row in rows if int(row["_id"]) > last}
    return _rows(list(new.values()), {"id": max([last, *new])})


def _odk(client: Client, source: Source, secret: Secret, cursor: Cursor, now: float) -> Pulled:
    path = "/v1/sessions"
    login = {"email": source.user, "password": secret.reveal()}
    token = client.json(client.post(path, login), path).get("token")
    client = _with(client, Authorization=f"Bearer {token}")
    path = f"/v1/projects/{source.project}/forms/{quote(source.form)}.svc/Submissions"
    since, known = str(cursor.get("date", "")), set(cursor.get("ids", ()))
    query: dict[str, Any] = {"$top": PAGE, "$skip": 0}
    if since:
        # What was edited or reviewed has a later updatedAt; one never touched has none.
        query["$filter"] = f"__system/submissionDate ge {since} or __system/updatedAt ge {since}"
    rows: list[Any] = []
    answer = client.json(client.get(path, query), path)
    while True:
        page = _list_of(answer, "value", path)
        rows += page
        following = answer.get("@odata.nextLink")
        if not following or not page:
            break
        answer = client.json(client.get(following), path)
    states = {_odk_state(row): row for row in rows}
    new = [row for state, row in states.items() if state not in known]
    dates = {state: _odk_changed(row) for state, row in states.items()}
    latest = max([since, *dates.values()])
    # Answers of the same moment may still come: they are asked for again, and told by id.
    ids = sorted(state for state, date in dates.items() if date == latest)
    return _rows(new, {"date": latest, "ids": ids} if latest else cursor)


def _odk_changed(row: Mapping[str, Any]) -> str:
    """When a submission came or was last edited or reviewed."""
    system = row["__system"]
    return max(str(system["submissionDate"]), str(system.get("updatedAt") or ""))


def _odk_state(row: Mapping[str, Any]) -> str:
    """One name for a submission as it stands: edited or reviewed, it has another."""
    changed = row["__system"].get("updatedAt")
    return f"{row['__id']}@{changed}" if changed else str(row["__id"])


def _limesurvey(
    client: Client, source: Source, secret: Secret, cursor: Cursor, now: float
) -> Pulled:
    path = "/index.php/admin/remotecontrol"

    def call(method: str, *words: Any) -> Any:
        body = {"method": method, "params": list(words), "id": 1}
        answer = client.json(client.post(path, body), path)
        if not isinstance(answer, dict) or answer.get("error"):
            raise InputError(
                f"LimeSurvey did not understand {method}",
                where=source.url + path,
                remedy="switch JSON-RPC on under Global settings, Interfaces",
            )
        return answer.get("result")

    key = call("get_session_key", source.user, secret.reveal())
    if not isinstance(key, str):
        raise AccessError(
            "the server refuses (not logged in)",
            where=source.url + path,
            remedy="check the secret, and user",
        )
    last = int(cursor.get("id", 0))
    try:
        wanted = (key, source.form, "csv", None, "complete", "code", "short", last + 1)
        found = call("export_responses", *wanted)
    finally:
        call("release_session_key", key)
    if isinstance(found, dict):
        if "No Data" in str(found.get("status")):
            return Pulled(None, "csv", 0, cursor)
        raise AccessError(
            f"the server refuses ({found.get('status')})",
            where=source.url + path,
            remedy="check form, and that the account may export its responses",
        )
    try:
        data = base64.b64decode(found, validate=True)
        text = data.decode("utf-8-sig")
    except (TypeError, ValueError) as error:
        raise InputError(
            "the export is damaged", where=source.url + path, remedy="try again"
        ) from error
    separator = (
        ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    )
    ids = [int(row["id"]) for row in csv.DictReader(io.StringIO(text), delimiter=separator)]
    if not ids or max(ids) <= last:
        return Pulled(None, "csv", 0, cursor)
    return Pulled(data, "csv", len(ids), {"id": max(ids)})


def _surveycto(
    client: Client, source: Source, secret: Secret, cursor: Cursor, now: float
) -> Pulled:
    login = base64.b64encode(f"{source.user}:{secret.reveal()}".encode()).decode()
    client = _with(client, Authorization=f"Basic {login}")
    path = f"/api/v2/forms/data/wide/json/{quote(source.form)}"
    # Without r it gives what was approved only, and who approves would choose what counts.
    query = {"date": int(cursor.get("since", 0)), "r": "approved|rejected|pending"}
    answer = client.json(client.get(path, query), path)
    if not isinstance(answer, list):
        raise _odd(source.url + path)
    known = set(cursor.get("keys", ()))
    states = {_state_of(row): row for row in answer}
    # A day is asked for twice, as what was completed and what was received differ.
    new = [row for state, row in states.items() if state not in known]
    return _rows(new, {"since": int(now) - 86_400, "keys": sorted(states)})


def _state_of(row: Mapping[str, Any]) -> str:
    """One name for a row as it stands: corrected or reviewed, it has another."""
    text = json.dumps(row, ensure_ascii=False, sort_keys=True)
    return f"{row.get('KEY')}@{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _qualtrics(
    client: Client, source: Source, secret: Secret, cursor: Cursor, now: float
) -> Pulled:
    client = _with(client, **{"X-API-TOKEN": secret.reveal()})
    path = f"/API/v3/surveys/{quote(source.form)}/export-responses"
    wish: dict[str, Any] = {"format": "csv", "compress": True}
    if "token" in cursor:
        wish["continuationToken"] = cursor["token"]
    else:
        wish["allowContinuation"] = True
    started = _result(client.json(client.post(path, wish), path), source.url + path)
    progress = f"{path}/{quote(str(started.get('progressId')))}"
    for attempt in range(_POLLS):
        state = _result(client.json(client.get(progress), progress), source.url + path)
        if state.get("status") == "complete":
            break
        if state.get("status") == "failed":
            raise AccessError(
                "the export failed there", where=source.url + path, remedy="try again"
            )
        client.sleep(min(1.0 + attempt / 4, 15.0))
    else:
        raise AccessError("the export does not end", where=source.url + path, remedy="try again")
    body = client.get(f"{path}/{quote(str(state['fileId']))}/file")
    data = _only_file(body, source.url + path)
    rows = max(0, sum(1 for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) if row) - 3)
    token = state.get("continuationToken")
    return Pulled(data if rows else None, "csv", rows, {"token": token} if token else cursor)


def _result(answer: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(answer, dict) or not isinstance(answer.get("result"), dict):
        raise _odd(where)
    result: Mapping[str, Any] = answer["result"]
    return result


def _only_file(body: bytes, where: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            parts = [part for part in archive.infolist() if part.filename.endswith(".csv")]
            if len(parts) != 1 or parts[0].file_size > _UNPACKED:
                raise _odd(where)
            return archive.read(parts[0])
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise _odd(where) from error


def _list_of(answer: Any, key: str, where: str) -> list[Any]:
    if not isinstance(answer, dict) or not isinstance(answer.get(key), list):
        raise _odd(where)
    return list(answer[key])


def _odd(where: str) -> InputError:
    return InputError(
        "the server's answer is not what its documentation says",
        where=where,
        remedy="check url and form, or export by hand and tell us",
    )


_PLATFORMS: Mapping[str, Callable[[Client, Source, Secret, Cursor, float], Pulled]] = {
    "kobotoolbox": _kobotoolbox,
    "odk": _odk,
    "limesurvey": _limesurvey,
    "surveycto": _surveycto,
    "qualtrics": _qualtrics,
}

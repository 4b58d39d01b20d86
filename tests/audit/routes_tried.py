"""Every address that the desk answers, with all that can stand in it; and following its links."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient

from audit.desk.routes import ROUTES
from audit.desk.tables import KINDS
from audit.settings import Settings
from audit.store import open_store, schema

# Routes that show nothing of a round, or lead elsewhere.
NOTHING_SHOWN = {
    *("/static/{name}", "/login", "/login/code", "/oidc/start", "/oidc/again", "/oidc/back"),
    *("/healthz", "/openapi.json", "/account/factor", "/admin/users/new", "/"),
}
# These need real scans, known forms and sheets that are like others: `test_low_pictures`.
PICTURES = {
    *(f"/cases/{{case_id}}/pages/{{page_id}}/{one}" for one in ("{look}.jpg", "bare/{look}.jpg")),
    *(f"/cases/{{case_id}}/pages/{{page_id}}/{one}" for one in ("places", "source")),
    *(f"/cases/{{case_id}}/signs/{{sign_id}}/{one}" for one in ("{part}.jpg", "compare")),
    "/cases/{case_id}/signs/{sign_id}/page/{which}.jpg",
    "/cases/{case_id}/signs/{sign_id}/bare/{which}.jpg",
    *("/cases/{case_id}/batch/{step}", "/cases/{case_id}/batch/{step}/{page_id}.jpg"),
    "/forms/{form_id}/{number}/blank.png",
}


def addresses_of(
    settings: Settings, units: Sequence[str], **only: Sequence[Any]
) -> dict[str, list[str]]:
    """Every route that is looked at -> its addresses.

    Args:
        settings: Of the round.
        units: Of the round.
        only: What stands in a part of an address instead of everything that can.
    """
    with open_store(settings.store_url) as store, store.reading() as connection:
        keys = {
            name: connection.execute(sa.select(table.c.id)).scalars().all()
            for name, table in (
                *(("case_id", schema.cases), ("page_id", schema.pages)),
                *(("sign_id", schema.findings), ("user_id", schema.users)),
            )
        }
    of: Mapping[str, Sequence[Any]] = {
        **keys,
        "unit_id": units,
        "kind": KINDS,
        "look": ["scan", "noise"],
        "part": ["scan", "blank", "difference"],
        "which": ["own", "other"],
        "step": ["1", "2"],
        "form_id": ["T-01"],
        "number": ["1"],
        **only,
    }
    found: dict[str, list[str]] = {}
    for routes in ROUTES:
        for method, path, _ in routes._found:
            if method != "GET" or path in NOTHING_SHOWN:
                continue
            names = re.findall(r"{(\w+)}", path)
            assert set(names) <= set(of), f"say what can stand in {path}"
            filled = itertools.product(*(of[name] for name in names))
            found[path] = [
                path.format_map(dict(zip(names, map(str, values), strict=True)))
                for values in filled
            ]
    return found


def crawl(client: TestClient, addresses: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
    """All that a role gets: of every route that there is, and wherever their links lead."""
    waiting = [one for many in addresses.values() for one in many]
    for path in ("/queue", *(f"/queue.{kind}" for kind in KINDS)):
        waiting += [f"{path}?state=all", *(f"{path}?severity={s}" for s in ("red", "yellow"))]
    tried, found = set[str](), dict[str, bytes]()
    while waiting and len(tried) < 2000:
        path = waiting.pop(0)
        if path in tried or path.startswith(("/logout", "/static", "/docs")):
            continue
        tried.add(path)
        answer = client.get(path)
        if answer.status_code != 200:
            continue
        found[path] = answer.content
        if "html" in answer.headers["content-type"]:
            there = re.findall(r'(?:href|src|data-[a-z]+)="(/[^"#]*)', answer.text)
            waiting += [link.replace("&amp;", "&") for link in there]
    return found

"""How well people judge known forms: for approvers and administrators, and for nobody else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa
from fastapi.responses import Response

from audit.desk.permissions import Permission
from audit.desk.reviewers import Measured, measure
from audit.desk.routing import Routes
from audit.desk.tables import exported
from audit.desk.web import Visit, Visited
from audit.known.forms import CLEAN, TAMPERED

__all__ = ["reviewers_of", "routes"]

routes = Routes()


@routes.get("/reviewers", Permission.REVIEWERS)
def reviewers(visit: Visited) -> Response:
    """Misses and false confirmations on known forms, reviewer by reviewer."""
    with visit.desk.store.reading() as connection:
        found = reviewers_of(visit, connection)
    return visit.page("reviewers.html.j2", known=found)


@routes.get("/reviewers.{kind}", Permission.REVIEWERS)
def export_reviewers(visit: Visited, kind: str) -> Response:
    """The same as a table, with the cells of the page."""
    with visit.desk.store.reading() as connection:
        rows = reviewers_of(visit, connection)["rows"]
    names = ("who", "tampered", "missed", "miss_share", "clean", "accused", "accuse_share")
    columns = {
        visit.text(f"reviewers.{name}"): [row[name] for row in rows]
        for name in (*names, "passed_on")
    }
    return exported(visit, kind, "reviewers", columns)


def reviewers_of(visit: Visit, connection: sa.Connection) -> dict[str, Any]:
    """What the page shows: how many known forms there are, and a row a reviewer."""
    entries = visit.desk.queue.known(connection)
    counts = Counter(entry.known for entry in entries)
    return {
        "clean": counts[CLEAN],
        "tampered": counts[TAMPERED],
        "open": sum(not entry.state.closed for entry in entries),
        "rows": [_row(visit, one) for one in measure(entries)],
    }


def _row(visit: Visit, one: Measured) -> dict[str, Any]:
    t = visit.text

    def share(hits: int, n: int, between: tuple[float, float] | None) -> str:
        if between is None:
            return "–"
        low, high = (t.percent(value, 0) for value in between)
        return t("reviewers.share", share=t.percent(hits / n, 0), low=low, high=high)

    return {
        "who": one.actor or t("reviewers.all"),
        "all": one.actor is None,
        "tampered": t.number(one.tampered),
        "missed": t.number(one.missed),
        "miss_share": share(one.missed, one.tampered, one.miss_range),
        "clean": t.number(one.clean),
        "accused": t.number(one.accused),
        "accuse_share": share(one.accused, one.clean, one.accuse_range),
        "passed_on": t.number(one.passed_on),
    }

"""One unit: its report live, its value among its peers, its cases, its batches in order."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from audit.desk.casefile import title_of
from audit.desk.permissions import Permission
from audit.desk.queue import Filters
from audit.desk.rendering import REPORT_STYLE, static_url
from audit.desk.routes.explain import explanations_of, in_sight
from audit.desk.routes.queue import why_here
from audit.desk.routes.results import value_of
from audit.desk.routes.shown import chance
from audit.desk.routing import Routes
from audit.desk.tables import exported
from audit.desk.web import Refused, Visit, Visited
from audit.reporting.numbers import spread_of
from audit.reporting.reasons import reason_message
from audit.sharing import small
from audit.store import schema
from reports.charts import funnel
from reports.views import PeerPoint

__all__ = ["routes"]

routes = Routes()


@routes.get("/units/{unit_id}", Permission.RESULTS)
def unit_page(visit: Visited, unit_id: str) -> Response:
    """One unit: its value, its tests, its cases and its batches."""
    in_sight(visit, unit_id)
    row = visit.scope.book.rows[unit_id]
    desk, round_id = visit.desk, visit.desk.settings.round.id
    scores, results = schema.scores, schema.unit_results
    with desk.store.reading() as connection:
        view = desk.queue.view(connection, Filters(state="all", unit=unit_id), visit.scope)
        entries = [e for e in view.shown if e.unit_id == unit_id]
        score_rows = connection.execute(
            sa.select(scores).where(scores.c.round_id == round_id, scores.c.unit_id == unit_id)
        ).mappings()
        values = [value_of(visit, score) for score in score_rows]
        tests = [
            _test(visit, result)
            for result in connection.execute(
                sa.select(results).where(
                    results.c.round_id == round_id, results.c.unit_id == unit_id
                )
            ).mappings()
        ]
        batches = _timeline(visit, connection, unit_id)
        chart = _funnel(visit, connection, unit_id)
        explanations = explanations_of(visit, connection, unit_id)
        forms = desk.live.forms_of(connection, unit_id)
        live = desk.live.fits(connection)
    return visit.page(
        "unit.html.j2",
        unit_id=unit_id,
        unit=row,
        parent=visit.scope.book.name(visit.scope.book.parents.get(unit_id)),
        values=sorted(values, key=lambda v: v["order"]),
        tests=tests,
        cases=[(e, why_here(visit, e)) for e in entries],
        batches=[_cells(visit, batch) for batch in batches],
        chart=chart,
        forms=forms,
        live=live,
        explanations=explanations,
        own=visit.scope.is_own(unit_id),
        see_cases=visit.may(Permission.CASES),
    )


@routes.get("/units/{unit_id}/cases.{kind}", Permission.EXPORT)
def export_cases(visit: Visited, unit_id: str, kind: str) -> Response:
    """The unit's cases as a table, with the cells of the page."""
    in_sight(visit, unit_id)
    with visit.desk.store.reading() as connection:
        entries = visit.desk.queue.view(
            connection, Filters(state="all", unit=unit_id), visit.scope
        ).shown
    t, own = visit.text, [e for e in entries if e.unit_id == unit_id]
    columns = {
        t("queue.severity"): [t(f"mark.{e.severity.value}") for e in own],
        t("queue.subject"): [e.label for e in own],
        t("queue.why"): [why_here(visit, e) for e in own],
        t("queue.state"): [t(f"state.{e.state.value}") for e in own],
    }
    return exported(visit, kind, f"cases-{unit_id}", columns, f"cases of unit {unit_id}")


@routes.get("/units/{unit_id}/batches.{kind}", Permission.EXPORT)
def export_batches(visit: Visited, unit_id: str, kind: str) -> Response:
    """The unit's batches in the order of collection, with the cells of the page."""
    in_sight(visit, unit_id)
    with visit.desk.store.reading() as connection:
        rows = [_cells(visit, row) for row in _timeline(visit, connection, unit_id)]
    columns = {visit.text(name): [row[cell] for row in rows] for cell, name in _BATCH.items()}
    return exported(visit, kind, f"batches-{unit_id}", columns, f"batches of unit {unit_id}")


@routes.get("/units/{unit_id}/report", Permission.RESULTS)
def report(visit: Visited, unit_id: str, form: str = "") -> Response:
    """The report of the unit as it stands now."""
    in_sight(visit, unit_id)
    live = visit.desk.live
    with visit.desk.store.reading() as connection:
        forms, fits = live.forms_of(connection, unit_id), live.fits(connection)
    chosen = form if form in forms else next(iter(forms), None)
    if chosen is None or not fits:
        raise Refused(404, "unit.report.none")
    page = live.page(unit_id, chosen, visit.language, static_url(REPORT_STYLE))
    if page is None:
        raise Refused(404, "unit.report.none")
    return HTMLResponse(page)


_COUNTS = ("issued", "returned", "valid", "invalid", "lost")
_BATCH = {
    **{"batch": "filter.batch", "serials": "batch.serials", "issued_at": "batch.issued_at"},
    **{"returned_at": "batch.returned_at"},
    **{name: f"batch.{name}" for name in (*_COUNTS, "came", "flagged", "held")},
}


def _cells(visit: Visit, row: dict[str, Any]) -> dict[str, Any]:
    """One batch as it is shown, and as it is exported."""
    t = visit.text
    serials = [row[name] for name in ("serial_from", "serial_to") if row[name]]
    returned = row["returned_at"]
    shown = {
        "batch": row["batch"] or t("batch.none"),
        "serials": " – ".join(serials),
        "issued_at": t.day(row["issued_at"]) if row["issued_at"] else "",
        "returned_at": t.day(returned)
        if returned
        else t.period(row["first"], row["last"])
        if row["first"]
        else "",
        "came": t.number(row["n"]),
        "flagged": t.number(row["flagged"] or 0),
        "held": t.number(row["held"] or 0),
        "n": row["n"],
        "most": row["most"] or 1,
    }
    counts = {n: "–" if row[n] is None else t.number(row[n]) for n in _COUNTS}
    return shown | counts


def _funnel(visit: Visit, connection: sa.Connection, unit_id: str) -> tuple[Markup, str] | None:
    """The unit among all units of its group: value against number of records."""
    t, book, scores = visit.text, visit.scope.book, schema.scores
    group = book.rows[unit_id]["peer_group"]
    if group is None:
        return None
    query = sa.select(scores).where(
        scores.c.round_id == visit.desk.settings.round.id, scores.c.measure == "overall"
    )
    found = {
        row["unit_id"]: row
        for row in connection.execute(query).mappings()
        if (book.rows.get(row["unit_id"]) or {}).get("peer_group") == group
        and row["answers_as_received"]
        and not small(sum((row["counts"] or {}).values()), row["records_counted"])
    }
    if unit_id not in found or len(found) < 2:
        return None

    def point(row: sa.RowMapping) -> PeerPoint:
        share = row["satisfied_as_received"] / row["answers_as_received"]
        return PeerPoint(sum((row["counts"] or {}).values()) or row["records_counted"], share)

    answers = sum(row["answers_as_received"] for row in found.values())
    pooled = sum(row["satisfied_as_received"] for row in found.values()) / answers
    points = {unit: point(row) for unit, row in found.items()}
    rho = spread_of([(p.n, p.value) for p in points.values()], pooled)
    chart = funnel(
        [one for unit, one in points.items() if unit != unit_id],
        points[unit_id],
        pooled,
        rho,
        (t("funnel.records"), t("value.received")),
        t("chart.funnel", group=str(group)),
        t("chart.funnel.words", units=t.number(len(found))),
        lambda share: t.percent(share, 0),
    )
    return chart, t("funnel.legend.bare" if rho is None else "funnel.legend")


def _timeline(visit: Visit, connection: sa.Connection, unit_id: str) -> list[dict[str, Any]]:
    """The unit's batches in the order in which they were collected, with what came in."""
    records, batches = schema.records, schema.batches
    round_id = visit.desk.settings.round.id
    query = (
        sa.select(
            records.c.batch,
            sa.func.count().label("n"),
            sa.func.sum(sa.case((records.c.flagged, 1), else_=0)).label("flagged"),
            sa.func.sum(sa.case((records.c.state == "held", 1), else_=0)).label("held"),
            sa.func.min(records.c.submitted_at).label("first"),
            sa.func.max(records.c.submitted_at).label("last"),
        )
        .where(records.c.round_id == round_id, records.c.unit_id == unit_id)
        .group_by(records.c.batch)
    )
    came = {row["batch"]: dict(row) for row in connection.execute(query).mappings()}
    held = sa.select(batches).where(batches.c.round_id == round_id, batches.c.unit_id == unit_id)
    rows = [dict(row) for row in connection.execute(held.order_by(batches.c.id)).mappings()]
    known = {row["batch"] for row in rows}
    rows += [{"batch": name} for name in came if name not in known and name is not None]
    if None in came and len(came) > 1:
        rows.append({"batch": None})
    blank: dict[str, Any] = {column.name: None for column in batches.columns}
    nothing: dict[str, Any] = {"n": 0, "flagged": 0, "held": 0, "first": None, "last": None}
    most = max((found["n"] for found in came.values()), default=0)
    found = [blank | row | nothing | {"most": most} | came.get(row["batch"], {}) for row in rows]
    return sorted(
        found, key=lambda r: (str(r.get("returned_at") or r["first"] or "9"), str(r["batch"]))
    )


def _test(visit: Visit, result: sa.RowMapping) -> dict[str, Any]:
    t = visit.text
    scores = [
        (t.say(title_of(name)), t.number(score, 3))
        for name, score in sorted((result["detectors"] or {}).items())
        if isinstance(score, int | float)
    ]
    untested = result["not_testable"]
    return {
        "chances": " · ".join(
            chance(t, n, result[f"{n}_value"]) for n in "pq" if result[f"{n}_value"] is not None
        ),
        "level": result["severity"],
        "untested": None if untested is None else t.say(reason_message(untested)),
        "scores": scores,
    }

"""The round and its units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi.responses import Response

from audit.desk.casefile import title_of
from audit.desk.entries import Entry
from audit.desk.permissions import Permission
from audit.desk.queue import in_order
from audit.desk.routes.case import chance
from audit.desk.routes.queue import why_here
from audit.desk.web import Refused, Routes, Visit, Visited
from audit.judge.decision import CaseState, Verdict
from audit.reporting.reasons import reason_message
from audit.store import schema

__all__ = ["agreement", "routes"]

routes = Routes()


@routes.get("/round", Permission.RESULTS)
def round_page(visit: Visited) -> Response:
    """How far the review is, what could not be judged, and whether reviewers agree."""
    with visit.desk.store.reading() as connection:
        entries = visit.desk.queue.entries(connection, visit.scope)
        problems = _problems(visit, connection) if visit.scope.units is None else []
        units = _units(visit, connection, entries)
        since = _decided_since_scoring(visit, connection, entries)
    closed = sum(entry.state.closed for entry in entries)
    return visit.page(
        "round.html.j2",
        total=len(entries),
        closed=closed,
        states=[(s.value, sum(e.state is s for e in entries)) for s in CaseState],
        levels=Counter(e.severity.value for e in entries),
        unjudged=sum(bool(e.reasons) and not e.state.closed for e in entries),
        problems=problems,
        units=units,
        agreement=agreement(entries),
        since=since,
    )


@routes.get("/units/{unit_id}", Permission.RESULTS)
def unit_page(visit: Visited, unit_id: str) -> Response:
    """One unit: its value, its tests, its cases and its batches."""
    row = visit.scope.book.rows.get(unit_id)
    if row is None or not visit.scope.sees(unit_id):
        raise Refused(404, "refused.nothing")
    desk, round_id = visit.desk, visit.desk.settings.round.id
    scores, results, batches = schema.scores, schema.unit_results, schema.batches
    with desk.store.reading() as connection:
        entries = [e for e in desk.queue.entries(connection, visit.scope) if e.unit_id == unit_id]
        score_rows = connection.execute(
            sa.select(scores).where(scores.c.round_id == round_id, scores.c.unit_id == unit_id)
        ).mappings()
        values = [_value(visit, score) for score in score_rows]
        tests = [
            _test(visit, result)
            for result in connection.execute(
                sa.select(results).where(
                    results.c.round_id == round_id, results.c.unit_id == unit_id
                )
            ).mappings()
        ]
        custody = connection.execute(
            sa.select(batches)
            .where(batches.c.round_id == round_id, batches.c.unit_id == unit_id)
            .order_by(batches.c.issued_at, batches.c.batch)
        ).mappings()
        sheets = list(custody)
    return visit.page(
        "unit.html.j2",
        unit_id=unit_id,
        unit=row,
        parent=visit.scope.book.name(visit.scope.book.parents.get(unit_id)),
        values=sorted(values, key=lambda v: v["order"]),
        tests=tests,
        cases=[(e, why_here(visit, e)) for e in in_order(entries)],
        batches=sheets,
        see_cases=visit.may(Permission.CASES),
    )


def agreement(entries: Sequence[Entry]) -> tuple[int, int]:
    """Cases on which two people spoke independently, and on how many they said the same."""
    both = same = 0
    for entry in entries:
        words: list[Verdict] = []
        for decision in entry.history:
            if decision.verdict in (Verdict.CONFIRM, Verdict.DISMISS, Verdict.ESCALATE):
                words.append(decision.verdict)
            elif decision.verdict is Verdict.WITHDRAW and words:
                words.pop()
            elif decision.verdict is not Verdict.WITHDRAW:
                words = []
        if entry.two and len(words) >= 2:
            both += 1
            same += words[0] is words[1]
    return both, same


def _value(visit: Visit, score: sa.RowMapping) -> dict[str, Any]:
    t = visit.text

    def share(version: str) -> str | None:
        answers = score[f"answers_{version}"]
        return t.percent(score[f"satisfied_{version}"] / answers) if answers else None

    measure, factor = score["measure"], score["factor"]
    order = {"overall": 0, "factor": 1, "whole_form": 2}[measure]
    return {
        "order": (order, factor),
        "name": t("measure.factor", factor=factor) if factor else t(f"measure.{measure}"),
        "received": share("as_received"),
        "after": share("after_review"),
        "low": share("bound_low"),
        "high": share("bound_high"),
        "n": t.number(score["records_counted"]),
        "rank": None
        if score["rank_after_review"] is None
        else t.rank(score["rank_after_review"], score["ranked_units"]),
    }


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


def _units(
    visit: Visit, connection: sa.Connection, entries: Sequence[Entry]
) -> list[dict[str, Any]]:
    scores = schema.scores
    query = sa.select(scores).where(
        scores.c.round_id == visit.desk.settings.round.id, scores.c.measure == "overall"
    )
    found = {row["unit_id"]: row for row in connection.execute(query).mappings()}
    open_ = Counter(e.unit_id for e in entries if not e.state.closed)
    total = Counter(e.unit_id for e in entries)
    rows = []
    for unit in visit.scope.book.rows:
        if visit.scope.sees(unit):
            row = found.get(unit)
            value = None if row is None else _value(visit, row)
            rows.append(
                {
                    "id": unit,
                    "name": visit.scope.book.name(unit),
                    "value": value,
                    "open": open_[unit],
                    "total": total[unit],
                }
            )
    return sorted(rows, key=lambda r: (-r["open"], r["id"]))


def _problems(visit: Visit, connection: sa.Connection) -> list[sa.RowMapping]:
    table = schema.problems
    query = sa.select(table).where(table.c.round_id == visit.desk.settings.round.id)
    return list(connection.execute(query.order_by(table.c.place, table.c.id)).mappings())


def _decided_since_scoring(
    visit: Visit, connection: sa.Connection, entries: Sequence[Entry]
) -> int:
    """Cases whose record does not stand yet where the decision puts it."""
    records = schema.records
    query = sa.select(records.c.instrument_id, records.c.record_id, records.c.state).where(
        records.c.round_id == visit.desk.settings.round.id,
        records.c.state.in_(("held", "excluded")),
    )
    state = {(row[0], row[1]): row[2] for row in connection.execute(query)}
    late = 0
    for entry in entries:
        if entry.subject == "record" and entry.unit_id is not None:
            stands = state.get((entry.instrument_id, entry.subject_id), "scored")
            if entry.state is CaseState.CONFIRMED:
                late += stands != "excluded"
            elif entry.state is CaseState.DISMISSED:
                late += stands != "scored"
            else:
                late += stands == "excluded"
    return late

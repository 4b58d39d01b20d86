"""What the page of a case says, in the visitor's language: signs, what stands beside, history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from audit.desk.beside import batch_of, custody_of, peers_of, standings
from audit.desk.casefile import CaseFile, checks, title_of
from audit.desk.reasons import reason_text
from audit.desk.routes.queue import local_time
from audit.desk.routes.remarked import readings
from audit.desk.web import Visit
from audit.judge.decision import Decision, visible_to
from audit.pipeline.assembly import answer_text
from audit.reporting.reasons import reason_message
from reports.locale import Text
from reports.wording import kind_title
from scans.unjudged import of_the_page_alone

__all__ = [
    *("beside_of", "blind_spots_of", "chance", "chances_of", "events_of", "explanations_of"),
    *("numbered", "readings_of", "sign_of"),
]

_WIDE_MM = 20.0  # a place from here is shown one picture under the other

Row = sa.RowMapping


def numbered(signs: Sequence[Row]) -> dict[int, int]:
    """Sign -> its number on the page."""
    return {sign["id"]: number for number, sign in enumerate(signs, start=1)}


def sign_of(visit: Visit, sign: Row, number: int) -> dict[str, Any]:
    """A sign in the visitor's language."""
    t = visit.text
    return {
        "id": sign["id"],
        "number": number,
        "level": sign["severity"],
        "severity": t(f"mark.{sign['severity']}"),
        "detector": sign["detector"],
        "title": t.say(title_of(sign["detector"])),
        "kind": t.say(kind_title(sign["kind"])),
        "message": sign["message_vi"] if t.language == "vi" else sign["message_en"],
        "p": None if sign["p_value"] is None else chance(t, "p", sign["p_value"]),
        "page_id": sign["page_id"] if sign["box_mm"] is not None else None,
        "item": sign["item"],
        "wide": sign["box_mm"] is not None and sign["box_mm"][2] > _WIDE_MM,
        "matches": sign["matches"] or [],
        "comparable": bool(sign["page_id"] and any("#" in m for m in sign["matches"] or ())),
    }


def chance(text: Text, name: str, value: float) -> str:
    """``p = 0,021`` or ``p < 0,0001``."""
    shown = text.probability(value)
    return f"{name} {shown}" if shown.startswith("<") else f"{name} = {shown}"


def explanations_of(visit: Visit, file: CaseFile) -> list[str]:
    """What may honestly look like these signs."""
    found = [m for s in file.signs if (c := checks().get(s["detector"])) for m in c.innocent]
    return list(dict.fromkeys(visit.text.say(message) for message in found))


def blind_spots_of(visit: Visit, file: CaseFile) -> list[tuple[str, str]]:
    """Checks that could not judge the pages, with the reason.

    What a batch is too small for stands in the report: known forms have no batch to lack.
    """
    t = visit.text
    found = [
        (t.say(title_of(c)), t.say(reason_message(why)))
        for page in file.pages
        for c, why in of_the_page_alone(page["not_assessable"]).items()
    ]
    return list(dict.fromkeys(found))


def chances_of(visit: Visit, file: CaseFile) -> str:
    """How rare the record is among honest ones, as far as it could be tested."""
    record = file.record
    known = [(n, record[f"{n}_value"]) for n in "pq"] if record is not None else []
    return " · ".join(chance(visit.text, n, value) for n, value in known if value is not None)


def beside_of(visit: Visit, connection: sa.Connection, file: CaseFile) -> dict[str, Any]:
    """The sheets of the batch, the record among its peers, its custody."""
    record, t = file.record, visit.text
    if record is None:
        return {
            "before": False,
            "after": False,
            "place": None,
            "scores": [],
            "peers": (),
            "custody": None,
            "whole_unit": False,
        }
    batch = batch_of(connection, record, visit.scope.sees, visit.rounds) if file.pages else None
    units = visit.scope.book.rows
    group = (units.get(record["unit_id"] or "") or {}).get("peer_group")
    form = visit.desk.instruments[file.case["instrument_id"]]
    best = {item.id: {answer_text(v) for v in item.top_two} for item in form.ratings}
    answered = [a for a in file.answers if a.item.id in best and a.state == "answered"]
    near = visit.desk.neighbours
    peers = peers_of(
        near.results(connection, visit.round_id, record["instrument_id"]),
        record["unit_id"],
        [a.value in best[a.item.id] for a in answered],
        [unit for unit, row in units.items() if group is not None and row["peer_group"] == group],
    )
    shares = ((n, getattr(peers, n)) for n in ("record", "unit", "group"))
    return {
        "before": batch is not None and batch.step(-1) is not None,
        "after": batch is not None and batch.step(1) is not None,
        "place": None
        if batch is None
        else t("batch.place", n=batch.at + 1, count=len(batch.records)),
        "whole_unit": batch is not None and batch.whole_unit,
        "scores": [
            {
                "name": t.say(title_of(s.check)),
                "score": t.number(s.score, 3),
                "middle": t.number(s.middle, 3),
                "above": t.percent(s.above, 1),
                "n": t.number(s.n),
            }
            for s in standings(near.scores(connection, visit.round_id, record), record)
        ],
        "peers": [(n, t.percent(share)) for n, share in shares if share is not None],
        "custody": custody_of(connection, visit.round_id, record),
    }


def readings_of(visit: Visit, file: CaseFile) -> list[tuple[str, list[tuple[str, str]]]]:
    """What each answer may be corrected to; empty where there is no record."""
    if file.record is None:
        return []
    t = visit.text
    named = {
        "blank": t("answer.blank"),
        "undetermined": t("answer.undetermined"),
        "not_applicable": t("answer.not_applicable"),
    }
    return [
        (
            a.item.id,
            [(name, named.get(name) or str(right[1])) for name, right in readings(a.item).items()],
        )
        for a in file.answers
    ]


def events_of(visit: Visit, file: CaseFile) -> list[dict[str, Any]]:
    """The history as far as the visitor may see it."""
    shown = visible_to(
        file.history, visit.user.name, evidence=file.case["evidence"], needs_two=file.two
    )
    hidden = len(file.history) - len(shown)
    events = [_event(visit, decision, file) for decision in shown]
    if hidden:
        events.append({"hidden": hidden})
    return events


def _event(visit: Visit, decision: Decision, file: CaseFile) -> dict[str, Any]:
    t = visit.text
    moment = dt.datetime.fromisoformat(decision.at) if decision.at else None
    return {
        "hidden": 0,
        "who": decision.actor,
        "verdict": t(f"verdict.{decision.verdict.value}"),
        "code": decision.verdict.value,
        "reason": t.say(reason_text(decision.reason)),
        "note": decision.note,
        "at": "" if moment is None else t.moment(local_time(visit, moment)),
        "old": decision.evidence != file.case["evidence"],
    }

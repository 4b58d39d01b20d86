"""The page of one case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from fastapi.responses import Response

from audit.desk.beside import batch_of, custody_of, peers_of, standings
from audit.desk.casefile import CaseFile, checks, read_case, title_of
from audit.desk.entries import label_of
from audit.desk.leases import Leases
from audit.desk.permissions import Permission
from audit.desk.queue import Filters
from audit.desk.reasons import all_reasons, reason_text
from audit.desk.routes.queue import local_time, reason_of, why_here
from audit.desk.routes.remarked import readings, shown_corrections, shown_notes
from audit.desk.web import Refused, Routes, Visit, Visited
from audit.judge.authority import Bar, bar, verdicts
from audit.judge.decision import CaseState, Decision, Verdict, can_withdraw, has_spoken, visible_to
from audit.pipeline.assembly import answer_text
from audit.reporting.reasons import reason_message
from audit.trail.acts import Action
from audit.trail.chain import last_act
from reports.locale import Text
from reports.wording import kind_title

__all__ = [
    "case_page",
    "chance",
    "events_of",
    "file_of",
    "numbered",
    "page_of",
    "routes",
    "sign_of",
    "uncovered",
    "weighs",
]

routes = Routes()

_UNCOVERED = dt.timedelta(minutes=15)  # a reason to look without covers holds so long
_WIDE_MM = 20.0  # a place from here is shown one picture under the other

Row = sa.RowMapping


@routes.get("/cases/{case_id}", Permission.CASES)
def case(visit: Visited, case_id: int) -> Response:
    """One case: scan, signs, answers, source, history, and the form to decide."""
    return case_page(visit, case_id)


def file_of(visit: Visit, connection: sa.Connection, case_id: int) -> CaseFile:
    """A case in sight of the visitor.

    Raises:
        Refused: If there is none.
    """
    row = visit.scope.case(connection, visit.desk.settings.round.id, case_id)
    if row is None:
        raise Refused(404, "refused.nothing")
    form = visit.desk.instruments[row["instrument_id"]]
    return read_case(connection, row, form, visit.scope.sees)


def page_of(file: CaseFile, page_id: int) -> Row:
    """A page of a case.

    Raises:
        Refused: If it is not one of its pages.
    """
    page = next((page for page in file.pages if page["id"] == page_id), None)
    if page is None:
        raise Refused(404, "refused.nothing")
    return page


def numbered(signs: Sequence[Row]) -> dict[int, int]:
    """Sign -> its number on the page."""
    return {sign["id"]: number for number, sign in enumerate(signs, start=1)}


def case_page(
    visit: Visit,
    case_id: int,
    *,
    status: int = 200,
    error: str | None = None,
    draft: Mapping[str, str] | None = None,
) -> Response:
    """The page of a case, with what was filled in before where something was wrong."""
    desk, filters = visit.desk, Filters.of(visit.request.query_params)
    with desk.store.reading() as connection:
        file = file_of(visit, connection, case_id)
        view = desk.queue.view(connection, filters, visit.scope)
        entry = desk.queue.find(connection, case_id)
        lease = Leases(connection).running(desk.now()).get(case_id)
        beside = _beside(visit, connection, file)
        open_now = visit.may(Permission.UNMASK) and uncovered(visit, connection, case_id)
    before, after, number = view.around(entry)
    desk.ahead.prepare(after)
    own = visit.scope.is_own(file.case["unit_id"])
    sheet = _sheet(visit, file)
    words = verdicts(visit.user.role, file.state, own_unit=own)
    spoken = has_spoken(file.history, visit.user.name, evidence=file.case["evidence"])
    if spoken and not file.state.closed:
        words = ()
    return visit.page(
        "case.html.j2",
        status,
        file=file,
        case=file.case,
        query=filters.query(),
        before=before,
        after=after,
        number=number,
        count=len(view.shown),
        why="" if entry is None else why_here(visit, entry),
        unit=visit.scope.book.name(file.case["unit_id"]),
        label=entry.label if entry else file.case["subject_id"],
        sheet=sheet,
        refusal="" if sheet is None else visit.text.say(reason_message(sheet["reason"] or "")),
        signs=[sign_of(visit, sign, n) for n, sign in enumerate(file.signs, start=1)],
        explained=_explanations(visit, file),
        unjudged=[visit.text.say(reason_of(code)) for code in file.case["reasons"]],
        blind_spots=_blind_spots(visit, file),
        chances=_chances(visit, file),
        beside=beside,
        notes=shown_notes(visit, file),
        corrections=shown_corrections(visit, file),
        corrected={a.item.id: file.corrected(a.item.id) for a in file.answers},
        readings=(choices := _readings(visit, file)),
        all_readings=list(dict.fromkeys(pair for _, pairs in choices for pair in pairs)),
        may_add=visit.may(Permission.DECIDE) and not own,
        events=events_of(visit, file),
        words=words,
        weighty=[] if visit.proven else [w.value for w in words if weighs(file, w)],
        reasons={v: all_reasons().get(v, {}) for v in words},
        obstacle=_obstacle(visit, file, own=own, spoken=spoken),
        undo=can_withdraw(file.history, visit.user.name, evidence=file.case["evidence"])
        and bar(visit.user.role, file.state, Verdict.WITHDRAW, own_unit=own) is None,
        lease=lease,
        lease_other=lease is not None and lease.user_id != visit.user.id,
        lease_until=None if lease is None else local_time(visit, lease.until).strftime("%H:%M"),
        bare=visit.request.query_params.get("bare") == "1" and open_now,
        open_now=open_now,
        can_unmask=visit.may(Permission.UNMASK),
        done=_done(visit),
        error=error,
        draft=draft or {"verdict": "", "reason": "", "note": ""},
    )


def uncovered(visit: Visit, connection: sa.Connection, case_id: int) -> bool:
    """Whether the visitor has said in this session, a while ago at most, why to look uncovered."""
    last = last_act(connection, Action.UNMASK, f"case {case_id}, {visit.user.name}")
    if last is None or last[2]["session"] != visit.who.id[:16]:
        return False
    return visit.desk.now() - dt.datetime.fromisoformat(last[2]["at"]) < _UNCOVERED


def weighs(file: CaseFile, word: Verdict) -> bool:
    """Whether a word on a case leads to exclusion, or ends what two could not agree on."""
    ends = file.state is CaseState.ESCALATED and word in (Verdict.CONFIRM, Verdict.DISMISS)
    return word is Verdict.REOPEN or ends or (file.two and word is Verdict.CONFIRM)


def _sheet(visit: Visit, file: CaseFile) -> Row | None:
    """The page that is shown: the one asked for, or the first with a sign on it."""
    wanted = visit.request.query_params.get("sheet", "")
    asked = [page for page in file.pages if str(page["id"]) == wanted]
    return asked[0] if asked else file.first_sheet()


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


def _explanations(visit: Visit, file: CaseFile) -> list[str]:
    """What may honestly look like these signs."""
    found = [m for s in file.signs if (c := checks().get(s["detector"])) for m in c.innocent]
    return list(dict.fromkeys(visit.text.say(message) for message in found))


def _blind_spots(visit: Visit, file: CaseFile) -> list[tuple[str, str]]:
    """Checks that could not judge the pages, with the reason."""
    t = visit.text
    found = [
        (t.say(title_of(c)), t.say(reason_message(why)))
        for page in file.pages
        for c, why in page["not_assessable"].items()
    ]
    return list(dict.fromkeys(found))


def _chances(visit: Visit, file: CaseFile) -> str:
    """How rare the record is among honest ones, as far as it could be tested."""
    record = file.record
    known = [(n, record[f"{n}_value"]) for n in "pq"] if record is not None else []
    return " · ".join(chance(visit.text, n, value) for n, value in known if value is not None)


def _beside(visit: Visit, connection: sa.Connection, file: CaseFile) -> dict[str, Any]:
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
    peers = peers_of(
        connection,
        visit.round_id,
        record,
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
            for s in standings(connection, visit.round_id, record)
        ],
        "peers": [(n, t.percent(share)) for n, share in shares if share is not None],
        "custody": custody_of(connection, visit.round_id, record),
    }


def _readings(visit: Visit, file: CaseFile) -> list[tuple[str, list[tuple[str, str]]]]:
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


def _obstacle(visit: Visit, file: CaseFile, *, own: bool, spoken: bool) -> str | None:
    """Why the visitor cannot decide now."""
    found = bar(visit.user.role, file.state, Verdict.CONFIRM, own_unit=own)
    if found is None:
        return visit.text("bar.spoken") if spoken else None
    if found is Bar.ROLE and not visit.may(Permission.DECIDE):
        return visit.text("bar.role")
    return visit.text(f"bar.{found.value}")


def _done(visit: Visit) -> dict[str, Any] | None:
    """The decision that led here, so that it can be taken back at once."""
    number, verdict = (visit.request.query_params.get(n, "") for n in ("done", "said"))
    known = {v.value for v in Verdict}
    if not (number.isascii() and number.isdigit() and verdict in known):
        return None
    with visit.desk.store.reading() as connection:
        row = visit.scope.case(connection, visit.desk.settings.round.id, int(number[:19]))
        if row is None:
            return None
        file = read_case(connection, row, visit.desk.instruments[row["instrument_id"]])
    evidence = file.case["evidence"]
    return {
        "id": row["id"],
        "label": label_of(row["subject_id"], file.record["serial"] if file.record else None),
        "verdict": visit.text(f"verdict.{verdict}"),
        "state": visit.text(f"state.{file.state.value}"),
        "undo": can_withdraw(file.history, visit.user.name, evidence=evidence),
        "version": file.version,
    }
